import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { Host } from '../../../src/mesh/cluster/host.ts';
import { TestCluster } from './one-detector.ts';

describe('a host that says that it is degraded', () => {
  function degrade(cluster: TestCluster, index: number, nowNs: number): TestCluster {
    cluster.detector.onDegraded(cluster.host(index));
    return cluster.drain(nowNs);
  }

  it('is degraded from the next drain on, once', () => {
    const cluster = new TestCluster(2, { detectsDegraded: true });
    expect(cluster.detector.detectsDegraded).toBe(true);
    expect(new TestCluster(2).detector.detectsDegraded).toBe(false);
    cluster.detector.onDegraded(cluster.host(0));
    expect(cluster.detector.hasPosted).toBe(true);
    expect(cluster.host(0).isDegradedByAnswers).toBe(false);
    cluster.drain(5 * SECOND);
    expect(cluster.detector.hasPosted).toBe(false);
    expect(cluster.host(0)).toMatchObject({
      isDegradedByAnswers: true,
      lastDegradedNs: 5 * SECOND,
      isEjected: false,
    });
    degrade(cluster, 0, 6 * SECOND);
    expect(cluster.sink.events).toEqual(['degraded 0']);
    expect(cluster.stat('ejections_detected_degradation')).toBe(1);
    expect(cluster.host(0).lastDegradedNs).toBe(5 * SECOND);
  });

  it('is whole again at a sweep after the time of an ejection, exactly on time', () => {
    const cluster = degrade(new TestCluster(2), 0, 10 * SECOND).sweep(40 * SECOND - 1);
    expect(cluster.host(0).isDegradedByAnswers).toBe(true);
    cluster.sweep(40 * SECOND).sweep(50 * SECOND);
    expect(cluster.sink.events).toEqual(['degraded 0', 'restored 0']);
  });

  it('is so for longer each time, up to the maximum', () => {
    const cluster = new TestCluster(2, { baseEjectionTimeMs: 100_000, maxEjectionTimeMs: 250_000 });
    const lengths: number[] = [];
    let now = 0;
    for (let round = 0; round < 5; round++) {
      degrade(cluster, 0, now);
      const start = now;
      while (cluster.host(0).isDegradedByAnswers) cluster.sweep((now += SECOND));
      lengths.push((now - start) / SECOND);
    }
    expect(lengths).toEqual([100, 200, 250, 250, 250]);
    expect(cluster.host(0).degradedBackoff).toBe(4);
    expect(cluster.sink.draws).toBe(0);
  });

  it('is so for the jitter longer', () => {
    const cluster = new TestCluster(2, { maxEjectionTimeJitterMs: 500 });
    cluster.sink.jitterMs = 500;
    degrade(cluster, 0, 0).sweep(30 * SECOND + 499 * MILLISECOND);
    expect(cluster.host(0).isDegradedByAnswers).toBe(true);
    expect(cluster.sweep(30 * SECOND + 500 * MILLISECOND).host(0).isDegradedByAnswers).toBe(false);
    expect(cluster.sink.draws).toBe(1);
  });
});

describe('hosts that are judged by intervals', () => {
  const statistics = {
    successRateMinimumHosts: 3,
    successRateRequestVolume: 10,
    successRateStdevFactor: 1_000,
    enforcingSuccessRatePercent: 100,
    enforcingLocalOriginSuccessRatePercent: 100,
    failurePercentageThreshold: 101,
    failurePercentageMinimumHosts: 3,
    failurePercentageRequestVolume: 10,
    enforcingFailurePercentagePercent: 0,
    enforcingLocalOriginFailurePercentagePercent: 0,
  };
  const quiet = { statistics, consecutive5xx: 0, consecutiveGatewayFailure: 0 };

  function tenEach(cluster: TestCluster, failing: number, fail: (host: Host) => void): void {
    for (let i = 0; i < 10; i++) {
      for (const host of cluster.hosts) {
        if (host.index === failing) fail(host);
        else cluster.detector.onResponse(host, 200);
      }
    }
  }

  it('are ejected at the sweep, and counted under their old name too', () => {
    const cluster = new TestCluster(3, quiet);
    expect(cluster.detector.judgesIntervals).toBe(true);
    expect(new TestCluster(3).detector.judgesIntervals).toBe(false);
    tenEach(cluster, 1, (host) => cluster.detector.onResponse(host, 500));
    expect(cluster.drain().sink.events).toEqual([]);
    cluster.sweep(10 * SECOND);
    expect(cluster.sink.events).toEqual(['out 1 successRate']);
    expect(cluster.host(1).lastEjectionNs).toBe(10 * SECOND);
    expect(cluster.stat('ejections_success_rate')).toBe(1);
    expect(cluster.stat('ejections_total')).toBe(1);
    expect(cluster.stat('ejections_enforced_success_rate')).toBe(1);
    // The next interval had no requests.
    expect(cluster.sweep(20 * SECOND).sink.events).toHaveLength(1);
  });

  it.each([499, 404, 200])('take a %d for a success', (status) => {
    const cluster = new TestCluster(3, quiet);
    tenEach(cluster, 1, (host) => cluster.detector.onResponse(host, status));
    expect(cluster.sweep(10 * SECOND).sink.events).toEqual([]);
  });

  it('in split mode count connections and failures on our side apart', () => {
    const cluster = new TestCluster(3, { ...quiet, splitExternalLocalOriginErrors: true });
    for (let i = 0; i < 10; i++) {
      for (const host of cluster.hosts) {
        if (host.index === 2) cluster.detector.onLocalFailure(host, 503);
        else cluster.detector.onConnectSuccess(host);
      }
    }
    cluster.sweep(10 * SECOND);
    expect(cluster.sink.events).toEqual(['out 2 localOriginSuccessRate']);
    expect(cluster.stat('ejections_success_rate')).toBe(1);
    expect(cluster.stat('ejections_total')).toBe(0);
  });

  it('count nothing where nobody compares them', () => {
    const cluster = new TestCluster(1, { splitExternalLocalOriginErrors: true }).answer(0, 200);
    cluster.detector.onConnectSuccess(cluster.host(0));
    cluster.detector.onLocalFailure(cluster.host(0), 503);
    expect(cluster.host(0)).toMatchObject({ externalResults: null, localResults: null });
  });
});

describe('a passed health check', () => {
  it('ends an ejection early, unless it is told not to', () => {
    const cluster = new TestCluster(2).breakDown(0);
    cluster.detector.onCheckPassed(cluster.host(0), SECOND, cluster.sink);
    cluster.detector.onCheckPassed(cluster.host(1), SECOND, cluster.sink);
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx', 'back 0']);
    const stubborn = new TestCluster(2, { unejectsOnHealthCheck: false }).breakDown(0);
    stubborn.detector.onCheckPassed(stubborn.host(0), SECOND, stubborn.sink);
    expect(stubborn.host(0).isEjected).toBe(true);
  });
});
