/**
 * Downstream connections as typed columns, one row per connection, shared by all engines of a run.
 *
 * Rows are indexed by the driver's connection slots. Only HTTP/1.1 is served, but a driver that
 * multiplexes (a simulated client in front of its own sidecar) may have several requests on one.
 */
import type { Clock, PeerFacts, Slot, TimerId } from '../../core/engine.ts';
import { NO_TIMER } from '../../core/engine.ts';
import { grownFloats } from '../cluster/columns.ts';

/** What is known of a downstream connection; bits of one column. */
export const DownstreamBit = {
  open: 1,
  /** Responses carry `connection: close` from now on. */
  draining: 2,
  /** We asked the driver to close it. */
  closing: 4,
  /** It was never accepted, so it counts nowhere. */
  refused: 8,
  /** It ended in the middle of a request. */
  cutOff: 16,
  /** The first bytes of a request came. */
  spoke: 32,
} as const;

const INITIAL_ROWS = 64;

/** Positions of the columns in a row of 32-bit words; the idle time takes the last two: 24 bytes. */
const BITS = 0;
/** Position of its listener in the engine. */
const LISTENER = 1;
const REQUEST_COUNT = 2;
const TIMER = 3;
const WORDS = 6;
/** Position among the doubles of a row. */
const IDLE_SINCE = 2;
const DOUBLES = WORDS / 2;

export class DownstreamTable {
  private words: Int32Array;
  /** The same memory as `words`. */
  private doubles: Float64Array;
  private readonly peers: (PeerFacts | null)[];
  private rowCount: number;

  constructor() {
    this.rowCount = INITIAL_ROWS;
    this.doubles = new Float64Array(INITIAL_ROWS * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.peers = [];
  }

  open(row: Slot, listener: number, peer: PeerFacts): void {
    while (row >= this.rowCount) this.grow();
    this.words[row * WORDS + BITS] = DownstreamBit.open;
    this.words[row * WORDS + LISTENER] = listener;
    this.words[row * WORDS + REQUEST_COUNT] = 0;
    this.words[row * WORDS + TIMER] = NO_TIMER;
    this.peers[row] = peer;
  }

  free(row: Slot): void {
    this.words[row * WORDS + BITS] = 0;
    this.peers[row] = null;
  }

  isOpen(row: Slot): boolean {
    return (
      row >= 0 &&
      row < this.rowCount &&
      (this.words[row * WORDS + BITS]! & DownstreamBit.open) !== 0
    );
  }
  has(row: Slot, bit: number): boolean {
    return (this.words[row * WORDS + BITS]! & bit) !== 0;
  }
  set(row: Slot, bit: number): void {
    this.words[row * WORDS + BITS] = this.words[row * WORDS + BITS]! | bit;
  }
  listenerOf(row: Slot): number {
    return this.words[row * WORDS + LISTENER]!;
  }
  peerOf(row: Slot): PeerFacts {
    return this.peers[row]!;
  }
  requestCountOf(row: Slot): number {
    return this.words[row * WORDS + REQUEST_COUNT]!;
  }
  addRequests(row: Slot, change: 1 | -1): void {
    this.words[row * WORDS + REQUEST_COUNT] = this.words[row * WORDS + REQUEST_COUNT]! + change;
  }
  timerOf(row: Slot): TimerId {
    return this.words[row * WORDS + TIMER]!;
  }
  setTimer(row: Slot, timer: TimerId): void {
    this.words[row * WORDS + TIMER] = timer;
  }
  /** When its last request ended, or when it was opened. */
  idleSinceOf(row: Slot): number {
    return this.doubles[row * DOUBLES + IDLE_SINCE]!;
  }
  /** Idle from now on. */
  markIdle(row: Slot, clock: Clock): void {
    this.doubles[row * DOUBLES + IDLE_SINCE] = clock.nowNs;
  }

  private grow(): void {
    this.rowCount *= 2;
    this.doubles = grownFloats(this.doubles, this.rowCount * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    while (this.peers.length < this.rowCount) this.peers.push(null);
  }
}
