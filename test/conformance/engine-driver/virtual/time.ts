/**
 * Virtual time for the stories: closures on the simulator's kernel.
 */
import type { Ns } from '../../../../src/core/time.ts';
import { MILLISECOND } from '../../../../src/core/time.ts';
import { type EventId, Kernel } from '../../../../src/sim/kernel/kernel.ts';

/** How long anything takes from one machine to the next. */
export const HOP_NS: Ns = 10_000;

export class VirtualTime {
  private readonly kernel: Kernel;
  private readonly actions = new Map<number, () => void>();
  private count = 0;

  constructor() {
    this.kernel = new Kernel({ onEvent: (_kind, _owner, slot) => this.happen(slot) });
  }

  get nowNs(): Ns {
    return this.kernel.nowNs;
  }

  at(atNs: Ns, action: () => void): EventId {
    const slot = this.count++;
    this.actions.set(slot, action);
    return this.kernel.schedule(atNs, 0, 0, slot);
  }

  afterNs(delayNs: Ns, action: () => void): EventId {
    return this.at(this.nowNs + delayNs, action);
  }

  afterMs(delayMs: number, action: () => void): EventId {
    return this.afterNs(Math.round(delayMs * MILLISECOND), action);
  }

  cancel(id: EventId): void {
    this.kernel.cancel(id);
  }

  /** Lets time pass until `isDone`, or until `limitMs` of virtual time. */
  runUntil(isDone: () => boolean, limitMs: number): void {
    while (!isDone() && this.nowNs < limitMs * MILLISECOND && this.kernel.step());
  }

  private happen(slot: number): void {
    const action = this.actions.get(slot);
    this.actions.delete(slot);
    action?.();
  }
}
