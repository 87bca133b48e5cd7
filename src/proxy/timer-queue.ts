/**
 * Timers that never fire early, in a total order, and never after `disarm`.
 *
 * A binary heap ordered by (due, arming order) behind one Node timer. Node's timers may fire up to
 * a millisecond early, because libuv truncates its loop time; so the Node timer is set one to two
 * milliseconds short and `setImmediate` covers the rest against the clock.
 * Source: performance.md B, timers (libuv issue 4773, nodejs/node issue 26578).
 */
import { assert } from '../core/assert.ts';
import type { Slot, TimerId, TimerKind } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import { MILLISECOND } from '../core/time.ts';
import type { MonotonicClock } from './clock.ts';

/** Longest delay that Node's timers take, ms. */
const LONGEST_NODE_DELAY_MS = 0x7fff_ffff;
/** Below this the wait is spent in `setImmediate`. */
const SPIN_NS = 2 * MILLISECOND;

interface Timer {
  readonly atNs: Ns;
  readonly sequence: number;
  readonly kind: TimerKind;
  readonly slot: Slot;
  id: TimerId;
  /** Index in the heap; -1 = not in it. */
  place: number;
}

/** The engine's timers on Node's event loop. */
export class TimerQueue {
  private readonly clock: MonotonicClock;
  private readonly fire: (kind: TimerKind, slot: Slot) => void;
  private readonly heap: Timer[] = [];
  private readonly byId: (Timer | undefined)[] = [];
  private readonly freeIds: TimerId[] = [];
  private sequence = 0;
  private wake: NodeJS.Timeout | null = null;
  private wakeAtNs: Ns = 0;
  private spin: NodeJS.Immediate | null = null;
  private isFiring = false;

  constructor(clock: MonotonicClock, fire: (kind: TimerKind, slot: Slot) => void) {
    this.clock = clock;
    this.fire = fire;
  }

  get size(): number {
    return this.heap.length;
  }

  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    const id = this.freeIds.pop() ?? this.byId.length;
    const timer: Timer = { atNs, sequence: this.sequence++, kind, slot, id, place: -1 };
    this.byId[id] = timer;
    this.place(timer, this.heap.length);
    this.moveUp(timer);
    if (timer.place === 0 && !this.isFiring) this.schedule();
    return id;
  }

  disarm(id: TimerId): void {
    const timer = this.byId[id];
    assert(timer !== undefined, `timer ${id} is not armed`);
    this.remove(timer);
  }

  /** Forgets every timer. */
  close(): void {
    this.heap.length = 0;
    this.byId.length = 0;
    this.freeIds.length = 0;
    this.cancelWake();
  }

  private fireDue(): void {
    this.isFiring = true;
    try {
      for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
        if (first.atNs > this.clock.readNs()) break;
        this.remove(first);
        this.fire(first.kind, first.slot);
      }
    } finally {
      this.isFiring = false;
    }
    this.schedule();
  }

  /** Makes sure that Node calls us in time for the first timer; a call too many does no harm. */
  private schedule(): void {
    const first = this.heap[0];
    if (first === undefined) {
      this.cancelWake();
      return;
    }
    const leftNs = first.atNs - this.clock.readNs();
    if (leftNs <= SPIN_NS) this.scheduleSpin();
    else if (this.spin === null) this.scheduleWake(first.atNs, leftNs);
  }

  private scheduleSpin(): void {
    this.spin ??= setImmediate(() => {
      this.spin = null;
      this.fireDue();
    });
  }

  private scheduleWake(atNs: Ns, leftNs: Ns): void {
    if (this.wake !== null && this.wakeAtNs <= atNs) return;
    if (this.wake !== null) clearTimeout(this.wake);
    const delayMs = Math.min(Math.floor(leftNs / MILLISECOND) - 1, LONGEST_NODE_DELAY_MS);
    this.wakeAtNs = atNs;
    this.wake = setTimeout(() => {
      this.wake = null;
      this.fireDue();
    }, delayMs);
  }

  private cancelWake(): void {
    if (this.wake !== null) clearTimeout(this.wake);
    if (this.spin !== null) clearImmediate(this.spin);
    this.wake = null;
    this.spin = null;
  }

  private remove(timer: Timer): void {
    const last = this.heap.pop();
    assert(last !== undefined, 'the timer heap is empty');
    if (last !== timer) {
      this.place(last, timer.place);
      this.moveUp(last);
      this.moveDown(last);
    }
    this.byId[timer.id] = undefined;
    this.freeIds.push(timer.id);
  }

  private moveUp(timer: Timer): void {
    while (timer.place > 0) {
      const parent = this.heap[(timer.place - 1) >> 1]!;
      if (isBefore(parent, timer)) return;
      this.swap(parent, timer);
    }
  }

  private moveDown(timer: Timer): void {
    for (;;) {
      const left = this.heap[2 * timer.place + 1];
      const right = this.heap[2 * timer.place + 2];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (isBefore(timer, child)) return;
      this.swap(timer, child);
    }
  }

  private swap(a: Timer, b: Timer): void {
    const place = a.place;
    this.place(a, b.place);
    this.place(b, place);
  }

  private place(timer: Timer, at: number): void {
    this.heap[at] = timer;
    timer.place = at;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atNs !== b.atNs ? a.atNs < b.atNs : a.sequence < b.sequence;
}
