/**
 * That looking often costs nothing: what is said with confidence 1 − α is wrong at most as often as α,
 * over thousands of comparisons of samples from the same law; and that differences are found.
 */
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import { normalQuantile } from '../../src/core/math.ts';
import { fewestPairs, Knowledge, planLooks, sideOf } from '../../src/experiments/sequential.ts';

const ALPHA = 0.05;
/** So many that the rate itself (0.02 to 0.04, measured over 10,000) decides, not chance. */
const COMPARISONS = 4000;
const MOST_PAIRS = 200;

/** A value of A or B from two uniform numbers in (0, 1). */
type Law = (u: number, v: number) => number;

const LAWS: Readonly<Record<string, Law>> = {
  normal: (u) => normalQuantile(u),
  exponential: (u) => -Math.log(u),
  'heavy-tailed': (u) => u ** -0.5,
  'mostly equal': (u) => (u < 0.05 ? 1 : 0),
  'two modes, as of storms': (u, v) => (u < 0.3 ? 100 + v : v),
};

/** Differences of pairs from the law, B shifted by so much. */
function differencesOf(law: Law, run: number, shift: number): readonly number[] {
  const draws = new Draws(`sequential ${run}`);
  const stream = draws.stream('pairs');
  const value = (pair: number, index: number) =>
    law(draws.unit(stream, pair, index) + 1e-12, draws.unit(stream, pair, index + 1));
  return Array.from({ length: MOST_PAIRS }, (_, pair) => value(pair, 2) + shift - value(pair, 0));
}

/** What a comparison says, and after how many pairs. */
function decide(differences: readonly number[], margin: number) {
  const knowledge = new Knowledge();
  for (const { pairs, share } of planLooks(MOST_PAIRS)) {
    knowledge.look(differences.slice(0, pairs), ALPHA * share);
    const side = sideOf(knowledge.interval, margin);
    if (side !== 'undecided') return { side, pairs };
  }
  return { side: 'undecided', pairs: MOST_PAIRS };
}

function countOf(law: Law, shift: number, isCounted: (side: string) => boolean): number {
  let count = 0;
  for (let run = 0; run < COMPARISONS; run += 1) {
    if (isCounted(decide(differencesOf(law, run, shift), 0).side)) count += 1;
  }
  return count;
}

describe('a policy compared with itself thousands of times', () => {
  it.each(Object.entries(LAWS))('is called different at most as often as α: %s', (_name, law) => {
    const wrong = countOf(law, 0, (side) => side === 'above' || side === 'below');
    expect(wrong).toBeLessThanOrEqual(ALPHA * COMPARISONS);
  });

  it('would be called different too often if every look spent all of α', () => {
    let wrong = 0;
    for (let run = 0; run < COMPARISONS; run += 1) {
      const differences = differencesOf(LAWS['normal'] as Law, run, 0);
      const isWrong = planLooks(MOST_PAIRS).some(({ pairs }) => {
        const knowledge = new Knowledge();
        knowledge.look(differences.slice(0, pairs), ALPHA);
        return sideOf(knowledge.interval, 0) !== 'undecided';
      });
      if (isWrong) wrong += 1;
    }
    expect(wrong).toBeGreaterThan(1.5 * ALPHA * COMPARISONS);
  });
});

describe('a difference', () => {
  it('of half a standard deviation is found, in the right direction, before the last pair', () => {
    const law = LAWS['normal'] as Law;
    expect(countOf(law, 0.5, (side) => side === 'above')).toBeGreaterThan(0.98 * COMPARISONS);
    expect(decide(differencesOf(law, 1, 2), 0)).toEqual({ side: 'above', pairs: 25 });
    expect(decide(differencesOf(law, 1, -2), 0)).toEqual({ side: 'below', pairs: 25 });
  });

  it('that does not matter is said not to', () => {
    const differences = differencesOf((u) => 0.01 * normalQuantile(u), 1, 0.02);
    expect(decide(differences, 0.1)).toEqual({ side: 'within', pairs: 25 });
  });

  it('on the edge of the margin stays undecided', () => {
    const differences = differencesOf((u) => normalQuantile(u), 2, 1);
    expect(decide(differences, 1)).toEqual({ side: 'undecided', pairs: MOST_PAIRS });
  });
});

describe('looks', () => {
  it.each([1, 15, 16, 33, 200, 1000])('of %i pairs spend all of α and no more', (most) => {
    const looks = planLooks(most);
    expect(looks.at(-1)?.pairs).toBe(most);
    expect(looks.reduce((sum, look) => sum + look.share, 0)).toBeCloseTo(1, 12);
    for (const { pairs } of looks.slice(0, -1)) expect(pairs).toBeGreaterThanOrEqual(16);
  });

  it('need so many pairs that chance cannot give them all one sign', () => {
    expect(fewestPairs(0.05)).toBe(6);
    expect(fewestPairs(0.001)).toBe(11);
  });
});

describe('what is known', () => {
  it('is never forgotten', () => {
    const knowledge = new Knowledge();
    knowledge.look([1, 1.1, 0.9, 1], 0.05);
    const before = knowledge.interval;
    knowledge.look([1, 1.1, 0.9, 1, 5, -3], 0.05);
    expect(knowledge.interval).toEqual(before);
  });
});
