import { describe, expect, it } from 'vitest';
import { anEndpoint, meshConfig, OneProxy } from './one-proxy.ts';

describe('a new configuration', () => {
  it('applies to new requests; those under way keep their route', () => {
    const proxy = new OneProxy({ forward: { timeoutMs: 1000 } });
    proxy.request();
    const action = { kind: 'direct-response', status: 410, body: '' } as const;
    proxy.engine.onConfig(meshConfig({ route: { action } }, 2));
    proxy.request();
    expect(proxy.outcome).toBe('410 - direct_response');
    proxy.advance(1000);
    expect(proxy.outcome).toBe('504 UT response_timeout');
    expect(proxy.ports.takeRecords()).toContain('configApplied 2 0 0');
  });

  it('keeps clusters that did not change, with their connections', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.answer(200);
    proxy.engine.onConfig(meshConfig({}, 2));
    proxy.request();
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(1);
  });

  it('replaces clusters that changed: idle connections close, counters go on', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.answer(200);
    proxy.engine.onConfig(meshConfig({ thresholds: { maxPendingRequests: 0 } }, 2));
    expect(proxy.ports.calls.at(-1)).toBe('closeUpstream 0');
    proxy.settle();
    proxy.request();
    expect(proxy.outcome).toMatch(/^503 UO/);
    expect(proxy.clusterStat('upstream_rq_200')).toBe(1);
  });

  it('answers 503 UH to a retry whose cluster is gone', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 1 } });
    proxy.request();
    proxy.answer(503);
    const next = meshConfig({}, 2);
    proxy.engine.onConfig({ ...next, clusters: [] });
    proxy.advance(25);
    expect(proxy.outcome).toBe('503 UH no_healthy_upstream');
    proxy.request();
    expect(proxy.outcome).toBe('503 NC cluster_not_found');
  });

  it('moves a retry to the cluster that replaced its own', () => {
    const sketch = { retry: { retryOn: ['5xx'], numRetries: 1 } };
    const proxy = new OneProxy(sketch);
    proxy.request();
    proxy.answer(503);
    proxy.engine.onConfig(meshConfig({ ...sketch, thresholds: { maxRetries: 9 } }, 2));
    proxy.advance(25);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('circuit_breakers.default.rq_retry_open')).toBe(0);
  });
});

describe('new endpoints', () => {
  it('are used from the next request on; those that stay keep their state', () => {
    const proxy = new OneProxy({ endpoints: 2 });
    proxy.request();
    proxy.request();
    for (const stream of [...proxy.ports.openStreams.keys()]) proxy.answer(200, stream);
    const members = [anEndpoint(2), anEndpoint(3)];
    proxy.engine.onEndpoints(7, { version: 2, members });
    proxy.settle();
    expect(proxy.clusterStat('upstream_cx_active')).toBe(1);
    // Its first members were a change, too.
    expect(proxy.clusterStat('membership_change')).toBe(2);
    for (let i = 0; i < 4; i++) {
      proxy.request();
      proxy.answer(200);
    }
    expect(hostTotals(proxy)).toEqual({ 'host-2': 3, 'host-3': 2 });
  });

  it('that came before the first use of the cluster count as well', () => {
    const proxy = new OneProxy({ endpoints: 0 });
    proxy.engine.onEndpoints(7, { version: 2, members: [anEndpoint(5)] });
    proxy.request();
    proxy.answer(200);
    expect(proxy.logged.upstreamHost).toBe('10.0.0.5:80');
  });

  it('let requests at removed hosts complete', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.engine.onEndpoints(7, { version: 2, members: [anEndpoint(2)] });
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });

  function hostTotals(proxy: OneProxy): Record<string, number> {
    const totals: Record<string, number> = {};
    proxy.engine.visitHosts((_cluster, endpoint, gauges) => {
      totals[endpoint.hostname] = gauges.rqTotal;
    });
    return totals;
  }
});

describe('draining', () => {
  it('asks clients to close with each answer', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.engine.onDrain('start', 0);
    proxy.ports.takeCalls();
    proxy.answer(200);
    expect(proxy.ports.takeCalls()).toEqual(['goAwayDownstream 0', 'respondHead 0 200 end']);
  });

  it('an idle downstream connection is drained, then closed', () => {
    const proxy = new OneProxy({ listener: { downstreamIdleTimeoutMs: 400 } });
    proxy.request();
    proxy.advance(1000);
    proxy.answer(200);
    proxy.advance(399);
    expect(proxy.stat('http.in.downstream_cx_idle_timeout')).toBe(0);
    proxy.advance(1);
    expect(proxy.stat('http.in.downstream_cx_idle_timeout')).toBe(1);
    proxy.ports.takeCalls();
    proxy.advance(5000);
    expect(proxy.ports.takeCalls()).toEqual(['closeDownstream 0 linger 1000ms']);
  });
});
