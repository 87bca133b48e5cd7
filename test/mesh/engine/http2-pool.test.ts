import { describe, expect, it } from 'vitest';
import { CloseReason, ResetReason } from '../../../src/core/engine.ts';
import type { ClusterConfig } from '../../../src/mesh/config/config.ts';
import { OneProxy, type ProxySketch } from './one-proxy.ts';

function http2Proxy(cluster: Partial<ClusterConfig> = {}, sketch: ProxySketch = {}): OneProxy {
  return new OneProxy({ ...sketch, cluster: { protocol: 'http2', ...cluster } });
}

describe('HTTP/2 connections', () => {
  it('expects a connection that is being made to carry as many streams as it may', () => {
    const proxy = http2Proxy({ maxConcurrentStreams: 2 });
    for (let i = 0; i < 3; i++) proxy.start();
    expect(proxy.clusterStat('upstream_cx_http2_total')).toBe(2);
    expect(proxy.clusterStat('upstream_cx_http1_total')).toBe(0);
    proxy.start();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
    proxy.settle();
    expect(proxy.ports.openStreams.size).toBe(4);
  });

  it('expects no more of it than the requests it may carry at all', () => {
    const proxy = http2Proxy({ maxRequestsPerConnection: 1 });
    proxy.start();
    proxy.start();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
  });

  it('gives the stream that waits to whoever ends one first', () => {
    const proxy = http2Proxy({ maxConcurrentStreams: 1 }, { thresholds: { maxConnections: 1 } });
    proxy.request();
    proxy.request();
    expect(proxy.clusterStat('upstream_rq_pending_active')).toBe(1);
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_rq_pending_active')).toBe(0);
    expect(proxy.ports.openStreams.size).toBe(1);
  });

  it('follows the limit of the peer, down and up to its own', () => {
    const proxy = http2Proxy({ maxConcurrentStreams: 2 });
    proxy.request();
    const connection = proxy.connectionOf(proxy.stream);
    proxy.engine.onStreamLimit(connection, 1);
    proxy.request();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
    proxy.engine.onStreamLimit(connection, 9);
    proxy.request();
    proxy.request();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
    proxy.request();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(3);
  });

  it('counts a lost connection once, and each of its streams', () => {
    const proxy = http2Proxy();
    proxy.request();
    proxy.request();
    const streams = [...proxy.ports.openStreams.keys()];
    const connection = proxy.connectionOf(proxy.stream);
    for (const stream of streams) {
      proxy.engine.onStreamReset(stream, ResetReason.connectionTermination, '');
    }
    proxy.engine.onConnectionClosed(connection, CloseReason.remoteEnd);
    expect(proxy.ports.log.map(({ flags }) => flags)).toEqual(['UC', 'UC']);
    expect(proxy.clusterStat('upstream_cx_destroy_remote_with_active_rq')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_pending_failure_eject')).toBe(2);
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });
});
