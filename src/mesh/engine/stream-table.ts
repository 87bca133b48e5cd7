/**
 * Upstream attempts as typed columns, one row per attempt, shared by all engines of a run.
 *
 * The row's number is the stream slot that crosses the boundary, but an attempt has a row already
 * while it waits for a connection. Only `upstream-attempt.ts` allocates and frees rows.
 */
import type { Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER } from '../../core/engine.ts';
import { grownInts } from '../cluster/columns.ts';

/** What is known of an attempt; bits of one column. */
export const StreamBit = {
  active: 1,
  /** Waits in its pool's queue. */
  pending: 2,
  /** The whole request went upstream. */
  requestSent: 4,
  /** A final response head came. */
  headReceived: 8,
  /** The response is over. */
  responseEnded: 16,
  /** Its host's answer to back-pressure: the peer takes no more bytes just now. */
  blocked: 32,
  /** We told the driver to stop reading the response. */
  readingPaused: 64,
  /** Its per-try idle timer runs. */
  idleTimer: 128,
} as const;

const INITIAL_ROWS = 64;

export class StreamTable {
  private bits: Int32Array;
  /** In a free row: the next free row. */
  private requests: Int32Array;
  private connections: Int32Array;
  private pools: Int32Array;
  private perTryTimers: Int32Array;
  private readonly idleTimers: Map<Slot, TimerId>;
  private firstFree: number;
  private unused: number;

  constructor() {
    this.bits = new Int32Array(INITIAL_ROWS);
    this.requests = new Int32Array(INITIAL_ROWS);
    this.connections = new Int32Array(INITIAL_ROWS);
    this.pools = new Int32Array(INITIAL_ROWS);
    this.perTryTimers = new Int32Array(INITIAL_ROWS);
    this.idleTimers = new Map();
    this.firstFree = -1;
    this.unused = 0;
  }

  allocate(request: Slot, pool: number): Slot {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.requests[row]!;
    else {
      if (this.unused === this.bits.length) this.grow();
      row = this.unused++;
    }
    this.bits[row] = StreamBit.active;
    this.requests[row] = request;
    this.connections[row] = NO_SLOT;
    this.pools[row] = pool;
    this.perTryTimers[row] = NO_TIMER;
    return row;
  }

  free(row: Slot): void {
    this.bits[row] = 0;
    this.requests[row] = this.firstFree;
    this.firstFree = row;
  }

  has(row: Slot, bit: number): boolean {
    return (this.bits[row]! & bit) !== 0;
  }
  set(row: Slot, bit: number): void {
    this.bits[row] = this.bits[row]! | bit;
  }
  clear(row: Slot, bit: number): void {
    this.bits[row] = this.bits[row]! & ~bit;
  }
  requestOf(row: Slot): Slot {
    return this.requests[row]!;
  }
  connectionOf(row: Slot): Slot {
    return this.connections[row]!;
  }
  setConnection(row: Slot, connection: Slot): void {
    this.connections[row] = connection;
  }
  poolOf(row: Slot): number {
    return this.pools[row]!;
  }
  perTryTimerOf(row: Slot): TimerId {
    return this.perTryTimers[row]!;
  }
  setPerTryTimer(row: Slot, timer: TimerId): void {
    this.perTryTimers[row] = timer;
  }
  /** Few routes have a per-try idle timeout, so it has no column. */
  idleTimerOf(row: Slot): TimerId {
    return this.has(row, StreamBit.idleTimer) ? this.idleTimers.get(row)! : NO_TIMER;
  }
  setIdleTimer(row: Slot, timer: TimerId): void {
    if (timer === NO_TIMER) {
      this.clear(row, StreamBit.idleTimer);
      this.idleTimers.delete(row);
    } else {
      this.set(row, StreamBit.idleTimer);
      this.idleTimers.set(row, timer);
    }
  }

  private grow(): void {
    const rows = 2 * this.bits.length;
    this.bits = grownInts(this.bits, rows);
    this.requests = grownInts(this.requests, rows);
    this.connections = grownInts(this.connections, rows);
    this.pools = grownInts(this.pools, rows);
    this.perTryTimers = grownInts(this.perTryTimers, rows);
  }
}
