/**
 * A copy of a request, sent to another cluster whose answer nobody reads.
 *
 * It takes its connection from the pools of its cluster like any other request, so it counts against
 * that cluster's limits and in its statistics, and is never retried. The router starts copies once
 * the first attempt of the original is on its way.
 * Invariant: a copy whose request was sent to the end outlives the original.
 * Source: policy-engine.md §8.4; Envoy, shadow writer.
 */
import { childUid } from '../../core/draws.ts';
import type { Head, ResetReason, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset, TimerKind } from '../../core/engine.ts';
import { type Cluster, Priority } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import { WAITS } from '../cluster/pool-settings.ts';
import type { EngineContext } from './context.ts';
import { effectiveStatus, statusOfReset } from './local-reply.ts';
import type { SideStream } from './side-streams.ts';

/** Copies have uids above those of a request's own attempts. */
const FIRST_COPY = 65_536;

export class ShadowRequest implements SideStream {
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly head: Head;
  private readonly uid: number;
  private readonly isGrpc: boolean;
  private readonly timeoutMs: number;
  private readonly stream: Slot;
  private pool: ConnectionPool | null;
  private connection: Slot;
  private timer: TimerId;
  /** What came before there was a connection. */
  private readonly chunks: (Uint8Array | null)[];
  private readonly chunkBytes: number[];
  private trailers: Head | null;
  /** The original's last byte is here, and has gone out if there is a connection. */
  private isComplete: boolean;
  private isOver: boolean;

  /** @param number of the copy among those of its request */
  constructor(
    context: EngineContext,
    cluster: Cluster,
    head: Head,
    uid: number,
    number: number,
    timeoutMs: number,
    isGrpc: boolean,
  ) {
    this.context = context;
    this.cluster = cluster;
    this.head = head;
    this.uid = childUid(uid, FIRST_COPY + number);
    this.isGrpc = isGrpc;
    this.timeoutMs = timeoutMs;
    this.stream = context.streams.allocate(NO_SLOT);
    this.pool = null;
    this.connection = NO_SLOT;
    this.timer = NO_TIMER;
    this.chunks = [];
    this.chunkBytes = [];
    this.trailers = null;
    this.isComplete = false;
    this.isOver = false;
  }

  /** @param hash by which a hashing balancer of the cluster picks; null = none */
  begin(hash: bigint | null, isComplete: boolean): void {
    const { context, cluster, stream } = this;
    context.side.streams.set(stream, this);
    this.isComplete = isComplete;
    if (cluster.readsRequests) cluster.describe(hash);
    const host = cluster.pickHost(this.uid, 1, null, 0, null);
    if (host === null) {
      cluster.stats.cxNoneHealthy++;
      this.failed(503);
      return;
    }
    this.pool = cluster.poolOf(host, Priority.default);
    const connection = this.pool.newStream(stream, this.uid);
    if (connection >= 0) this.onReady(connection);
    else if (connection !== WAITS) this.failed(503);
    if (isComplete) this.armTimeout();
  }

  sendBody(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (this.isOver) return;
    this.isComplete = end;
    if (this.connection === NO_SLOT) {
      this.chunks.push(chunk);
      this.chunkBytes.push(bytes);
    } else this.context.ports.sendBody(this.stream, bytes, chunk, end);
    if (end) this.armTimeout();
  }

  onRequestTrailers(trailers: Head): void {
    if (this.isOver) return;
    this.isComplete = true;
    if (this.connection === NO_SLOT) this.trailers = trailers;
    else this.context.ports.sendTrailers(this.stream, trailers);
    this.armTimeout();
  }

  /** The original is over. */
  abandon(): void {
    if (!this.isOver && !this.isComplete) this.drop();
  }

  // what happens upstream

  /** The pool has a connection for it. */
  onReady(connection: Slot): void {
    const { context, stream, chunks, chunkBytes } = this;
    const { ports } = context;
    this.connection = connection;
    const isWhole = this.isComplete && chunks.length === 0 && this.trailers === null;
    ports.openStream(stream, connection, this.uid, this.head, isWhole);
    for (let i = 0; i < chunks.length; i++) {
      const isLast = this.isComplete && this.trailers === null && i === chunks.length - 1;
      ports.sendBody(stream, chunkBytes[i]!, chunks[i]!, isLast);
    }
    if (this.trailers !== null) ports.sendTrailers(stream, this.trailers);
    chunks.length = 0;
  }

  /** The pool has none. */
  onPoolFailure(reason: ResetReason): void {
    if (reason !== Reset.overflow) this.blame(503);
    this.failed(statusOfReset(reason));
  }

  onHead(head: Head, end: boolean): void {
    const { cluster, pool } = this;
    const status = effectiveStatus(this.isGrpc, head);
    cluster.stats.countCode(head.status, true);
    if (status >= 500) pool!.host.rqError++;
    else pool!.host.rqSuccess++;
    const { detector } = cluster;
    if (detector !== null) {
      detector.onResponse(pool!.host, status);
      if (detector.hasPosted) this.context.posted.push(cluster);
    }
    if (end) this.finished();
  }

  onBody(end: boolean): void {
    if (end) this.finished();
  }

  onReset(reason: ResetReason): void {
    this.pool!.onStreamReset(this.connection, reason);
    this.blame(503);
    this.failed(statusOfReset(reason));
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.cluster.stats.rqTimeout++;
    this.blame(504);
    this.cluster.stats.countCode(504, true);
    this.drop();
  }

  private finished(): void {
    const { connection } = this;
    if (!this.isComplete) {
      this.drop();
      return;
    }
    this.end();
    this.pool!.release(connection);
  }

  private blame(status: number): void {
    const { cluster, pool } = this;
    if (pool === null) return;
    pool.host.rqError++;
    const { detector } = cluster;
    if (detector === null) return;
    detector.onLocalFailure(pool.host, status);
    if (detector.hasPosted) this.context.posted.push(cluster);
  }

  private failed(status: number): void {
    this.cluster.stats.countCode(status, true);
    this.end();
  }

  /** We want it no more. */
  private drop(): void {
    const { connection, pool, stream } = this;
    if (connection === NO_SLOT) pool?.cancel(stream);
    else {
      this.context.ports.resetStream(stream, Reset.localReset);
      pool!.abandon(connection);
    }
    this.end();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { context, stream } = this;
    if (this.timer !== NO_TIMER) context.ports.disarm(this.timer);
    this.timer = NO_TIMER;
    context.side.streams.delete(stream);
    context.streams.free(stream);
  }

  private armTimeout(): void {
    const { ports } = this.context;
    if (this.isOver || this.timeoutMs === 0 || this.timer !== NO_TIMER) return;
    this.timer = ports.armAfter(this.timeoutMs, TimerKind.sideStream, this.stream);
  }
}
