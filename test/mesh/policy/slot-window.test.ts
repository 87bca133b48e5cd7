import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotWindow } from '../../../src/mesh/policy/slot-window.ts';

describe('a sum over a window of slots', () => {
  it('keeps the current slot and those before it, as many as there are', () => {
    const window = new SlotWindow(10, 3);
    window.add(1, 5);
    window.add(2, 10);
    window.add(4, 29);
    expect([29, 30, 39, 40, 49, 50].map((nowNs) => window.total(nowNs))).toEqual([
      7, 6, 6, 4, 4, 0,
    ]);
  });

  it('is what is added again after everything was cleared', () => {
    const window = new SlotWindow(10, 3);
    window.add(5, 0);
    window.add(7, 12);
    window.clear();
    expect(window.total(12)).toBe(0);
    window.add(1, 13);
    expect([13, 25, 40].map((nowNs) => window.total(nowNs))).toEqual([1, 1, 0]);
  });

  it('agrees with a list of all amounts, whatever the gaps and the number of slots', () => {
    const amount = fc.integer({ min: -5, max: 5 });
    const steps = fc.array(fc.tuple(fc.nat({ max: 60 }), amount), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (slots, given) => {
        const window = new SlotWindow(10, slots);
        const added: { slot: number; amount: number }[] = [];
        let nowNs = 0;
        for (const [gapNs, value] of given) {
          nowNs += gapNs;
          const slot = Math.floor(nowNs / 10);
          window.add(value, nowNs);
          added.push({ slot, amount: value });
          const kept = added.filter((one) => one.slot > slot - slots);
          expect(window.total(nowNs)).toBe(kept.reduce((sum, one) => sum + one.amount, 0));
        }
      }),
    );
  });
});
