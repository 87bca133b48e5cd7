import { describe, expect, it } from 'vitest';
import { meanInterval, quantileRank, studentQuantile } from '../../src/experiments/statistics.ts';

describe("Student's quantile", () => {
  it.each([
    [0.975, 1, 12.7062047364],
    [0.975, 2, 4.30265272975],
    [0.95, 5, 2.01504837333],
    [0.975, 10, 2.22813885199],
    [0.995, 30, 2.74999565357],
    [0.9995, 120, 3.37345377],
  ])('at %d with %i degrees is %d', (p, degrees, value) => {
    expect(studentQuantile(p, degrees)).toBeCloseTo(value, 5);
  });

  it('comes down to the normal law', () => {
    expect(studentQuantile(0.975, 1e6)).toBeCloseTo(1.959966, 5);
  });
});

describe('the interval of a mean', () => {
  it('is that of the textbook', () => {
    const [low, high] = meanInterval([5, 7, 8, 9, 11], 0.05);
    expect(low).toBeCloseTo(8 - 2.776445 * Math.sqrt(5 / 5), 5);
    expect(high).toBeCloseTo(8 + 2.776445, 5);
  });

  it('of equal values is that value', () => {
    expect(meanInterval([3, 3, 3], 0.05)).toEqual([3, 3]);
  });
});

describe('ranks of order statistics', () => {
  it.each([
    [5, 0.5, -1],
    [6, 0.5, 0],
    [20, 0.5, 5],
    [100, 0.5, 39],
    [30, 0.1, -1],
    [50, 0.1, 0],
  ])('of %i values, at the quantile %d: %i may be cut off', (count, share, rank) => {
    expect(quantileRank(count, share, 0.025)).toBe(rank);
  });
});
