import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { RateCursor, RateProfile } from '../../src/workload/rate-profile.ts';

const at = (second: number, value: number, over = 0) => ({
  atNs: second * SECOND,
  value,
  overNs: over * SECOND,
});

describe('a rate profile', () => {
  it('stays, jumps and ramps', () => {
    const profile = new RateProfile(10, [at(10, 20), at(20, 40, 10), at(40, 0, 10)]);
    const values = [0, 9, 10, 19, 20, 25, 30, 39, 45, 50, 1000].map((s) =>
      profile.valueAt(s * SECOND),
    );
    expect(values).toEqual([10, 10, 20, 20, 20, 30, 40, 40, 20, 0, 0]);
  });

  it('begins a stage where another is cut short', () => {
    const profile = new RateProfile(0, [at(0, 100, 100), at(10, 0, 10)]);
    expect([5, 10, 15, 20].map((s) => profile.valueAt(s * SECOND))).toEqual([5, 10, 5, 0]);
  });
});

describe('a cursor', () => {
  const instants = (profile: RateProfile, areas: readonly number[]): number[] => {
    const cursor = new RateCursor(profile);
    return areas.map((area) => {
      cursor.area = area;
      cursor.advance();
      return cursor.atNs / SECOND;
    });
  };

  it('moves by area at a constant rate', () => {
    expect(instants(new RateProfile(4, []), [1, 1, 2])).toEqual([0.25, 0.5, 1]);
  });

  it('inverts a ramp up and a ramp down', () => {
    // Rate t from 0 to 10 s: area t^2 / 2. Then 10 - t to 20 s: the whole is 100.
    const profile = new RateProfile(0, [at(0, 10, 10), at(10, 0, 10)]);
    const found = instants(profile, [2, 6, 42, 48, 1.999999]);
    expect(found[0]).toBeCloseTo(2, 9);
    expect(found[1]).toBeCloseTo(4, 9);
    expect(found[2]).toBeCloseTo(10, 9);
    expect(found[3]).toBeCloseTo(18, 9);
    expect(found[4]).toBeCloseTo(20, 2);
  });

  it('passes over times without rate, and ends where nothing is left', () => {
    const profile = new RateProfile(0, [at(5, 1), at(6, 0), at(8, 2)]);
    // An area that is used up at the very end of a piece is first exceeded in the next one with a rate.
    expect(instants(profile, [0.5, 0.5, 1])).toEqual([5.5, 8, 8.5]);
    expect(instants(new RateProfile(1, [at(3, 0)]), [2, 2])).toEqual([2, Number.POSITIVE_INFINITY]);
  });
});
