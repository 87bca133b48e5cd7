/**
 * A response body that goes down at a steady pace, as the fault filter asks for.
 *
 * Bytes wait here until tokens pay for them: as many a second as the pace says, with one twentieth of a
 * second's worth at hand when the body begins. The upstream is done with long before the client is.
 * Invariant: while bytes wait the timer runs.
 * Source: policy-engine.md §9.1; Envoy, StreamRateLimiter.
 */
import type { Head, Ports, Slot, TimerId } from '../../core/engine.ts';
import { NO_TIMER, TimerKind } from '../../core/engine.ts';
import { type Ns, SECOND } from '../../core/time.ts';

/** Of a second, what a body may begin with. */
const BURST_RATIO = 0.05;

/** Where paced bytes go. */
export interface PacedBody {
  write(bytes: number, chunk: Uint8Array | null, end: boolean): void;
  writeTrailers(trailers: Head): void;
}

export class ResponsePace {
  private readonly ports: Ports;
  private readonly request: Slot;
  private readonly bytesPerSecond: number;
  private readonly sink: PacedBody;
  private readonly waiting: { bytes: number; chunk: Uint8Array | null }[];
  private tokens: number;
  private sinceNs: Ns;
  private isEnded: boolean;
  private trailers: Head | null;
  private timer: TimerId;

  constructor(ports: Ports, request: Slot, bytesPerSecond: number, sink: PacedBody) {
    this.ports = ports;
    this.request = request;
    this.bytesPerSecond = bytesPerSecond;
    this.sink = sink;
    this.waiting = [];
    this.tokens = Math.floor(bytesPerSecond * BURST_RATIO);
    this.sinceNs = ports.clock.nowNs;
    this.isEnded = false;
    this.trailers = null;
    this.timer = NO_TIMER;
  }

  push(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (bytes > 0) this.waiting.push({ bytes, chunk });
    this.isEnded = end;
    this.soon();
  }

  pushTrailers(trailers: Head): void {
    this.isEnded = true;
    this.trailers = trailers;
    this.soon();
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.earn();
    let allowed = Math.floor(this.tokens);
    while (allowed > 0 && this.waiting.length > 0) {
      const next = this.waiting[0]!;
      const bytes = Math.min(allowed, next.bytes);
      allowed -= bytes;
      this.tokens -= bytes;
      if (bytes === next.bytes) this.waiting.shift();
      const chunk = next.chunk === null ? null : next.chunk.subarray(0, bytes);
      next.bytes -= bytes;
      if (next.chunk !== null) next.chunk = next.chunk.subarray(bytes);
      const isLast = this.isEnded && this.waiting.length === 0 && this.trailers === null;
      this.sink.write(bytes, chunk, isLast);
      if (isLast) return;
    }
    if (this.waiting.length > 0) this.arm(Math.ceil(1_000 / this.bytesPerSecond));
    else if (this.trailers !== null) this.sink.writeTrailers(this.trailers);
    else if (this.isEnded) this.sink.write(0, null, true);
  }

  /** The client is gone, or the response was cut off. */
  stop(): void {
    if (this.timer !== NO_TIMER) this.ports.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  private earn(): void {
    const { nowNs } = this.ports.clock;
    const earned = ((nowNs - this.sinceNs) / SECOND) * this.bytesPerSecond;
    this.sinceNs = nowNs;
    this.tokens = Math.min(this.bytesPerSecond, this.tokens + earned);
  }

  private soon(): void {
    if (this.timer === NO_TIMER) this.arm(0);
  }

  private arm(delayMs: number): void {
    this.timer = this.ports.armAfter(delayMs, TimerKind.responsePace, this.request);
  }
}
