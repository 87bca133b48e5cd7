/**
 * The statistics of experiments: Student's interval of a mean, and order statistics.
 *
 * Own code where `simple-statistics` has none (the inverse of Student's law), on `core/math.ts`, so
 * that the same figures give the same verdict on every machine.
 */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { exp, ln, lnGamma } from '../core/math.ts';

/** Both ends belong to it. */
export type Interval = readonly [low: number, high: number];

/**
 * The two-sided interval of the mean of independent values.
 *
 * @param values at least two
 * @param alpha chance that it misses the mean, in (0, 1), when values follow a normal law
 */
export function meanInterval(values: readonly number[], alpha: number): Interval {
  const list = [...values];
  const centre = mean(list);
  const error = sampleStandardDeviation(list) / Math.sqrt(list.length);
  const half = error === 0 ? 0 : studentQuantile(1 - alpha / 2, list.length - 1) * error;
  return [centre - half, centre + half];
}

/**
 * How many values may be cut off at the low end so that what is left still begins below the quantile.
 *
 * The k-th smallest of n values (0-based) lies above the quantile `share` only when at most k values
 * lie below it, which is binomial. @returns the largest such k, -1 when not even the smallest will do
 */
export function quantileRank(count: number, share: number, alpha: number): number {
  let below = 0;
  for (let k = 0; k < count; k += 1) {
    below += binomial(count, k, share);
    if (below > alpha) return k - 1;
  }
  return count - 1;
}

/** P(k of n) with a chance of `share` in (0, 1) each. */
function binomial(count: number, k: number, share: number): number {
  const ways = lnGamma(count + 1) - lnGamma(k + 1) - lnGamma(count - k + 1);
  return exp(ways + k * ln(share) + (count - k) * ln(1 - share));
}

/**
 * The value that a Student variable exceeds with chance 1 − p; relative error below 1e-9.
 *
 * @param p in [0.5, 1)
 * @param degrees 1 or more
 */
export function studentQuantile(p: number, degrees: number): number {
  if (p <= 0.5) return 0;
  let low = 0;
  let high = 1;
  while (studentTail(high, degrees) > 1 - p) high *= 2;
  for (let step = 0; step < 100 && high - low > 1e-12 * high; step += 1) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degrees) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) = I(ν / (ν + t²); ν/2, 1/2) / 2 for t ≥ 0. */
function studentTail(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
}

/** Regularised, by its continued fraction (Lentz). Source: Abramowitz and Stegun, 26.5.8. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const lnBeta = lnGamma(a) + lnGamma(b) - lnGamma(a + b);
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return (exp(a * ln(x) + b * ln(1 - x) - lnBeta) / a) * fraction;
}
