import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { EjectionRefusal, EjectionType } from '../../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { EjectionSink } from '../../../src/mesh/cluster/ejection.ts';
import type { Host } from '../../../src/mesh/cluster/host.ts';
import { OutlierDetector } from '../../../src/mesh/cluster/outlier-detection.ts';
import { envoyOutlier } from '../../../src/mesh/config/complete.ts';
import type { OutlierConfig } from '../../../src/mesh/config/config.ts';
import { equalHosts } from '../../helpers/hosts.ts';

/** Notes what a detector tells the engine, and answers its draws. */
class NotingSink implements EjectionSink {
  readonly events: string[] = [];
  enforce = 0;
  jitterMs = 0;
  draws = 0;

  ejected(host: Host, type: EjectionType): void {
    this.events.push(`out ${host.index} ${nameOf(type)}`);
  }

  ejectionRefused(host: Host, type: EjectionType, why: EjectionRefusal): void {
    const reason = why === EjectionRefusal.enforcing ? 'enforcing' : 'max percent';
    this.events.push(`kept ${host.index} ${nameOf(type)}: ${reason}`);
  }

  unejected(host: Host): void {
    this.events.push(`back ${host.index}`);
  }

  degradedChanged(host: Host): void {
    this.events.push(`${host.isDegradedByAnswers ? 'degraded' : 'restored'} ${host.index}`);
  }

  enforceDraw(): number {
    this.draws += 1;
    return this.enforce;
  }

  jitterDraw(_host: Host, n: number): number {
    this.draws += 1;
    return Math.min(this.jitterMs, n - 1);
  }
}

function nameOf(type: EjectionType): string {
  return Object.entries(EjectionType).find(([, value]) => value === type)?.[0] ?? '?';
}

/** A cluster of hosts under outlier detection. */
class TestCluster {
  readonly hosts: Host[];
  readonly detector: OutlierDetector;
  readonly sink = new NotingSink();

  constructor(hostCount: number, config: Partial<OutlierConfig> = {}) {
    this.hosts = equalHosts(hostCount);
    this.detector = new OutlierDetector(envoyOutlier({ maxEjectionPercent: 100, ...config }));
  }

  host(index: number): Host {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`no host ${index}`);
    return host;
  }

  answer(index: number, ...statuses: number[]): this {
    for (const status of statuses) this.detector.onResponse(this.host(index), status);
    return this;
  }

  drain(nowNs = 0): this {
    this.detector.drain(nowNs, this.hosts.length, this.sink);
    return this;
  }

  /** Five times 500, drained. */
  breakDown(index: number, nowNs = 0): this {
    return this.answer(index, 500, 500, 500, 500, 500).drain(nowNs);
  }

  sweep(nowNs: number): this {
    this.detector.sweep(nowNs, this.hosts, this.sink);
    return this;
  }

  stat(name: string): number | undefined {
    let found: number | undefined;
    this.detector.stats.visit((visited, _kind, value) => {
      if (visited === name) found = value;
    });
    return found;
  }
}

describe('consecutive 5xx', () => {
  it('eject at exactly the configured number in a row', () => {
    const cluster = new TestCluster(3).answer(0, 500, 500, 500, 500).drain();
    expect(cluster.sink.events).toEqual([]);
    cluster.answer(0, 500).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx']);
    expect(cluster.host(0).isEjected).toBe(true);
  });

  test.each([200, 404, 499, 600])('are interrupted by a %d', (status) => {
    const cluster = new TestCluster(3).answer(0, 500, 500, 500, 500, status, 500, 500, 500, 500);
    expect(cluster.drain().sink.events).toEqual([]);
  });

  it('are counted host by host', () => {
    const cluster = new TestCluster(3);
    for (let i = 0; i < 4; i++) cluster.answer(0, 500).answer(1, 500);
    expect(cluster.drain().sink.events).toEqual([]);
  });

  it('take effect only when drained, never inside the response that caused them', () => {
    const cluster = new TestCluster(3).answer(0, 500, 500, 500, 500, 500);
    expect(cluster.host(0).isEjected).toBe(false);
    expect(cluster.detector.hasPosted).toBe(true);
    cluster.drain();
    expect(cluster.host(0).isEjected).toBe(true);
    expect(cluster.detector.hasPosted).toBe(false);
  });

  it('beyond the threshold before the drain do no harm: one ejection, the counter starts again', () => {
    const cluster = new TestCluster(3).answer(0, 500, 500, 500, 500, 500, 500, 500).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx']);
    expect(cluster.host(0).consecutive5xx).toBe(0);
  });

  it('with a threshold of 0 never fire', () => {
    const cluster = new TestCluster(3, { consecutive5xx: 0 });
    for (let i = 0; i < 20; i++) cluster.answer(0, 500);
    expect(cluster.drain().sink.events).toEqual([]);
  });

  it('of a host that is already out change nothing, and leave its counter', () => {
    const cluster = new TestCluster(3).breakDown(0).answer(0, 500, 500, 500, 500, 500, 500).drain();
    expect(cluster.sink.events).toHaveLength(1);
    expect(cluster.host(0).consecutive5xx).toBe(6);
    expect(cluster.stat('ejections_detected_consecutive_5xx')).toBe(1);
  });
});

describe('consecutive gateway failures', () => {
  const enforced = {
    consecutiveGatewayFailure: 3,
    enforcingConsecutiveGatewayFailurePercent: 100,
  };

  test.each([502, 503, 504])('count %d', (status) => {
    const cluster = new TestCluster(3, enforced).answer(0, status, status, status).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutiveGatewayFailure']);
  });

  it('are interrupted by other 5xx, which go on counting as such', () => {
    const cluster = new TestCluster(3, enforced).answer(0, 503, 503, 500, 503, 503).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx']);
  });

  it('are by default found but not enforced', () => {
    const cluster = new TestCluster(3, { consecutive5xx: 0 });
    cluster.answer(0, 503, 503, 503, 503, 503).drain();
    expect(cluster.sink.events).toEqual(['kept 0 consecutiveGatewayFailure: enforcing']);
    expect(cluster.stat('ejections_detected_consecutive_gateway_failure')).toBe(1);
    expect(cluster.stat('ejections_enforced_consecutive_gateway_failure')).toBe(0);
    expect(cluster.host(0).consecutiveGatewayFailure).toBe(0);
  });

  it('fire before 5xx on the same response; then the host is out and 5xx are not looked at', () => {
    const both = { ...enforced, consecutiveGatewayFailure: 5 };
    const cluster = new TestCluster(3, both).answer(0, 503, 503, 503, 503, 503).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutiveGatewayFailure']);
    expect(cluster.host(0).consecutive5xx).toBe(5);
  });
});

describe('local failures', () => {
  const split = { splitExternalLocalOriginErrors: true };

  it('count as their status unless they are told apart', () => {
    const cluster = new TestCluster(3);
    const fail = (status: number) => cluster.detector.onLocalFailure(cluster.host(0), status);
    [503, 504, 503, 504].forEach(fail);
    cluster.answer(0, 500).drain();
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx']);
  });

  it('count as a success with the alternative timeout response', () => {
    const cluster = new TestCluster(3).answer(0, 503, 503, 503, 503);
    cluster.detector.onLocalFailure(cluster.host(0), 204);
    expect(cluster.host(0).consecutive5xx).toBe(0);
  });

  it('have a counter of their own where told apart', () => {
    const cluster = new TestCluster(3, split);
    for (let i = 0; i < 5; i++)
      cluster.answer(0, 200).detector.onLocalFailure(cluster.host(0), 503);
    expect(cluster.drain().sink.events).toEqual(['out 0 consecutiveLocalOriginFailure']);
    expect(cluster.host(0).consecutiveLocalOriginFailure).toBe(0);
  });

  it('told apart are interrupted by getting a connection, so timeouts in turn never eject', () => {
    const cluster = new TestCluster(3, split);
    for (let i = 0; i < 20; i++) {
      cluster.detector.onConnectSuccess(cluster.host(0));
      cluster.detector.onLocalFailure(cluster.host(0), 504);
    }
    expect(cluster.drain().sink.events).toEqual([]);
  });

  it('not told apart do not care about connections', () => {
    const cluster = new TestCluster(3).answer(0, 503, 503, 503, 503);
    cluster.detector.onConnectSuccess(cluster.host(0));
    expect(cluster.answer(0, 500).drain().sink.events).toEqual(['out 0 consecutive5xx']);
  });
});

describe('the limit on ejected hosts', () => {
  test.each<[number, number, number]>([
    [9, 10, 0],
    [10, 10, 1],
    [19, 10, 1],
    [20, 10, 2],
    [3, 33, 0],
    [3, 34, 1],
    [3, 66, 1],
    [3, 67, 2],
    [4, 100, 4],
    [4, 250, 4],
    [4, 0, 0],
  ])('lets of %d hosts at %d %% exactly %d go', (hostCount, maxEjectionPercent, ejected) => {
    const cluster = new TestCluster(hostCount, { maxEjectionPercent });
    for (let i = 0; i < hostCount; i++) cluster.breakDown(i);
    expect(cluster.hosts.filter((host) => host.isEjected)).toHaveLength(ejected);
    expect(cluster.stat('ejections_active')).toBe(ejected);
    expect(cluster.stat('ejections_overflow')).toBe(hostCount - ejected);
    expect(cluster.stat('ejections_detected_consecutive_5xx')).toBe(hostCount);
  });

  it('can make an exception for the first host', () => {
    const cluster = new TestCluster(3, { maxEjectionPercent: 0, alwaysEjectOneHost: true });
    cluster.breakDown(0).breakDown(1);
    expect(cluster.sink.events).toEqual([
      'out 0 consecutive5xx',
      'kept 1 consecutive5xx: max percent',
    ]);
  });

  it('starts the counter of a refused host again', () => {
    const cluster = new TestCluster(3, { maxEjectionPercent: 10 }).breakDown(0);
    expect(cluster.host(0).consecutive5xx).toBe(0);
    cluster.breakDown(0);
    expect(cluster.stat('ejections_overflow')).toBe(2);
    expect(cluster.stat('ejections_total')).toBe(0);
  });

  it('is never passed, whatever answers come', () => {
    const answers = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.constantFrom(200, 500, 503)), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(answers, fc.nat({ max: 100 }), (given, maxEjectionPercent) => {
        const cluster = new TestCluster(10, { maxEjectionPercent, consecutive5xx: 2 });
        given.forEach(([index, status], i) => {
          cluster
            .answer(index, status)
            .drain(i * SECOND)
            .sweep(i * SECOND);
          const ejected = cluster.hosts.filter((host) => host.isEjected).length;
          expect(10 * ejected).toBeLessThanOrEqual(maxEjectionPercent);
          expect(cluster.stat('ejections_active')).toBe(ejected);
        });
      }),
    );
  });
});

describe('the enforcing percentage', () => {
  it('is drawn between the ends', () => {
    const cluster = new TestCluster(3, { enforcingConsecutive5xxPercent: 30 });
    cluster.sink.enforce = 30;
    cluster.breakDown(0);
    cluster.sink.enforce = 29;
    cluster.breakDown(1);
    expect(cluster.sink.events).toEqual([
      'kept 0 consecutive5xx: enforcing',
      'out 1 consecutive5xx',
    ]);
    expect(cluster.stat('ejections_total')).toBe(2);
    expect(cluster.stat('ejections_enforced_total')).toBe(1);
  });

  it('is drawn anew for each detection: the host has a serial number to key it by', () => {
    const cluster = new TestCluster(3, { enforcingConsecutive5xxPercent: 30 });
    cluster.sink.enforce = 99;
    const serials = [1, 2, 3].map(() => cluster.breakDown(0).host(0).detectionCount);
    expect(serials).toEqual([1, 2, 3]);
  });

  it('of 0 or 100 needs no draw', () => {
    const cluster = new TestCluster(3).breakDown(0);
    new TestCluster(3, { enforcingConsecutive5xxPercent: 0 }).breakDown(0);
    expect(cluster.sink.draws).toBe(0);
  });
});

describe('an ejection', () => {
  it('ends at the first sweep after its time, not before', () => {
    const cluster = new TestCluster(2).breakDown(0, 3 * SECOND);
    for (const at of [10, 20, 30]) cluster.sweep(at * SECOND);
    expect(cluster.host(0).isEjected).toBe(true);
    cluster.sweep(40 * SECOND);
    expect(cluster.sink.events).toEqual(['out 0 consecutive5xx', 'back 0']);
    expect(cluster.stat('ejections_active')).toBe(0);
  });

  it('ends at a sweep that comes exactly on time', () => {
    const cluster = new TestCluster(2).breakDown(0, 10 * SECOND).sweep(40 * SECOND - 1);
    expect(cluster.host(0).isEjected).toBe(true);
    expect(cluster.sweep(40 * SECOND).host(0).isEjected).toBe(false);
  });

  it('clears all counters of the host when it ends', () => {
    const cluster = new TestCluster(2)
      .breakDown(0)
      .answer(0, 503, 503)
      .sweep(30 * SECOND);
    expect(cluster.host(0)).toMatchObject({
      consecutive5xx: 0,
      consecutiveGatewayFailure: 0,
      consecutiveLocalOriginFailure: 0,
      lastUnejectionNs: 30 * SECOND,
    });
  });

  it('lasts longer each time, up to the maximum', () => {
    const cluster = new TestCluster(2, { baseEjectionTimeMs: 100_000, maxEjectionTimeMs: 250_000 });
    const lengths: number[] = [];
    let now = 0;
    for (let round = 0; round < 5; round++) {
      cluster.breakDown(0, now);
      const start = now;
      while (cluster.host(0).isEjected) cluster.sweep((now += SECOND));
      lengths.push((now - start) / SECOND);
    }
    expect(lengths).toEqual([100, 200, 250, 250, 250]);
    expect(cluster.host(0).ejectionBackoff).toBe(4);
    expect(cluster.host(0).ejectionCount).toBe(5);
  });

  it('gets shorter again for a host that stays in rotation, one step a sweep', () => {
    const cluster = new TestCluster(2);
    const host = cluster.host(0);
    host.ejectionBackoff = 2;
    cluster.breakDown(0).sweep(90 * SECOND);
    expect([host.isEjected, host.ejectionBackoff]).toEqual([false, 3]);
    cluster.sweep(99 * SECOND);
    expect(host.ejectionBackoff).toBe(3);
    const seen: number[] = [];
    for (let at = 100; at <= 140; at += 10) {
      cluster.sweep(at * SECOND);
      seen.push(host.ejectionBackoff);
    }
    expect(seen).toEqual([2, 1, 0, 0, 0]);
  });

  it('does not get shorter while it lasts', () => {
    const cluster = new TestCluster(2).breakDown(0).sweep(30 * SECOND);
    cluster.breakDown(0, 31 * SECOND).sweep(60 * SECOND);
    expect(cluster.host(0)).toMatchObject({ isEjected: true, ejectionBackoff: 2 });
  });

  it('is prolonged by its jitter, drawn anew each time', () => {
    const cluster = new TestCluster(2, { maxEjectionTimeJitterMs: 500 });
    cluster.sink.jitterMs = 500;
    cluster.breakDown(0).sweep(30 * SECOND + 499 * MILLISECOND);
    expect(cluster.host(0).isEjected).toBe(true);
    expect(cluster.sweep(30 * SECOND + 500 * MILLISECOND).host(0).isEjected).toBe(false);
    cluster.sink.jitterMs = 0;
    cluster.breakDown(0, 40 * SECOND).sweep(100 * SECOND);
    expect(cluster.host(0).isEjected).toBe(false);
    expect(cluster.sink.draws).toBe(2);
  });
});

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

describe('a host that leaves the cluster', () => {
  it('frees its place among the ejected and starts clean', () => {
    const cluster = new TestCluster(2).breakDown(0);
    cluster.detector.onHostRemoved(cluster.host(0));
    expect(cluster.stat('ejections_active')).toBe(0);
    expect(cluster.host(0)).toMatchObject({ isEjected: false, ejectionBackoff: 0 });
  });

  it('leaves the count of the others’ ejections as it is', () => {
    const cluster = new TestCluster(2).breakDown(0);
    cluster.detector.onHostRemoved(cluster.host(1));
    expect(cluster.stat('ejections_active')).toBe(1);
  });

  it('does not get shorter ejections for the time it was away', () => {
    const cluster = new TestCluster(2).breakDown(0).sweep(30 * SECOND);
    cluster.detector.onHostRemoved(cluster.host(0));
    const host = cluster.host(0);
    expect(host.lastUnejectionNs).toBe(-1);
    host.ejectionBackoff = 1;
    expect(cluster.sweep(100 * SECOND).host(0).ejectionBackoff).toBe(1);
  });

  it('is no longer ejected for what was posted before', () => {
    const cluster = new TestCluster(2).answer(0, 500, 500, 500, 500, 500);
    cluster.answer(1, 500, 500, 500, 500, 500);
    cluster.detector.onHostRemoved(cluster.host(0));
    expect(cluster.drain().sink.events).toEqual(['out 1 consecutive5xx']);
  });
});

describe('the counters', () => {
  it("bear Envoy's names, deprecated ones included", () => {
    const names: string[] = [];
    new TestCluster(1).detector.stats.visit((name, kind, value) => {
      names.push(`${kind} ${name}`);
      expect(value).toBe(0);
    });
    expect(names.filter((name) => !name.startsWith('counter '))).toEqual([
      'gauge ejections_active',
    ]);
    expect(names).toContain('gauge ejections_active');
    expect(names).toContain('counter ejections_detected_local_origin_failure_percentage');
    expect(names).toContain('counter ejections_enforced_consecutive_local_origin_failure');
    expect(names).toContain('counter ejections_consecutive_5xx');
    expect(new Set(names).size).toBe(names.length);
  });

  it('tell what was found from what was enforced', () => {
    const cluster = new TestCluster(2, { maxEjectionPercent: 50 });
    cluster.answer(0, 503, 503, 503, 503, 503).drain();
    cluster.answer(1, 503, 503, 503, 503, 503).drain();
    const stat = (name: string) => cluster.stat(name);
    expect(stat('ejections_detected_consecutive_5xx')).toBe(2);
    expect(stat('ejections_consecutive_5xx')).toBe(2);
    expect(stat('ejections_enforced_consecutive_5xx')).toBe(1);
    expect(stat('ejections_enforced_total')).toBe(1);
    expect(stat('ejections_total')).toBe(1);
    // Gateway failures are refused for want of room before it is asked whether they are enforced.
    expect(stat('ejections_detected_consecutive_gateway_failure')).toBe(2);
    expect(stat('ejections_overflow')).toBe(2);
  });
});
