/**
 * Requests as typed columns, one row per downstream request, shared by all engines of a run.
 *
 * Rows are indexed by the driver's request slots, so the driver allocates them; the engine clears a
 * row when a request starts and marks it free at its terminal event. What only some requests need
 * (bodies, filters, rare timers) stands in a `RequestExtra`, guarded by a bit.
 */
import type { Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER } from '../../core/engine.ts';
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
} as const;

const INITIAL_ROWS = 64;
const BITS_PER_FLAG = 5;
const MAX_FLAGS = 6;

export class RequestTable {
  private bits: Int32Array;
  private uids: Int32Array;
  private downstreams: Int32Array;
  private streams: Int32Array;
  private clusters: Int32Array;
  private flags: Int32Array;
  /** Low 16 bits: attempts made; high 16: retries left. */
  private attempts: Int32Array;
  private routeTimers: Int32Array;
  private waitTimers: Int32Array;
  private pools: Int32Array;
  private starts: Float64Array;
  private readonly plans: (RequestPlan | null)[];
  private readonly extras: Map<Slot, RequestExtra>;

  constructor() {
    this.bits = new Int32Array(INITIAL_ROWS);
    this.uids = new Int32Array(INITIAL_ROWS);
    this.downstreams = new Int32Array(INITIAL_ROWS);
    this.streams = new Int32Array(INITIAL_ROWS);
    this.clusters = new Int32Array(INITIAL_ROWS);
    this.flags = new Int32Array(INITIAL_ROWS);
    this.attempts = new Int32Array(INITIAL_ROWS);
    this.routeTimers = new Int32Array(INITIAL_ROWS);
    this.waitTimers = new Int32Array(INITIAL_ROWS);
    this.pools = new Int32Array(INITIAL_ROWS);
    this.starts = new Float64Array(INITIAL_ROWS);
    this.plans = [];
    this.extras = new Map();
  }

  /** Takes the row of a driver's slot; the caller sets the start time and the plan. */
  start(row: Slot, connection: Slot, uid: number, bits: number): void {
    while (row >= this.bits.length) this.grow();
    this.bits[row] = RequestBit.active | bits;
    this.uids[row] = uid;
    this.downstreams[row] = connection;
    this.streams[row] = NO_SLOT;
    this.clusters[row] = -1;
    this.flags[row] = 0;
    this.attempts[row] = 0;
    this.routeTimers[row] = NO_TIMER;
    this.waitTimers[row] = NO_TIMER;
    this.pools[row] = -1;
  }

  /** The first bytes of a request came on a connection; it is not active yet. */
  announce(row: Slot, connection: Slot): void {
    while (row >= this.bits.length) this.grow();
    this.downstreams[row] = connection;
  }

  free(row: Slot): void {
    if ((this.bits[row]! & RequestBit.extra) !== 0) this.extras.delete(row);
    this.bits[row] = 0;
    this.plans[row] = null;
  }

  isActive(row: Slot): boolean {
    return row < this.bits.length && (this.bits[row]! & RequestBit.active) !== 0;
  }
  /** Active and not answered to the end. */
  isOpen(row: Slot): boolean {
    return (this.bits[row]! & (RequestBit.active | RequestBit.finished)) === RequestBit.active;
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
  uidOf(row: Slot): number {
    return this.uids[row]!;
  }
  downstreamOf(row: Slot): Slot {
    return this.downstreams[row]!;
  }
  /** The attempt that may still answer, or -1. */
  streamOf(row: Slot): Slot {
    return this.streams[row]!;
  }
  setStream(row: Slot, stream: Slot): void {
    this.streams[row] = stream;
  }
  /** Id of the chosen cluster; -1 = none yet. */
  clusterOf(row: Slot): number {
    return this.clusters[row]!;
  }
  setCluster(row: Slot, cluster: number): void {
    this.clusters[row] = cluster;
  }
  attemptsOf(row: Slot): number {
    return this.attempts[row]! & 0xffff;
  }
  countAttempt(row: Slot): number {
    return (this.attempts[row] = this.attempts[row]! + 1) & 0xffff;
  }
  retriesLeftOf(row: Slot): number {
    return this.attempts[row]! >>> 16;
  }
  /** @param count 0..65535 */
  setRetriesLeft(row: Slot, count: number): void {
    this.attempts[row] = (this.attempts[row]! & 0xffff) | (count << 16);
  }
  routeTimerOf(row: Slot): TimerId {
    return this.routeTimers[row]!;
  }
  setRouteTimer(row: Slot, timer: TimerId): void {
    this.routeTimers[row] = timer;
  }
  /** Backoff, or the filter that holds the request: never both. */
  waitTimerOf(row: Slot): TimerId {
    return this.waitTimers[row]!;
  }
  setWaitTimer(row: Slot, timer: TimerId): void {
    this.waitTimers[row] = timer;
  }
  /** Pool of the last attempt, for the log; -1 = none. */
  poolOf(row: Slot): number {
    return this.pools[row]!;
  }
  setPool(row: Slot, pool: number): void {
    this.pools[row] = pool;
  }
  startNsOf(row: Slot): number {
    return this.starts[row]!;
  }
  setStartNs(row: Slot, ns: number): void {
    this.starts[row] = ns;
  }
  planOf(row: Slot): RequestPlan {
    return this.plans[row]!;
  }
  setPlan(row: Slot, plan: RequestPlan): void {
    this.plans[row] = plan;
  }

  /** Response flags in the order they were set, five bits each, the first lowest. */
  flagsOf(row: Slot): number {
    return this.flags[row]!;
  }
  /** Adds a flag unless it is set already; a seventh is dropped. */
  addFlag(row: Slot, flag: number): void {
    let packed = this.flags[row]!;
    let shift = 0;
    while (packed !== 0) {
      if ((packed & 31) === flag) return;
      packed >>>= BITS_PER_FLAG;
      shift += BITS_PER_FLAG;
    }
    if (shift < MAX_FLAGS * BITS_PER_FLAG) this.flags[row] = this.flags[row]! | (flag << shift);
  }

  /** The extra state, or null when the request has none. */
  extraOf(row: Slot): RequestExtra | null {
    if ((this.bits[row]! & RequestBit.extra) === 0) return null;
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
    const rows = 2 * this.bits.length;
    this.bits = grownInts(this.bits, rows);
    this.uids = grownInts(this.uids, rows);
    this.downstreams = grownInts(this.downstreams, rows);
    this.streams = grownInts(this.streams, rows);
    this.clusters = grownInts(this.clusters, rows);
    this.flags = grownInts(this.flags, rows);
    this.attempts = grownInts(this.attempts, rows);
    this.routeTimers = grownInts(this.routeTimers, rows);
    this.waitTimers = grownInts(this.waitTimers, rows);
    this.pools = grownInts(this.pools, rows);
    this.starts = grownFloats(this.starts, rows);
  }
}
