/**
 * Downstream connections: their counters, idle times and draining.
 *
 * The engine hands every input about them to this file. An idle HTTP/1 connection is drained first
 * (answers ask for `connection: close`), then closed after a while, as Envoy does.
 * Source: policy-engine.md §1.1 (downstream idle, drain, delayed close), 12.4.
 */
import type { HandshakeFailure, PeerFacts, Slot, TimerId } from '../../core/engine.ts';
import { CloseReason, HANDSHAKE_FAILURES, NO_TIMER, TimerKind } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND, SECOND } from '../../core/time.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { MtlsConfig } from '../config/security.ts';
import { refusalOf } from '../security/mtls.ts';
import type { EngineContext } from './context.ts';
import { DownstreamBit } from './downstream-table.ts';
import type { ListenerState } from './listener-state.ts';
import type { HttpStats } from './stats.ts';

/** Envoy's `drain_timeout`: between the end of the idle time and the delayed close. */
const DRAIN_TIMEOUT_NS: Ns = 5 * SECOND;

export class DownstreamConnections {
  private readonly context: EngineContext;
  /** Both by connection, and empty unless listeners limit how long connections live. */
  private readonly requestCounts: Map<Slot, number>;
  private readonly lifeTimers: Map<Slot, TimerId>;

  constructor(context: EngineContext) {
    this.context = context;
    this.requestCounts = new Map();
    this.lifeTimers = new Map();
  }

  open(connection: Slot, listener: number, peer: PeerFacts): void {
    const { downstreams, listeners } = this.context;
    downstreams.open(connection, listener, peer);
    const { config, stats } = listeners[listener]!;
    if (config.mtls !== undefined && this.refuses(connection, config, config.mtls, peer)) return;
    if (this.context.overload?.refusesConnection() === true) {
      downstreams.set(connection, DownstreamBit.refused | DownstreamBit.closing);
      this.context.ports.closeDownstream(connection, 'abort', 0, CloseReason.local);
      return;
    }
    if (peer.tls) stats.needTls(config).countClient(peer);
    stats.cxTotal++;
    stats.cxActive++;
    if (peer.tls) stats.cxSslTotal++;
    this.armIdle(connection);
    this.armLife(connection);
  }

  /** The first bytes of a request came, by which Envoy knows what the connection speaks. */
  speaks(connection: Slot): void {
    const { downstreams } = this.context;
    if (downstreams.has(connection, DownstreamBit.spoke)) return;
    downstreams.set(connection, DownstreamBit.spoke);
    const { stats } = this.listenerOf(connection);
    stats.cxHttp1Total++;
    stats.cxHttp1Active++;
  }

  /** A handshake failed before there was a connection. */
  refused(listener: number, reason: HandshakeFailure): void {
    const { listeners, ports } = this.context;
    const { config, stats } = listeners[listener]!;
    if (config.tls !== undefined) {
      // Such a listener has the connection before the handshake.
      stats.cxTotal++;
      stats.cxSslTotal++;
      stats.cxDestroy++;
    }
    if (reason === 'closed') return;
    stats.cxSslFail++;
    stats.needTls(config).countRefusal(reason);
    const code = HANDSHAKE_FAILURES.indexOf(reason);
    ports.record(RecordKind.handshakeRefused, config.id, code, 0);
  }

  /** As Envoy does with a connection for which it has no filter chain: closed without an answer. */
  private refuses(
    connection: Slot,
    config: ListenerConfig,
    mtls: MtlsConfig,
    peer: PeerFacts,
  ): boolean {
    const refusal = refusalOf(mtls, peer);
    if (refusal === null) return false;
    const { downstreams, ports } = this.context;
    const tls = this.listenerOf(connection).stats.needTls(config);
    if (refusal === 'plain-text') tls.noFilterChainMatch++;
    else tls.failVerifySan++;
    ports.record(RecordKind.connectionRefused, config.id, refusal === 'plain-text' ? 0 : 1, 0);
    downstreams.set(connection, DownstreamBit.refused | DownstreamBit.closing);
    ports.closeDownstream(connection, 'abort', 0, CloseReason.local);
    return true;
  }

  /** A request ended with its connection, which is about to be reported closed. */
  cutOff(connection: Slot): void {
    this.context.downstreams.set(connection, DownstreamBit.cutOff);
  }

  closed(connection: Slot, reason: CloseReason): void {
    const { downstreams, ports } = this.context;
    if (downstreams.has(connection, DownstreamBit.refused)) {
      downstreams.free(connection);
      return;
    }
    const { stats } = this.listenerOf(connection);
    this.countClosed(stats, reason, downstreams.has(connection, DownstreamBit.cutOff));
    stats.cxActive--;
    if (downstreams.has(connection, DownstreamBit.spoke)) stats.cxHttp1Active--;
    const timer = downstreams.timerOf(connection);
    if (timer !== NO_TIMER) ports.disarm(timer);
    this.forgetLife(connection);
    downstreams.free(connection);
  }

  private countClosed(stats: HttpStats, reason: CloseReason, hadRequest: boolean): void {
    stats.cxDestroy++;
    const hasLingered = reason === CloseReason.lingered;
    if (hasLingered) stats.cxDelayedCloseTimeout++;
    const isLocal = reason === CloseReason.local || hasLingered;
    if (isLocal) stats.cxDestroyLocal++;
    else stats.cxDestroyRemote++;
    if (!hadRequest) return;
    stats.cxDestroyActiveRq++;
    if (isLocal) stats.cxDestroyLocalActiveRq++;
    else stats.cxDestroyRemoteActiveRq++;
  }

  /** Looks again when it fires; a connection with requests is armed anew then. */
  onIdleTimer(connection: Slot): void {
    const { downstreams, ports } = this.context;
    downstreams.setTimer(connection, NO_TIMER);
    const idleNs = this.idleMsOf(connection) * MILLISECOND;
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
    const drainedNs = ports.clock.nowNs + this.drainTimeoutNs(connection);
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

  /** One more request came; the last one that may ends the connection with its response. */
  countRequest(connection: Slot): void {
    const { config, stats } = this.listenerOf(connection);
    const count = (this.requestCounts.get(connection) ?? 0) + 1;
    this.requestCounts.set(connection, count);
    if (count !== config.maxRequestsPerConnection) return;
    stats.cxMaxRequestsReached++;
    this.context.downstreams.set(connection, DownstreamBit.draining);
  }

  /** The connection is old: it ends with its next response, or once it is idle. */
  onMaxDuration(connection: Slot): void {
    const { downstreams, ports } = this.context;
    this.lifeTimers.delete(connection);
    this.listenerOf(connection).stats.cxMaxDurationReached++;
    downstreams.set(connection, DownstreamBit.draining);
    if (downstreams.requestCountOf(connection) > 0) return;
    const timer = downstreams.timerOf(connection);
    if (timer !== NO_TIMER) ports.disarm(timer);
    const drainedNs = ports.clock.nowNs + this.drainTimeoutNs(connection);
    downstreams.setTimer(connection, ports.arm(drainedNs, TimerKind.drain, connection));
  }

  private armLife(connection: Slot): void {
    const maxMs = this.listenerOf(connection).config.maxConnectionDurationMs ?? 0;
    if (maxMs === 0) return;
    const kind = TimerKind.downstreamMaxDuration;
    this.lifeTimers.set(connection, this.context.ports.armAfter(maxMs, kind, connection));
  }

  private forgetLife(connection: Slot): void {
    this.requestCounts.delete(connection);
    const timer = this.lifeTimers.get(connection);
    if (timer === undefined) return;
    this.context.ports.disarm(timer);
    this.lifeTimers.delete(connection);
  }

  private drainTimeoutNs(connection: Slot): Ns {
    const { drainTimeoutMs } = this.listenerOf(connection).config;
    return drainTimeoutMs === undefined ? DRAIN_TIMEOUT_NS : drainTimeoutMs * MILLISECOND;
  }

  private idleMsOf(connection: Slot): number {
    const fullMs = this.listenerOf(connection).config.downstreamIdleTimeoutMs;
    const { overload } = this.context;
    return overload === null
      ? fullMs
      : overload.scaledMs('HTTP_DOWNSTREAM_CONNECTION_IDLE', fullMs);
  }

  private armIdle(connection: Slot): void {
    const { downstreams, ports } = this.context;
    const idleMs = this.idleMsOf(connection);
    if (idleMs === 0) return;
    downstreams.markIdle(connection, ports.clock);
    const timer = ports.armAfter(idleMs, TimerKind.downstreamIdle, connection);
    downstreams.setTimer(connection, timer);
  }

  private listenerOf(connection: Slot): ListenerState {
    return this.context.listeners[this.context.downstreams.listenerOf(connection)]!;
  }
}
