import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import { SECOND } from '../../src/core/time.ts';
import type { OpenLoad } from '../../src/workload/load.ts';
import { OpenLoop } from '../../src/workload/open-loop.ts';

const LOAD: OpenLoad = {
  kind: 'open',
  arrivals: 'poisson',
  rateRps: 100,
  burstSize: 0,
  burstEveryNs: 0,
  stages: [],
};

interface Arrival {
  readonly atNs: number;
  readonly uid: number;
}

/** All arrivals before `untilNs`; `factors` are (instant, factor). */
function arrivals(
  load: Partial<OpenLoad>,
  untilNs: number,
  factors: readonly (readonly [number, number])[] = [],
  seed = 's',
): Arrival[] {
  const loop = new OpenLoop({ ...LOAD, ...load }, new Draws(seed), 'client/c');
  const found: Arrival[] = [];
  const pending = [...factors];
  for (;;) {
    const changeNs = pending[0]?.[0] ?? Infinity;
    const atNs = Math.min(loop.nextNs, loop.nextExtraNs, changeNs);
    if (atNs >= untilNs) return found;
    if (atNs === changeNs) loop.setFactor(atNs, pending.shift()![1]);
    else if (atNs === loop.nextNs) {
      for (let index = 0; index < loop.dueCount; index++) {
        const number = loop.dueNumber + index;
        if (loop.keeps(number)) found.push({ atNs, uid: loop.uidOf(number) });
      }
      for (let index = 0; index < loop.extraInBurst; index++) {
        found.push({ atNs, uid: loop.extraUid(index) });
      }
      loop.advance();
    } else {
      found.push({ atNs, uid: loop.extraUid(0) });
      loop.advanceExtra();
    }
  }
}

const within = (all: readonly Arrival[], fromS: number, toS: number): Arrival[] =>
  all.filter(({ atNs }) => atNs >= fromS * SECOND && atNs < toS * SECOND);

describe('open-loop arrivals', () => {
  it('are Poisson: mean, variance of counts, exponential gaps', () => {
    const all = arrivals({}, 400 * SECOND);
    const counts = new Array<number>(400).fill(0);
    for (const { atNs } of all) counts[Math.floor(atNs / SECOND)]!++;
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    expect(mean).toBeGreaterThan(98); // 100 +- 0.5
    expect(mean).toBeLessThan(102);
    expect(variance / mean).toBeGreaterThan(0.8); // 1 +- 0.07
    expect(variance / mean).toBeLessThan(1.2);
    const gaps = all.slice(1).map(({ atNs }, index) => atNs - all[index]!.atNs);
    const longerThanMean = gaps.filter((gap) => gap > SECOND / 100).length / gaps.length;
    expect(longerThanMean).toBeCloseTo(Math.exp(-1), 2);
  });

  it('have uids of their own', () => {
    const all = arrivals({}, 100 * SECOND);
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
  });

  it('at a constant rate are evenly spaced', () => {
    const all = arrivals({ arrivals: 'constant', rateRps: 4 }, 2 * SECOND);
    expect(all.map(({ atNs }) => atNs / SECOND)).toEqual([
      0.125, 0.375, 0.625, 0.875, 1.125, 1.375, 1.625, 1.875,
    ]);
  });

  it('come in bursts, whose size follows the stages', () => {
    const bursts = { arrivals: 'bursts', burstSize: 3, burstEveryNs: SECOND } as const;
    const sizes = (stages: OpenLoad['stages']): number[] => {
      const all = arrivals({ ...bursts, rateRps: 3, stages }, 4 * SECOND);
      return [0, 1, 2, 3].map((s) => within(all, s, s + 1).length);
    };
    expect(sizes([])).toEqual([3, 3, 3, 3]);
    expect(sizes([{ atNs: SECOND, value: 5, overNs: 2 * SECOND }])).toEqual([3, 3, 4, 5]);
  });

  it('follow linear stages', () => {
    const stages = [{ atNs: 0, value: 300, overNs: 100 * SECOND }];
    const all = arrivals({ rateRps: 100, stages }, 100 * SECOND);
    expect(all.length / 20_000).toBeCloseTo(1, 1);
    expect(within(all, 0, 10).length / 1100).toBeCloseTo(1, 0.7);
    expect(within(all, 90, 100).length / 2900).toBeCloseTo(1, 0.7);
  });
});

describe('a load factor', () => {
  const calm = arrivals({}, 60 * SECOND);
  const spike = [
    [20 * SECOND, 3],
    [40 * SECOND, 1],
  ] as const;

  it('above 1 adds arrivals in its time and changes none of the others', () => {
    const all = arrivals({}, 60 * SECOND, spike);
    const uids = new Set(all.map(({ uid }) => uid));
    expect(calm.every(({ uid }) => uids.has(uid))).toBe(true);
    expect([within(all, 0, 20), within(all, 40, 60)]).toEqual([
      within(calm, 0, 20),
      within(calm, 40, 60),
    ]);
    expect(within(all, 20, 40).length / 6000).toBeCloseTo(1, 1);
  });

  it('below 1 drops some of the arrivals', () => {
    const all = arrivals({}, 60 * SECOND, [[20 * SECOND, 0.25], spike[1]]);
    const known = new Set(calm.map(({ atNs, uid }) => `${atNs} ${uid}`));
    expect(all.every(({ atNs, uid }) => known.has(`${atNs} ${uid}`))).toBe(true);
    expect(within(all, 20, 40).length / 500).toBeCloseTo(1, 0.9);
    expect(within(arrivals({}, 60 * SECOND, [[0, 0]]), 0, 60)).toEqual([]);
  });

  it('adds the same in its window whatever other windows do', () => {
    const later = [
      [45 * SECOND, 2],
      [50 * SECOND, 1],
    ] as const;
    const both = arrivals({}, 60 * SECOND, [...spike, ...later]);
    const alone = arrivals({}, 60 * SECOND, later);
    expect(within(both, 40, 60)).toEqual(within(alone, 40, 60));
  });

  it('scales constant arrivals and bursts', () => {
    const constant = arrivals({ arrivals: 'constant', rateRps: 10 }, 60 * SECOND, spike);
    expect(
      [within(constant, 0, 20), within(constant, 20, 40), within(constant, 40, 60)].map(
        (a) => a.length,
      ),
    ).toEqual([200, 599, 200]);
    const bursts = {
      arrivals: 'bursts',
      burstSize: 4,
      burstEveryNs: 10 * SECOND,
      rateRps: 0.4,
    } as const;
    const all = arrivals(bursts, 60 * SECOND, spike);
    expect([0, 10, 20, 30, 40, 50].map((s) => within(all, s, s + 1).length)).toEqual([
      4, 4, 12, 12, 4, 4,
    ]);
    const half = arrivals(bursts, 60 * SECOND, [[0, 0.5]]);
    expect(half.length).toBe(12);
  });
});
