import { describe, expect, it, test } from 'vitest';
import type { RouteConfig } from '../../src/mesh/config/config.ts';
import {
  aService,
  fullName,
  importText,
  ROUTE,
  resolve,
  routesTo,
  virtualService,
} from './mesh-helpers.ts';

const A = fullName('a');

function routeOf(http: string): RouteConfig {
  const services = [aService('a'), aService('b')];
  const [route] = routesTo(resolve(virtualService(http), services).proxy(), A);
  if (route === undefined) throw new Error('there is no route');
  return route;
}

function setting(name: string, value: string) {
  return { name, value, action: 'overwrite-if-exists-or-add', keepsEmpty: false };
}

function appending(name: string, value: string) {
  return { name, value, action: 'append-if-exists-or-add', keepsEmpty: false };
}

describe('rewrite', () => {
  test.each([
    ['{uri: /new}', { pathRewrite: { kind: 'prefix', value: '/new' } }],
    ['{authority: other}', { hostRewrite: { kind: 'literal', value: 'other' } }],
    [
      '{uriRegexRewrite: {match: "^/(.)", rewrite: "/\\\\1\\\\1"}}',
      { pathRewrite: { kind: 'regex', pattern: '^/(.)', substitution: '/\\1\\1' } },
    ],
  ])('%s', (rewrite, expected) => {
    expect(routeOf(`{${ROUTE}, rewrite: ${rewrite}}`).action).toMatchObject(expected);
  });

  test.each([
    ['{}'],
    ['{uri: /a, uriRegexRewrite: {match: a, rewrite: b}}'],
    ['{uriRegexRewrite: {match: "("}}'],
    ['{uriRegexRewrite: {match: "(", rewrite: b}}'],
  ])('%s is refused', (rewrite) => {
    const { found } = importText(virtualService(`{${ROUTE}, rewrite: ${rewrite}}`));
    expect(found.map((text) => text.split(' ')[1])).toEqual(['MQ-ROUTE-018']);
  });
});

describe('redirect', () => {
  const REDIRECT = { kind: 'redirect', status: 301, scheme: '', host: '', port: 0, path: null };

  test.each([
    ['{uri: /new}', { path: { kind: 'whole', value: '/new' } }],
    ['{prefixRewrite: /new}', { path: { kind: 'prefix', value: '/new' } }],
    ['{authority: other, redirectCode: 308}', { host: 'other', status: 308 }],
    ['{scheme: https, port: 443}', { scheme: 'https' }],
    ['{scheme: https, port: 8443}', { scheme: 'https', port: 8443 }],
    ['{derivePort: FROM_PROTOCOL_DEFAULT, scheme: https}', { scheme: 'https' }],
    ['{derivePort: FROM_REQUEST_PORT, scheme: https}', { scheme: 'https', port: 80 }],
  ])('%s', (redirect, expected) => {
    const { action } = routeOf(`{redirect: ${redirect}}`);
    expect(action).toEqual({ ...REDIRECT, stripsQuery: false, ...expected });
  });

  test.each([
    ['{redirect: {}}', 'MQ-ROUTE-019'],
    ['{redirect: {redirectCode: 302}}', 'MQ-ROUTE-019'],
    ['{redirect: {uri: /a, prefixRewrite: /b}}', 'MQ-ROUTE-019'],
    ['{redirect: {port: 80, derivePort: FROM_REQUEST_PORT}}', 'MQ-ROUTE-019'],
    ['{redirect: {uri: /a, redirectCode: 304}}', 'MQ-ROUTE-019'],
    ['{match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /b}}', 'MQ-ROUTE-019'],
    [`{redirect: {uri: /a}, ${ROUTE}}`, 'MQ-ROUTE-005'],
  ])('%s is refused', (http, code) => {
    const { found } = importText(virtualService(http));
    expect(found.map((text) => text.split(' ')[1])).toEqual([code]);
  });
});

describe('headers', () => {
  it('are those of the rule and then of its only destination', () => {
    const route = routeOf(
      '{headers: {request: {add: {X-B: "2"}, set: {x-a: "1"}, remove: [X-C]}, response: {remove: [x-r]}}, route: [{destination: {host: a}, headers: {request: {add: {x-b: "3"}}}}]}',
    );
    expect(route.requestHeaders).toEqual({
      remove: ['x-c'],
      add: [setting('x-a', '1'), appending('x-b', '2'), appending('x-b', '3')],
    });
    expect(route.responseHeaders).toEqual({ remove: ['x-r'], add: [] });
  });

  it('belong to their cluster where there are several', () => {
    const route = routeOf(
      '{route: [{destination: {host: a}, weight: 50, headers: {request: {set: {host: h, x-a: "1"}}}}, {destination: {host: b}, weight: 50}]}',
    );
    expect(route.requestHeaders).toBeUndefined();
    expect(route.action).toMatchObject({
      clusters: [
        {
          hostRewrite: { kind: 'literal', value: 'h' },
          requestHeaders: { remove: [], add: [setting('x-a', '1')] },
        },
        { weight: 50 },
      ],
    });
  });

  it('that name the host rewrite it, once', () => {
    const http = '{headers: {request: {set: {":authority": h}}}, ';
    const host = (value: string) => ({ hostRewrite: { kind: 'literal', value } });
    expect(routeOf(`${http}${ROUTE}}`).action).toMatchObject(host('h'));
    const both = virtualService(`${http}rewrite: {authority: r}, ${ROUTE}}`);
    expect(importText(both).found).toEqual([
      'error MQ-ROUTE-020 route #0 gives the host in both rewrite and headers',
    ]);
  });

  test.each([
    ['{request: {set: {":path": /x}}}'],
    ['{response: {set: {host: x}}}'],
    ['{request: {remove: [host]}}'],
    ['{request: {set: {"a b": x}}}'],
    ['{request: {set: {a: "50%"}}}'],
    ['{request: {set: {a: "%UPSTREAM_HOST%"}}}'],
    ['{request: {set: {host: x}, add: {":authority": z}}}'],
  ])('%s is refused', (headers) => {
    const { found } = importText(virtualService(`{${ROUTE}, headers: ${headers}}`));
    expect(found.map((text) => text.split(' ')[1])).toEqual(['MQ-ROUTE-020']);
  });
});
