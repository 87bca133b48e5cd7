import { describe, expect, it } from 'vitest';
import { OneProxy } from './one-proxy.ts';

const EAGER = {
  consecutive5xx: 2,
  maxEjectionPercent: 100,
  intervalMs: 10_000,
  baseEjectionTimeMs: 25_000,
};

function fail(proxy: OneProxy, times: number): void {
  for (let i = 0; i < times; i++) {
    proxy.request();
    proxy.answer(500);
  }
}

describe('ejection', () => {
  it('takes a host out of rotation until the first sweep after its time', () => {
    const proxy = new OneProxy({ outlier: EAGER, cluster: { panicThresholdPercent: 0 } });
    proxy.advance(1000);
    fail(proxy, 2);
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(1);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.request();
    expect(proxy.outcome).toBe('503 UH no_healthy_upstream');
    // Ejected at 1 s for 25 s: the sweeps at 10 and 20 s come too early.
    proxy.advance(28_999);
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(1);
    proxy.advance(1);
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(0);
    proxy.advance(2000);
    proxy.request();
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('takes effect after the response that caused it, and closes idle connections', () => {
    const proxy = new OneProxy({ outlier: EAGER });
    proxy.request();
    proxy.request();
    const [first, second] = [...proxy.ports.openStreams.keys()];
    proxy.answer(500, first);
    proxy.ports.takeCalls();
    proxy.ports.takeRecords();
    proxy.answer(500, second);
    expect(proxy.ports.takeCalls()).toEqual([
      'respondHead 1 500 end',
      'closeUpstream 1',
      'closeUpstream 0',
    ]);
    expect(proxy.ports.takeRecords().map((line) => line.split(' ')[0])).toEqual([
      'attemptEnded',
      'requestDone',
      'ejected',
      'connectionClosed',
      'connectionClosed',
    ]);
  });

  it('lets requests in flight complete, and then closes their connections', () => {
    const proxy = new OneProxy({ outlier: EAGER });
    proxy.request();
    const slow = proxy.stream;
    fail(proxy, 2);
    proxy.answer(200, slow);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });

  it('counts resets, connect failures and timeouts as 5xx', () => {
    const proxy = new OneProxy({
      outlier: { ...EAGER, consecutive5xx: 3 },
      forward: { timeoutMs: 100 },
    });
    proxy.request();
    proxy.resetUpstream();
    proxy.request();
    proxy.advance(100);
    proxy.refusing.add('10.0.0.1:80');
    proxy.request();
    expect(proxy.clusterStat('outlier_detection.ejections_enforced_consecutive_5xx')).toBe(1);
  });

  it('in split mode forgets timeouts with each connection that works', () => {
    const proxy = new OneProxy({
      outlier: {
        ...EAGER,
        splitExternalLocalOriginErrors: true,
        consecutiveLocalOriginFailure: 2,
      },
      forward: { timeoutMs: 100 },
    });
    for (let i = 0; i < 4; i++) {
      proxy.request();
      proxy.advance(100);
    }
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(0);
    proxy.refusing.add('10.0.0.1:80');
    proxy.request();
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(1);
  });

  it('is refused beyond the allowed share of hosts, and says so', () => {
    const proxy = new OneProxy({ endpoints: 9, outlier: { consecutive5xx: 1 } });
    proxy.request();
    proxy.answer(500);
    expect(proxy.clusterStat('outlier_detection.ejections_overflow')).toBe(1);
    expect(proxy.ports.takeRecords()).toContainEqual(
      expect.stringMatching(/^ejectionRefused .* 0$/),
    );
  });

  it('of too many hosts makes panic: all hosts get traffic again', () => {
    const proxy = new OneProxy({
      endpoints: 2,
      outlier: { ...EAGER, consecutive5xx: 1 },
      cluster: { updateMergeWindowMs: 0 },
    });
    fail(proxy, 3);
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(2);
    expect(proxy.clusterStat('lb_healthy_panic')).toBeGreaterThan(0);
    expect(proxy.ports.takeRecords()).toContainEqual(expect.stringMatching(/^panic /));
  });

  it('of a second host within the merge window reaches the balancer only after it', () => {
    const proxy = new OneProxy({
      endpoints: 3,
      outlier: { ...EAGER, consecutive5xx: 1 },
      cluster: { panicThresholdPercent: 0 },
    });
    fail(proxy, 1);
    proxy.advance(500);
    fail(proxy, 1);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    expect(usedHosts(proxy, 6)).toBe(2);
    proxy.advance(1000);
    expect(usedHosts(proxy, 6)).toBe(1);
  });

  function usedHosts(proxy: OneProxy, requests: number): number {
    proxy.ports.log.length = 0;
    for (let i = 0; i < requests; i++) {
      proxy.request();
      proxy.answer(200);
    }
    return new Set(proxy.ports.log.map((entry) => entry.upstreamHost)).size;
  }
});
