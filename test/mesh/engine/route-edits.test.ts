import { describe, expect, it } from 'vitest';
import { envoyForward } from '../../../src/mesh/config/complete.ts';
import type { HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import { anEndpoint, OneProxy } from './one-proxy.ts';

function adding(name: string, value: string): HeaderMutations {
  return {
    remove: [],
    add: [{ name, value, action: 'append-if-exists-or-add', keepsEmpty: false }],
  };
}

function sent(proxy: OneProxy) {
  const head = proxy.ports.sentHeads.at(-1)?.head;
  if (head === undefined) throw new Error('nothing was sent');
  return head;
}

describe('what routes change', () => {
  it('goes upstream with the first attempt and with every retry', () => {
    const proxy = new OneProxy({
      route: { requestHeaders: adding('x-by', '%ROUTE_NAME%') },
      forward: {
        timeoutMs: 1000,
        pathRewrite: { kind: 'prefix', value: '/v2/' },
        hostRewrite: { kind: 'literal', value: 'other' },
      },
      retry: { retryOn: ['5xx'], numRetries: 1 },
      virtualHost: { includeRequestAttemptCount: true },
    });
    // The route of the sketch's virtual host is the sketch's own.
    proxy.request({ path: '/a?q=1' });
    for (const attempt of ['1', '2']) {
      const head = sent(proxy);
      expect([head.authority, head.path]).toEqual(['other', '/v2/a?q=1']);
      expect(head.get('x-envoy-original-path')).toBe('/a?q=1');
      expect(head.get('x-envoy-original-host')).toBe('svc');
      expect(head.values('x-envoy-attempt-count')).toEqual([attempt]);
      proxy.answer(attempt === '1' ? 503 : 200);
      proxy.advance(30);
    }
    expect(proxy.ports.sentHeads).toHaveLength(2);
  });

  it('goes down with responses of upstreams and with our own', () => {
    const proxy = new OneProxy({
      virtualHost: { responseHeaders: adding('x-code', '%RESPONSE_CODE%') },
    });
    proxy.request();
    proxy.answer(204);
    expect(proxy.logged.responseHead?.get('x-code')).toBe('204');
    const empty = new OneProxy({
      endpoints: 0,
      virtualHost: { responseHeaders: adding('x-code', '%RESPONSE_CODE%') },
    });
    empty.request();
    // Envoy knows no code yet when it makes an answer of its own.
    expect(empty.logged.responseHead?.get('x-code')).toBe('0');
  });

  it('depends on the cluster of a split where clusters say so', () => {
    const clusters = [
      { cluster: 'cluster', weight: 1, requestHeaders: adding('x-to', 'one') },
      { cluster: 'missing', weight: 0 },
    ];
    const proxy = new OneProxy({
      forward: { clusters, hostRewrite: { kind: 'header', name: 'x-host' } },
    });
    proxy.request({ headers: [['x-host', 'named']] });
    expect(sent(proxy).get('x-to')).toBe('one');
    expect(sent(proxy).authority).toBe('named');
    proxy.request();
    expect(sent(proxy).authority).toBe('svc');
  });

  it('rewrites the host of a cluster before the route does, and remembers that one', () => {
    const clusters = [
      {
        cluster: 'cluster',
        weight: 1,
        hostRewrite: { kind: 'literal', value: 'own' },
        requestHeaders: adding('x-own', '%REQ(:authority)%'),
      } as const,
    ];
    const requestHeaders = adding('x-route', '%REQ(:authority)%');
    const own = new OneProxy({
      route: { requestHeaders, action: envoyForward({ timeoutMs: 0, clusters }) },
    });
    own.request();
    expect(sent(own).authority).toBe('own');
    expect(sent(own).get('x-own')).toBe('svc');
    expect(sent(own).get('x-route')).toBe('own');
    expect(sent(own).get('x-envoy-original-host')).toBeUndefined();
    const hostRewrite = { kind: 'literal', value: 'both' } as const;
    const both = new OneProxy({ forward: { clusters, hostRewrite } });
    both.request();
    expect(sent(both).authority).toBe('both');
    expect(sent(both).get('x-envoy-original-host')).toBe('own');
  });

  it('sees cookies but not the count of attempts', () => {
    const proxy = new OneProxy({
      virtualHost: { includeAttemptCountInResponse: true },
      route: {
        action: envoyForward({ timeoutMs: 0 }),
        responseHeaders: {
          remove: ['set-cookie'],
          add: [
            {
              name: 'x-count',
              value: '[%RESP(x-envoy-attempt-count)%]',
              action: 'append-if-exists-or-add',
              keepsEmpty: false,
            },
          ],
        },
      },
    });
    proxy.request();
    proxy.answer(200, proxy.stream, [['set-cookie', 'a=b']]);
    const head = proxy.logged.responseHead;
    expect(head?.get('x-count')).toBe('[]');
    expect(head?.get('x-envoy-attempt-count')).toBe('1');
    expect(head?.get('set-cookie')).toBeUndefined();
  });

  it('answers redirects and direct responses with an address', () => {
    const action = {
      kind: 'redirect',
      status: 308,
      scheme: 'https',
      host: 'other',
      port: 0,
      path: null,
      stripsQuery: false,
    } as const;
    const proxy = new OneProxy({ route: { action } });
    proxy.request({ path: '/p' });
    expect(proxy.outcome).toBe('308 - direct_response');
    expect(proxy.logged.responseHead?.get('location')).toBe('https://other/p');
    expect(proxy.stat('http.in.rq_direct_response')).toBe(1);
    const created = new OneProxy({
      route: { action: { kind: 'direct-response', status: 201, body: 'done' } },
    });
    created.request({ path: '/p' });
    expect(created.logged.responseHead?.get('location')).toBe('http://svc/p');
    const plain = new OneProxy({
      route: { action: { kind: 'direct-response', status: 200, body: 'done' } },
    });
    plain.request();
    expect(plain.logged.responseHead?.get('location')).toBeUndefined();
  });

  it('keeps `location` off answers that are not the route own', () => {
    const proxy = new OneProxy({ endpoints: [anEndpoint(1)], route: { action: envoyForward() } });
    proxy.request();
    proxy.resetUpstream();
    expect(proxy.logged.responseHead?.get('location')).toBeUndefined();
  });
});
