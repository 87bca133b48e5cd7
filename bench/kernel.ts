/**
 * The event queue by itself, in the hold model: take the earliest event, put one in at
 * now + Exp(1 ms). Source: performance.md A1.
 */
import { DurationSampler } from '../src/core/distributions.ts';
import { Draws } from '../src/core/draws.ts';
import { type EventHandler, Kernel } from '../src/sim/kernel/kernel.ts';
import { IndexedHeap } from '../test/helpers/indexed-heap.ts';
import { perCpuSecond, type Row } from './row.ts';

const DELAYS = 1 << 16;

function expDelays(): Float64Array {
  const draws = new Draws('bench');
  const stream = draws.stream('hold');
  const sampler = new DurationSampler({ kind: 'exponential', meanNs: 1_000_000 });
  return Float64Array.from({ length: DELAYS }, (_, i) => sampler.sample(draws, stream, i, 0));
}

class Hold implements EventHandler {
  readonly kernel = new Kernel(this);
  private readonly delays = expDelays();
  private next = 0;
  private left = 0;

  constructor(pending: number) {
    for (let i = 0; i < pending; i++) this.push();
  }

  onEvent(): void {
    this.push();
    if (--this.left === 0) this.kernel.stop();
  }

  run(count: number): void {
    this.left = count;
    this.kernel.run(Number.MAX_SAFE_INTEGER);
  }

  private push(): void {
    const delayNs = this.delays[this.next++ & (DELAYS - 1)]!;
    this.kernel.schedule(this.kernel.nowNs + delayNs, 1, 0, 0);
  }
}

function holdRow(name: string, pending: number, count: number): Row {
  return {
    name,
    unit: 'events per CPU second',
    best: 'highest',
    ratioTo: pending === 10_000 ? ['kernel.heap.10k'] : [],
    measure() {
      const hold = new Hold(pending);
      return perCpuSecond(
        (events) => hold.run(events),
        Math.max(pending, count / 10),
        count / 8,
        8,
      );
    },
  };
}

const heapRow: Row = {
  name: 'kernel.heap.10k',
  unit: 'events per CPU second',
  best: 'highest',
  ratioTo: [],
  measure() {
    const heap = new IndexedHeap();
    const delays = expDelays();
    for (let i = 0; i < 10_000; i++) heap.push(delays[i]!);
    return perCpuSecond(
      (events) => {
        for (let i = 0; i < events; i++) {
          const id = heap.first();
          const nowNs = heap.timeOf(id);
          heap.remove(id);
          heap.push(nowNs + delays[i & (DELAYS - 1)]!);
        }
      },
      100_000,
      400_000,
      5,
    );
  },
};

export const KERNEL_ROWS: readonly Row[] = [
  holdRow('kernel.hold.100', 100, 8_000_000),
  holdRow('kernel.hold.10k', 10_000, 8_000_000),
  holdRow('kernel.hold.1m', 1_000_000, 4_000_000),
  heapRow,
];
