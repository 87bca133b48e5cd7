import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { CacheSpec } from '../../../src/sim/host/cache.ts';
import type { HostSpec } from '../../../src/sim/world-spec.ts';
import type { LoadSpec } from '../../../src/workload/load.ts';
import {
  burst,
  callTo,
  constant,
  constantRate,
  exponential,
  poisson,
  SmallWorld,
} from '../../helpers/small-world.ts';

const BY_PATH: CacheSpec = {
  key: { kind: 'path' },
  ttlNs: 0,
  scope: 'instance',
  coalesce: false,
  onError: 'keep',
  warm: 0,
};

interface Options {
  readonly cache: Partial<CacheSpec>;
  readonly load: LoadSpec;
  readonly instances?: number;
  readonly backend?: Partial<HostSpec>;
  readonly front?: Partial<HostSpec>;
  readonly seed?: string;
  readonly deadlineNs?: number;
}

function world(options: Options): SmallWorld {
  const { cache, load, instances = 1, backend = {}, front = {}, seed = 'test' } = options;
  return new SmallWorld({
    seed,
    latencyNs: 0,
    services: {
      front: {
        instances,
        serviceTime: constant(0),
        cache: { ...BY_PATH, ...cache },
        calls: [callTo('back')],
        ...front,
      },
      back: { serviceTime: constant(0), ...backend },
    },
    clients: { users: { to: 'front', load, deadlineNs: options.deadlineNs ?? 0 } },
  });
}

/** Of all instances of the caching service. */
function hitRatio(run: SmallWorld): number {
  const hosts = run.hosts('front').map((id) => run.world.hosts[id]!);
  const hits = hosts.reduce((sum, host) => sum + host.cacheHits, 0);
  const misses = hosts.reduce((sum, host) => sum + host.cacheMisses, 0);
  return hits / (hits + misses);
}

const calls = (run: SmallWorld): number => run.host('back').served;

describe('a cache', () => {
  it('answers for ever without a ttl, each instance for itself', () => {
    const run = world({ cache: {}, load: constantRate(100), instances: 4 }).runAll(10 * SECOND);
    expect(run.problems()).toEqual([]);
    expect(calls(run)).toBe(4);
  });

  it('is asked once for all instances when they share it', () => {
    const cache = { scope: 'shared' } as const;
    const run = world({ cache, load: constantRate(100), instances: 4 }).runAll(10 * SECOND);
    expect(calls(run)).toBe(1);
  });

  it('keeps an answer for exactly its ttl, which reading does not renew', () => {
    // Requests at 5 ms, 15 ms, …: a fetch holds for 100 ms, so every tenth calls.
    const cache = { ttlNs: 100 * MILLISECOND - 1 };
    const run = world({ cache, load: constantRate(100) }).runAll(10 * SECOND);
    expect(calls(run)).toBe(100);
    expect(hitRatio(run)).toBe(0.9);
  });

  it('records every question', () => {
    const run = world({ cache: {}, load: constantRate(10) }).runAll(SECOND);
    const asked = run.observer.of(RecordKind.cacheAsked).map(({ c }) => c);
    expect(asked).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('makes no difference to a service that has none', () => {
    const run = world({ cache: {}, load: constantRate(10), front: {} }).runAll(SECOND);
    expect(run.host('back').cacheHits + run.host('back').cacheMisses).toBe(0);
  });
});

describe('the share of hits is r ttl / (1 + r ttl) per key', () => {
  it.each([
    [1, 400, 10], // r ttl = 10
    [20, 400, 100], // 400/20 × 100 ms = 2
    [100, 500, 20], // 0.1
  ])('%i keys, %i rps in all, ttl %i/1000 s … ', (of, rateRps, ttl) => {
    const ttlNs = ttl === 10 ? 25 * MILLISECOND : ttl * MILLISECOND;
    const cache = { key: { kind: 'uniform', of }, ttlNs } as const;
    const run = world({ cache, load: poisson(rateRps) }).runAll(60 * SECOND);
    const x = (rateRps / of) * (ttlNs / SECOND);
    // 30,000 requests: a binomial's deviation is below 0.003, four of them 0.012.
    expect(Math.abs(hitRatio(run) - x / (1 + x))).toBeLessThan(0.012);
  });

  it('also from the first second on, when the cache starts as warm as that', () => {
    const of = 200;
    const ttlNs = 99 * SECOND; // 1 rps per key: 99 %
    const cache = { key: { kind: 'uniform', of }, ttlNs, warm: 0.99 } as const;
    const run = world({ cache, load: poisson(200) }).runAll(20 * SECOND);
    expect(hitRatio(run)).toBeGreaterThan(0.98);
    expect(hitRatio(run)).toBeLessThan(0.998);
  });

  it('popular keys are hit more: of 1000 zipf keys an unlimited cache soon lacks only the tail', () => {
    const key = { kind: 'zipf', of: 1000, s: 1.2 } as const;
    const skewed = world({ cache: { key }, load: poisson(200) }).runAll(10 * SECOND);
    const even = world({ cache: { key: { ...key, s: 0 } }, load: poisson(200) }).runAll(
      10 * SECOND,
    );
    expect(hitRatio(skewed)).toBeGreaterThan(hitRatio(even) + 0.1);
    // uniform: 1000 (1 − e^(−2)) = 865 of 2000 requests are the first for their key
    expect(Math.abs(hitRatio(even) - 0.568)).toBeLessThan(0.03);
  });
});

describe('a stampede', () => {
  const slow = { serviceTime: constant(100 * MILLISECOND) };

  it('calls once per request while the key is being fetched', () => {
    const run = world({ cache: {}, load: burst(50, SECOND), backend: slow }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(calls(run)).toBe(50);
  });

  it('calls once per instance with coalesce, and all get that answer at the same time', () => {
    const options = { cache: { coalesce: true }, load: burst(50, SECOND), backend: slow };
    const run = world(options).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(calls(run)).toBe(1);
    expect(new Set(run.observer.done.map(({ latencyNs }) => latencyNs))).toEqual(
      new Set([100 * MILLISECOND]),
    );
    const shared = { coalesce: true, scope: 'shared' } as const;
    const several = world({ ...options, cache: shared, instances: 5 }).runAll(SECOND);
    expect(calls(several)).toBe(5);
  });

  it('shares failures, too', () => {
    const backend = { ...slow, errors: [{ status: 500, ratio: 1 }] };
    const run = world({ cache: { coalesce: true }, load: burst(50, SECOND), backend }).runAll(
      SECOND,
    );
    expect(run.observer.statuses()).toEqual({ 502: 50 });
    expect(calls(run)).toBe(1);
  });

  it('passes the fetch on when the one that fetches is cancelled', () => {
    // Every 10 ms one asks and gives up 35 ms later; the answer takes 100 ms.
    const run = world({
      cache: { coalesce: true },
      load: constantRate(100),
      backend: slow,
      front: { onAbandon: 'cancel' },
      deadlineNs: 35 * MILLISECOND,
    }).runAll(SECOND);
    expect(run.problems()).toEqual([]);
    expect(run.observer.statuses()[200]).toBeUndefined();
    expect(calls(run)).toBeGreaterThan(20);
  });

  it('loses nothing when the instance crashes in the middle', () => {
    const run = world({ cache: { coalesce: true }, load: poisson(200), backend: slow });
    const front = run.hosts('front')[0]!;
    for (let at = 0.05; at < 2; at += 0.25) {
      run.world.at(at * SECOND, () => run.world.faultTarget.hosts.crash(front));
      run.world.at((at + 0.1) * SECOND, () => run.world.faultTarget.hosts.restart(front));
    }
    run.runAll(2 * SECOND);
    expect(run.problems()).toEqual([]);
    expect(calls(run)).toBeGreaterThan(3); // a process's own cache is empty after each restart
  });
});

describe('when the calls fail', () => {
  /** Every answer is wrong from 1 s on; the ttl is 0.5 s. */
  function failing(onError: CacheSpec['onError']): SmallWorld {
    const run = world({ cache: { onError, ttlNs: 0.5 * SECOND }, load: constantRate(100) });
    const back = run.hosts('back')[0]!;
    run.world.at(SECOND, () => run.world.faultTarget.hosts.crash(back));
    run.world.at(2 * SECOND, () => run.world.faultTarget.hosts.restart(back));
    return run.runAll(3 * SECOND);
  }

  it('keep: requests fail as soon as the answer is stale', () => {
    const { 200: good = 0, 502: bad = 0 } = failing('keep').observer.statuses();
    expect(good + bad).toBe(300);
    expect(bad).toBeGreaterThan(40);
    expect(bad).toBeLessThan(110);
  });

  it('stale: the old answer serves until there is a new one', () => {
    expect(failing('stale').observer.statuses()).toEqual({ 200: 300 });
  });

  it('delete: a late error takes away even what others have fetched meanwhile', () => {
    const backend = {
      serviceTime: exponential(100 * MILLISECOND),
      errors: [{ status: 500, ratio: 0.5 }],
    };
    const callsWith = (onError: CacheSpec['onError']): number =>
      calls(world({ cache: { onError }, load: poisson(200), backend }).runAll(10 * SECOND));
    // keep: about 20 are under way when the first succeeds, and no more are needed.
    expect(callsWith('keep')).toBeLessThan(60);
    expect(callsWith('delete')).toBeGreaterThan(300);
  });
});

describe('a flush', () => {
  const cache = { key: { kind: 'uniform', of: 1000 }, warm: 1, scope: 'shared' } as const;
  const stream = (run: SmallWorld) => run.world.draws.stream('test');

  it('takes the share of keys that it says, once for a shared cache', () => {
    const run = world({ cache, load: constantRate(100), instances: 3 });
    const { hosts } = run.world.faultTarget;
    const [first, second] = run.hosts('front');
    const how = { share: 0.25, keepsStale: false };
    const struck = hosts.flushCache(first!, how, stream(run), 0);
    expect(struck).toBeGreaterThan(200);
    expect(struck).toBeLessThan(300);
    expect(hosts.flushCache(second!, how, stream(run), 0)).toBe(0);
  });

  it('is repeated by every request for a missing key until it is back', () => {
    const run = world({ cache, load: constantRate(100) });
    run.world.at(SECOND, () => {
      const how = { share: 1, keepsStale: false };
      run.world.faultTarget.hosts.flushCache(run.hosts('front')[0]!, how, stream(run), 0);
    });
    run.runAll(3 * SECOND);
    // 200 requests over 1000 keys: 1000 (1 − e^(−0.2)) = 181 are the first for theirs
    expect(Math.abs(calls(run) - 181)).toBeLessThan(20);
  });

  it('holds: nothing is stored until it is released', () => {
    const run = world({ cache: {}, load: constantRate(100) });
    const front = run.hosts('front')[0]!;
    const { hosts } = run.world.faultTarget;
    run.world.at(SECOND, () => {
      hosts.holdCache(front);
      hosts.flushCache(front, { share: 1, keepsStale: true }, stream(run), 0);
    });
    run.world.at(2 * SECOND, () => hosts.releaseCache(front));
    run.runAll(3 * SECOND);
    expect(calls(run)).toBe(1 + 100 + 1);
  });
});
