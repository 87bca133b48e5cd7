/**
 * One attempt of a request at an upstream: its stream, its bytes, its per-try timers.
 *
 * The router starts attempts and decides what follows from their ends; this file asks pools for
 * connections, opens streams, replays and forwards the body, and ends streams in good or bad order.
 * Invariant: a stream row is freed exactly once, and its request then points to it no more.
 * Source: policy-engine.md §1.1, 1.3, 2.7, 3.2, 3.5.
 */
import { childUid } from '../../core/draws.ts';
import type { Head, Ports, ResetReason, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset, Side, TimerKind } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { Cluster, Priority } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import type { ConnectionTable } from '../cluster/connection-table.ts';
import type { Host } from '../cluster/host.ts';
import { WAITS } from '../cluster/pool-settings.ts';
import type { EngineContext } from './context.ts';
import type { Hedges } from './hedges.ts';
import { LatencyMeter } from './latency-meter.ts';
import type { RequestExtra } from './request-extra.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';

export class UpstreamAttempts {
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  private readonly connections: ConnectionTable;
  private readonly clusters: readonly Cluster[];
  private readonly pools: readonly ConnectionPool[];
  private readonly hedges: Hedges;
  /** By stream; empty unless clusters limit how long an attempt lasts. */
  private readonly durations: Map<Slot, TimerId>;
  readonly meter: LatencyMeter;

  constructor(context: EngineContext) {
    this.ports = context.ports;
    this.requests = context.requests;
    this.streams = context.streams;
    this.connections = context.tables.connections;
    this.clusters = context.clusters;
    this.pools = context.pools;
    this.hedges = context.hedges;
    this.durations = new Map();
    this.meter = new LatencyMeter(context.ports.clock);
  }

  /**
   * Starts an attempt at a host.
   *
   * @returns a connection, `WAITS`, or why the pool refused; a refused attempt has no stream
   */
  start(request: Slot, cluster: Cluster, host: Host, priority: Priority): Slot {
    const { requests, streams, ports } = this;
    const uid = requests.uidOf(request);
    const attempt = requests.attemptsOf(request);
    ports.record(RecordKind.attemptStarted, uid, cluster.id, attempt);
    ports.record(RecordKind.attemptHost, uid, host.id, attempt);
    const pool = cluster.poolOf(host, priority);
    requests.setPool(request, pool.id);
    const stream = streams.allocate(request);
    requests.setStream(request, stream);
    if (host.latency !== null) this.meter.begin(stream, host.latency);
    if (cluster.accrual !== null) cluster.accrual.onDispatch(host);
    if (cluster.preconnects) cluster.preconnect(priority, uid);
    const connection = pool.newStream(stream, uid);
    if (connection >= 0) this.open(stream, connection);
    else if (connection === WAITS) streams.set(stream, StreamBit.pending);
    else this.drop(stream);
    return connection;
  }

  /** The attempt has its connection: the request goes out. */
  open(stream: Slot, connection: Slot): void {
    const { requests, streams, ports, pools } = this;
    streams.setConnection(stream, connection);
    const request = streams.requestOf(stream);
    const pool = pools[requests.poolOf(request)]!;
    if (pool.reportsConnects)
      this.clusters[pool.clusterIndex]!.detector!.onConnectSuccess(pool.host);
    const attempt = requests.attemptsOf(request);
    const extra = requests.extraOf(request);
    const isWhole = requests.has(request, Bit.requestEnded) && !hasBody(extra);
    const uid = childUid(requests.uidOf(request), attempt);
    const edited = this.editedHead(this.headOf(request, attempt), request, extra);
    const plan = requests.planOf(request);
    if (plan.charges !== null) plan.charges.count('total');
    const head = plan.takesHostname ? plan.headTo(edited, pool.host.endpoint) : edited;
    ports.openStream(stream, connection, uid, head, isWhole);
    requests.set(request, Bit.wroteUpstream);
    const askedMs = requests.planOf(request).attemptDurationMs;
    const maxStreamMs = askedMs < 0 ? pool.maxStreamMs : askedMs;
    if (maxStreamMs > 0) this.armDuration(stream, maxStreamMs);
    if (isWhole) streams.set(stream, StreamBit.requestSent);
    else if (extra !== null) this.replay(stream, request, extra);
    if (requests.has(request, Bit.requestEnded)) this.armPerTry(stream);
  }

  /** A piece of the body goes on to an open stream. */
  sendBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (end) this.streams.set(stream, StreamBit.requestSent);
    this.ports.sendBody(stream, bytes, chunk, end);
  }

  sendTrailers(stream: Slot, trailers: Head): void {
    this.streams.set(stream, StreamBit.requestSent);
    this.ports.sendTrailers(stream, trailers);
  }

  /** Both directions are over; the connection may carry the next request. */
  finish(stream: Slot): void {
    const connection = this.streams.connectionOf(stream);
    this.free(stream);
    this.poolOf(connection).release(connection);
  }

  /** We want it no more: it leaves its queue, or its stream is reset, which closes HTTP/1. */
  abort(stream: Slot): void {
    const { requests, streams, pools, ports } = this;
    const connection = streams.connectionOf(stream);
    const request = streams.requestOf(stream);
    this.free(stream);
    if (connection === NO_SLOT) {
      pools[requests.poolOf(request)]!.cancel(stream);
      return;
    }
    ports.resetStream(stream, Reset.localReset);
    this.poolOf(connection).abandon(connection);
  }

  /** The stream was reset from upstream. */
  lost(stream: Slot, reason: ResetReason): void {
    const connection = this.streams.connectionOf(stream);
    this.free(stream);
    this.poolOf(connection).onStreamReset(connection, reason);
  }

  /** The pool that an attempt was given to. */
  poolFor(stream: Slot): ConnectionPool {
    const { requests, streams, pools } = this;
    // One that was set aside is open, and its request's pool is that of a later one.
    if (streams.has(stream, StreamBit.hedged)) return this.poolOf(streams.connectionOf(stream));
    return pools[requests.poolOf(streams.requestOf(stream))]!;
  }

  /** The attempt runs on beside the one that follows it. */
  setAside(stream: Slot): void {
    const request = this.streams.requestOf(stream);
    this.hedges.add(request, stream);
    this.requests.setStream(request, NO_SLOT);
  }

  /** An attempt that was set aside is the only one again. */
  bringBack(stream: Slot): void {
    const { requests, streams } = this;
    const request = streams.requestOf(stream);
    requests.setPool(request, this.poolFor(stream).id);
    this.hedges.remove(stream);
    requests.setStream(request, stream);
  }

  /** The attempt has no connection and is in no queue. */
  drop(stream: Slot): void {
    this.free(stream);
  }

  /** To be called once the request is complete and the stream open, whichever comes later. */
  armPerTry(stream: Slot): void {
    const { requests, streams, ports } = this;
    const plan = requests.planOf(streams.requestOf(stream));
    const hasTimeout = plan.perTryTimeoutMs > 0 && !streams.has(stream, StreamBit.headReceived);
    if (hasTimeout && !this.leavesTry(streams.requestOf(stream), plan)) {
      const timer = ports.armAfter(plan.perTryTimeoutMs, TimerKind.perTryTimeout, stream);
      streams.setPerTryTimer(stream, timer);
    }
    if (plan.perTryIdleTimeoutMs > 0) this.rearmIdle(stream);
  }

  private leavesTry(request: Slot, { retry }: RequestPlan): boolean {
    return retry?.leavesLastTry === true && this.requests.retriesLeftOf(request) === 0;
  }

  /** The per-try timeout guards only until the response begins; an idle timeout keeps it running. */
  disarmPerTry(stream: Slot): void {
    const { streams, ports } = this;
    const timer = streams.perTryTimerOf(stream);
    if (timer === NO_TIMER) return;
    ports.disarm(timer);
    streams.setPerTryTimer(stream, NO_TIMER);
  }

  /** Something came from upstream; without a per-try idle timeout, or before it runs, no matter. */
  rearmIdle(stream: Slot): void {
    const { requests, streams, ports } = this;
    const request = streams.requestOf(stream);
    const timeoutMs = requests.planOf(request).perTryIdleTimeoutMs;
    if (timeoutMs === 0 || !requests.has(request, Bit.requestEnded)) return;
    this.disarmIdle(stream);
    const timer = ports.armAfter(timeoutMs, TimerKind.perTryIdleTimeout, stream);
    streams.setIdleTimer(stream, timer);
  }

  disarmIdle(stream: Slot): void {
    const { streams, ports } = this;
    const timer = streams.idleTimerOf(stream);
    if (timer === NO_TIMER) return;
    ports.disarm(timer);
    streams.setIdleTimer(stream, NO_TIMER);
  }

  private editedHead(head: Head, request: Slot, extra: RequestExtra | null): Head {
    if (extra === null || extra.requestAdditions.length === 0) return head;
    return this.requests.planOf(request).headWith(head, extra.requestAdditions);
  }

  private headOf(request: Slot, attempt: number): Head {
    const { requests, ports } = this;
    const plan = requests.planOf(request);
    if (attempt === 1) return plan.firstHead;
    let elapsedMs = 0;
    if (requests.has(request, Bit.requestEnded)) {
      const endedNs = requests.extraOf(request)?.endedNs ?? -1;
      const fromNs = endedNs < 0 ? requests.startNsOf(request) : endedNs;
      elapsedMs = Math.floor((ports.clock.nowNs - fromNs) / MILLISECOND);
    }
    return plan.headFor(attempt, elapsedMs, requests.has(request, Bit.timedOut));
  }

  /** Sends what came before the stream was open; bytes that cannot be replayed are let go. */
  private replay(stream: Slot, request: Slot, extra: RequestExtra): void {
    const { requests } = this;
    const isEnded = requests.has(request, Bit.requestEnded);
    const { chunks, chunkBytes, trailers } = extra;
    for (let i = 0; i < chunks.length; i++) {
      const end = isEnded && trailers === null && i === chunks.length - 1;
      this.sendBody(stream, chunkBytes[i]!, chunks[i]!, end);
    }
    if (trailers !== null) this.sendTrailers(stream, trailers);
    else if (isEnded && chunks.length === 0) this.sendBody(stream, 0, null, true);
    if (!this.keepsBody(request)) extra.dropBody();
  }

  /** Whether the body may be needed for one more attempt. */
  keepsBody(request: Slot): boolean {
    const { requests } = this;
    const { retry, forward } = requests.planOf(request);
    if (retry === null && forward!.internalRedirect === undefined) return false;
    return !requests.has(request, Bit.retriesOff) && !requests.has(request, Bit.headSent);
  }

  private poolOf(connection: Slot): ConnectionPool {
    return this.pools[this.connections.poolOf(connection)]!;
  }

  private armDuration(stream: Slot, maxMs: number): void {
    const kind = TimerKind.upstreamMaxStreamDuration;
    this.durations.set(stream, this.ports.armAfter(maxMs, kind, stream));
  }

  /** The timer of an attempt's longest duration has fired. */
  forgetDuration(stream: Slot): void {
    this.durations.delete(stream);
  }

  private disarmDuration(stream: Slot): void {
    const timer = this.durations.get(stream);
    if (timer === undefined) return;
    this.ports.disarm(timer);
    this.durations.delete(stream);
  }

  private free(stream: Slot): void {
    const { requests, streams, ports } = this;
    if (this.durations.size > 0) this.disarmDuration(stream);
    if (this.meter.isUsed) this.meter.end(stream);
    this.disarmPerTry(stream);
    if (streams.has(stream, StreamBit.idleTimer)) this.disarmIdle(stream);
    const request = streams.requestOf(stream);
    if (streams.has(stream, StreamBit.blocked)) {
      // The attempt that did not take the request's body any more is gone.
      const waits = requests.has(request, Bit.readingPaused);
      if (waits && !requests.has(request, Bit.requestEnded)) {
        requests.clear(request, Bit.readingPaused);
        ports.setReading(Side.request, request, true);
      }
    }
    if (streams.has(stream, StreamBit.hedged)) this.hedges.remove(stream);
    else requests.setStream(request, NO_SLOT);
    streams.free(stream);
  }
}

function hasBody(extra: RequestExtra | null): boolean {
  return extra !== null && (extra.chunks.length > 0 || extra.trailers !== null);
}
