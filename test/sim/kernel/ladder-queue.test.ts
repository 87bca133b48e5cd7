import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sequence } from '../../../src/core/draws.ts';
import { NEVER } from '../../../src/core/time.ts';
import type { EventId } from '../../../src/sim/kernel/kernel.ts';
import { Kernel } from '../../../src/sim/kernel/kernel.ts';
import { IndexedHeap } from '../../helpers/indexed-heap.ts';

/** How far ahead an event is scheduled; each mode once broke some kind of event queue. */
const increments: Record<string, (random: Sequence) => number> = {
  'even spread': (random) => Math.floor(random.unit() * 1e6),
  exponential: (random) => Math.round(-Math.log(1 - random.unit()) * 1e6),
  'half at once': (random) => (random.unit() < 0.5 ? 0 : Math.floor(random.unit() * 1e6)),
  'always the same': () => 1e6,
  'few distinct times': (random) => Math.floor(random.unit() * 4),
  'far timeouts': (random) => (random.unit() < 0.9 ? Math.floor(random.unit() * 1e6) : 15e9),
  'heavy tail': (random) => Math.min(1e14, Math.round(1e3 * (1 - random.unit()) ** -2)),
  'all scales': (random) => Math.floor(2 ** (random.unit() * 50)),
};

interface Twin {
  readonly id: EventId;
  readonly reference: number;
  readonly serial: number;
}

/** Does everything to a kernel and to the reference heap, and compares what comes out. */
class Comparison {
  private readonly kernel = new Kernel({ onEvent: (_kind, _owner, slot) => this.fired.push(slot) });
  private readonly heap = new IndexedHeap();
  private readonly fired: number[] = [];
  private readonly pending: Twin[] = [];
  private readonly serialOf = new Map<number, number>();
  private readonly positionOf = new Map<number, number>();
  private serial = 0;

  get size(): number {
    return this.heap.size;
  }

  schedule(delayNs: number): void {
    const atNs = Math.min(NEVER, this.kernel.nowNs + delayNs);
    const serial = this.serial++;
    const id = this.kernel.schedule(atNs, serial & 255, serial & 0xffffff, serial);
    const reference = this.heap.push(atNs);
    this.serialOf.set(reference, serial);
    this.positionOf.set(serial, this.pending.length);
    this.pending.push({ id, reference, serial });
  }

  cancel(choice: number): void {
    const twin = this.pending[Math.floor(choice * this.pending.length)];
    if (twin === undefined) return;
    this.kernel.cancel(twin.id);
    this.heap.remove(twin.reference);
    this.forget(twin.serial);
  }

  pop(): void {
    const reference = this.heap.first();
    expect(this.kernel.step()).toBe(reference >= 0);
    if (reference < 0) return;
    const serial = this.serialOf.get(reference)!;
    // Plain comparison: hundreds of thousands of expect() calls would take most of the time.
    if (this.fired.pop() !== serial || this.kernel.nowNs !== this.heap.timeOf(reference)) {
      expect.fail(`event ${serial} should have fired at ${this.heap.timeOf(reference)}`);
    }
    this.heap.remove(reference);
    this.forget(serial);
  }

  private forget(serial: number): void {
    const position = this.positionOf.get(serial)!;
    const last = this.pending.pop()!;
    this.positionOf.delete(serial);
    if (last.serial === serial) return;
    this.pending[position] = last;
    this.positionOf.set(last.serial, position);
  }
}

/** Lets the number of pending events swing around `level`, with bursts, and then drains. */
function exercise(mode: string, seed: number, level: number, cancelRatio: number): void {
  const random = new Sequence(String(seed), mode);
  const comparison = new Comparison();
  for (let operation = 0; operation < 2000; operation++) {
    const target = [level, level >> 3, 2 * level][Math.floor(operation / 300) % 3]!;
    if (random.unit() < cancelRatio) comparison.cancel(random.unit());
    else if (comparison.size > target) comparison.pop();
    else {
      const burst = random.unit() < 0.02 ? 150 : 1;
      for (let count = 0; count < burst; count++) comparison.schedule(increments[mode]!(random));
    }
  }
  while (comparison.size > 0) comparison.pop();
  comparison.pop();
}

describe('events leave the queue as they leave the reference heap', () => {
  test.each(Object.keys(increments))('when delays are: %s', (mode) => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(3, 30, 100, 400, 1500),
        fc.constantFrom(0, 0.1, 0.3, 0.45),
        (seed, level, cancelRatio) => exercise(mode, seed, level, cancelRatio),
      ),
      { numRuns: 4 },
    );
  });

  test('when each event is scheduled before all others', () => {
    const comparison = new Comparison();
    for (let delay = 10_000; delay > 0; delay--) comparison.schedule(delay * 1000);
    comparison.pop();
    for (let delay = 9_000; delay > 0; delay--) comparison.schedule(delay * 97);
    while (comparison.size > 0) comparison.pop();
  });

  test('when batch after batch is earlier than the one before, until there is no rung left', () => {
    const comparison = new Comparison();
    comparison.schedule(0);
    for (let count = 0; count < 60; count++) comparison.schedule(1e12 + count);
    comparison.pop();
    for (let batch = 0; batch < 35; batch++) {
      for (let count = 0; count < 80; count++) {
        comparison.schedule(Math.floor(1e10 / 1.5 ** batch) + (count >> 2));
      }
    }
    while (comparison.size > 0) comparison.pop();
  });
});

test('a hundred thousand events at one instant fire in the order of scheduling', () => {
  const kernel = new Kernel();
  let expected = 0;
  kernel.setHandler({
    onEvent: (_kind, _owner, slot) => {
      if (slot !== expected++) expect.fail(`event ${slot} fired as number ${expected}`);
    },
  });
  kernel.schedule(5, 0, 0, 0);
  for (let slot = 1; slot < 100_000; slot++) kernel.schedule(1_000, 0, 0, slot);
  kernel.run(2_000);
  expect(expected).toBe(100_000);
});

test('a long list of events at one instant does not slow down those that come later', () => {
  const kernel = new Kernel({ onEvent: () => {} });
  for (let count = 0; count < 50_000; count++) kernel.schedule(1_000, 0, 0, count);
  kernel.step();
  for (let count = 0; count < 50_000; count++) kernel.schedule(1_000 + (count % 7), 0, 0, count);
  kernel.run(2_000);
  expect(kernel.eventCount).toBe(100_000);
});
