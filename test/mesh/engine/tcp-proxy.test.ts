/** Connections whose bytes are passed on: what the driver is asked for, and what is counted. */
import { describe, expect, it } from 'vitest';
import { CloseReason, type Slot } from '../../../src/core/engine.ts';
import type { TcpProxyConfig } from '../../../src/mesh/config/tcp-proxy.ts';
import { DOWNSTREAM_PEER, OneProxy, type ProxySketch } from './one-proxy.ts';

const CLIENT: Slot = 0;
const UPSTREAM: Slot = 0;
const TCP: TcpProxyConfig = {
  clusters: [{ cluster: 'cluster', weight: 1 }],
  idleTimeoutMs: 0,
  maxConnectAttempts: 1,
};

function aProxy(tcp: Partial<TcpProxyConfig> = {}, sketch: ProxySketch = {}): OneProxy {
  return new OneProxy({ ...sketch, listener: { protocol: 'tcp', tcp: { ...TCP, ...tcp } } });
}

function open(proxy: OneProxy, client: Slot = CLIENT): void {
  proxy.engine.onDownstreamOpen(client, 3, { ...DOWNSTREAM_PEER, protocol: 'tcp' });
}

/** What clusters and breakers hold now. */
function held(proxy: OneProxy): readonly number[] {
  const names = ['upstream_cx_active', 'upstream_rq_active', 'upstream_rq_pending_active'];
  return names.map((name) => proxy.clusterStat(name));
}

describe('a client connection whose bytes are passed on', () => {
  it('is not read before an upstream is there; then bytes and ends go both ways', () => {
    const proxy = aProxy();
    open(proxy);
    expect(held(proxy)).toEqual([1, 0, 1]);
    proxy.settle();
    expect(held(proxy)).toEqual([1, 1, 0]);
    const bytes = new Uint8Array(5);
    proxy.engine.onDownstreamData(CLIENT, 5, bytes, false);
    proxy.engine.onUpstreamData(UPSTREAM, 7, new Uint8Array(7), false);
    proxy.engine.onUpstreamData(UPSTREAM, 0, null, true);
    proxy.engine.onDownstreamData(CLIENT, 0, null, true);
    proxy.engine.onDownstreamClosed(CLIENT, CloseReason.remoteEnd);
    proxy.settle();
    expect(proxy.ports.takeCalls()).toEqual([
      'setReading downstream 0 off',
      'dial 0 10.0.0.1:80',
      'setReading downstream 0 on',
      'sendUpstreamData 0 5',
      'sendDownstreamData 0 7',
      'sendDownstreamData 0 0 end',
      'sendUpstreamData 0 0 end',
      'closeUpstream 0',
    ]);
    expect(proxy.logged).toMatchObject({ flags: '-', bytesReceived: 5, bytesSent: 7 });
    expect(held(proxy)).toEqual([0, 0, 0]);
    expect(proxy.ports.armed).toEqual([]);
  });

  it('gives everything back when its client goes while it connects', () => {
    const proxy = aProxy();
    open(proxy);
    proxy.engine.onDownstreamClosed(CLIENT, CloseReason.remoteReset);
    proxy.settle();
    expect(held(proxy)).toEqual([0, 0, 0]);
    expect(proxy.ports.armed).toEqual([]);
    expect(proxy.clusterStat('upstream_rq_cancelled')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_connect_fail')).toBe(0);
  });

  it('tries other hosts as often as it may', () => {
    const proxy = aProxy({ maxConnectAttempts: 2 }, { endpoints: 2 });
    proxy.refusing.add('10.0.0.1:80').add('10.0.0.2:80');
    open(proxy);
    proxy.settle();
    proxy.engine.onDownstreamClosed(CLIENT, CloseReason.local);
    expect(proxy.logged).toMatchObject({ flags: 'UF,URX', attemptCount: 2 });
    expect(proxy.clusterStat('upstream_cx_connect_attempts_exceeded')).toBe(1);
    expect(held(proxy)).toEqual([0, 0, 0]);
  });

  it('counts its idle time from the last byte', () => {
    const proxy = aProxy({ idleTimeoutMs: 100 });
    open(proxy);
    proxy.settle();
    proxy.advance(80);
    proxy.engine.onUpstreamData(UPSTREAM, 1, new Uint8Array(1), false);
    proxy.advance(99);
    expect(proxy.stat('tcp.in.idle_timeout')).toBe(0);
    proxy.advance(1);
    expect(proxy.stat('tcp.in.idle_timeout')).toBe(1);
    expect(held(proxy)).toEqual([0, 0, 0]);
    expect(proxy.ports.armed).toEqual([]);
  });

  it('ends with its upstream', () => {
    const proxy = aProxy({ maxConnectionDurationMs: 1_000 });
    open(proxy);
    proxy.settle();
    proxy.ports.takeCalls();
    proxy.engine.onConnectionClosed(UPSTREAM, CloseReason.remoteReset);
    expect(proxy.ports.takeCalls().join()).toMatch(/^closeDownstream 0 abort/);
    proxy.engine.onDownstreamClosed(CLIENT, CloseReason.local);
    expect(proxy.logged.flags).toBe('UR');
    expect(proxy.ports.armed).toEqual([]);
  });

  it('is turned away at the limit of connections', () => {
    const proxy = aProxy({}, { thresholds: { maxConnections: 1 } });
    open(proxy);
    open(proxy, 1);
    proxy.engine.onDownstreamClosed(1, CloseReason.local);
    expect(proxy.logged.flags).toBe('UO');
    expect(proxy.clusterStat('upstream_cx_overflow')).toBe(1);
    expect(held(proxy)).toEqual([1, 0, 1]);
  });
});
