/**
 * Stream idle timeouts of one listener: its requests in the order of their last event.
 *
 * All of them have the same timeout, so the oldest is due first and one timer serves all; a request
 * costs a few writes instead of a timer of its own. The list runs through the rows of the requests.
 *
 *     first (idle longest) ⇄ … ⇄ last (moved most recently)      timer: when `first` may be due
 *
 * Source: policy-engine.md §1.1, stream idle.
 */
import type { Ports, Slot } from '../../core/engine.ts';
import { NO_SLOT, TimerKind } from '../../core/engine.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { RequestTable } from './request-table.ts';

export class StreamIdleQueue {
  /** 1 or more. */
  readonly timeoutMs: number;
  /** The slot of its timer. */
  private readonly position: number;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private first: Slot;
  private last: Slot;
  private isArmed: boolean;

  constructor(timeoutMs: number, position: number, ports: Ports, requests: RequestTable) {
    this.timeoutMs = timeoutMs;
    this.position = position;
    this.ports = ports;
    this.requests = requests;
    requests.trackIdleness();
    this.first = NO_SLOT;
    this.last = NO_SLOT;
    this.isArmed = false;
  }

  /** The request begins. */
  enter(request: Slot): void {
    const { requests } = this;
    const last = this.last;
    requests.markActivity(request, this.ports.clock);
    requests.setPrevious(request, last);
    requests.setNext(request, NO_SLOT);
    if (last === NO_SLOT) this.first = request;
    else requests.setNext(last, request);
    this.last = request;
    if (this.isArmed) return;
    this.isArmed = true;
    this.ports.armAfter(this.timeoutMs, TimerKind.streamIdle, this.position);
  }

  /** Something moved in either direction. */
  touch(request: Slot): void {
    this.leave(request);
    this.enter(request);
  }

  /** The request is over. */
  leave(request: Slot): void {
    const { requests } = this;
    const previous = requests.previousOf(request);
    const next = requests.nextOf(request);
    if (previous === NO_SLOT) this.first = next;
    else requests.setNext(previous, next);
    if (next === NO_SLOT) this.last = previous;
    else requests.setPrevious(next, previous);
  }

  /** To be called until it returns -1. @returns a request whose time is over; it must leave */
  due(): Slot {
    const { ports } = this;
    const first = this.first;
    this.isArmed = first !== NO_SLOT;
    if (first === NO_SLOT) return NO_SLOT;
    const dueNs = this.requests.activityNsOf(first) + this.timeoutMs * MILLISECOND;
    if (dueNs <= ports.clock.nowNs) return first;
    ports.arm(dueNs, TimerKind.streamIdle, this.position);
    return NO_SLOT;
  }
}
