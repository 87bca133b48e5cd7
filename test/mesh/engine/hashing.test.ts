import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import type { HashPolicy } from '../../../src/mesh/config/load-balancing.ts';
import { aMaglev, aRing } from '../../helpers/balancers.ts';
import { OneProxy } from './one-proxy.ts';

const BY_USER: HashPolicy = { kind: 'header', name: 'x-user', isTerminal: false };
const BY_COOKIE: HashPolicy = {
  kind: 'cookie',
  name: 'sid',
  ttlSeconds: 0,
  path: '',
  attributes: [],
  isTerminal: false,
};

function hostOf(proxy: OneProxy, user: string | null): string | null {
  proxy.request({ headers: user === null ? [] : [['x-user', user]] });
  proxy.answer(200);
  return proxy.logged.upstreamHost;
}

describe('a cluster with a hashing balancer', () => {
  it.each([aRing(), aMaglev()])('sends equal users to equal hosts: $kind', (lb) => {
    const proxy = new OneProxy({
      endpoints: 4,
      cluster: { lb },
      forward: { hashPolicy: [BY_USER] },
    });
    const users = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'];
    const first = users.map((user) => hostOf(proxy, user));
    expect(users.map((user) => hostOf(proxy, user))).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  });

  it('draws a hash for requests that have none', () => {
    const proxy = new OneProxy({ endpoints: 4, cluster: { lb: aMaglev() } });
    const hosts = Array.from({ length: 40 }, () => hostOf(proxy, null));
    expect(new Set(hosts).size).toBe(4);
  });

  it('prefers its own hash policy to that of the route', () => {
    const byNothing: HashPolicy = { kind: 'header', name: 'x-none', isTerminal: false };
    const proxy = new OneProxy({
      endpoints: 4,
      cluster: { lb: aMaglev({ hashPolicy: [byNothing] }) },
      forward: { hashPolicy: [BY_USER] },
    });
    const hosts = Array.from({ length: 40 }, () => hostOf(proxy, 'ann'));
    expect(new Set(hosts).size).toBe(4);
  });

  it('takes other hosts for retries that avoid the ones before', () => {
    const proxy = new OneProxy({
      endpoints: 4,
      cluster: { lb: aRing() },
      forward: { hashPolicy: [BY_USER] },
      retry: {
        retryOn: ['5xx'],
        numRetries: 1,
        hostPredicates: ['previous-hosts'],
        hostSelectionMaxAttempts: 50,
      },
    });
    proxy.request({ headers: [['x-user', 'ann']] });
    proxy.answer(503);
    proxy.advance(100);
    proxy.answer(200);
    const hosts = proxy.ports.records
      .filter(({ kind }) => kind === RecordKind.attemptHost)
      .map(({ b }) => b);
    expect(proxy.logged.attemptCount).toBe(2);
    expect(hosts).toHaveLength(2);
    expect(new Set(hosts).size).toBe(hosts.length);
  });

  it('gives a client without the cookie one, with the response of the upstream', () => {
    const proxy = new OneProxy({
      endpoints: 2,
      cluster: { lb: aRing() },
      forward: { hashPolicy: [BY_COOKIE] },
    });
    proxy.request();
    proxy.answer(200);
    const cookie = proxy.logged.responseHead?.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^sid="[0-9a-f]{16}"; HttpOnly$/);
    const value = cookie.slice(4, cookie.indexOf(';'));
    const { upstreamHost } = proxy.logged;
    proxy.request({ headers: [['cookie', `sid=${value}`]] });
    proxy.answer(200);
    expect(proxy.logged.responseHead?.get('set-cookie')).toBeUndefined();
    expect(proxy.logged.upstreamHost).toBe(upstreamHost);
  });
});
