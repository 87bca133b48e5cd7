import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { envoyThresholds } from '../../../src/mesh/config/complete.ts';
import { BudgetWindow, retryLimit } from '../../../src/mesh/policy/retry-budget.ts';

const MS = 1_000_000;

function budget(percent: number, minConcurrency: number) {
  return envoyThresholds({
    maxRetries: 1,
    retryBudget: { percent, minConcurrency, intervalMs: 0 },
  });
}

describe('the retry limit', () => {
  it('is a constant without a budget', () => {
    expect(retryLimit(envoyThresholds({ maxRetries: 7 }), 1_000, 1_000)).toBe(7);
  });

  test.each<[number, number, number, number, number]>([
    [20, 3, 0, 0, 3],
    [20, 3, 15, 0, 3],
    [20, 3, 20, 0, 4],
    [20, 3, 10, 14, 4],
    [20, 3, 10, 15, 5],
    [20, 0, 4, 0, 0],
    [100, 3, 8, 0, 8],
    [0, 3, 1_000, 0, 3],
    [12.5, 0, 100, 0, 12],
  ])('of %d %% and at least %d, with %d active and %d pending, is %d', (percent, min, active, pending, limit) => {
    expect(retryLimit(budget(percent, min), active, pending)).toBe(limit);
  });

  it('does not consult max_retries beside a budget', () => {
    expect(retryLimit(budget(50, 0), 100, 0)).toBe(50);
  });

  it('never falls when the load grows', () => {
    const load = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), load, load, load, (percent, a, p, more) => {
        const limit = retryLimit(budget(percent, 3), a, p);
        expect(retryLimit(budget(percent, 3), a + more, p)).toBeGreaterThanOrEqual(limit);
      }),
    );
  });
});

describe('a budget window', () => {
  it('counts attempts of the last nine to ten slots', () => {
    const window = new BudgetWindow(1_000);
    window.add(0);
    window.add(50 * MS);
    window.add(150 * MS);
    expect(window.count(150 * MS)).toBe(3);
    expect(window.count(999 * MS)).toBe(3);
    expect(window.count(1_000 * MS)).toBe(1);
    expect(window.count(1_099 * MS)).toBe(1);
    expect(window.count(1_100 * MS)).toBe(0);
  });

  it('forgets everything after a long silence', () => {
    const window = new BudgetWindow(1_000);
    for (let i = 0; i < 20; i++) window.add(i * 100 * MS);
    expect(window.count(1_900 * MS)).toBe(10);
    expect(window.count(3_600_000 * MS)).toBe(0);
    window.add(3_600_000 * MS);
    expect(window.count(3_600_000 * MS)).toBe(1);
  });

  it('agrees with a list of all attempts', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        const window = new BudgetWindow(1_000);
        const slots: number[] = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          window.add(nowMs * MS);
          slots.push(Math.floor(nowMs / 100));
          const oldest = Math.floor(nowMs / 100) - 9;
          expect(window.count(nowMs * MS)).toBe(slots.filter((slot) => slot >= oldest).length);
        }
      }),
    );
  });
});
