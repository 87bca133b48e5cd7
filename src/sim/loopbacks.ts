/**
 * Connections between applications and their own outbound proxies.
 *
 * One per target (host and service), shared by all calls to it: a simulated application is not held
 * up by its own client library. When the engine closes one, calls under way finish on it and later
 * calls open another.
 */
import { CloseReason } from '../core/engine.ts';
import type { Commons } from './commons.ts';
import { TurnKind } from './event-kind.ts';
import type { Connector } from './net/connector.ts';
import type { OutboundTarget } from './outbound-target.ts';

const LOOPBACK = -1;

export class Loopbacks {
  private readonly commons: Commons;
  private readonly connector: Connector;
  private readonly targets: OutboundTarget[];

  constructor(commons: Commons, connector: Connector) {
    this.commons = commons;
    this.connector = connector;
    this.targets = [];
  }

  /** Set-up only. */
  add(target: OutboundTarget): void {
    this.targets.push(target);
  }

  /** A call begins. @returns the connection to send it on */
  begin(target: OutboundTarget): number {
    const connection = target.connection >= 0 ? target.connection : this.open(target);
    this.commons.downstreams.addOpen(connection, 1);
    return connection;
  }

  /** A call has ended. Not from ports: it may tell the engine that the connection is closed. */
  end(connection: number): void {
    const { downstreams } = this.commons;
    const open = downstreams.addOpen(connection, -1);
    if (open > 0 || downstreams.wireOf(connection) === LOOPBACK) return;
    if (downstreams.isClosing(connection)) return;
    this.close(connection, CloseReason.local);
  }

  /** The engine wants no more calls on it. From ports. */
  retire(connection: number): void {
    const { downstreams, turns } = this.commons;
    this.detach(connection);
    if (downstreams.openCountOf(connection) > 0) {
      downstreams.setRetired(connection);
      return;
    }
    downstreams.setClosing(connection);
    turns.push(TurnKind.downstreamClosed, connection);
  }

  /** The host went down; its calls are reset already. */
  closeAllOf(host: number): void {
    for (const target of this.targets) {
      const { connection } = target;
      if (target.host !== host || connection < 0) continue;
      target.connection = -1;
      this.close(connection, CloseReason.hostFailure);
    }
  }

  private open(target: OutboundTarget): number {
    const host = this.commons.hosts[target.host]!;
    const proxy = host.outbound!;
    const connection = this.commons.downstreams.allocate(proxy.id, LOOPBACK);
    target.connection = connection;
    const facts = this.connector.loopbackFacts(host, target.destination);
    proxy.engine.onDownstreamOpen(connection, target.listener, facts);
    return connection;
  }

  private close(connection: number, reason: CloseReason): void {
    const proxy = this.commons.proxyOfDownstream(connection);
    this.commons.downstreams.free(connection);
    proxy.engine.onDownstreamClosed(connection, reason);
  }

  private detach(connection: number): void {
    for (const target of this.targets) {
      if (target.connection === connection) target.connection = -1;
    }
  }
}
