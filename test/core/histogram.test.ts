import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../src/core/histogram.ts';

const values = (min = 1) => fc.array(fc.maxSafeNat(), { minLength: min, maxLength: 100 });
/** Latencies of all sizes: as many between 1 and 2 ns as between 1 and 2 hours. */
const latencies = fc.array(
  fc.double({ min: 0, max: 45, noNaN: true }).map((power) => Math.floor(2 ** power)),
  { minLength: 1, maxLength: 100 },
);

function histogramOf(samples: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const sample of samples) histogram.record(sample);
  return histogram;
}

function nearestRank(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

describe('quantile', () => {
  test('is within 0.4 % of the exact one', () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0, max: 1, noNaN: true }), (samples, q) => {
        const exact = nearestRank(samples, q);
        const error = Math.abs(histogramOf(samples).quantile(q) - exact);
        expect(error).toBeLessThanOrEqual(exact * 0.004);
      }),
    );
  });

  test('is exact for values below 256 ns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(255), { minLength: 1 }),
        fc.constantFrom(0, 0.2, 0.5, 0.9, 1),
        (samples, q) => {
          expect(histogramOf(samples).quantile(q)).toBe(nearestRank(samples, q));
        },
      ),
    );
  });

  test('of 0 and 1 are minimum and maximum, exactly', () => {
    fc.assert(
      fc.property(values(), (samples) => {
        const histogram = histogramOf(samples);
        expect(histogram.quantile(0)).toBe(Math.min(...samples));
        expect(histogram.quantile(1)).toBe(Math.max(...samples));
      }),
    );
  });

  test('never falls as q rises', () => {
    fc.assert(
      fc.property(values(), (samples) => {
        const histogram = histogramOf(samples);
        const quantiles = Array.from({ length: 101 }, (_, i) => histogram.quantile(i / 100));
        expect([...quantiles].sort((a, b) => a - b)).toEqual(quantiles);
      }),
    );
  });
});

test('count, mean, min and max are exact', () => {
  const histogram = histogramOf([5, 0, 1_000_000_007, 12]);
  expect(histogram.count).toBe(4);
  expect(histogram.mean).toBe((5 + 1_000_000_007 + 12) / 4);
  expect(histogram.min).toBe(0);
  expect(histogram.max).toBe(1_000_000_007);
});

test('an empty histogram has no statistics', () => {
  const { count, mean, min, max } = new Histogram();
  expect([count, mean, min, max, new Histogram().quantile(0.5)]).toEqual([
    0,
    Number.NaN,
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
});

test('values that are no durations are refused and not counted', () => {
  const histogram = new Histogram();
  for (const value of [-1, Number.NaN, Infinity, 2 ** 53]) {
    expect(() => histogram.record(value)).toThrow(`got ${value}`);
  }
  expect(histogram.count).toBe(0);
  histogram.record(Number.MAX_SAFE_INTEGER);
  expect(histogram.quantile(0.5)).toBe(Number.MAX_SAFE_INTEGER);
});

test('adding histograms is recording all their values, in any order', () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const sum = histogramOf(some);
      sum.add(histogramOf(others));
      sum.add(new Histogram());
      expect(sum.toJSON()).toEqual(histogramOf([...others, ...some]).toJSON());
    }),
  );
});

test('reset forgets everything', () => {
  const histogram = histogramOf([3, 1e9]);
  histogram.reset();
  expect(histogram.toJSON()).toEqual(new Histogram().toJSON());
  histogram.record(7);
  expect([histogram.min, histogram.max, histogram.quantile(0.5)]).toEqual([7, 7, 7]);
});

test('survives a trip through JSON text', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat(), { maxLength: 50 }), (samples) => {
      const data = JSON.parse(JSON.stringify(histogramOf(samples)));
      const copy = Histogram.fromJSON(data);
      expect(copy.toJSON()).toEqual(data);
      copy.add(histogramOf(samples));
      expect(copy.count).toBe(2 * samples.length);
      expect(data.buckets.length).toBeLessThanOrEqual(2 * samples.length);
    }),
  );
});
