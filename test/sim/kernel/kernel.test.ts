import { describe, expect, test } from 'vitest';
import { MILLISECOND, NEVER, SECOND } from '../../../src/core/time.ts';
import type { EventHandler } from '../../../src/sim/kernel/kernel.ts';
import { Kernel } from '../../../src/sim/kernel/kernel.ts';

/** A kernel that writes down what fires, and lets a test react to it by slot. */
function aKernel(reactions: Record<number, (kernel: Kernel) => void> = {}) {
  const fired: string[] = [];
  const kernel = new Kernel();
  kernel.setHandler({
    onEvent(_kind, _owner, slot) {
      fired.push(`${slot}@${kernel.nowNs}`);
      reactions[slot]?.(kernel);
    },
  });
  return { kernel, fired };
}

describe('run', () => {
  test('handles events by time, and those of one instant in the order of scheduling', () => {
    const { kernel, fired } = aKernel();
    kernel.schedule(20, 0, 0, 1);
    kernel.schedule(10, 0, 0, 2);
    kernel.schedule(20, 0, 0, 3);
    kernel.schedule(10, 0, 0, 4);
    kernel.run(100);
    expect(fired).toEqual(['2@10', '4@10', '1@20', '3@20']);
  });

  test('includes the instant it runs to, and leaves the clock there', () => {
    const { kernel, fired } = aKernel();
    kernel.schedule(10, 0, 0, 1);
    kernel.schedule(11, 0, 0, 2);
    kernel.run(10);
    expect(fired).toEqual(['1@10']);
    expect(kernel.nowNs).toBe(10);
    kernel.run(10.5);
    expect(kernel.nowNs).toBe(10.5);
    expect(kernel.pending).toBe(1);
  });

  test('handles what a handler schedules for the same instant, behind what was there before', () => {
    const { kernel, fired } = aKernel({ 1: (k) => k.schedule(k.nowNs, 0, 0, 3) });
    kernel.schedule(5, 0, 0, 1);
    kernel.schedule(5, 0, 0, 2);
    kernel.run(5);
    expect(fired).toEqual(['1@5', '2@5', '3@5']);
  });

  test('accepts events between two runs that are earlier than those it has looked at', () => {
    const { kernel, fired } = aKernel();
    kernel.schedule(1000, 0, 0, 1);
    kernel.run(10);
    kernel.schedule(20, 0, 0, 2);
    kernel.run(2000);
    expect(fired).toEqual(['2@20', '1@1000']);
  });

  test('returns after the current event when stopped, and goes on when run again', () => {
    const { kernel, fired } = aKernel({ 1: (k) => k.stop() });
    kernel.schedule(5, 0, 0, 1);
    kernel.schedule(5, 0, 0, 2);
    kernel.run(100);
    expect(fired).toEqual(['1@5']);
    expect(kernel.nowNs).toBe(5);
    kernel.run(100);
    expect(fired).toEqual(['1@5', '2@5']);
  });

  test('refuses to go back and to nest', () => {
    const { kernel } = aKernel({ 1: (k) => k.run(200) });
    kernel.run(10);
    expect(() => kernel.run(9)).toThrow('run(9) would go back from 10 ns');
    expect(() => kernel.run(Number.NaN)).toThrow('would go back');
    kernel.schedule(20, 0, 0, 1);
    expect(() => kernel.run(100)).toThrow('while handling an event');
  });

  test('can be called again after a handler has thrown', () => {
    const { kernel, fired } = aKernel({
      1: () => {
        throw new Error('from the handler');
      },
    });
    kernel.schedule(5, 0, 0, 1);
    kernel.schedule(6, 0, 0, 2);
    expect(() => kernel.run(100)).toThrow('from the handler');
    kernel.run(100);
    expect(fired).toEqual(['1@5', '2@6']);
  });

  test('says so when there is an event but no handler', () => {
    const kernel = new Kernel();
    kernel.schedule(0, 0, 0, 0);
    expect(() => kernel.run(1)).toThrow('no handler');
  });
});

describe('schedule', () => {
  test('hands the smallest and largest kind, owner and slot through unchanged', () => {
    const seen: number[][] = [];
    const handler: EventHandler = { onEvent: (...event) => seen.push(event) };
    const kernel = new Kernel(handler);
    const events = [
      [0, 0, 0],
      [255, 0xffffff, 0x7fffffff],
      [128, 0x800000, -0x80000000],
      [1, 2, -1],
    ] as const;
    for (const [kind, owner, slot] of events) kernel.schedule(7, kind, owner, slot);
    kernel.run(7);
    expect(seen).toEqual(events);
  });

  test('refuses the past, NaN and anything after NEVER', () => {
    const { kernel } = aKernel();
    kernel.run(10);
    expect(() => kernel.schedule(9, 0, 0, 0)).toThrow('an event at 9 ns was scheduled at 10 ns');
    expect(() => kernel.schedule(Number.NaN, 0, 0, 0)).toThrow('NaN');
    expect(() => kernel.schedule(Infinity, 0, 0, 0)).toThrow('Infinity');
    expect(kernel.pending).toBe(0);
    kernel.schedule(NEVER, 0, 0, 0);
    expect(kernel.pending).toBe(1);
  });

  test('keeps many more events than the first table has rows', () => {
    const { kernel, fired } = aKernel();
    for (let slot = 0; slot < 20_000; slot++) kernel.schedule((slot * 7919) % 20_000, 0, 0, slot);
    expect(kernel.pending).toBe(20_000);
    kernel.run(20_000);
    expect(fired).toHaveLength(20_000);
    expect(fired.every((entry, at) => entry.endsWith(`@${at}`))).toBe(true);
  });
});

describe('cancel', () => {
  test('keeps an event from firing, even one of the current instant', () => {
    const ids: number[] = [];
    const { kernel, fired } = aKernel({ 1: (k) => k.cancel(ids[2]!) });
    for (let slot = 0; slot < 4; slot++) ids.push(kernel.schedule(5, 0, 0, slot));
    kernel.cancel(ids[0]!);
    kernel.run(10);
    expect(fired).toEqual(['1@5', '3@5']);
    expect(kernel.pending).toBe(0);
  });

  test('refuses ids that are not pending: fired, cancelled before, or never given out', () => {
    const { kernel } = aKernel();
    const fires = kernel.schedule(1, 0, 0, 0);
    const isCancelled = kernel.schedule(1, 0, 0, 0);
    kernel.cancel(isCancelled);
    kernel.run(1);
    for (const id of [fires, isCancelled, -1, 0, 1e9, 2 ** 40]) {
      expect(() => kernel.cancel(id)).toThrow(`no event ${id} is pending`);
    }
  });

  test('frees the id for the next event, which is not affected', () => {
    const { kernel, fired } = aKernel();
    const first = kernel.schedule(5, 0, 0, 1);
    kernel.cancel(first);
    expect(kernel.schedule(6, 0, 0, 2)).toBe(first);
    kernel.run(10);
    expect(fired).toEqual(['2@6']);
  });
});

describe('reschedule', () => {
  test('moves an event with its payload, behind those already at that instant', () => {
    const { kernel, fired } = aKernel();
    const id = kernel.schedule(5, 3, 4, 1);
    kernel.schedule(50, 0, 0, 2);
    const moved = kernel.reschedule(id, 50);
    expect(kernel.timeOf(moved)).toBe(50);
    expect(kernel.pending).toBe(2);
    kernel.run(100);
    expect(fired).toEqual(['2@50', '1@50']);
  });

  test('refuses an id that is not pending and a time in the past', () => {
    const { kernel } = aKernel();
    kernel.run(10);
    const id = kernel.schedule(20, 0, 0, 1);
    expect(() => kernel.reschedule(id, 9)).toThrow('an event at 9 ns');
    expect(() => kernel.reschedule(-1, 30)).toThrow('no event -1');
  });
});

test('timeOf tells when a pending event is due', () => {
  const { kernel } = aKernel();
  const far = kernel.schedule(100 * 24 * 3600 * SECOND, 0, 0, 0);
  const near = kernel.schedule(3 * MILLISECOND, 0, 0, 0);
  expect(kernel.timeOf(far)).toBe(100 * 24 * 3600 * SECOND);
  expect(kernel.timeOf(near)).toBe(3 * MILLISECOND);
});

test('step handles exactly one event and says whether there was one', () => {
  const { kernel, fired } = aKernel();
  kernel.schedule(5, 0, 0, 1);
  kernel.schedule(5, 0, 0, 2);
  expect(kernel.step()).toBe(true);
  expect(fired).toEqual(['1@5']);
  expect(kernel.eventCount).toBe(1);
  expect(kernel.step()).toBe(true);
  expect(kernel.step()).toBe(false);
  expect(kernel.eventCount).toBe(2);
});

test('nothing is allocated for an event once the code is warm', () => {
  const events = 100_000;
  const kernel = new Kernel();
  let delayNs = 1;
  kernel.setHandler({
    onEvent(kind, owner, slot) {
      delayNs = (Math.imul(delayNs, 48271) & 0xfffff) + 1;
      kernel.schedule(kernel.nowNs + delayNs, kind, owner, slot);
    },
  });
  // Late enough for times to be doubles: V8 keeps integers below 2^31 without allocating anyway.
  kernel.run(1000 * SECOND);
  for (let slot = 0; slot < 1000; slot++) kernel.schedule(kernel.nowNs + slot, 1, 2, slot);
  // The compiler works in the background and the collector when it likes, so the best round counts.
  let bytesPerEvent = Infinity;
  for (let round = 0; round < 40 && bytesPerEvent > 1; round++) {
    const before = process.memoryUsage().heapUsed;
    for (const until = kernel.eventCount + events; kernel.eventCount < until; ) {
      kernel.run(kernel.nowNs + MILLISECOND);
    }
    const grownBytes = process.memoryUsage().heapUsed - before;
    if (grownBytes >= 0) bytesPerEvent = Math.min(bytesPerEvent, grownBytes / events);
  }
  expect(bytesPerEvent).toBeLessThan(1);
});
