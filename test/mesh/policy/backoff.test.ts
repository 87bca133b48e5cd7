import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCeilingMs } from '../../../src/mesh/policy/backoff.ts';

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
