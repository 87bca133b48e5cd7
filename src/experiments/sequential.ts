/**
 * Deciding about mean differences while pairs of runs come in, without fooling oneself by looking often.
 *
 * Looks are planned: after all pairs that are allowed, after half of them, a quarter, and so on. The
 * chance of error α is spent over the looks in proportion to the pairs that are new at each, and
 * divided by the number of figures. So the intervals of all figures at all looks hold together with
 * at least 1 − α, whatever depends on what (Bonferroni), and one may stop at any look. What was known
 * at an earlier look stays known: the interval of a figure is the intersection of those so far.
 *
 * Student's intervals suppose differences that are not wildly skewed. Those between equal policies are
 * symmetric, since the two runs of a pair could change places; there they err on the safe side.
 * Source: repeated confidence intervals, Jennison and Turnbull, JRSS B 51 (1989); spending functions,
 * Lan and DeMets, Biometrika 70 (1983); symmetric t statistics, Benjamini, JASA 78 (1983).
 */
import { type Interval, meanInterval } from './statistics.ts';

export interface Look {
  /** After so many pairs in all. */
  readonly pairs: number;
  /** Share of α spent at this look; they add up to 1. */
  readonly share: number;
}

/** Fewer pairs than this say nothing about a spread. */
const FEWEST_PAIRS = 16;

/** @param most pairs that are allowed, at least 1 */
export function planLooks(most: number): readonly Look[] {
  const counts = [most];
  for (let next = Math.floor(most / 2); next >= FEWEST_PAIRS; next = Math.floor(next / 2)) {
    counts.unshift(next);
  }
  return counts.map((pairs, index) => {
    const before = index === 0 ? 0 : (counts[index - 1] ?? 0);
    return { pairs, share: (pairs - before) / most };
  });
}

/**
 * How many pairs it takes before a difference can be told from chance at all: n differences of one
 * sign have a chance of 2^(1−n) when there is none.
 */
export function fewestPairs(alpha: number): number {
  let pairs = 1;
  for (let chance = 1; chance > alpha; chance /= 2) pairs += 1;
  return pairs;
}

/** What is known about one mean difference. */
export class Knowledge {
  #interval: Interval = [-Infinity, Infinity];

  /** All that is known so far; infinite before the first look. */
  get interval(): Interval {
    return this.#interval;
  }

  /**
   * @param differences all so far
   * @param alpha what this look may spend on this difference
   */
  look(differences: readonly number[], alpha: number): void {
    const [low, high] = meanInterval(differences, alpha);
    const [before, after] = this.#interval;
    const narrowed: Interval = [Math.max(low, before), Math.min(high, after)];
    // Two looks that exclude each other happen with a chance below α; then the later one counts.
    this.#interval = narrowed[0] <= narrowed[1] ? narrowed : [low, high];
  }
}

export type Side = 'above' | 'below' | 'within' | 'undecided';

/** Where an interval lies, seen from the margin around zero. @param margin 0 or more */
export function sideOf([low, high]: Interval, margin: number): Side {
  if (low > margin) return 'above';
  if (high < -margin) return 'below';
  return low >= -margin && high <= margin ? 'within' : 'undecided';
}
