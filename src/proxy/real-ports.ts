/**
 * `Ports` on real sockets, clocks and timers: what the engine asks for, handed to who does it.
 *
 * Nothing here calls the engine back; news arrives through `Turns`.
 */

import { assert } from '../core/assert.ts';
import type { Draws } from '../core/draws.ts';
import type {
  CloseReason,
  DialPlan,
  Endpoint,
  Head,
  Ports,
  RequestLogEntry,
  ResetReason,
  Slot,
  TimerId,
  TimerKind,
} from '../core/engine.ts';
import { Side } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import { MILLISECOND } from '../core/time.ts';
import type { MonotonicClock } from './clock.ts';
import type { Downstreams } from './downstreams.ts';
import type { TimerQueue } from './timer-queue.ts';
import type { Upstreams } from './upstreams.ts';

/** Who watches what the engine decides. */
export interface PortObserver {
  logRequest(entry: RequestLogEntry): void;
  record(kind: number, a: number, b: number, c: number): void;
}

/** What the ports are made of. */
export interface PortParts {
  readonly clock: MonotonicClock;
  readonly timers: TimerQueue;
  readonly draws: Draws;
  readonly upstreams: Upstreams;
  readonly downstreams: Downstreams;
  readonly observer: PortObserver;
}

export class RealPorts implements Ports {
  readonly draws: Draws;
  readonly clock: MonotonicClock;
  private readonly timers: TimerQueue;
  private readonly upstreams: Upstreams;
  private readonly downstreams: Downstreams;
  private readonly observer: PortObserver;

  constructor(parts: PortParts) {
    this.draws = parts.draws;
    this.clock = parts.clock;
    this.timers = parts.timers;
    this.upstreams = parts.upstreams;
    this.downstreams = parts.downstreams;
    this.observer = parts.observer;
  }

  wallMs(): number {
    return Date.now();
  }

  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    return this.timers.arm(atNs, kind, slot);
  }

  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId {
    return this.timers.arm(this.clock.nowNs + delayMs * MILLISECOND, kind, slot);
  }

  disarm(timer: TimerId): void {
    this.timers.disarm(timer);
  }

  dial(connection: Slot, endpoint: Endpoint, plan: DialPlan): void {
    this.upstreams.dial(connection, endpoint, plan);
  }

  openStream(stream: Slot, connection: Slot, _uid: number, head: Head, end: boolean): void {
    this.upstreams.openStream(stream, connection, head, end);
  }

  sendBody(stream: Slot, _bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.upstreams.sendBody(stream, chunk, end);
  }

  sendTrailers(stream: Slot, trailers: Head): void {
    this.upstreams.sendTrailers(stream, trailers);
  }

  resetStream(stream: Slot, _reason: ResetReason): void {
    this.upstreams.resetStream(stream);
  }

  sendUpstreamData(connection: Slot, _bytes: number, chunk: Uint8Array | null): void {
    if (chunk !== null) this.upstreams.sendRaw(connection, chunk);
  }

  closeUpstream(connection: Slot, reason: CloseReason): void {
    this.upstreams.close(connection, reason);
  }

  respondInformational(request: Slot, head: Head): void {
    this.downstreams.respondInformational(request, head);
  }

  respondHead(request: Slot, head: Head, end: boolean): void {
    this.downstreams.respondHead(request, head, end);
  }

  respondBody(request: Slot, _bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.downstreams.respondBody(request, chunk, end);
  }

  respondTrailers(request: Slot, trailers: Head): void {
    this.downstreams.respondTrailers(request, trailers);
  }

  resetRequest(request: Slot, _reason: ResetReason): void {
    this.downstreams.reset(request);
  }

  sendDownstreamData(): void {
    assert(false, 'TCP proxying is not available on real sockets');
  }

  goAwayDownstream(connection: Slot, _final: boolean): void {
    this.downstreams.goAway(connection);
  }

  closeDownstream(
    connection: Slot,
    how: 'abort' | 'flush' | 'linger',
    lingerNs: Ns,
    reason: CloseReason,
  ): void {
    this.downstreams.close(connection, how, lingerNs, reason);
  }

  setReading(side: Side, slot: Slot, on: boolean): void {
    if (side === Side.stream || side === Side.upstream) this.upstreams.setReading(side, slot, on);
    else this.downstreams.setReading(side, slot, on);
  }

  logRequest(entry: RequestLogEntry): void {
    this.observer.logRequest(entry);
  }

  record(kind: number, a: number, b: number, c: number): void {
    this.observer.record(kind, a, b, c);
  }
}
