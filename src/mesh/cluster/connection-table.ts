/**
 * Upstream connections as typed columns, one row per connection, shared by all engines of a run.
 *
 * The connection pool and the engine allocate rows here; the row's number is the slot that crosses
 * the boundary. Invariant: a row stays taken until the driver's closed input, also after our own
 * close, so a slot is never reused while the driver may still speak of it.
 */
import type { Slot, TimerId } from '../../core/engine.ts';
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

export class ConnectionTable {
  /** State, and above it the pool's epoch when the connection came up. */
  private states: Int32Array;
  private pools: Int32Array;
  /** The stream on it, or -1. In a free row: the next free row. */
  private streams: Int32Array;
  /** Connect timeout while connecting, idle timeout afterwards. */
  private timers: Int32Array;
  /** Few clusters limit the life of connections, so this is no column. */
  private readonly lifeTimers: Map<Slot, TimerId>;
  private streamsLeft: Int32Array;
  private idleSince: Float64Array;
  private firstFree: number;
  private unused: number;

  constructor() {
    this.states = new Int32Array(INITIAL_ROWS);
    this.pools = new Int32Array(INITIAL_ROWS);
    this.streams = new Int32Array(INITIAL_ROWS);
    this.timers = new Int32Array(INITIAL_ROWS);
    this.lifeTimers = new Map();
    this.streamsLeft = new Int32Array(INITIAL_ROWS);
    this.idleSince = new Float64Array(INITIAL_ROWS);
    this.firstFree = -1;
    this.unused = 0;
  }

  /** @param streamsLeft streams it may still carry; -1 = no limit */
  allocate(pool: number, streamsLeft: number): Slot {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.streams[row]!;
    else {
      if (this.unused === this.states.length) this.grow();
      row = this.unused++;
    }
    this.states[row] = ConnectionState.connecting;
    this.pools[row] = pool;
    this.streams[row] = NO_SLOT;
    this.timers[row] = NO_TIMER;
    this.streamsLeft[row] = streamsLeft;
    return row;
  }

  free(row: Slot): void {
    this.states[row] = ConnectionState.free;
    this.streams[row] = this.firstFree;
    this.firstFree = row;
  }

  stateOf(row: Slot): ConnectionState {
    return (this.states[row]! & STATE_MASK) as ConnectionState;
  }
  setState(row: Slot, state: ConnectionState): void {
    this.states[row] = (this.states[row]! & ~STATE_MASK) | state;
  }
  /** The pool's epoch when the connection came up; an older one than the pool's means: drained. */
  epochOf(row: Slot): number {
    return this.states[row]! >>> STATE_BITS;
  }
  setEpoch(row: Slot, epoch: number): void {
    this.states[row] = (this.states[row]! & STATE_MASK) | (epoch << STATE_BITS);
  }
  poolOf(row: Slot): number {
    return this.pools[row]!;
  }
  streamOf(row: Slot): Slot {
    return this.streams[row]!;
  }
  setStream(row: Slot, stream: Slot): void {
    this.streams[row] = stream;
  }
  timerOf(row: Slot): TimerId {
    return this.timers[row]!;
  }
  setTimer(row: Slot, timer: TimerId): void {
    this.timers[row] = timer;
  }
  lifeTimerOf(row: Slot): TimerId {
    return this.lifeTimers.get(row) ?? NO_TIMER;
  }
  setLifeTimer(row: Slot, timer: TimerId): void {
    if (timer === NO_TIMER) this.lifeTimers.delete(row);
    else this.lifeTimers.set(row, timer);
  }
  streamsLeftOf(row: Slot): number {
    return this.streamsLeft[row]!;
  }
  setStreamsLeft(row: Slot, count: number): void {
    this.streamsLeft[row] = count;
  }
  /** When its last stream ended, or when it came up. */
  idleSinceOf(row: Slot): number {
    return this.idleSince[row]!;
  }
  setIdleSince(row: Slot, ns: number): void {
    this.idleSince[row] = ns;
  }

  private grow(): void {
    const rows = 2 * this.states.length;
    this.states = grownInts(this.states, rows);
    this.pools = grownInts(this.pools, rows);
    this.streams = grownInts(this.streams, rows);
    this.timers = grownInts(this.timers, rows);
    this.streamsLeft = grownInts(this.streamsLeft, rows);
    this.idleSince = grownFloats(this.idleSince, rows);
  }
}
