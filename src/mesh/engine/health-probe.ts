/**
 * The checks of one host by one checker: probe after probe, and what follows from each.
 *
 * A probe has its own connection, which is none of the pool's. Invariant: a host is probed, or waits
 * for its next probe. Source: policy-engine.md §5; Envoy, the HTTP, TCP and gRPC health checkers.
 */
import type {
  ConnectFailure,
  DialPlan,
  Head,
  ResetReason,
  Slot,
  TimerId,
} from '../../core/engine.ts';
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
import type { HealthCheckConfig } from '../config/config.ts';
import type { Hex, HttpProbe } from '../config/health-check.ts';
import { compileValueMatch } from '../route/match.ts';
import type { EngineContext } from './context.ts';
import { GrpcAnswer, grpcHeaders, grpcRequest, HEALTH_PATH } from './grpc-health.ts';
import type { CheckStats, HealthChecker } from './health-checker.ts';
import { authorityOf, bytesOf, contains, hasAll, headersOf, hexOf } from './probe-text.ts';
import type { SideConnection, SideStream } from './side-streams.ts';

/** How a probe failed. */
type Failure = 'active' | 'retriable' | 'network' | 'timeout';

/** The checks of one host. */
export class Probe implements SideStream, SideConnection {
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly config: HealthCheckConfig;
  private readonly host: Host;
  private readonly checker: HealthChecker;
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
  private response: Head | null;
  private isLast: boolean;
  /** What came back so far, as far as somebody looks at it. */
  private received: string;
  /** Of gRPC. */
  private answer: GrpcAnswer;
  /** What this checker says of its host. */
  private fails: boolean;
  private degrades: boolean;

  constructor(
    context: EngineContext,
    cluster: Cluster,
    config: HealthCheckConfig,
    host: Host,
    checker: HealthChecker,
  ) {
    this.context = context;
    this.cluster = cluster;
    this.config = config;
    this.host = host;
    this.checker = checker;
    this.stats = checker.stats;
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
    this.response = null;
    this.isLast = false;
    this.received = '';
    this.answer = new GrpcAnswer();
    this.fails = true;
    this.degrades = false;
  }

  /** Whether it said last that its host is degraded. */
  get isDegrading(): boolean {
    return this.degrades;
  }

  /** Whether this checker, too, has to pass before the host is healthy. */
  get isFailing(): boolean {
    return this.fails;
  }

  get isFirstPending(): boolean {
    return this.isFirst;
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
      // Only gRPC leaves its connection to the next check.
      const isKept = this.config.probe.kind === 'grpc' && this.config.reusesConnection;
      if (this.isLast || !isKept) this.disconnect();
      this.failed('timeout');
    }
  }

  failPassively(): void {
    const { host } = this;
    host.isExcludedByCheck = true;
    this.healthyCount = 0;
    this.fails = true;
    if (host.failsChecks) return;
    host.failsChecks = true;
    this.unhealthyCount = 0;
    this.cluster.checkedHealthChanged(host, false);
  }

  // what arrives

  onConnected(): void {
    this.isConnected = true;
    const { probe } = this.config;
    if (probe.kind !== 'tcp') this.send();
    else if (probe.receive.length > 0) this.sendBytes(probe.send);
    else {
      this.disconnect();
      this.passed(false);
    }
  }

  /** Bytes of a connection without protocol. */
  onData(_bytes: number, chunk: Uint8Array | null): void {
    const { probe } = this.config;
    if (!this.isChecking || probe.kind !== 'tcp' || chunk === null) return;
    this.received += hexOf(chunk);
    if (!hasAll(this.received, probe.receive)) return;
    this.received = '';
    if (!this.config.reusesConnection) this.disconnect();
    this.passed(false);
  }

  onConnectFailed(_failure: ConnectFailure): void {
    this.freeConnection();
    if (this.isChecking) this.failed('network');
  }

  /** gRPC gives a check up whose connection is going away for an error. */
  onGoAway(isError: boolean): void {
    const isIdle = this.stream === NO_SLOT;
    this.isLast = true;
    if (this.config.probe.kind === 'http' && !this.isHttp2Probe) return;
    if (!isIdle && !isError) return;
    this.dropStream();
    this.disconnect();
    if (!isIdle) this.failed('network');
  }

  private get isHttp2Probe(): boolean {
    const { probe } = this.config;
    return probe.kind === 'grpc' || (probe.kind === 'http' && probe.isHttp2 === true);
  }

  onClosed(): void {
    const isWaiting = !this.isConnected || this.config.probe.kind === 'tcp';
    this.freeConnection();
    if (this.isChecking && isWaiting) this.failed('network');
  }

  onHead(head: Head, end: boolean): void {
    this.response = head;
    if (this.config.probe.kind === 'grpc') this.concluded(this.answer.onHead(head, end), end);
    else if (end) this.over();
  }

  onTrailers(trailers: Head): void {
    if (this.config.probe.kind === 'grpc') this.concluded(this.answer.onTrailers(trailers), true);
    else this.over();
  }

  onBody(end: boolean, chunk: Uint8Array | null): void {
    const { probe } = this.config;
    if (probe.kind === 'grpc') {
      this.concluded(this.answer.onBody(chunk, end), end);
      return;
    }
    const isRead = probe.kind === 'http' && probe.receive !== undefined;
    if (isRead && chunk !== null) this.received += hexOf(chunk);
    if (end) this.over();
  }

  /** gRPC says enough. @param end the response is over */
  private concluded(isServing: boolean | null, end: boolean): void {
    if (isServing === null) return;
    if (end) this.freeStream();
    else this.dropStream();
    if (this.isLast || !this.config.reusesConnection) this.disconnect();
    if (isServing) this.passed(false);
    else this.failed('active');
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
    this.received = '';
    const { probe } = this.config;
    if (this.connection === NO_SLOT) this.connect();
    else if (probe.kind !== 'tcp') this.send();
    else this.sendBytes(probe.send);
  }

  private connect(): void {
    const { context, config } = this;
    const { endpoint } = this.host;
    const { address } = endpoint.check ?? {};
    this.isLast = false;
    this.isConnected = false;
    this.connection = context.tables.connections.allocate(NO_SLOT, 0);
    context.side.connections.set(this.connection, this);
    const target = address === undefined ? endpoint : { ...endpoint, address };
    const { dialPlan } = this.cluster;
    const { probe } = config;
    const isRaw = probe.kind === 'tcp' && probe.receive.length > 0;
    const spoken = this.isHttp2Probe ? 'http2' : 'http1';
    const plan: DialPlan = { ...dialPlan, protocol: isRaw ? 'tcp' : spoken };
    context.ports.dial(this.connection, target, plan);
  }

  private sendBytes(hex: Hex): void {
    const bytes = bytesOf(hex);
    if (bytes.length === 0) return;
    this.context.ports.sendUpstreamData(this.connection, bytes.length, bytes, false);
  }

  private send(): void {
    const { context, config, host } = this;
    const { probe } = config;
    if (probe.kind === 'tcp') return;
    const isGrpc = probe.kind === 'grpc';
    const body = isGrpc ? grpcRequest(probe) : bodyOf(probe);
    const head = new HttpHead({
      method: isGrpc ? 'POST' : probe.method,
      authority: authorityOf(probe, host, this.cluster.config.name),
      path: isGrpc ? HEALTH_PATH : probe.path,
      headers: isGrpc ? grpcHeaders(probe, config.timeoutMs) : headersOf(probe, body),
    });
    this.answer = new GrpcAnswer();
    this.response = null;
    this.stream = context.streams.allocate(NO_SLOT);
    context.side.streams.set(this.stream, this);
    const { ports } = context;
    ports.openStream(this.stream, this.connection, this.checkCount, head, body === null);
    if (body !== null) ports.sendBody(this.stream, body.length, body, true);
  }

  /** The whole response is there. */
  private over(): void {
    this.freeStream();
    if (this.isLast || !this.config.reusesConnection) this.disconnect();
    const { probe } = this.config;
    const { response } = this;
    if (probe.kind !== 'http' || response === null) return;
    if (!contains(probe.expected, response.status)) {
      const excludes = response.get('x-envoy-immediate-health-check-fail') !== undefined;
      if (excludes) this.host.isExcludedByCheck = true;
      this.failed(contains(probe.retriable, response.status) ? 'retriable' : 'active');
    } else if (this.isService(probe, response) && this.hasBody(probe)) {
      this.passed(response.get('x-envoy-degraded') !== undefined);
    } else this.failed('active');
  }

  private isService({ serviceName }: HttpProbe, response: Head): boolean {
    if (serviceName === undefined) return true;
    this.stats.verify_cluster++;
    const name = response.get('x-envoy-upstream-healthchecked-cluster') ?? '';
    return compileValueMatch(serviceName)(name);
  }

  private hasBody({ receive }: HttpProbe): boolean {
    return receive === undefined || hasAll(this.received, receive);
  }

  private passed(isDegraded: boolean): void {
    const { host, cluster } = this;
    this.stats.success++;
    this.unhealthyCount = 0;
    let isPending = false;
    if (isDegraded && !this.degrades) this.checker.degradedCount++;
    this.degrades = isDegraded;
    const isMarked = this.checker.isDegradedAnywhere(host);
    let hasChanged = host.isMarkedDegraded !== isMarked;
    host.isMarkedDegraded = isMarked;
    if (this.fails) {
      host.inServiceNs = this.context.ports.clock.nowNs;
      this.healthyCount++;
      if (this.isFirst || this.healthyCount >= this.config.healthyThreshold) {
        this.fails = false;
        host.failsChecks = this.checker.failsAnywhere(host);
        if (!host.failsChecks) {
          host.isExcludedByCheck = false;
          hasChanged = true;
        }
      } else isPending = true;
    } else if (host.isExcludedByCheck) {
      host.isExcludedByCheck = false;
      hasChanged = true;
    }
    if (host.isUnchecked) hasChanged = true;
    host.isUnchecked = false;
    if (hasChanged) cluster.checkedHealthChanged(host, this.isStarting());
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
    const wasUnchecked = host.isUnchecked;
    host.isUnchecked = false;
    let isPending = false;
    let hasChanged = wasUnchecked;
    if (!this.fails) {
      this.unhealthyCount++;
      if (why === 'active' || this.unhealthyCount >= config.unhealthyThreshold) {
        this.unhealthyCount = 0;
        this.fails = true;
        if (!host.failsChecks) hasChanged = true;
        host.failsChecks = true;
      } else isPending = true;
    }
    if (hasChanged || host.isExcludedByCheck) {
      this.cluster.checkedHealthChanged(host, this.isStarting());
    }
    this.isFirst = false;
    if (!this.hasTraffic) this.next(config.noTrafficIntervalMs);
    else this.next(isPending ? config.unhealthyEdgeIntervalMs : config.unhealthyIntervalMs);
  }

  /** Before requests come, what a check says is known at once. */
  private isStarting(): boolean {
    return this.isFirst && !this.checker.isReady;
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
    const { minIntervalMs = 0, maxIntervalMs = waitMs } = this.config;
    this.wait(Math.max(1, minIntervalMs, Math.min(waitMs, maxIntervalMs)));
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

function bodyOf({ send }: HttpProbe): Uint8Array | null {
  return send === undefined ? null : bytesOf(send);
}
