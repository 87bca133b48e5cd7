/**
 * Virtual time: schedules, cancels and handles events in one total order (time, then insertion).
 *
 * The simulator's drivers schedule here and implement `EventHandler`; nothing else moves the clock.
 * Invariant: `nowNs` never goes back, and one event is handled at a time.
 *
 * No double crosses a call that V8 may leave uninlined (that would allocate 16 bytes an event):
 * `schedule` is small enough to be inlined wherever it is called (27 bytes of bytecode), leaves the
 * time in a field and passes integers on.
 */
import { AssertionError } from '../../core/assert.ts';
import type { Ns } from '../../core/time.ts';
import { NEVER } from '../../core/time.ts';
import type { EventId } from './ladder-queue.ts';
import { LadderQueue } from './ladder-queue.ts';

export type { EventId } from './ladder-queue.ts';

const OWNER_BITS = 24;
const OWNER_MASK = 0xffffff;

/** Receives each event when it is due; may schedule, cancel and stop. */
export interface EventHandler {
  /** The three numbers are those that were given to `schedule`; `Kernel.nowNs` is the event's time. */
  onEvent(kind: number, owner: number, slot: number): void;
}

/** The event loop of a simulation. */
export class Kernel {
  /** Current virtual time, ns. Read it directly; only the kernel writes it. */
  nowNs: Ns;
  private dueNs: Ns;
  private readonly queue: LadderQueue;
  private handler: EventHandler;
  private handled: number;
  private isRunning: boolean;
  private isStopping: boolean;

  constructor(handler?: EventHandler) {
    // A fraction first makes V8 keep these fields as raw doubles; see the header.
    this.nowNs = 0.5;
    this.dueNs = 0.5;
    this.nowNs = 0;
    this.queue = new LadderQueue();
    this.handler = handler ?? { onEvent: refuseEvent };
    this.handled = 0;
    this.isRunning = false;
    this.isStopping = false;
  }

  /** Events handled so far. */
  get eventCount(): number {
    return this.handled;
  }

  /** Events that are scheduled and not yet handled or cancelled. */
  get pending(): number {
    return this.queue.size;
  }

  /** For set-ups in which handler and kernel need each other. */
  setHandler(handler: EventHandler): void {
    this.handler = handler;
  }

  /**
   * @param atNs when it is due, integer ns, in [`nowNs`, `NEVER`]; equal times fire in the order of scheduling
   * @param kind 0..255
   * @param owner 0..2^24 - 1
   * @param slot any int32
   * @returns the id for `cancel`; it may be reused as soon as the event fired or was cancelled
   * @throws AssertionError when `atNs` lies in the past or is not a number
   */
  schedule(atNs: Ns, kind: number, owner: number, slot: number): EventId {
    this.dueNs = atNs;
    return this.enqueue((kind << OWNER_BITS) | owner, slot);
  }

  /**
   * The event never fires afterwards. O(1).
   * @throws AssertionError when no event with this id is pending
   */
  cancel(id: EventId): void {
    if (!this.queue.isPending(id)) refuseId(id);
    this.queue.remove(id);
  }

  /** When a pending event is due. */
  timeOf(id: EventId): Ns {
    return this.queue.times[id]!;
  }

  /**
   * Moves a pending event to another time; among equals it counts as newly scheduled.
   * @returns its id from now on
   * @throws AssertionError when no event with this id is pending, or as `schedule`
   */
  reschedule(id: EventId, atNs: Ns): EventId {
    this.dueNs = atNs;
    return this.move(id);
  }

  /**
   * Handles every event that is due until `untilNs`, inclusive, and leaves `nowNs` there; after
   * `stop` it stays at the last event.
   * @throws AssertionError when called by a handler or with a time in the past
   */
  run(untilNs: Ns): void {
    if (this.isRunning) throw new AssertionError('run() was called while handling an event');
    if (!(untilNs >= this.nowNs)) {
      throw new AssertionError(`run(${untilNs}) would go back from ${this.nowNs} ns`);
    }
    this.isRunning = true;
    this.isStopping = false;
    try {
      this.handleUntil(untilNs);
    } finally {
      this.isRunning = false;
    }
    if (!this.isStopping) this.nowNs = untilNs;
  }

  /** Handles exactly one event; false when none is pending. */
  step(): boolean {
    const id = this.queue.first();
    if (id < 0) return false;
    this.nowNs = this.queue.times[id]!;
    this.handle(id);
    return true;
  }

  /** Makes `run` return once the current event is handled. */
  stop(): void {
    this.isStopping = true;
  }

  private handleUntil(untilNs: Ns): void {
    const queue = this.queue;
    while (!this.isStopping) {
      const id = queue.first();
      if (id < 0) return;
      const timeNs = queue.times[id]!;
      if (timeNs > untilNs) return;
      this.nowNs = timeNs;
      this.handle(id);
    }
  }

  private handle(id: EventId): void {
    const queue = this.queue;
    const key = queue.keys[id]!;
    const slot = queue.slots[id]!;
    queue.removeFirst(id);
    this.handled++;
    this.handler.onEvent(key >>> OWNER_BITS, key & OWNER_MASK, slot);
  }

  private enqueue(key: number, slot: number): EventId {
    const queue = this.queue;
    this.checkDue();
    const id = queue.take();
    queue.times[id] = this.dueNs;
    queue.keys[id] = key;
    queue.slots[id] = slot;
    queue.insert(id);
    return id;
  }

  private move(id: EventId): EventId {
    if (!this.queue.isPending(id)) refuseId(id);
    this.checkDue();
    this.queue.unlink(id);
    this.queue.times[id] = this.dueNs;
    this.queue.insert(id);
    return id;
  }

  private checkDue(): void {
    // Written so that NaN fails too.
    if (this.dueNs >= this.nowNs && this.dueNs <= NEVER) return;
    throw new AssertionError(`an event at ${this.dueNs} ns was scheduled at ${this.nowNs} ns`);
  }
}

function refuseId(id: EventId): never {
  throw new AssertionError(`no event ${id} is pending`);
}

function refuseEvent(): never {
  throw new AssertionError('an event is due, but the kernel has no handler');
}
