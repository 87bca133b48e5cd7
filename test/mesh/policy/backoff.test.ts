import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCeilingMs, jitteredBackoffMs } from '../../../src/mesh/policy/backoff.ts';

function ceilings(baseMs: number, maxMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, used) => backoffCeilingMs(baseMs, maxMs, used));
}

describe('the bound of the back-off', () => {
  it('is 25, 50, 100, 200, 250, 250 ms by default', () => {
    expect(ceilings(25, 250, 6)).toEqual([25, 50, 100, 200, 250, 250]);
  });

  it('compares with half of the longest one, rounded down', () => {
    expect(ceilings(10, 81, 5)).toEqual([10, 20, 40, 81, 81]);
    expect(ceilings(10, 83, 5)).toEqual([10, 20, 40, 80, 83]);
  });

  it('jumps to the longest one when the base is more than half of it', () => {
    expect(ceilings(25, 30, 3)).toEqual([25, 30, 30]);
    expect(ceilings(25, 25, 3)).toEqual([25, 25, 25]);
    expect(ceilings(1, 1, 3)).toEqual([1, 1, 1]);
  });

  it('never shrinks, stays between base and longest, and reaches the longest', () => {
    const base = fc.integer({ min: 1, max: 100_000 });
    const factor = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(base, factor, (baseMs, times) => {
        const maxMs = baseMs * times;
        const bounds = ceilings(baseMs, maxMs, 14);
        expect(bounds[0]).toBe(baseMs);
        expect(bounds.at(-1)).toBe(maxMs);
        bounds.forEach((bound, i) => {
          expect(bound).toBeLessThanOrEqual(maxMs);
          expect(bound).toBeGreaterThanOrEqual(bounds[i - 1] ?? baseMs);
        });
      }),
    );
  });

  it('is cheap for a request that retries without end', () => {
    expect(backoffCeilingMs(25, 250, 1_000_000_000)).toBe(250);
  });
});

describe('a wait with jitter on top', () => {
  it('doubles from its base up to the longest one', () => {
    const waits = [0, 1, 2, 3, 4, 5].map((used) => jitteredBackoffMs(100, 1_000, 0.5, used, 0));
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is longer by the drawn part of its jitter, but not than the longest one', () => {
    expect(jitteredBackoffMs(100, 1_000, 0.5, 0, 0.5)).toBe(125);
    expect(jitteredBackoffMs(100, 1_000, 0.5, 1, 0.999)).toBe(300);
    expect(jitteredBackoffMs(100, 1_000, 0.5, 3, 0.9)).toBe(1_000);
    expect(jitteredBackoffMs(10, 1_000, 0.25, 0, 0.1)).toBe(10);
    expect(jitteredBackoffMs(10, 1_000, 0.25, 0, 0.9)).toBe(12);
  });

  it('stays the longest one after any number of retries', () => {
    for (const used of [30, 31, 32, 33, 1_000]) {
      expect(jitteredBackoffMs(1, 60_000, 0, used, 0)).toBe(60_000);
    }
    // The longest that doubling itself can reach.
    expect(jitteredBackoffMs(1, Number.MAX_SAFE_INTEGER, 0, 30, 0)).toBe(2 ** 30);
    expect(jitteredBackoffMs(1, Number.MAX_SAFE_INTEGER, 0, 31, 0)).toBe(2 ** 30);
  });
});
