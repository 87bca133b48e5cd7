/**
 * Virtual time: schedules, cancels and handles events in one total order (time, then insertion).
 *
 * The simulator's drivers schedule here and implement `EventHandler`; nothing else moves the clock.
 * Invariant: `nowNs` never goes back, and one event is handled at a time.
 *
 * In a steady state nothing is allocated; `LadderQueue.add` says what that takes.
 */
import { AssertionError } from '../../core/assert.ts';
import type { Ns } from '../../core/time.ts';
import type { EventId } from './ladder-queue.ts';
import { KEY, LadderQueue, SLOT } from './ladder-queue.ts';

export type { EventId } from './ladder-queue.ts';

const OWNER_BITS = 24;
const OWNER_MASK = 0xffffff;

/** Receives each event when it is due; may schedule, cancel and stop. */
export interface EventHandler {
  /** The three numbers are those that were given to `schedule`; `Kernel.nowNs` is the event's time. */
  onEvent(kind: number, owner: number, slot: number): void;
}

/** The event loop of a simulation. */
export class Kernel extends LadderQueue {
  private handler: EventHandler;
  private handled = 0;
  private isRunning = false;
  private isStopping = false;

  constructor(handler?: EventHandler) {
    super();
    this.handler = handler ?? { onEvent: refuseEvent };
  }

  /** Events handled so far. */
  get eventCount(): number {
    return this.handled;
  }

  /** Events that are scheduled and not yet handled or cancelled. */
  get pending(): number {
    return this.size;
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
    // In this order and without OWNER_BITS these are 27 bytes of bytecode, and must be: see `add`.
    return this.add(owner | (kind << 24), slot);
  }

  /**
   * The event never fires afterwards. O(1).
   * @throws AssertionError when no event with this id is pending
   */
  cancel(id: EventId): void {
    if (!this.isPending(id)) refuseId(id);
    this.remove(id);
  }

  /** When a pending event is due. */
  timeOf(id: EventId): Ns {
    return this.times[2 * id]!;
  }

  /**
   * Moves a pending event to another time; among equals it counts as newly scheduled.
   * @returns its id from now on
   * @throws AssertionError when no event with this id is pending, or as `schedule`
   */
  reschedule(id: EventId, atNs: Ns): EventId {
    this.cancel(id);
    this.dueNs = atNs;
    return this.add(this.words[4 * id + KEY]!, this.words[4 * id + SLOT]!);
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
    const id = this.first();
    if (id < 0) return false;
    this.nowNs = this.times[2 * id]!;
    this.handle(id);
    return true;
  }

  /** Makes `run` return once the current event is handled. */
  stop(): void {
    this.isStopping = true;
  }

  private handleUntil(untilNs: Ns): void {
    while (!this.isStopping) {
      const id = this.first();
      if (id < 0) return;
      const timeNs = this.times[2 * id]!;
      if (timeNs > untilNs) return;
      this.nowNs = timeNs;
      this.handle(id);
    }
  }

  private handle(id: EventId): void {
    const key = this.words[4 * id + KEY]!;
    const slot = this.words[4 * id + SLOT]!;
    this.removeFirst(id);
    this.handled++;
    this.handler.onEvent(key >>> OWNER_BITS, key & OWNER_MASK, slot);
  }
}

function refuseId(id: EventId): never {
  throw new AssertionError(`no event ${id} is pending`);
}

function refuseEvent(): never {
  throw new AssertionError('an event is due, but the kernel has no handler');
}
