/**
 * The stream that a copy of a request, or a call of a filter, takes from the pools of a cluster.
 *
 * It is begun once, sent once and ends once: answered, given up, or refused. Its owner hears the
 * rest as a `SideStream`. Source: policy-engine.md §8.4, 9.3.
 */
import type { ResetReason, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset, TimerKind } from '../../core/engine.ts';
import { type Cluster, Priority } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import { WAITS } from '../cluster/pool-settings.ts';
import type { EngineContext } from './context.ts';
import type { SideStream } from './side-streams.ts';

/** What became of the search for a connection. */
export type SideStart = 'no-host' | 'refused' | 'waits' | 'ready';

export class SideAttempt {
  readonly uid: number;
  readonly stream: Slot;
  /** null = there was no host, or its pool refused. */
  pool: ConnectionPool | null;
  /** NO_SLOT = none yet. */
  connection: Slot;
  isOver: boolean;
  private readonly context: EngineContext;
  private timer: TimerId;

  constructor(context: EngineContext, uid: number) {
    this.uid = uid;
    this.stream = context.streams.allocate(NO_SLOT);
    this.pool = null;
    this.connection = NO_SLOT;
    this.isOver = false;
    this.context = context;
    this.timer = NO_TIMER;
  }

  /** Inputs about the stream go to `owner` from now on. */
  announce(owner: SideStream): void {
    this.context.side.streams.set(this.stream, owner);
  }

  /** Takes a host and a connection. After `ready`, the connection is set and nothing was sent. */
  take(cluster: Cluster): SideStart {
    const host = cluster.pickHost(this.uid, 1, null, 0, null);
    if (host === null) {
      cluster.stats.cxNoneHealthy++;
      return 'no-host';
    }
    const pool = cluster.poolOf(host, Priority.default);
    const connection = pool.newStream(this.stream, this.uid);
    if (connection < 0 && connection !== WAITS) return 'refused';
    this.pool = pool;
    if (connection === WAITS) return 'waits';
    this.connection = connection;
    return 'ready';
  }

  get isTimed(): boolean {
    return this.timer !== NO_TIMER;
  }

  /** Replaces the timer that runs, if one does. */
  arm(afterMs: number): void {
    this.disarm();
    this.timer = this.context.ports.armAfter(afterMs, TimerKind.sideStream, this.stream);
  }

  /** To be called first when the timer fires. */
  timerFired(): void {
    this.timer = NO_TIMER;
  }

  /** The upstream, or the way to it, reset the stream. */
  onReset(reason: ResetReason): void {
    this.pool!.onStreamReset(this.connection, reason);
  }

  /** Its answer is complete: the connection is free again. */
  finish(): void {
    this.end();
    this.pool!.release(this.connection);
  }

  /** We want it no more. */
  drop(): void {
    const { connection, pool, stream } = this;
    if (connection === NO_SLOT) pool?.cancel(stream);
    else {
      this.context.ports.resetStream(stream, Reset.localReset);
      pool!.abandon(connection);
    }
    this.end();
  }

  /** Frees what it holds, except for its place at the upstream. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { context, stream } = this;
    this.disarm();
    context.side.streams.delete(stream);
    context.streams.free(stream);
  }

  private disarm(): void {
    if (this.timer !== NO_TIMER) this.context.ports.disarm(this.timer);
    this.timer = NO_TIMER;
  }
}
