/**
 * Upstream attempts as typed columns, one row per attempt, shared by all engines of a run.
 *
 * A row's columns lie side by side in one array, because an input touches most of them.
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
  /** Set aside: another attempt follows it, and it may answer all the same (`hedges.ts`). */
  hedged: 256,
  /** It ran into its per-try timeout and went on; outlier detection was told. */
  timeoutReported: 512,
  /** gRPC: trailers will say whether it was a success. */
  successOpen: 1024,
} as const;

const INITIAL_ROWS = 64;

/** Positions of the columns in a row of 32-bit words. */
const BITS = 0;
/** In a free row: the next free row. */
const REQUEST = 1;
const CONNECTION = 2;
const PER_TRY_TIMER = 3;
const WORDS = 4;

export class StreamTable {
  private words: Int32Array;
  /** Few routes have a per-try idle timeout, so it has no column. */
  private readonly idleTimers: Map<Slot, TimerId>;
  private rowCount: number;
  private firstFree: number;
  private unused: number;

  constructor() {
    this.rowCount = INITIAL_ROWS;
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.idleTimers = new Map();
    this.firstFree = -1;
    this.unused = 0;
  }

  allocate(request: Slot): Slot {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + REQUEST]!;
    else {
      if (this.unused === this.rowCount) this.grow();
      row = this.unused++;
    }
    const words = this.words;
    const at = row * WORDS;
    words[at + BITS] = StreamBit.active;
    words[at + REQUEST] = request;
    words[at + CONNECTION] = NO_SLOT;
    words[at + PER_TRY_TIMER] = NO_TIMER;
    return row;
  }

  free(row: Slot): void {
    this.words[row * WORDS + BITS] = 0;
    this.words[row * WORDS + REQUEST] = this.firstFree;
    this.firstFree = row;
  }

  has(row: Slot, bit: number): boolean {
    return (this.words[row * WORDS + BITS]! & bit) !== 0;
  }
  set(row: Slot, bit: number): void {
    this.words[row * WORDS + BITS] = this.words[row * WORDS + BITS]! | bit;
  }
  clear(row: Slot, bit: number): void {
    this.words[row * WORDS + BITS] = this.words[row * WORDS + BITS]! & ~bit;
  }
  requestOf(row: Slot): Slot {
    return this.words[row * WORDS + REQUEST]!;
  }
  connectionOf(row: Slot): Slot {
    return this.words[row * WORDS + CONNECTION]!;
  }
  setConnection(row: Slot, connection: Slot): void {
    this.words[row * WORDS + CONNECTION] = connection;
  }
  perTryTimerOf(row: Slot): TimerId {
    return this.words[row * WORDS + PER_TRY_TIMER]!;
  }
  setPerTryTimer(row: Slot, timer: TimerId): void {
    this.words[row * WORDS + PER_TRY_TIMER] = timer;
  }
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
    this.rowCount *= 2;
    this.words = grownInts(this.words, this.rowCount * WORDS);
  }
}
