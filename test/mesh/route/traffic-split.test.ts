import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TrafficSplit } from '../../../src/mesh/route/traffic-split.ts';

function splitOf(...weights: number[]): TrafficSplit {
  return new TrafficSplit(weights.map((weight, i) => ({ cluster: `v${i}`, weight })));
}

describe('a traffic split', () => {
  it('gives clusters consecutive ranges in their order', () => {
    const split = splitOf(1, 2, 1);
    expect([0, 1, 2, 3, 4, 5].map((value) => split.pick(value))).toEqual([0, 1, 1, 2, 0, 1]);
  });

  it('never chooses a weight of 0, wherever it stands', () => {
    const split = splitOf(0, 3, 0, 1, 0);
    expect([0, 1, 2, 3].map((value) => split.pick(value))).toEqual([1, 1, 1, 3]);
  });

  it('takes weights up to 2^32 - 1 in all', () => {
    const split = splitOf(4_294_967_294, 1);
    expect(split.totalWeight).toBe(4_294_967_295);
    expect(split.pick(4_294_967_293)).toBe(0);
    expect(split.pick(4_294_967_294)).toBe(1);
    expect(split.pick(4_294_967_295)).toBe(0);
  });

  it('refuses weights that add up to nothing', () => {
    expect(() => splitOf(0, 0)).toThrow('add up to 0');
    expect(() => splitOf()).toThrow('add up to 0');
  });

  it('knows what is left without some clusters, and picks as if they weighed nothing', () => {
    const split = splitOf(3, 2, 0, 5);
    expect(split.weightWithout([])).toBe(10);
    expect(split.weightWithout([0])).toBe(7);
    expect(split.weightWithout([1, 3])).toBe(3);
    expect(split.weightWithout([0, 1, 2, 3])).toBe(0);
    const without = (excluded: number[], left: number) =>
      Array.from({ length: left }, (_, value) => split.pickWithout(excluded, value));
    expect(without([], 10)).toEqual([0, 0, 0, 1, 1, 3, 3, 3, 3, 3]);
    expect(without([0], 7)).toEqual([1, 1, 3, 3, 3, 3, 3]);
    expect(without([1, 3], 3)).toEqual([0, 0, 0]);
  });

  it('has nobody to pick when all clusters are excluded', () => {
    const pick = () => splitOf(1, 2).pickWithout([0, 1], 0);
    expect(pick).toThrow('no cluster of the split is left');
  });

  it('gives each cluster exactly its weight over any full turn', () => {
    const weights = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, fc.nat(), (given, start) => {
        fc.pre(given.some((weight) => weight > 0));
        const split = splitOf(...given);
        const counts = given.map(() => 0);
        for (let i = 0; i < split.totalWeight; i++) {
          const picked = split.pick(start + i);
          counts[picked] = (counts[picked] ?? 0) + 1;
        }
        expect(counts).toEqual(given);
      }),
    );
  });
});
