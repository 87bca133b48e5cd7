/**
 * HTTP/1.1 connections of one host: one stream at a time, no pipelining.
 *
 * A connection is ready, or has a stream, or had one that broke and is about to be closed.
 * Source: policy-engine.md §3.5, 3.7; Envoy, common/http/http1/conn_pool.
 */
import { assert } from '../../core/assert.ts';
import type { ResetReason, Slot } from '../../core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason as Reset } from '../../core/engine.ts';
import { ConnectionPool } from './connection-pool.ts';
import { ConnectionState as State } from './connection-table.ts';
import { isRemote, removeFrom } from './pool-settings.ts';

export class Http1Pool extends ConnectionPool {
  /** Connections whose stream was reset from upstream; the closed input is still to come. */
  private brokenCount = 0;
  /** Grows with each drain. */
  private epoch = 0;

  protected get upCount(): number {
    return this.ready.length + this.activeCount + this.brokenCount;
  }

  protected get upRoom(): number {
    return this.ready.length;
  }

  protected isUnused(connection: Slot): boolean {
    return this.connections.stateOf(connection) === State.ready;
  }

  protected attachNext(stream: Slot): Slot {
    const { connections, settings } = this;
    const connection = this.ready.pop()!;
    this.countStream();
    connections.setStream(connection, stream);
    connections.setState(connection, State.busy);
    if (settings.maxRequestsPerConnection > 0 && connections.countStream(connection) === 0) {
      settings.stats.cxMaxRequests++;
      connections.setState(connection, State.draining);
    }
    return connection;
  }

  release(connection: Slot): void {
    this.detach(connection);
    const { connections } = this;
    const isDrained =
      connections.stateOf(connection) === State.draining ||
      connections.epochOf(connection) !== this.epoch;
    if (isDrained) this.close(connection);
    else this.makeReady(connection);
    this.serve();
  }

  /** The driver closes the connection by the reset. */
  abandon(connection: Slot): void {
    this.detach(connection);
    this.settings.stats.cxDestroyWithActiveRq++;
    this.settings.stats.cxDestroyLocalWithActiveRq++;
    this.lose(connection, CloseReason.local);
    this.connections.setState(connection, State.closing);
    this.serve();
  }

  /** The closed input follows. */
  onStreamReset(connection: Slot, reason: ResetReason): void {
    if (reason === Reset.protocolError) this.settings.stats.cxProtocolError++;
    this.detach(connection);
    this.brokenCount++;
    this.connections.setState(connection, State.broken);
  }

  /** Only HTTP/2 has one. */
  onStreamLimit(): void {}

  protected becameUp(connection: Slot): void {
    this.connections.setEpoch(connection, this.epoch);
    this.makeReady(connection);
  }

  protected upClosed(connection: Slot, reason: CloseReason): void {
    const { connections, settings } = this;
    const state = connections.stateOf(connection);
    if (state === State.ready) {
      removeFrom(this.ready, connection);
      if (reason === CloseReason.protocolError) settings.stats.cxProtocolError++;
    } else {
      assert(state === State.broken, 'a connection closed before its stream was reset');
      this.brokenCount--;
      settings.stats.cxDestroyWithActiveRq++;
      if (isRemote(reason)) settings.stats.cxDestroyRemoteWithActiveRq++;
      else settings.stats.cxDestroyLocalWithActiveRq++;
    }
    this.lose(connection, reason);
  }

  protected drainOne(connection: Slot): void {
    const state = this.connections.stateOf(connection);
    if (state === State.busy) this.connections.setState(connection, State.draining);
    else if (state === State.ready) {
      removeFrom(this.ready, connection);
      this.close(connection);
    }
  }

  protected drainUp(): void {
    this.epoch++;
    while (this.ready.length > 0) this.close(this.ready.pop()!);
  }

  private detach(connection: Slot): void {
    this.connections.setStream(connection, NO_SLOT);
    this.uncountStream();
  }

  private makeReady(connection: Slot): void {
    this.connections.setState(connection, State.ready);
    this.ready.push(connection);
    this.startIdle(connection);
  }
}
