/**
 * The statistics of validation: means of independent replications, Student's t, the binomial law.
 *
 * A seed is fixed, so a test always passes or always fails; the question of chance is asked once,
 * when α is chosen. Source: validation.md §11.
 */

/** Chance at which a correct simulator would fall outside its band, over random seeds. */
export const ALPHA = 1e-6;

export interface Estimate {
  readonly mean: number;
  /** Of the mean. */
  readonly standardError: number;
  readonly replications: number;
  /** Of the two-sided 95 % interval. */
  readonly halfWidth95: number;
}

/** Mean of independent replications with its Student interval. */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (count - 1) / count);
  const halfWidth95 = studentQuantile(0.975, count - 1) * standardError;
  return { mean, standardError, replications: count, halfWidth95 };
}

/** Half-width of the two-sided band at `ALPHA`. */
export function bandOf({ standardError, replications }: Estimate): number {
  return studentQuantile(1 - ALPHA / 2, replications - 1) * standardError;
}

/** Standard normal quantile at 1 − ALPHA / 2. */
export const Z_ALPHA = 4.8916;

/** @param p above 0.5 */
export function studentQuantile(p: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (studentTail(high, degrees) > 1 - p) high *= 2;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degrees) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) = I(ν / (ν + t²); ν/2, 1/2) / 2. */
function studentTail(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
}

/** Regularised, by its continued fraction. Source: Press et al., Numerical Recipes, §6.4. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log(1 - x) - lnBeta(a, b)) / a;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return front * fraction;
}

function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
}

/** Stirling's series after shifting the argument above 10. */
function lnGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) shift += Math.log(z++);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + 0.9189385332046727 + series - shift;
}
