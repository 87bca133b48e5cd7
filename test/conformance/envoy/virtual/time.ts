/**
 * Virtual time for scripts: events on the simulator's kernel, and promises that follow from them.
 *
 * One kernel event at a time; whenever one has resolved a promise, everything that waits for it runs
 * before the next event (a turn of Node's loop between them), so the order never depends on how many
 * microtasks a script takes.
 */
import type { Ns } from '../../../../src/core/time.ts';
import { MILLISECOND } from '../../../../src/core/time.ts';
import { type EventId, Kernel } from '../../../../src/sim/kernel/kernel.ts';
import type { Clock } from '../stage.ts';

/** Where the wall clock stands at the start of a case. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);
/** Longest virtual time of a case. */
const LIMIT_NS = 600_000 * MILLISECOND;

export class VirtualTime implements Clock {
  private readonly kernel: Kernel;
  private readonly actions = new Map<number, () => void>();
  private count = 0;
  private isStirred = true;

  constructor() {
    this.kernel = new Kernel({
      onEvent: (_kind, _owner, slot) => {
        const action = this.actions.get(slot);
        this.actions.delete(slot);
        action?.();
      },
    });
  }

  get nowNs(): Ns {
    return this.kernel.nowNs;
  }

  nowMs(): number {
    return this.kernel.nowNs / MILLISECOND;
  }

  wallMs(): number {
    return EPOCH_MS + this.nowMs();
  }

  at(atNs: Ns, action: () => void): EventId {
    const slot = this.count++;
    this.actions.set(slot, action);
    return this.kernel.schedule(atNs, 0, 0, slot);
  }

  afterNs(delayNs: Ns, action: () => void): EventId {
    return this.at(this.nowNs + delayNs, action);
  }

  /** @returns what forgets it */
  after(delayNs: Ns, action: () => void): () => void {
    let isOver = false;
    const id = this.afterNs(delayNs, () => {
      isOver = true;
      action();
    });
    return () => {
      // The kernel uses the numbers of events that are over again.
      if (!isOver) this.cancel(id);
      isOver = true;
    };
  }

  /** When the present event is over. */
  soon(action: () => void): void {
    this.afterNs(0, action);
  }

  cancel(id: EventId): void {
    this.kernel.cancel(id);
  }

  /** A promise was resolved: its followers run before the next event. */
  stir(): void {
    this.isStirred = true;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.afterNs(Math.round(ms * MILLISECOND), () => {
        this.stir();
        resolve();
      });
    });
  }

  /** Lets time pass until the script is over. @throws what the script throws */
  async run(script: () => Promise<void>): Promise<void> {
    let isOver = false;
    const done = script().finally(() => {
      isOver = true;
    });
    done.catch(() => {});
    for (;;) {
      if (this.isStirred) {
        this.isStirred = false;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (isOver) return done;
      if (this.nowNs > LIMIT_NS) throw new Error('the case takes more than ten virtual minutes');
      if (!this.kernel.step()) throw new Error('the case waits for something that never happens');
    }
  }
}
