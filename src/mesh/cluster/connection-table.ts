/**
 * Upstream connections as typed columns, one row per connection, shared by all engines of a run.
 *
 * The connection pool and the engine allocate rows here; the row's number is the slot that crosses
 * the boundary. Invariant: a row stays taken until the driver's closed input, also after our own
 * close, so a slot is never reused while the driver may still speak of it.
 */
import type { Clock, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER } from '../../core/engine.ts';
import { grownFloats, grownInts } from './columns.ts';

/** Where a connection stands in its life. */
export const ConnectionState = {
  free: 0,
  connecting: 1,
  /** No stream; stands in the pool's ready stack. */
  ready: 2,
  busy: 3,
  /** Busy, and closed as soon as its stream ends. */
  draining: 4,
  /** Its stream was reset from upstream; the connection still counts until the closed input. */
  broken: 5,
  /** We closed it and count it no more; the closed input is still to come. */
  closing: 6,
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

const INITIAL_ROWS = 64;

const STATE_BITS = 3;
const STATE_MASK = 7;

/** Positions of the columns in a row of 32-bit words. */
/** State, and above it the pool's epoch when the connection came up. */
const STATE = 0;
const POOL = 1;
/** The stream on it, or -1; of HTTP/2: how many. In a free row: the next free row. */
const STREAM = 2;
/** Connect timeout while connecting, idle timeout afterwards. */
const TIMER = 3;
const WORDS = 4;

export class ConnectionTable {
  private words: Int32Array;
  private idleSince: Float64Array;
  /** Few clusters limit the life of connections, so this is no column. */
  private readonly lifeTimers: Map<Slot, TimerId>;
  /** Streams that connections may still carry, where that is limited. */
  private readonly streamsLeft: Map<Slot, number>;
  /** How many streams peers take at once, where they said so. */
  private readonly streamLimits: Map<Slot, number>;
  private rowCount: number;
  private firstFree: number;
  private unused: number;

  constructor() {
    this.rowCount = INITIAL_ROWS;
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.idleSince = new Float64Array(INITIAL_ROWS);
    this.lifeTimers = new Map();
    this.streamsLeft = new Map();
    this.streamLimits = new Map();
    this.firstFree = -1;
    this.unused = 0;
  }

  /** @param streamsLeft streams it may carry; 0 = no limit */
  allocate(pool: number, streamsLeft: number): Slot {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + STREAM]!;
    else {
      if (this.unused === this.rowCount) this.grow();
      row = this.unused++;
    }
    this.words[row * WORDS + STATE] = ConnectionState.connecting;
    this.words[row * WORDS + POOL] = pool;
    this.words[row * WORDS + STREAM] = NO_SLOT;
    this.words[row * WORDS + TIMER] = NO_TIMER;
    if (streamsLeft > 0) this.streamsLeft.set(row, streamsLeft);
    return row;
  }

  free(row: Slot): void {
    this.streamsLeft.delete(row);
    if (this.streamLimits.size > 0) this.streamLimits.delete(row);
    this.words[row * WORDS + STATE] = ConnectionState.free;
    this.words[row * WORDS + STREAM] = this.firstFree;
    this.firstFree = row;
  }

  stateOf(row: Slot): ConnectionState {
    return (this.words[row * WORDS + STATE]! & STATE_MASK) as ConnectionState;
  }
  setState(row: Slot, state: ConnectionState): void {
    this.words[row * WORDS + STATE] = (this.words[row * WORDS + STATE]! & ~STATE_MASK) | state;
  }
  /** The pool's epoch when the connection came up; an older one than the pool's means: drained. */
  epochOf(row: Slot): number {
    return this.words[row * WORDS + STATE]! >>> STATE_BITS;
  }
  setEpoch(row: Slot, epoch: number): void {
    this.words[row * WORDS + STATE] =
      (this.words[row * WORDS + STATE]! & STATE_MASK) | (epoch << STATE_BITS);
  }
  poolOf(row: Slot): number {
    return this.words[row * WORDS + POOL]!;
  }
  streamOf(row: Slot): Slot {
    return this.words[row * WORDS + STREAM]!;
  }
  setStream(row: Slot, stream: Slot): void {
    this.words[row * WORDS + STREAM] = stream;
  }
  /** Of HTTP/2. */
  streamCountOf(row: Slot): number {
    return this.words[row * WORDS + STREAM]!;
  }
  /** Of HTTP/2. @returns how many it has now */
  addStreams(row: Slot, change: 1 | -1): number {
    const count = this.words[row * WORDS + STREAM]! + change;
    this.words[row * WORDS + STREAM] = count;
    return count;
  }
  /** Of HTTP/2: it has come up. */
  clearStreams(row: Slot): void {
    this.words[row * WORDS + STREAM] = 0;
  }
  /** Streams that it carries at once. @param own where the peer has not said anything */
  streamLimitOf(row: Slot, own: number): number {
    return this.streamLimits.size === 0 ? own : (this.streamLimits.get(row) ?? own);
  }
  setStreamLimit(row: Slot, max: number): void {
    this.streamLimits.set(row, max);
  }
  timerOf(row: Slot): TimerId {
    return this.words[row * WORDS + TIMER]!;
  }
  setTimer(row: Slot, timer: TimerId): void {
    this.words[row * WORDS + TIMER] = timer;
  }
  lifeTimerOf(row: Slot): TimerId {
    return this.lifeTimers.get(row) ?? NO_TIMER;
  }
  setLifeTimer(row: Slot, timer: TimerId): void {
    if (timer === NO_TIMER) this.lifeTimers.delete(row);
    else this.lifeTimers.set(row, timer);
  }
  /** Of a connection with a limit: one more stream begins. @returns how many may follow */
  countStream(row: Slot): number {
    const left = this.streamsLeft.get(row)! - 1;
    this.streamsLeft.set(row, left);
    return left;
  }
  /** Of a connection with a limit. */
  streamsLeftOf(row: Slot): number {
    return this.streamsLeft.get(row)!;
  }
  /** When its last stream ended, or when it came up. */
  idleSinceOf(row: Slot): number {
    return this.idleSince[row]!;
  }
  /** Idle from now on. */
  markIdle(row: Slot, clock: Clock): void {
    this.idleSince[row] = clock.nowNs;
  }

  private grow(): void {
    this.rowCount *= 2;
    this.words = grownInts(this.words, this.rowCount * WORDS);
    this.idleSince = grownFloats(this.idleSince, this.rowCount);
  }
}
