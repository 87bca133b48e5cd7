/**
 * HTTP/2 connections of one host: many streams at a time, each of which may be reset by itself.
 *
 * A connection is ready while it has room for a stream, busy when it has not. Its room is bounded by
 * the cluster's and the peer's limits of streams, and by the requests that it may still carry.
 * Source: policy-engine.md §3.4–3.7; Envoy, common/http/conn_pool_base (MultiplexedActiveClientBase).
 */
import { assert } from '../../core/assert.ts';
import type { CloseReason, ResetReason, Slot } from '../../core/engine.ts';
import { CloseReason as Close, ResetReason as Reset } from '../../core/engine.ts';
import { ConnectionPool } from './connection-pool.ts';
import { ConnectionState as State } from './connection-table.ts';
import { isRemote, removeFrom } from './pool-settings.ts';

export class Http2Pool extends ConnectionPool {
  /** All that are up, as long as they count. */
  private readonly up: Slot[] = [];

  protected get upCount(): number {
    return this.up.length;
  }

  /** Negative where the peer takes fewer streams than it has. */
  protected get upRoom(): number {
    let room = 0;
    for (let i = 0; i < this.up.length; i++) {
      const state = this.connections.stateOf(this.up[i]!);
      if (state === State.ready || state === State.busy) room += this.roomOf(this.up[i]!);
    }
    return room;
  }

  protected isUnused(connection: Slot): boolean {
    const isReady = this.connections.stateOf(connection) === State.ready;
    return isReady && this.connections.streamCountOf(connection) === 0;
  }

  protected attachNext(): Slot {
    const { connections, ready, settings } = this;
    const connection = ready[ready.length - 1]!;
    const room = this.roomOf(connection);
    this.countStream();
    connections.addStreams(connection, 1);
    if (settings.maxRequestsPerConnection > 0 && connections.countStream(connection) === 0) {
      settings.stats.cxMaxRequests++;
      this.leaveReady(connection, State.draining);
    } else if (room === 1) this.leaveReady(connection, State.busy);
    return connection;
  }

  release(connection: Slot): void {
    const { connections, settings } = this;
    const isLast = connections.streamCountOf(connection) === 1;
    // Envoy hangs up from inside its reading, and then takes that for an error of the peer.
    if (isLast && connections.stateOf(connection) === State.draining) {
      settings.stats.cxProtocolError++;
    }
    this.detach(connection);
    this.serve();
  }

  /** The connection goes on. */
  abandon(connection: Slot): void {
    this.settings.stats.rqTxReset++;
    this.detach(connection);
    this.serve();
  }

  /** Alone, or because its connection is about to be closed. */
  onStreamReset(connection: Slot, reason: ResetReason): void {
    const { connections, settings } = this;
    const { stats } = settings;
    if (reason === Reset.connectionTermination) {
      stats.rqPendingFailureEject++;
      if (connections.stateOf(connection) === State.ready) removeFrom(this.ready, connection);
      connections.setState(connection, State.broken);
      this.detach(connection);
      return;
    }
    if (reason === Reset.remoteReset) stats.rqRxReset++;
    if (reason === Reset.protocolError) stats.rqTxReset++;
    this.detach(connection);
    // Whoever waits is not given to a connection that may end with the next input.
    if (reason !== Reset.protocolError) this.serve();
  }

  onStreamLimit(connection: Slot, max: number): void {
    const { connections, settings } = this;
    const state = connections.stateOf(connection);
    if (state !== State.ready && state !== State.busy) return;
    connections.setStreamLimit(connection, Math.min(max, settings.maxConcurrentStreams));
    this.sort(connection);
    this.serve();
  }

  protected becameUp(connection: Slot): void {
    this.up.push(connection);
    this.connections.setState(connection, State.ready);
    this.connections.clearStreams(connection);
    this.ready.push(connection);
    this.startIdle(connection);
  }

  protected upClosed(connection: Slot, reason: CloseReason): void {
    const { connections, settings } = this;
    const { stats } = settings;
    const state = connections.stateOf(connection);
    assert(
      connections.streamCountOf(connection) === 0,
      'a connection closed before its streams were reset',
    );
    if (reason === Close.protocolError) stats.cxProtocolError++;
    if (state === State.ready) removeFrom(this.ready, connection);
    if (state === State.broken) {
      stats.cxDestroyWithActiveRq++;
      if (isRemote(reason)) stats.cxDestroyRemoteWithActiveRq++;
      else stats.cxDestroyLocalWithActiveRq++;
    }
    this.lose(connection, reason);
  }

  protected override lose(connection: Slot, reason: CloseReason): void {
    removeFrom(this.up, connection);
    super.lose(connection, reason);
  }

  protected drainOne(connection: Slot): void {
    const { connections } = this;
    const state = connections.stateOf(connection);
    if (state !== State.ready && state !== State.busy) return;
    if (state === State.ready) removeFrom(this.ready, connection);
    connections.setState(connection, State.draining);
    if (connections.streamCountOf(connection) === 0) this.close(connection);
  }

  protected drainUp(): void {
    // From the end: whatever has no stream leaves the list.
    for (let i = this.up.length - 1; i >= 0; i--) this.drainOne(this.up[i]!);
  }

  /** One stream less. */
  private detach(connection: Slot): void {
    const { connections } = this;
    this.uncountStream();
    const left = connections.addStreams(connection, -1);
    const state = connections.stateOf(connection);
    if (state === State.broken) return;
    if (state === State.draining) {
      if (left === 0) this.close(connection);
      return;
    }
    this.sort(connection);
    if (left === 0) this.startIdle(connection);
  }

  /** Its room has changed. */
  private sort(connection: Slot): void {
    const state = this.connections.stateOf(connection);
    const hasRoom = this.roomOf(connection) > 0;
    if (state === State.busy && hasRoom) {
      this.connections.setState(connection, State.ready);
      this.ready.push(connection);
    } else if (state === State.ready && !hasRoom) this.leaveReady(connection, State.busy);
  }

  private leaveReady(connection: Slot, state: State): void {
    removeFrom(this.ready, connection);
    this.connections.setState(connection, state);
  }

  /** Streams that it could take besides those it has. */
  private roomOf(connection: Slot): number {
    const { connections, settings } = this;
    const limit = connections.streamLimitOf(connection, settings.maxConcurrentStreams);
    const room = limit - connections.streamCountOf(connection);
    if (settings.maxRequestsPerConnection === 0) return room;
    return Math.min(room, connections.streamsLeftOf(connection));
  }
}
