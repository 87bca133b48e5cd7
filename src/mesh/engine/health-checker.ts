/**
 * Active health checks of one cluster: a probe per host, again and again, and what follows from it.
 *
 * The engine makes one for each cluster that has checks, when the engine starts. A probe has its own
 * connection, which is none of the pool's. Invariant: a host is probed, or waits for its next probe.
 * Source: policy-engine.md §5; Envoy, health_checker_base and the HTTP and TCP checkers.
 */
import type { ConnectFailure, Head, ResetReason, Slot, TimerId } from '../../core/engine.ts';
import {
  CloseReason,
  NO_SLOT,
  NO_TIMER,
  ResetReason as Reset,
  TimerKind,
} from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import type { HealthCheckConfig, StatusRange } from '../config/config.ts';
import type { EngineContext } from './context.ts';
import type { SideConnection, SideStream } from './side-streams.ts';

/** How a probe failed. */
type Failure = 'active' | 'retriable' | 'network' | 'timeout';

/** Counters below `cluster.<name>.health_check.`. */
export interface CheckStats {
  attempt: number;
  success: number;
  failure: number;
  passive_failure: number;
  network_failure: number;
  verify_cluster: number;
}

export class HealthChecker {
  readonly stats: CheckStats;
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly config: HealthCheckConfig;
  private readonly probes: Map<Host, Probe>;

  constructor(context: EngineContext, cluster: Cluster, config: HealthCheckConfig) {
    this.stats = {
      attempt: 0,
      success: 0,
      failure: 0,
      passive_failure: 0,
      network_failure: 0,
      verify_cluster: 0,
    };
    this.context = context;
    this.cluster = cluster;
    this.config = config;
    this.probes = new Map();
  }

  /** Probes hosts that came and forgets those that left. */
  follow(hosts: readonly Host[]): void {
    for (const [host, probe] of this.probes) {
      if (hosts.includes(host)) continue;
      probe.stop();
      this.probes.delete(host);
    }
    for (const host of hosts) {
      if (this.probes.has(host)) continue;
      host.failsChecks = true;
      const probe = new Probe(this.context, this.cluster, this.config, host, this.stats);
      this.probes.set(host, probe);
      probe.begin();
    }
  }

  /** A host said in a response that it must not be used. */
  onPassiveFailure(host: Host): void {
    this.stats.passive_failure++;
    this.probes.get(host)?.failPassively();
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const [name, value] of Object.entries(this.stats)) visit(name, 'counter', value as number);
    const hosts = [...this.probes.keys()];
    visit('healthy', 'gauge', hosts.filter((host) => !host.failsChecks).length);
    visit('degraded', 'gauge', hosts.filter((host) => host.isMarkedDegraded).length);
  }
}

/** The checks of one host. */
export class Probe implements SideStream, SideConnection {
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly config: HealthCheckConfig;
  private readonly host: Host;
  private readonly stats: CheckStats;
  private readonly id: Slot;
  private connection: Slot;
  private isConnected: boolean;
  private stream: Slot;
  private timer: TimerId;
  private isChecking: boolean;
  private isFirst: boolean;
  private healthyCount: number;
  private unhealthyCount: number;
  private checkCount: number;
  /** Of the response that is under way. */
  private status: number;
  private isDegraded: boolean;
  private isLast: boolean;

  constructor(
    context: EngineContext,
    cluster: Cluster,
    config: HealthCheckConfig,
    host: Host,
    stats: CheckStats,
  ) {
    this.context = context;
    this.cluster = cluster;
    this.config = config;
    this.host = host;
    this.stats = stats;
    this.id = context.probes.push(this) - 1;
    this.connection = NO_SLOT;
    this.isConnected = false;
    this.stream = NO_SLOT;
    this.timer = NO_TIMER;
    this.isChecking = false;
    this.isFirst = true;
    this.healthyCount = 0;
    this.unhealthyCount = 0;
    this.checkCount = 0;
    this.status = 0;
    this.isDegraded = false;
    this.isLast = false;
  }

  begin(): void {
    const { initialJitterMs } = this.config;
    this.wait(initialJitterMs === 0 ? 0 : this.draw(0, initialJitterMs));
  }

  stop(): void {
    this.disarm();
    this.isChecking = false;
    this.dropStream();
    this.disconnect();
  }

  /** The interval is over, or the check takes too long. */
  onTimer(): void {
    this.timer = NO_TIMER;
    if (!this.isChecking) this.check();
    else {
      this.dropStream();
      this.disconnect();
      this.failed('timeout');
    }
  }

  failPassively(): void {
    this.host.isExcludedByCheck = true;
    if (this.host.failsChecks) return;
    this.host.failsChecks = true;
    this.unhealthyCount = 0;
    this.healthyCount = 0;
    this.cluster.checkedHealthChanged(this.host, false);
  }

  // what arrives

  onConnected(): void {
    this.isConnected = true;
    if (this.config.probe.kind === 'tcp') {
      this.disconnect();
      this.passed(false);
    } else this.send();
  }

  onConnectFailed(_failure: ConnectFailure): void {
    this.freeConnection();
    if (this.isChecking) this.failed('network');
  }

  onGoAway(): void {
    this.isLast = true;
  }

  onClosed(): void {
    const wasConnecting = !this.isConnected;
    this.freeConnection();
    if (this.isChecking && wasConnecting) this.failed('network');
  }

  onHead(head: Head, end: boolean): void {
    this.status = head.status;
    this.isDegraded = head.get('x-envoy-degraded') !== undefined;
    if (end) this.over();
  }

  onBody(end: boolean): void {
    if (end) this.over();
  }

  onReset(_reason: ResetReason): void {
    this.freeStream();
    if (this.isChecking) this.failed('network');
  }

  private check(): void {
    const { ports } = this.context;
    this.isChecking = true;
    this.stats.attempt++;
    this.checkCount++;
    this.timer = ports.armAfter(this.config.timeoutMs, TimerKind.healthCheck, this.id);
    if (this.connection !== NO_SLOT) this.send();
    else this.connect();
  }

  private connect(): void {
    const { context } = this;
    this.isLast = false;
    this.isConnected = false;
    this.connection = context.tables.connections.allocate(NO_SLOT, 0);
    context.side.connections.set(this.connection, this);
    context.ports.dial(this.connection, this.host.endpoint, this.cluster.dialPlan);
  }

  private send(): void {
    const { context, config } = this;
    if (config.probe.kind === 'tcp') return;
    const { probe } = config;
    const authority = probe.host === '' ? this.cluster.config.name : probe.host;
    const head = new HttpHead({
      method: probe.method,
      authority,
      path: probe.path,
      headers: [['user-agent', 'Envoy/HC']],
    });
    this.stream = context.streams.allocate(NO_SLOT);
    context.side.streams.set(this.stream, this);
    context.ports.openStream(this.stream, this.connection, this.checkCount, head, true);
  }

  /** The whole response is there. */
  private over(): void {
    this.freeStream();
    if (this.isLast || !this.config.reusesConnection) this.disconnect();
    const { probe } = this.config;
    if (probe.kind === 'tcp') return;
    if (contains(probe.expected, this.status)) this.passed(this.isDegraded);
    else this.failed(contains(probe.retriable, this.status) ? 'retriable' : 'active');
  }

  private passed(isDegraded: boolean): void {
    const { host, cluster } = this;
    this.stats.success++;
    this.unhealthyCount = 0;
    let isPending = false;
    let hasChanged = host.isMarkedDegraded !== isDegraded;
    host.isMarkedDegraded = isDegraded;
    if (host.failsChecks) {
      host.inServiceNs = this.context.ports.clock.nowNs;
      this.healthyCount++;
      if (this.isFirst || this.healthyCount >= this.config.healthyThreshold) {
        host.failsChecks = false;
        host.isExcludedByCheck = false;
        hasChanged = true;
      } else isPending = true;
    } else if (host.isExcludedByCheck) {
      host.isExcludedByCheck = false;
      hasChanged = true;
    }
    if (hasChanged) cluster.checkedHealthChanged(host, this.isFirst);
    this.isFirst = false;
    if (!host.failsChecks) cluster.checkPassed(host);
    const { healthyEdgeIntervalMs, intervalMs, noTrafficIntervalMs, noTrafficHealthyIntervalMs } =
      this.config;
    if (this.hasTraffic) this.next(isPending ? healthyEdgeIntervalMs : intervalMs);
    else this.next(isPending ? noTrafficIntervalMs : noTrafficHealthyIntervalMs);
  }

  private failed(why: Failure): void {
    const { host, config } = this;
    this.stats.failure++;
    if (why === 'network' || why === 'timeout') this.stats.network_failure++;
    this.healthyCount = 0;
    this.isFirst = false;
    let isPending = false;
    if (!host.failsChecks) {
      this.unhealthyCount++;
      if (why === 'active' || this.unhealthyCount >= config.unhealthyThreshold) {
        this.unhealthyCount = 0;
        host.failsChecks = true;
        this.cluster.checkedHealthChanged(host, false);
      } else isPending = true;
    }
    if (!this.hasTraffic) this.next(config.noTrafficIntervalMs);
    else this.next(isPending ? config.unhealthyEdgeIntervalMs : config.unhealthyIntervalMs);
  }

  private get hasTraffic(): boolean {
    return this.cluster.stats.cxTotal > 0;
  }

  private next(intervalMs: number): void {
    this.isChecking = false;
    const { intervalJitterPercent, intervalJitterMs } = this.config;
    const spread = Math.floor((intervalJitterPercent * intervalMs) / 100);
    let waitMs = intervalMs;
    if (spread > 0) waitMs += this.draw(1, spread);
    if (intervalJitterMs > 0) waitMs += this.draw(2, intervalJitterMs);
    this.wait(Math.max(1, waitMs));
  }

  private wait(waitMs: number): void {
    this.disarm();
    this.timer = this.context.ports.armAfter(waitMs, TimerKind.healthCheck, this.id);
  }

  private disarm(): void {
    if (this.timer !== NO_TIMER) this.context.ports.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  private draw(decision: number, n: number): number {
    const { ports, proxyName } = this.context;
    const label = `proxy/${proxyName}/cluster/${this.cluster.config.name}/health-check`;
    const index = this.checkCount * 4 + decision;
    return ports.draws.below(ports.draws.stream(label), this.host.id, index, n);
  }

  private dropStream(): void {
    if (this.stream === NO_SLOT) return;
    this.context.ports.resetStream(this.stream, Reset.localReset);
    this.freeStream();
  }

  private freeStream(): void {
    if (this.stream === NO_SLOT) return;
    this.context.side.streams.delete(this.stream);
    this.context.streams.free(this.stream);
    this.stream = NO_SLOT;
  }

  /** The slot stays taken until the closed input. */
  private disconnect(): void {
    const { connection, context } = this;
    if (connection === NO_SLOT) return;
    this.connection = NO_SLOT;
    context.side.connections.set(connection, {
      onConnected: () => {},
      onConnectFailed: () => this.release(connection),
      onGoAway: () => {},
      onClosed: () => this.release(connection),
    });
    context.ports.closeUpstream(connection, CloseReason.local);
  }

  private freeConnection(): void {
    if (this.connection !== NO_SLOT) this.release(this.connection);
    this.connection = NO_SLOT;
    this.isConnected = false;
  }

  private release(connection: Slot): void {
    this.context.side.connections.delete(connection);
    this.context.tables.connections.free(connection);
  }
}

function contains(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ from, to }) => status >= from && status < to);
}
