import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import { TestCluster } from './one-detector.ts';

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
