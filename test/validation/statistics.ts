/**
 * The statistics of validation: means of independent replications, Student's t, the binomial law.
 *
 * A seed is fixed, so a test always passes or always fails; the question of chance is asked once,
 * when α is chosen. Source: validation.md §11.
 */

import { studentQuantile } from '../../src/experiments/statistics.ts';

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
