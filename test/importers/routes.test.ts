import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../src/mesh/config/config.ts';
import {
  aService,
  forward,
  fullName,
  istio,
  resolve,
  routesTo,
  virtualHosts,
  virtualService,
} from './mesh-helpers.ts';

const A = fullName('a');
const B = fullName('b');
const toA = `outbound|80||${A}`;
const toB = `outbound|80||${B}`;
const services = [aService('a'), aService('b')];

/** Routes of requests to `a` when it has this one VirtualService. */
function routesOf(http: string, proxy = {}): readonly RouteConfig[] {
  return routesTo(resolve(virtualService(http), services).proxy(proxy), 'a');
}

function retryOf(http: string) {
  return forward(routesOf(http)[0]).retry;
}

const DEFAULT_ON = [
  'connect-failure',
  'refused-stream',
  'unavailable',
  'cancelled',
  'retriable-status-codes',
];

describe('timeouts and retries', () => {
  it('trap 1: no timeout means no limit, not 15 s', () => {
    expect(forward(routesOf('{route: [{destination: {host: a}}]}')[0]).timeoutMs).toBe(0);
    expect(forward(routesTo(resolve('', services).proxy(), 'a')[0]).timeoutMs).toBe(0);
  });

  it('trap 2: empty retries switch retrying off, absent ones mean 2', () => {
    expect(retryOf('{route: [{destination: {host: a}}], retries: {}}')).toBeNull();
    expect(retryOf('{route: [{destination: {host: a}}], retries: {attempts: 0}}')).toBeNull();
    expect(retryOf('{route: [{destination: {host: a}}]}')?.numRetries).toBe(2);
  });

  it('trap 3: the default conditions name no status', () => {
    expect(retryOf('{route: [{destination: {host: a}}]}')).toEqual({
      retryOn: DEFAULT_ON,
      retriableStatusCodes: [],
      numRetries: 2,
      perTryTimeoutMs: 0,
      perTryIdleTimeoutMs: 0,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      hostSelectionMaxAttempts: 5,
      hostPredicates: ['previous-hosts'],
    });
  });

  it('an empty retryOn means the default conditions', () => {
    const retry = retryOf(
      '{route: [{destination: {host: a}}], retries: {attempts: 3, retryOn: ""}}',
    );
    expect(retry).toMatchObject({ retryOn: DEFAULT_ON, numRetries: 3 });
  });

  it('statuses in retryOn add the condition that looks at them', () => {
    const retries = 'retries: {attempts: 1, retryOn: "5xx,409,503"}';
    expect(retryOf(`{route: [{destination: {host: a}}], ${retries}}`)).toMatchObject({
      retryOn: ['5xx', 'retriable-status-codes'],
      retriableStatusCodes: [409, 503],
    });
  });

  it('backoff sets the base, ten times of which is the limit', () => {
    const retries = 'retries: {attempts: 1, backoff: 100ms, perTryTimeout: 2s}';
    expect(retryOf(`{route: [{destination: {host: a}}], ${retries}}`)).toMatchObject({
      backoffBaseMs: 100,
      backoffMaxMs: 1000,
      perTryTimeoutMs: 2000,
    });
  });

  it('retryIgnorePreviousHosts: false allows the same host again', () => {
    const retries = 'retries: {attempts: 1, retryIgnorePreviousHosts: false}';
    expect(retryOf(`{route: [{destination: {host: a}}], ${retries}}`)?.hostPredicates).toEqual([]);
  });
});

describe('destinations', () => {
  it('trap 6: a single destination ignores its weight, even 0', () => {
    const [route] = routesOf('{route: [{destination: {host: b}, weight: 0}]}');
    expect(forward(route).clusters).toEqual([{ cluster: toB, weight: 1 }]);
  });

  it('of several destinations those of weight 0 are left out', () => {
    const [route] = routesOf(
      '{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}, weight: 100}]}',
    );
    expect(forward(route).clusters).toEqual([{ cluster: toB, weight: 100 }]);
  });

  it('trap 23: without a port it is the port that was called', () => {
    const text = virtualService('{route: [{destination: {host: c}}]}');
    const { proxy, found } = resolve(text, [...services, aService('c', { on: [9000] })]);
    const [route] = routesTo(proxy(), 'a');
    expect(forward(route).clusters[0]?.cluster).toBe(`outbound|80||${fullName('c')}`);
    expect(found[0]).toContain(`warning MQ-REF-006 ${fullName('c')} has no port 80`);
  });

  it('names subset, port and host', () => {
    const dr = istio('DestinationRule', '{host: b, subsets: [{name: v1}]}');
    const text =
      dr + virtualService('{route: [{destination: {host: b, subset: v1, port: {number: 80}}}]}');
    const [route] = routesTo(resolve(text, services).proxy(), 'a');
    expect(forward(route).clusters[0]?.cluster).toBe(`outbound|80|v1|${B}`);
  });
});

describe('matching', () => {
  const one = (match: string) =>
    routesOf(`{match: [${match}], route: [{destination: {host: b}}]}`)[0]?.match;

  it('trap 7: prefix is a prefix of the text', () => {
    expect(one('{uri: {prefix: /foo}}')?.path).toEqual({
      kind: 'prefix',
      value: '/foo',
      ignoreCase: false,
    });
  });

  it('ignoreUriCase concerns exact and prefix only', () => {
    expect(one('{uri: {exact: /Foo}, ignoreUriCase: true}')?.path).toMatchObject({
      ignoreCase: true,
    });
    expect(one('{uri: {regex: /Foo}, ignoreUriCase: true}')?.path).toEqual({
      kind: 'regex',
      value: '/Foo',
    });
  });

  it('method, authority and scheme are headers', () => {
    const match = one('{method: {exact: POST}, authority: {prefix: a}, scheme: {exact: http}}');
    expect(match?.headers.map((header) => [header.name, header.value])).toEqual([
      [':method', { kind: 'exact', value: 'POST' }],
      [':authority', { kind: 'prefix', value: 'a' }],
      [':scheme', { kind: 'exact', value: 'http' }],
    ]);
  });

  it('withoutHeaders negates, and a missing header counts as empty', () => {
    const match = one('{withoutHeaders: {X: {exact: "1"}, yy: {}, z: {regex: "*"}}}');
    expect(match?.headers).toEqual([
      { name: 'x', value: { kind: 'exact', value: '1' }, invert: true, treatMissingAsEmpty: true },
      { name: 'yy', value: { kind: 'present' }, invert: true, treatMissingAsEmpty: false },
      { name: 'z', value: { kind: 'present' }, invert: true, treatMissingAsEmpty: false },
    ]);
  });

  it('query parameters match like headers', () => {
    expect(one('{queryParams: {b: {}, a: {exact: ""}}}')?.query).toEqual([
      { name: 'a', value: { kind: 'exact', value: '' } },
      { name: 'b', value: { kind: 'present' } },
    ]);
  });

  it('each block of match is a route of its own, and a catch-all ends the list', () => {
    const routes = routesOf(
      '{name: r, match: [{uri: {exact: /x}, name: m}, {uri: {prefix: /}}, {uri: {exact: /y}}], route: [{destination: {host: b}}]}, {route: [{destination: {host: a}}]}',
    );
    expect(routes.map((route) => route.name)).toEqual(['r.m', 'r']);
  });

  it('an empty uri prefix does not end the list, though it matches everything', () => {
    const routes = routesOf(
      '{match: [{uri: {prefix: ""}}], route: [{destination: {host: b}}]}, {route: [{destination: {host: a}}]}',
    );
    expect(routes).toHaveLength(2);
  });
});

describe('who asks', () => {
  const rule = (match: string) =>
    `{match: [${match}], name: mine, route: [{destination: {host: b}}]}`;

  it('sourceLabels and sourceNamespace choose the proxies', () => {
    const red = { labels: { team: 'red', app: 'x' } };
    expect(routesOf(rule('{sourceLabels: {team: red}}'), red)[0]?.name).toBe('mine');
    expect(routesOf(rule('{sourceLabels: {team: red}}'))[0]?.name).toBe('default');
    expect(routesOf(rule('{sourceNamespace: default}'))[0]?.name).toBe('mine');
    expect(routesOf(rule('{sourceNamespace: other}'))[0]?.name).toBe('default');
  });

  it('trap 8: a list of gateways switches those checks off', () => {
    expect(routesOf(rule('{gateways: [mesh], sourceLabels: {team: red}}'))[0]?.name).toBe('mine');
    expect(routesOf(rule('{gateways: [g]}'))[0]?.name).toBe('default');
  });

  it('a port in the match chooses the listener', () => {
    const two = [aService('a', { on: [80, 8080] }), aService('b', { on: [80, 8080] })];
    const config = resolve(virtualService(rule('{port: 8080}')), two).proxy();
    expect(routesTo(config, 'a', 8080)[0]?.name).toBe('mine');
    expect(routesTo(config, 'a', 80)[0]?.name).toBe('default');
  });

  it('trap 9: with one emitted route the default route is gone', () => {
    const routes = routesOf('{match: [{uri: {exact: /x}}], route: [{destination: {host: b}}]}');
    expect(routes).toHaveLength(1);
    expect(forward(routes[0]).clusters[0]?.cluster).toBe(toB);
  });
});

describe('faults and direct responses', () => {
  it('trap 5: a fault without a percentage never strikes', () => {
    const [route] = routesOf(
      '{route: [{destination: {host: a}}], fault: {abort: {httpStatus: 503}}}',
    );
    expect(route?.fault?.abort?.percentage.numerator).toBe(0);
  });

  it('names gRPC statuses by number', () => {
    const fault = 'fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}';
    const [route] = routesOf(`{route: [{destination: {host: a}}], ${fault}}`);
    expect(route?.fault).toEqual({
      delay: null,
      abort: {
        httpStatus: null,
        grpcStatus: 14,
        percentage: { numerator: 1_000_000, denominator: 1_000_000 },
      },
      headers: [],
      upstreamCluster: null,
      maxActiveFaults: null,
    });
  });

  it('answers directly', () => {
    const [route] = routesOf('{directResponse: {status: 418, body: {string: teapot}}}');
    expect(route?.action).toEqual({ kind: 'direct-response', status: 418, body: 'teapot' });
  });
});

describe('where values came from', () => {
  it('points at the file for what was given, and names the product for what was not', () => {
    const text = [
      'apiVersion: networking.istio.io/v1',
      'kind: VirtualService',
      'metadata: {name: a}',
      'spec:',
      '  hosts: [a]',
      '  http:',
      '  - timeout: 3s',
      '    retries:',
      '      attempts: 1',
      '    route: [{destination: {host: a}}]',
    ].join('\n');
    const [route] = routesTo(resolve(text, services).proxy(), 'a');
    const at = (path: string) => route?.origins.get(path);
    expect(at('timeoutMs')).toEqual({ kind: 'explicit', file: 'f0.yaml', line: 7, column: 14 });
    expect(at('retry.numRetries')).toMatchObject({ line: 9, column: 17 });
    expect(at('retry.retryOn')).toMatchObject({ kind: 'default', product: 'istio-1.28' });
    expect(at('retry.backoffBaseMs')).toMatchObject({ kind: 'default', product: 'envoy-1.40' });
  });

  it('has an origin for every value of a route’s policy', () => {
    const [route] = routesTo(resolve('', services).proxy(), 'a');
    const { retry, timeoutMs: _timeout, ...rest } = forward(route);
    const paths = ['timeoutMs', ...Object.keys(retry ?? {}).map((key) => `retry.${key}`)];
    for (const path of paths) expect(route?.origins.get(path), path).toBeDefined();
    expect(rest.clusters).toEqual([{ cluster: toA, weight: 1 }]);
  });
});

it('virtual hosts count the attempts, as istiod asks for', () => {
  const config = resolve('', services).proxy();
  expect(virtualHosts(config).every((host) => host.includeRequestAttemptCount)).toBe(true);
});
