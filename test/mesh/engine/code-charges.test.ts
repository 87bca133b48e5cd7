import { describe, expect, it } from 'vitest';
import type { HeaderMatch } from '../../../src/mesh/config/config.ts';
import { anEndpoint, OneProxy, type ProxySketch } from './one-proxy.ts';

const ITEMS: HeaderMatch = {
  name: ':path',
  value: { kind: 'prefix', value: '/items' },
  invert: false,
  treatMissingAsEmpty: false,
};
const TOLD: ProxySketch = {
  virtualHost: { name: 'v', virtualClusters: [{ name: 'items', headers: [ITEMS] }] },
  route: { statPrefix: 'all' },
};

function ofVirtualCluster(proxy: OneProxy, name: string, counter: string): number {
  return proxy.stat(`vhost.v.vcluster.${name}.upstream_rq_${counter}`);
}

describe('answers are counted beside their cluster', () => {
  it('by the virtual cluster that takes the request, else under other', () => {
    const proxy = new OneProxy(TOLD);
    for (const path of ['/items/1', '/items/2', '/']) {
      proxy.request({ path });
      proxy.answer(path === '/' ? 404 : 200);
    }
    expect(ofVirtualCluster(proxy, 'items', '200')).toBe(2);
    expect(ofVirtualCluster(proxy, 'items', 'total')).toBe(2);
    expect(ofVirtualCluster(proxy, 'other', '4xx')).toBe(1);
  });

  it('by the route’s own prefix, with what became of retries', () => {
    const proxy = new OneProxy({ ...TOLD, retry: { retryOn: ['5xx'], numRetries: 1 } });
    proxy.request({ path: '/items' });
    for (const status of [503, 503]) {
      proxy.answer(status);
      proxy.advance(30);
    }
    const of = (name: string) => proxy.stat(`vhost.v.route.all.upstream_rq_${name}`);
    const names = ['total', '503', 'retry', 'retry_limit_exceeded', 'retry_success', 'completed'];
    expect(names.map(of)).toEqual([2, 1, 1, 1, 0, 1]);
    expect(ofVirtualCluster(proxy, 'items', 'retry')).toBe(1);
  });

  it('not at all, or without codes, where the router says so', () => {
    const router = { suppressesEnvoyHeaders: false, respectsExpectedTimeout: false };
    const none = new OneProxy({
      listener: { router: { ...router, strictHeaders: [], countsNoCodes: true } },
    });
    none.request();
    none.answer(200);
    expect(none.clusterStat('upstream_rq_completed')).toBe(0);
    const hidden = new OneProxy({
      listener: { router: { ...router, strictHeaders: [], hidesGrpcCodes: true } },
    });
    for (const type of ['application/grpc', 'text/plain']) {
      hidden.request({ headers: [['content-type', type]] });
      hidden.answer(503);
    }
    expect(hidden.clusterStat('upstream_rq_503')).toBe(1);
    expect(hidden.clusterStat('upstream_rq_completed')).toBe(2);
  });

  it('under the name that the client gives', () => {
    const proxy = new OneProxy({ listener: { honoursControlHeaders: true } });
    proxy.request({ headers: [['x-envoy-upstream-alt-stat-name', 'side']] });
    proxy.answer(200);
    expect(proxy.clusterStat('side.upstream_rq_200')).toBe(1);
    expect(proxy.ports.sentHeads[0]!.head.get('x-envoy-upstream-alt-stat-name')).toBeUndefined();
  });

  it('by the zone of the host, where the host has one and the proxy knows its own', () => {
    const endpoints = [anEndpoint(1, { locality: 'r/z2' })];
    const without = new OneProxy({ endpoints });
    without.request();
    without.answer(200);
    expect(without.clusterStat('zone..z2.upstream_rq_200')).toBe(0);
  });
});
