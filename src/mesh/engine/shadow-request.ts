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
import type { Head, ResetReason, Slot } from '../../core/engine.ts';
import { NO_SLOT, ResetReason as Reset } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { EngineContext } from './context.ts';
import { effectiveStatus, statusOfReset } from './local-reply.ts';
import { FIRST_COPY } from './request-children.ts';
import { SideAttempt } from './side-attempt.ts';
import type { SideStream } from './side-streams.ts';

export class ShadowRequest implements SideStream {
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly head: Head;
  private readonly attempt: SideAttempt;
  private readonly isGrpc: boolean;
  private readonly timeoutMs: number;
  /** What came before there was a connection. */
  private readonly chunks: (Uint8Array | null)[];
  private readonly chunkBytes: number[];
  private trailers: Head | null;
  /** The original's last byte is here, and has gone out if there is a connection. */
  private isComplete: boolean;
  private isAnswered: boolean;

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
    this.attempt = new SideAttempt(context, childUid(uid, FIRST_COPY + number));
    this.isGrpc = isGrpc;
    this.timeoutMs = timeoutMs;
    this.chunks = [];
    this.chunkBytes = [];
    this.trailers = null;
    this.isComplete = false;
    this.isAnswered = false;
  }

  /** @param hash by which a hashing balancer of the cluster picks; null = none */
  begin(hash: bigint | null, isComplete: boolean): void {
    const { attempt, cluster } = this;
    attempt.announce(this);
    this.isComplete = isComplete;
    if (cluster.readsRequests) cluster.describe(hash);
    const start = attempt.take(cluster);
    if (start === 'ready') this.onReady(attempt.connection);
    else if (start !== 'waits') this.failed(503);
    if (isComplete && start !== 'no-host') this.armTimeout();
  }

  sendBody(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (this.attempt.isOver) return;
    this.isComplete = end;
    if (this.attempt.connection === NO_SLOT) {
      this.chunks.push(chunk);
      this.chunkBytes.push(bytes);
    } else this.context.ports.sendBody(this.attempt.stream, bytes, chunk, end);
    if (end) this.armTimeout();
  }

  onRequestTrailers(trailers: Head): void {
    if (this.attempt.isOver) return;
    this.isComplete = true;
    if (this.attempt.connection === NO_SLOT) this.trailers = trailers;
    else this.context.ports.sendTrailers(this.attempt.stream, trailers);
    this.armTimeout();
  }

  /** The original is over. */
  abandon(): void {
    if (!this.attempt.isOver && !this.isComplete) this.attempt.drop();
  }

  // what happens upstream

  /** The pool has a connection for it. */
  onReady(connection: Slot): void {
    const { chunks, chunkBytes } = this;
    const { ports } = this.context;
    const { stream, uid } = this.attempt;
    this.attempt.connection = connection;
    const isWhole = this.isComplete && chunks.length === 0 && this.trailers === null;
    ports.openStream(stream, connection, uid, this.head, isWhole);
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

  onInformational(head: Head): void {
    this.cluster.stats.countCode(head.status, true);
  }

  onHead(head: Head, end: boolean): void {
    const { cluster } = this;
    this.isAnswered = true;
    const { pool } = this.attempt;
    const status = effectiveStatus(this.isGrpc, head);
    cluster.countAnswer(head.status, pool!.host, true);
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
    this.attempt.onReset(reason);
    this.blame(503);
    this.failed(statusOfReset(reason));
  }

  onTimer(): void {
    this.attempt.timerFired();
    this.cluster.stats.rqTimeout++;
    this.blame(504);
    if (!this.isAnswered) this.cluster.stats.countCode(504, true);
    this.attempt.drop();
  }

  private finished(): void {
    if (this.isComplete) this.attempt.finish();
    else this.attempt.drop();
  }

  private blame(status: number): void {
    const { cluster } = this;
    const { pool } = this.attempt;
    if (pool === null) return;
    pool.host.rqError++;
    const { detector } = cluster;
    if (detector === null) return;
    detector.onLocalFailure(pool.host, status);
    if (detector.hasPosted) this.context.posted.push(cluster);
  }

  private failed(status: number): void {
    if (!this.isAnswered) this.cluster.stats.countCode(status, true);
    this.attempt.end();
  }

  private armTimeout(): void {
    const { attempt, timeoutMs } = this;
    if (!attempt.isOver && timeoutMs > 0 && !attempt.isTimed) attempt.arm(timeoutMs);
  }
}
