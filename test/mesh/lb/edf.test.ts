import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdfScheduler, prePicks } from '../../../src/mesh/lb/edf.ts';

function schedulerOf(weights: readonly number[], picks = 0): EdfScheduler {
  return new EdfScheduler(Float64Array.from(weights), picks);
}

function pick(scheduler: EdfScheduler): number {
  const entry = scheduler.take();
  scheduler.putBack(entry);
  return entry;
}

function picksOf(scheduler: EdfScheduler, count: number): number[] {
  return Array.from({ length: count }, () => pick(scheduler));
}

function countsOf(picks: readonly number[], entries: number): number[] {
  const counts = Array.from({ length: entries }, () => 0);
  for (const entry of picks) counts[entry] = (counts[entry] ?? 0) + 1;
  return counts;
}

/** Roots of primes: no two entries ever share a deadline. */
const TIELESS = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].map((prime) => Math.sqrt(prime));
const weightsOf = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

describe('an earliest-deadline-first scheduler', () => {
  it('spreads the picks of a heavy entry', () => {
    expect(picksOf(schedulerOf([2, 1]), 6)).toEqual([0, 1, 0, 0, 1, 0]);
    expect(picksOf(schedulerOf([1, 2]), 6)).toEqual([1, 0, 1, 1, 0, 1]);
  });

  it('takes equal deadlines in the order of insertion', () => {
    expect(picksOf(schedulerOf([1, 1, 1]), 6)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('gives each entry exactly its weight in the first full turn', () => {
    fc.assert(
      fc.property(weightsOf, (weights) => {
        const turn = weights.reduce((total, weight) => total + weight, 0);
        expect(countsOf(picksOf(schedulerOf(weights), turn), weights.length)).toEqual(weights);
      }),
    );
  });

  it('reads a weight again when the entry is put back', () => {
    const scheduler = schedulerOf([1, 1]);
    for (let i = 0; i < 40; i++) {
      const entry = scheduler.take();
      scheduler.weights[entry] = entry === 0 ? 9 : 1;
      scheduler.putBack(entry);
    }
    const counts = countsOf(picksOf(scheduler, 100), 2);
    expect(counts).toEqual([90, 10]);
  });

  it('starts after any number of picks as if it had made them', () => {
    const weights = fc.shuffledSubarray(TIELESS, { minLength: 1 });
    fc.assert(
      fc.property(weights, fc.nat({ max: 400 }), (given, picks) => {
        const walked = schedulerOf(given);
        picksOf(walked, picks);
        expect(picksOf(schedulerOf(given, picks), 60)).toEqual(picksOf(walked, 60));
      }),
    );
  });

  it('starts after hundreds of millions of picks in no time, with the right shares', () => {
    const counts = countsOf(picksOf(schedulerOf([1, 2, 7], 429_496_728), 1_000), 3);
    counts.forEach((count, i) => {
      expect(Math.abs(count - [100, 200, 700][i]!)).toBeLessThanOrEqual(1);
    });
  });

  it('keeps shares within one pick of the entry at any start, for any weights', () => {
    fc.assert(
      fc.property(weightsOf, fc.nat({ max: 1_000_000 }), (weights, picks) => {
        const turn = weights.reduce((total, weight) => total + weight, 0);
        const counts = countsOf(picksOf(schedulerOf(weights, picks), turn), weights.length);
        counts.forEach((count, i) => {
          expect(Math.abs(count - weights[i]!)).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it('makes fewer than 429 496 729 picks for any seed', () => {
    expect(prePicks(0)).toBe(0);
    expect(prePicks(429_496_728)).toBe(429_496_728);
    expect(prePicks(429_496_729)).toBe(0);
    expect(prePicks(4_294_967_295)).toBe(5);
  });
});
