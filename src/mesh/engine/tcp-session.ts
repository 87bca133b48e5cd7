/**
 * One client connection whose bytes are passed on: its attempts to connect, its times, its end.
 *
 * Until an upstream is there, nothing is read from the client. Each side may end before the other;
 * what ends one of them for good ends both.
 * Source: Envoy, common/tcp_proxy; policy-engine.md §1.1, 3.1.
 */
import type { PeerFacts, Slot, TimerId } from '../../core/engine.ts';
import { CloseReason, NO_TIMER, Side, TimerKind } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { BreakerKind, FLAG_NAMES, Flag, RecordKind } from '../../core/records.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import { type Cluster, Priority } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { TcpProxyConfig } from '../config/tcp-proxy.ts';
import type { EngineContext } from './context.ts';
import type { TcpStats } from './tcp-stats.ts';
import { TcpUpstream, type TcpUpstreamOwner } from './tcp-upstream.ts';

const NO_HEAD = new HttpHead({});

export class TcpSession implements TcpUpstreamOwner {
  private readonly context: EngineContext;
  private readonly connection: Slot;
  private readonly uid: number;
  private readonly listener: ListenerConfig;
  private readonly config: TcpProxyConfig;
  private readonly peer: PeerFacts;
  private readonly stats: TcpStats;
  private readonly startNs: Ns;
  private readonly flags: number[];
  private cluster: Cluster | null;
  /** null = none yet, or no more. */
  private upstream: TcpUpstream | null;
  /** Of the last attempt. */
  private host: Host | null;
  private attempts: number;
  private bytesReceived: number;
  private bytesSent: number;
  private lastByteNs: Ns;
  private connectTimer: TimerId;
  private idleTimer: TimerId;
  private lifeTimer: TimerId;
  private isClosing: boolean;

  /** @param uid of this connection, for draws and records */
  constructor(
    context: EngineContext,
    connection: Slot,
    uid: number,
    listener: ListenerConfig,
    config: TcpProxyConfig,
    peer: PeerFacts,
    stats: TcpStats,
  ) {
    this.context = context;
    this.connection = connection;
    this.uid = uid;
    this.listener = listener;
    this.config = config;
    this.peer = peer;
    this.stats = stats;
    this.startNs = context.ports.clock.nowNs;
    this.flags = [];
    this.cluster = null;
    this.upstream = null;
    this.host = null;
    this.attempts = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.lastByteNs = 0;
    this.connectTimer = NO_TIMER;
    this.idleTimer = NO_TIMER;
    this.lifeTimer = NO_TIMER;
    this.isClosing = false;
  }

  begin(): void {
    const { config, connection, context, stats } = this;
    const { ports } = context;
    stats.cxTotal++;
    ports.setReading(Side.downstream, connection, false);
    const { maxConnectionDurationMs } = config;
    if (maxConnectionDurationMs !== undefined) {
      const kind = TimerKind.tcpMaxDuration;
      this.lifeTimer = ports.armAfter(maxConnectionDurationMs, kind, connection);
    }
    this.cluster = context.directory.find(this.drawCluster());
    if (this.cluster === null) {
      stats.noRoute++;
      this.fail(Flag.NC);
    } else this.connect(this.cluster);
  }

  onData(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.bytesReceived += bytes;
    this.stats.rxBytes += bytes;
    this.lastByteNs = this.context.ports.clock.nowNs;
    this.upstream?.send(bytes, chunk, end);
  }

  /** The client's connection is gone, whoever ended it. */
  closed(): void {
    this.isClosing = true;
    this.upstream?.close();
    this.upstream = null;
    this.disarm();
    this.log();
  }

  // What becomes of the upstream

  onUp(): void {
    const { config, connection, context } = this;
    const { ports } = context;
    this.disarmConnect();
    this.lastByteNs = ports.clock.nowNs;
    if (config.idleTimeoutMs > 0) {
      this.idleTimer = ports.armAfter(config.idleTimeoutMs, TimerKind.tcpIdle, connection);
    }
    ports.setReading(Side.downstream, connection, true);
  }

  onFailed(): void {
    this.disarmConnect();
    this.upstream = null;
    if (!this.flags.includes(Flag.UF)) this.flags.push(Flag.UF);
    this.cluster = this.context.directory.current(this.cluster!);
    if (this.cluster === null) this.fail(Flag.NC);
    else this.connect(this.cluster);
  }

  onUpstreamData(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (this.isClosing) return;
    const { ports } = this.context;
    this.bytesSent += bytes;
    this.stats.txBytes += bytes;
    this.lastByteNs = ports.clock.nowNs;
    ports.sendDownstreamData(this.connection, bytes, chunk, end);
  }

  onUpstreamClosed(reason: CloseReason): void {
    this.upstream = null;
    if (reason === CloseReason.remoteReset) this.fail(Flag.UR);
    else this.close('flush');
  }

  // Time

  onConnectTimeout(): void {
    this.connectTimer = NO_TIMER;
    this.upstream?.onTimeout();
  }

  /** Looks at the last byte when it fires. */
  onIdle(): void {
    const { connection, context, config } = this;
    const { ports } = context;
    const dueNs = this.lastByteNs + config.idleTimeoutMs * MILLISECOND;
    this.idleTimer = NO_TIMER;
    if (dueNs > ports.clock.nowNs) {
      this.idleTimer = ports.arm(dueNs, TimerKind.tcpIdle, connection);
      return;
    }
    this.stats.idleTimeout++;
    this.close('flush');
  }

  onMaxDuration(): void {
    this.lifeTimer = NO_TIMER;
    this.stats.maxDuration++;
    this.flags.push(Flag.DT);
    this.close('flush');
  }

  private drawCluster(): string {
    const { clusters } = this.config;
    if (clusters.length === 1) return clusters[0]!.cluster;
    const { ports, routeDraws } = this.context;
    const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
    let left = ports.draws.below(routeDraws, this.uid, 0, total);
    for (const { cluster, weight } of clusters) {
      if (left < weight) return cluster;
      left -= weight;
    }
    return clusters[0]!.cluster;
  }

  /** Another attempt, as long as there may be one; a full queue costs one as well. */
  private connect(cluster: Cluster): void {
    const { context, uid } = this;
    const { stats } = cluster;
    const breakers = cluster.breakersOf(Priority.default);
    for (;;) {
      if (!breakers.canConnect()) {
        stats.cxOverflow++;
        context.ports.record(RecordKind.overflow, uid, cluster.id, BreakerKind.connections);
        this.fail(Flag.UO);
        return;
      }
      if (this.attempts >= this.config.maxConnectAttempts) {
        stats.cxConnectAttemptsExceeded++;
        this.fail(Flag.URX);
        return;
      }
      const host = cluster.pickHost(uid, this.attempts + 1, null, 0, null);
      if (host === null) {
        stats.cxNoneHealthy++;
        this.fail(Flag.UH);
        return;
      }
      this.attempts++;
      this.host = host;
      if (breakers.canPend()) {
        this.dial(cluster, host);
        return;
      }
      stats.rqPendingOverflow++;
    }
  }

  private dial(cluster: Cluster, host: Host): void {
    const { connection, context } = this;
    this.upstream = new TcpUpstream(context, cluster, host, this);
    const { connectTimeoutMs } = cluster.config;
    const { ports } = context;
    this.connectTimer = ports.armAfter(connectTimeoutMs, TimerKind.tcpConnect, connection);
  }

  /** There is no upstream, or it is lost. */
  private fail(flag: Flag): void {
    this.flags.push(flag);
    this.close('abort');
  }

  private close(how: 'abort' | 'flush'): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.disarm();
    this.upstream?.close();
    this.upstream = null;
    this.context.ports.closeDownstream(this.connection, how, 0, CloseReason.local);
  }

  private disarm(): void {
    const { ports } = this.context;
    this.disarmConnect();
    if (this.idleTimer !== NO_TIMER) ports.disarm(this.idleTimer);
    if (this.lifeTimer !== NO_TIMER) ports.disarm(this.lifeTimer);
    this.idleTimer = NO_TIMER;
    this.lifeTimer = NO_TIMER;
  }

  private disarmConnect(): void {
    if (this.connectTimer !== NO_TIMER) this.context.ports.disarm(this.connectTimer);
    this.connectTimer = NO_TIMER;
  }

  private log(): void {
    const { cluster, flags } = this;
    const { ports } = this.context;
    ports.logRequest({
      request: -1,
      uid: this.uid,
      listener: this.listener.id,
      cluster: cluster === null ? -1 : cluster.id,
      clusterName: cluster === null ? '' : cluster.config.name,
      routeName: '',
      requestHead: NO_HEAD,
      responseHead: null,
      status: 0,
      flags: flags.length === 0 ? FLAG_NAMES[0]! : flags.map((f) => FLAG_NAMES[f]!).join(','),
      details: '',
      attemptCount: this.attempts,
      upstreamHost: this.host === null ? null : this.host.endpoint.address,
      upstreamTransportFailure: '',
      startNs: this.startNs,
      durationNs: ports.clock.nowNs - this.startNs,
      upstreamServiceTimeNs: -1,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      downstreamRemoteAddress: this.peer.remoteAddress,
    });
  }
}
