/**
 * Requests as typed columns, one row per downstream request, shared by all engines of a run.
 *
 * A row's columns lie side by side in one array, because an input touches most of them: one cache
 * line instead of ten.
 * Rows are indexed by the driver's request slots, so the driver allocates them; the engine clears a
 * row when a request starts and marks it free at its terminal event. What only some requests need
 * (bodies, filters, rare timers) stands in a `RequestExtra`, guarded by a bit.
 */
import type { Clock, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import { grownFloats, grownInts } from '../cluster/columns.ts';
import { RequestExtra } from './request-extra.ts';
import type { RequestPlan } from './request-plan.ts';

/** What is known of a request; bits of one column. */
export const RequestBit = {
  active: 1,
  /** The last byte came from downstream. */
  requestEnded: 2,
  /** A final response head went downstream. */
  headSent: 4,
  responseEnded: 8,
  /** There is a `RequestExtra`. */
  extra: 16,
  /** Holds a unit of the cluster's retry resource. */
  holdsRetry: 32,
  /** No retry any more: a head or 1xx arrived, or the body outgrew its buffer. */
  retriesOff: 64,
  /** The backoff timer runs. */
  backingOff: 128,
  /** A filter holds the request. */
  filterPaused: 256,
  /** The router has taken over; before it, filters decide. */
  routed: 512,
  /** The last attempt ended by its per-try timeout. */
  timedOut: 1024,
  /** Some byte of some attempt was written upstream. */
  wroteUpstream: 2048,
  /** We told the driver to stop reading the request. */
  readingPaused: 4096,
  /** The downstream peer takes no more bytes just now. */
  blocked: 8192,
  /** The retry that is due comes without backoff. */
  retriesAtOnce: 16384,
  /** Logged and counted; the row waits for the request's own end. */
  finished: 32768,
  /** The filters were asked. */
  filtered: 65536,
  /** The retry that is due waits as long as the upstream asked for. */
  rateLimited: 131072,
  /** Slow attempts run beside the latest one (`hedges.ts`). */
  hedged: 262144,
  /** A 1xx came: for the router the response has begun. */
  informed: 524288,
  /** Waits for a host to be ready. */
  queued: 1048576,
  /** Did so before some attempt. */
  waited: 2097152,
} as const;

const INITIAL_ROWS = 64;
const BITS_PER_FLAG = 5;
const MAX_FLAGS = 6;

/** Positions of the columns in a row of 32-bit words; the start takes the last two: 48 bytes. */
const BITS = 0;
const UID = 1;
const DOWNSTREAM = 2;
const STREAM = 3;
const CLUSTER = 4;
const FLAGS = 5;
/** Low 16 bits: attempts made; high 16: retries left. */
const ATTEMPTS = 6;
const ROUTE_TIMER = 7;
const WAIT_TIMER = 8;
const POOL = 9;
const WORDS = 12;
/** Position among the doubles of a row. */
const START = 5;
const DOUBLES = WORDS / 2;

export class RequestTable {
  private words: Int32Array;
  /** The same memory as `words`. */
  private doubles: Float64Array;
  /** When something last moved, and the neighbours in an idle queue; empty until they are needed. */
  private activity: Float64Array;
  private neighbours: Int32Array;
  private readonly plans: (RequestPlan | null)[];
  private readonly extras: Map<Slot, RequestExtra>;
  private rowCount: number;

  constructor() {
    this.rowCount = INITIAL_ROWS;
    this.doubles = new Float64Array(INITIAL_ROWS * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.activity = new Float64Array(0);
    this.neighbours = new Int32Array(0);
    this.plans = new Array<RequestPlan | null>(INITIAL_ROWS).fill(null);
    this.extras = new Map();
  }

  /** Takes the row of a driver's slot; the caller sets the start time and the plan. */
  start(row: Slot, connection: Slot, uid: number, bits: number): void {
    while (row >= this.rowCount) this.grow();
    const words = this.words;
    const at = row * WORDS;
    words[at + BITS] = RequestBit.active | bits;
    words[at + UID] = uid;
    words[at + DOWNSTREAM] = connection;
    words[at + STREAM] = NO_SLOT;
    words[at + CLUSTER] = -1;
    words[at + FLAGS] = 0;
    words[at + ATTEMPTS] = 0;
    words[at + ROUTE_TIMER] = NO_TIMER;
    words[at + WAIT_TIMER] = NO_TIMER;
    words[at + POOL] = -1;
  }

  /** The first bytes of a request came on a connection; it is not active yet. */
  announce(row: Slot, connection: Slot): void {
    while (row >= this.rowCount) this.grow();
    this.words[row * WORDS + DOWNSTREAM] = connection;
  }

  free(row: Slot): void {
    if ((this.words[row * WORDS + BITS]! & RequestBit.extra) !== 0) this.extras.delete(row);
    this.words[row * WORDS + BITS] = 0;
    this.plans[row] = null;
  }

  isActive(row: Slot): boolean {
    return row < this.rowCount && (this.words[row * WORDS + BITS]! & RequestBit.active) !== 0;
  }
  /** Active and not answered to the end. */
  isOpen(row: Slot): boolean {
    return (
      (this.words[row * WORDS + BITS]! & (RequestBit.active | RequestBit.finished)) ===
      RequestBit.active
    );
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
  uidOf(row: Slot): number {
    return this.words[row * WORDS + UID]!;
  }
  downstreamOf(row: Slot): Slot {
    return this.words[row * WORDS + DOWNSTREAM]!;
  }
  /** The attempt that may still answer, or -1. */
  streamOf(row: Slot): Slot {
    return this.words[row * WORDS + STREAM]!;
  }
  setStream(row: Slot, stream: Slot): void {
    this.words[row * WORDS + STREAM] = stream;
  }
  /** Id of the chosen cluster; -1 = none yet. */
  clusterOf(row: Slot): number {
    return this.words[row * WORDS + CLUSTER]!;
  }
  setCluster(row: Slot, cluster: number): void {
    this.words[row * WORDS + CLUSTER] = cluster;
  }
  attemptsOf(row: Slot): number {
    return this.words[row * WORDS + ATTEMPTS]! & 0xffff;
  }
  countAttempt(row: Slot): number {
    return (this.words[row * WORDS + ATTEMPTS] = this.words[row * WORDS + ATTEMPTS]! + 1) & 0xffff;
  }
  retriesLeftOf(row: Slot): number {
    return this.words[row * WORDS + ATTEMPTS]! >>> 16;
  }
  /** @param count 0..65535 */
  setRetriesLeft(row: Slot, count: number): void {
    this.words[row * WORDS + ATTEMPTS] =
      (this.words[row * WORDS + ATTEMPTS]! & 0xffff) | (count << 16);
  }
  routeTimerOf(row: Slot): TimerId {
    return this.words[row * WORDS + ROUTE_TIMER]!;
  }
  setRouteTimer(row: Slot, timer: TimerId): void {
    this.words[row * WORDS + ROUTE_TIMER] = timer;
  }
  /** Backoff, or the filter that holds the request: never both. */
  waitTimerOf(row: Slot): TimerId {
    return this.words[row * WORDS + WAIT_TIMER]!;
  }
  setWaitTimer(row: Slot, timer: TimerId): void {
    this.words[row * WORDS + WAIT_TIMER] = timer;
  }
  /** Pool of the last attempt; -1 = none yet. */
  poolOf(row: Slot): number {
    return this.words[row * WORDS + POOL]!;
  }
  setPool(row: Slot, pool: number): void {
    this.words[row * WORDS + POOL] = pool;
  }
  /** Makes room for idle queues, which only listeners with a stream idle timeout need. */
  trackIdleness(): void {
    if (this.activity.length > 0) return;
    this.activity = new Float64Array(this.rowCount);
    this.neighbours = new Int32Array(2 * this.rowCount);
  }
  previousOf(row: Slot): Slot {
    return this.neighbours[2 * row]!;
  }
  setPrevious(row: Slot, other: Slot): void {
    this.neighbours[2 * row] = other;
  }
  nextOf(row: Slot): Slot {
    return this.neighbours[2 * row + 1]!;
  }
  setNext(row: Slot, other: Slot): void {
    this.neighbours[2 * row + 1] = other;
  }
  /** Something moves now. */
  markActivity(row: Slot, clock: Clock): void {
    this.activity[row] = clock.nowNs;
  }
  activityNsOf(row: Slot): Ns {
    return this.activity[row]!;
  }
  /** The request starts now. */
  markStart(row: Slot, clock: Clock): void {
    this.doubles[row * DOUBLES + START] = clock.nowNs;
  }
  /** Writes when it started and how long ago that is; passing times through calls would allocate. */
  readTimes(row: Slot, clock: Clock, into: { startNs: Ns; durationNs: Ns }): void {
    const startNs = this.doubles[row * DOUBLES + START]!;
    into.startNs = startNs;
    into.durationNs = clock.nowNs - startNs;
  }
  startNsOf(row: Slot): number {
    return this.doubles[row * DOUBLES + START]!;
  }
  planOf(row: Slot): RequestPlan {
    return this.plans[row]!;
  }
  setPlan(row: Slot, plan: RequestPlan): void {
    this.plans[row] = plan;
  }

  /** Response flags in the order they were set, five bits each, the first lowest. */
  flagsOf(row: Slot): number {
    return this.words[row * WORDS + FLAGS]!;
  }
  /** Adds a flag unless it is set already; a seventh is dropped. */
  addFlag(row: Slot, flag: number): void {
    let packed = this.words[row * WORDS + FLAGS]!;
    let shift = 0;
    while (packed !== 0) {
      if ((packed & 31) === flag) return;
      packed >>>= BITS_PER_FLAG;
      shift += BITS_PER_FLAG;
    }
    if (shift < MAX_FLAGS * BITS_PER_FLAG)
      this.words[row * WORDS + FLAGS] = this.words[row * WORDS + FLAGS]! | (flag << shift);
  }

  /** The extra state, or null when the request has none. */
  extraOf(row: Slot): RequestExtra | null {
    if ((this.words[row * WORDS + BITS]! & RequestBit.extra) === 0) return null;
    return this.extras.get(row)!;
  }
  /** The extra state, made when there is none. */
  needExtra(row: Slot): RequestExtra {
    const known = this.extraOf(row);
    if (known !== null) return known;
    const made = new RequestExtra();
    this.extras.set(row, made);
    this.set(row, RequestBit.extra);
    return made;
  }

  private grow(): void {
    const rows = 2 * this.rowCount;
    this.doubles = grownFloats(this.doubles, rows * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    if (this.activity.length > 0) {
      this.activity = grownFloats(this.activity, rows);
      this.neighbours = grownInts(this.neighbours, 2 * rows);
    }
    while (this.plans.length < rows) this.plans.push(null);
    this.rowCount = rows;
  }
}
