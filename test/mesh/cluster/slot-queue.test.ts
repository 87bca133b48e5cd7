import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotQueue } from '../../../src/mesh/cluster/slot-queue.ts';

describe('a queue of slots', () => {
  it('gives back the oldest first', () => {
    const queue = new SlotQueue();
    for (const slot of [7, 3, 9]) queue.push(slot);
    expect([queue.count, queue.first()]).toEqual([3, 7]);
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([7, 3, 9]);
    expect(queue.count).toBe(0);
  });

  it('says whether a slot that is to be removed was there', () => {
    const queue = new SlotQueue();
    expect(queue.remove(1)).toBe(false);
    queue.push(1);
    expect(queue.remove(2)).toBe(false);
    expect(queue.remove(1)).toBe(true);
    expect(queue.remove(1)).toBe(false);
  });

  it('behaves as a list, however long it gets and wherever its ring begins', () => {
    const push = fc.record({ kind: fc.constant('push'), slot: fc.nat({ max: 40 }) });
    const shift = fc.record({ kind: fc.constant('shift'), slot: fc.constant(0) });
    const remove = fc.record({ kind: fc.constant('remove'), slot: fc.nat({ max: 40 }) });
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: push }, shift, remove), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(steps, (given) => {
        const queue = new SlotQueue();
        const list: number[] = [];
        for (const { kind, slot } of given) {
          if (kind === 'push' && !list.includes(slot)) {
            queue.push(slot);
            list.push(slot);
          }
          if (kind === 'shift' && list.length > 0) expect(queue.shift()).toBe(list.shift());
          if (kind === 'remove') {
            const at = list.indexOf(slot);
            expect(queue.remove(slot)).toBe(at >= 0);
            if (at >= 0) list.splice(at, 1);
          }
          expect(queue.count).toBe(list.length);
          if (list.length > 0) expect(queue.first()).toBe(list[0]);
        }
        expect(list.map(() => queue.shift())).toEqual(list);
      }),
    );
  });
});
