/**
 * Downstream connections: their counters, idle times and draining.
 *
 * The engine hands every input about them to this file. An idle HTTP/1 connection is drained first
 * (answers ask for `connection: close`), then closed after a while, as Envoy does.
 * Source: policy-engine.md §1.1 (downstream idle, drain, delayed close), 12.4.
 */
import type { PeerFacts, Slot } from '../../core/engine.ts';
import { CloseReason, NO_TIMER, TimerKind } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND, SECOND } from '../../core/time.ts';
import type { EngineContext } from './context.ts';
import { DownstreamBit } from './downstream-table.ts';
import type { ListenerState } from './listener-state.ts';

/** Envoy's `drain_timeout`: between the end of the idle time and the delayed close. */
const DRAIN_TIMEOUT_NS: Ns = 5 * SECOND;

export class DownstreamConnections {
  private readonly context: EngineContext;

  constructor(context: EngineContext) {
    this.context = context;
  }

  open(connection: Slot, listener: number, peer: PeerFacts): void {
    const { downstreams, listeners } = this.context;
    downstreams.open(connection, listener, peer);
    const { stats } = listeners[listener]!;
    stats.cxTotal++;
    stats.cxActive++;
    this.armIdle(connection);
  }

  closed(connection: Slot): void {
    const { downstreams, ports } = this.context;
    const { stats } = this.listenerOf(connection);
    stats.cxDestroy++;
    stats.cxActive--;
    const timer = downstreams.timerOf(connection);
    if (timer !== NO_TIMER) ports.disarm(timer);
    downstreams.free(connection);
  }

  /** Looks again when it fires; a connection with requests is armed anew then. */
  onIdleTimer(connection: Slot): void {
    const { downstreams, ports } = this.context;
    downstreams.setTimer(connection, NO_TIMER);
    const idleNs = this.listenerOf(connection).config.downstreamIdleTimeoutMs * MILLISECOND;
    if (downstreams.requestCountOf(connection) > 0) {
      // Idle time starts with the request's end, so this is too early by at most one period.
      const againNs = ports.clock.nowNs + idleNs;
      downstreams.setTimer(connection, ports.arm(againNs, TimerKind.downstreamIdle, connection));
      return;
    }
    const dueNs = downstreams.idleSinceOf(connection) + idleNs;
    if (dueNs > ports.clock.nowNs) {
      downstreams.setTimer(connection, ports.arm(dueNs, TimerKind.downstreamIdle, connection));
      return;
    }
    this.listenerOf(connection).stats.cxIdleTimeout++;
    downstreams.set(connection, DownstreamBit.draining);
    const drainedNs = ports.clock.nowNs + DRAIN_TIMEOUT_NS;
    downstreams.setTimer(connection, ports.arm(drainedNs, TimerKind.drain, connection));
  }

  /** The drain of an idle connection is over. */
  onDrainTimer(connection: Slot): void {
    const { downstreams, ports } = this.context;
    downstreams.setTimer(connection, NO_TIMER);
    if (downstreams.has(connection, DownstreamBit.closing)) return;
    if (downstreams.requestCountOf(connection) > 0) return;
    downstreams.set(connection, DownstreamBit.closing);
    const lingerNs = this.listenerOf(connection).config.delayedCloseTimeoutMs * MILLISECOND;
    ports.closeDownstream(connection, 'linger', lingerNs, CloseReason.local);
  }

  private armIdle(connection: Slot): void {
    const { downstreams, ports } = this.context;
    const idleMs = this.listenerOf(connection).config.downstreamIdleTimeoutMs;
    if (idleMs === 0) return;
    downstreams.markIdle(connection, ports.clock);
    const timer = ports.armAfter(idleMs, TimerKind.downstreamIdle, connection);
    downstreams.setTimer(connection, timer);
  }

  private listenerOf(connection: Slot): ListenerState {
    return this.context.listeners[this.context.downstreams.listenerOf(connection)]!;
  }
}
