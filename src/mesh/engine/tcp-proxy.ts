/**
 * Client connections whose bytes are passed on, by slot; the engine hands every input about them here.
 *
 * While no listener of the proxy does so, each question is one comparison.
 * Source: Envoy, common/tcp_proxy.
 */
import { assert } from '../../core/assert.ts';
import type { PeerFacts, Slot } from '../../core/engine.ts';
import { CloseReason, TimerKind } from '../../core/engine.ts';
import type { EngineContext } from './context.ts';
import { TcpSession } from './tcp-session.ts';
import { TcpStats } from './tcp-stats.ts';

export class TcpProxy {
  private readonly context: EngineContext;
  /** null = closed by us before it was served. */
  private readonly sessions: Map<Slot, TcpSession | null>;
  private readonly stats: TcpStats[];
  private count: number;

  constructor(context: EngineContext) {
    this.context = context;
    this.sessions = new Map();
    this.stats = [];
    this.count = 0;
  }

  /** @param position of the listener */
  open(connection: Slot, position: number, peer: PeerFacts): void {
    const { context } = this;
    const { config } = context.listeners[position]!;
    const { tcp } = config;
    assert(tcp !== undefined, 'a connection without protocol came to a listener of requests');
    if (context.overload?.refusesConnection() === true) {
      this.sessions.set(connection, null);
      context.ports.closeDownstream(connection, 'abort', 0, CloseReason.local);
      return;
    }
    const stats = this.statsOf(config.statPrefix);
    const session = new TcpSession(context, connection, ++this.count, config, tcp, peer, stats);
    this.sessions.set(connection, session);
    session.begin();
  }

  onData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.sessions.get(connection)?.onData(bytes, chunk, end);
  }

  /** @returns whether the connection was one of these */
  closed(connection: Slot): boolean {
    if (this.sessions.size === 0) return false;
    const session = this.sessions.get(connection);
    if (session === undefined) return false;
    this.sessions.delete(connection);
    session?.closed();
    return true;
  }

  onTimer(kind: TimerKind, connection: Slot): void {
    const session = this.sessions.get(connection)!;
    if (kind === TimerKind.tcpConnect) session?.onConnectTimeout();
    else if (kind === TimerKind.tcpIdle) session?.onIdle();
    else session?.onMaxDuration();
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const stats of this.stats) stats.visit(visit);
  }

  private statsOf(prefix: string): TcpStats {
    const known = this.stats.find((stats) => stats.prefix === prefix);
    if (known !== undefined) return known;
    const made = new TcpStats(prefix);
    this.stats.push(made);
    return made;
  }
}
