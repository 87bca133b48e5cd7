/**
 * The policy engine of one proxy: takes every input of a driver and hands it to the part it is for.
 *
 * `harness` and `proxy` make one per proxy and call the `on…` inputs; nothing else is public. The
 * parts stand in layers: active-request → filter-chain, router, attempt-timeouts → attempt-outcomes → retry-decision,
 * upstream-attempt, responder → tables, clusters.
 * Invariant: one input at a time, run to completion; what it posted (ejections) is applied before
 * it returns, never inside the event that caused it.
 * Source: core/engine.ts (the contract); policy-engine.md.
 */
import { assert, assertNever } from '../../core/assert.ts';
import type {
  ConnectFailure,
  ConnectStage,
  Endpoint,
  EndpointSet,
  Engine,
  HandshakeFailure,
  Head,
  HostGauges,
  PeerFacts,
  Ports,
  ResetReason,
  Slot,
} from '../../core/engine.ts';
import { type CloseReason, Side, type TimerKind } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { ClusterSurroundings } from '../cluster/cluster-surroundings.ts';
import { HostChoice } from '../cluster/host-choice.ts';
import { LocalZone } from '../cluster/zone-routing.ts';
import type { MeshConfig } from '../config/config.ts';
import { ActiveRequests } from './active-request.ts';
import { AttemptOutcomes } from './attempt-outcomes.ts';
import { AttemptTimeouts } from './attempt-timeouts.ts';
import { ClusterDirectory } from './cluster-directory.ts';
import { EngineContext } from './context.ts';
import { DownstreamConnections } from './downstream-connections.ts';
import { FlowControl } from './flow-control.ts';
import { HealthChecks } from './health-checks.ts';
import { hostGauges } from './host-gauges.ts';
import { ListenerSet } from './listener-set.ts';
import { NOT_READY, NotServedError } from './not-served.ts';
import { OverloadManager } from './overload.ts';
import { pendingReasonOf } from './pending-reason.ts';
import { RequestBit } from './request-table.ts';
import { Responder } from './responder.ts';
import { RetryDecisions } from './retry-decision.ts';
import { Router } from './router.ts';
import type { SideConnection, SideStream } from './side-streams.ts';
import { StreamBit } from './stream-table.ts';
import type { EngineTables } from './tables.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { EngineTimers } from './timers.ts';
import { UpstreamAttempts } from './upstream-attempt.ts';

export { NotServedError } from './not-served.ts';
export { EngineTables } from './tables.ts';

type VisitStat = (name: string, kind: 'counter' | 'gauge', value: number) => void;

export class PolicyEngine implements Engine<MeshConfig> {
  private readonly context: EngineContext;
  private readonly requests: ActiveRequests;
  private readonly outcomes: AttemptOutcomes;
  private readonly flow: FlowControl;
  private readonly downstream: DownstreamConnections;
  private readonly listeners: ListenerSet;
  private readonly tcp: TcpProxy;
  private readonly timers: EngineTimers;
  private inTurn: boolean;
  private readonly checks: HealthChecks;

  /** @param tables shared by all engines of a run, or this engine's own */
  constructor(config: MeshConfig, ports: Ports, tables: EngineTables) {
    const surroundings: ClusterSurroundings = {
      ports,
      connections: tables.connections,
      pools: tables.pools,
      gates: [],
      poolListener: NOT_READY,
      choice: new HostChoice(ports.draws),
      sheds: (uid) => this.context.overload?.sheds('connection_pool_new_connection', uid) === true,
      proxyName: config.proxyName,
      sweepOriginNs: ports.clock.nowNs,
      ownLocality: config.locality ?? '',
      localZone: localZoneOf(config),
    };
    const directory = new ClusterDirectory(config, surroundings);
    const context = new EngineContext(ports, tables, directory, config.proxyName);
    const responder = new Responder(context);
    const attempts = new UpstreamAttempts(context);
    const retries = new RetryDecisions(context);
    this.context = context;
    this.outcomes = new AttemptOutcomes(context, responder, attempts, retries);
    surroundings.poolListener = this.outcomes;
    const { outcomes } = this;
    const timeouts = new AttemptTimeouts(context, responder, attempts, retries, outcomes);
    const router = new Router(context, responder, attempts, retries, outcomes);
    this.downstream = new DownstreamConnections(context);
    const { downstream } = this;
    this.requests = new ActiveRequests(context, responder, router, outcomes, downstream);
    outcomes.redirects.owner = this.requests;
    this.flow = new FlowControl(context);
    this.listeners = new ListenerSet(config, context, this.requests);
    this.tcp = new TcpProxy(context);
    const { requests, tcp } = this;
    const { gates } = surroundings;
    const owners = { context, requests, timeouts, router, downstream, tcp, gates };
    this.timers = new EngineTimers(owners);
    this.inTurn = false;
    this.checks = new HealthChecks(context);
    this.startClusters(config);
    const { overload } = config;
    if (overload !== undefined) {
      const onChange = () => this.listeners.scaleTimers();
      context.overload = new OverloadManager(overload, ports, config.proxyName, onChange);
    }
  }

  /** Clusters that do something before the first request. */
  private startClusters(config: MeshConfig): void {
    const { directory } = this.context;
    if (config.localCluster !== undefined) directory.find(config.localCluster);
    for (const { name, isEager } of config.clusters) if (isEager === true) directory.find(name);
    this.checks.start(config.clusters);
  }

  /** Whether every host that is checked has had its first result. */
  get isReady(): boolean {
    return this.checks.isReady;
  }

  // Downstream connections

  onDownstreamOpen(connection: Slot, listener: number, peer: PeerFacts): void {
    this.begin();
    const position = this.listeners.positionOf(listener);
    if (peer.protocol === 'tcp') this.tcp.open(connection, position, peer);
    else this.downstream.open(connection, position, peer);
    this.end();
  }

  onDownstreamRefused(listener: number, reason: HandshakeFailure, _remoteAddress: string): void {
    this.begin();
    this.downstream.refused(this.listeners.positionOf(listener), reason);
    this.end();
  }

  onDownstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.begin();
    this.tcp.onData(connection, bytes, chunk, end);
    this.end();
  }

  onDownstreamClosed(connection: Slot, reason: CloseReason): void {
    this.begin();
    if (!this.tcp.closed(connection)) this.downstream.closed(connection, reason);
    this.end();
  }

  // Requests

  onRequestStart(request: Slot, connection: Slot): void {
    this.begin();
    this.requests.announce(request, connection);
    this.end();
  }

  onMalformedRequest(request: Slot, status: number, details: string): void {
    this.begin();
    this.requests.malformed(request, status, details);
    this.end();
  }

  onRequest(request: Slot, connection: Slot, uid: number, head: Head, end: boolean): void {
    this.begin();
    this.requests.start(request, connection, uid, head, end);
    this.end();
  }

  onRequestBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.beginRequest(request);
    this.requests.onBody(request, bytes, chunk, end);
    this.end();
  }

  onRequestTrailers(request: Slot, trailers: Head): void {
    this.beginRequest(request);
    this.requests.onTrailers(request, trailers);
    this.end();
  }

  onRequestReset(request: Slot, reason: ResetReason): void {
    this.beginRequest(request);
    this.requests.onReset(request, reason);
    this.end();
  }

  // Upstream connections

  onConnected(connection: Slot, peer: PeerFacts): void {
    this.begin();
    const side = this.sideConnection(connection);
    if (side === null) this.context.poolOf(connection).onConnected(connection, peer);
    else side.onConnected(peer);
    this.end();
  }

  onConnectFailed(
    connection: Slot,
    _stage: ConnectStage,
    reason: ConnectFailure,
    detail: string,
  ): void {
    this.begin();
    const side = this.sideConnection(connection);
    if (side === null) this.context.poolOf(connection).onConnectFailed(connection, reason, detail);
    else side.onConnectFailed(reason);
    this.end();
  }

  onUpstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.begin();
    this.sideConnection(connection)?.onData?.(bytes, chunk, end);
    this.end();
  }

  onGoAway(connection: Slot, isError = false): void {
    this.begin();
    const side = this.sideConnection(connection);
    if (side === null) this.context.poolOf(connection).onGoAway(connection);
    else side.onGoAway(isError);
    this.end();
  }

  onStreamLimit(connection: Slot, max: number): void {
    this.begin();
    if (this.sideConnection(connection) === null) {
      this.context.poolOf(connection).onStreamLimit(connection, max);
    }
    this.end();
  }

  onConnectionClosed(connection: Slot, reason: CloseReason): void {
    this.begin();
    const side = this.sideConnection(connection);
    if (side === null) this.context.poolOf(connection).onConnectionClosed(connection, reason);
    else side.onClosed(reason);
    this.end();
  }

  // Attempts

  onInformational(stream: Slot, head: Head): void {
    this.beginStream(stream);
    const side = this.sideStream(stream);
    if (side === null) this.outcomes.onInformational(stream, head);
    else side.onInformational?.(head);
    this.end();
  }

  onResponseHead(stream: Slot, head: Head, end: boolean): void {
    this.beginStream(stream);
    const side = this.sideStream(stream);
    if (side !== null) side.onHead(head, end);
    else if (head.status === 101) this.outcomes.onUpgraded(stream, head);
    else this.outcomes.onResponseHead(stream, head, end);
    this.end();
  }

  onResponseBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.beginStream(stream);
    const side = this.sideStream(stream);
    if (side === null) this.outcomes.onResponseBody(stream, bytes, chunk, end);
    else side.onBody(end, chunk);
    this.end();
  }

  onResponseTrailers(stream: Slot, trailers: Head): void {
    this.beginStream(stream);
    const side = this.sideStream(stream);
    if (side === null) this.outcomes.onResponseTrailers(stream, trailers);
    else if (side.onTrailers !== undefined) side.onTrailers(trailers);
    else side.onBody(true, null);
    this.end();
  }

  onStreamReset(stream: Slot, reason: ResetReason, detail: string): void {
    this.beginStream(stream);
    const side = this.sideStream(stream);
    if (side === null) this.outcomes.onStreamReset(stream, reason, detail);
    else side.onReset(reason);
    this.end();
  }

  // Everything else

  onWritable(side: Side, slot: Slot, writable: boolean): void {
    this.begin();
    switch (side) {
      case Side.request:
        this.flow.onRequestWritable(slot, writable);
        break;
      case Side.stream:
        this.flow.onStreamWritable(slot, writable);
        break;
      case Side.upstream:
        this.flow.onUpstreamWritable(slot, writable);
        break;
      case Side.downstream:
        throw new NotServedError('back-pressure of whole downstream connections (use the request)');
      default:
        assertNever(side, 'side');
    }
    this.end();
  }

  onTimer(kind: TimerKind, slot: Slot): void {
    this.begin();
    this.timers.fire(kind, slot);
    this.end();
  }

  onConfig(config: MeshConfig): void {
    this.begin();
    this.context.directory.apply(config);
    this.listeners.apply(config);
    this.startClusters(config);
    this.context.ports.record(RecordKind.configApplied, config.version, 0, 0);
    this.end();
  }

  onEndpoints(cluster: number, members: EndpointSet): void {
    this.begin();
    this.context.directory.setEndpoints(cluster, members);
    this.end();
  }

  onPressure(monitor: string, pressure: number): void {
    this.begin();
    this.context.overload?.report(monitor, pressure);
    this.end();
  }

  onDrain(state: 'start' | 'stop', _durationNs: Ns): void {
    this.begin();
    this.context.isDraining = state === 'start';
    this.end();
  }

  visitStats(visit: VisitStat): void {
    this.listeners.visitStats(visit);
    this.tcp.visitStats(visit);
    this.context.overload?.visitStats(visit);
    for (const cluster of this.context.clusters) if (!cluster.isRemoved) cluster.visitStats(visit);
    this.checks.visitStats(visit);
  }

  visitHosts(visit: (cluster: string, endpoint: Endpoint, gauges: HostGauges) => void): void {
    for (const cluster of this.context.clusters) {
      if (cluster.isRemoved) continue;
      cluster.visitHosts((host) => visit(cluster.config.name, host.endpoint, hostGauges(host)));
    }
  }

  pendingReason(request: Slot): string | null {
    return pendingReasonOf(this.context, request);
  }

  /** null = it belongs to a pool. */
  private sideConnection(connection: Slot): SideConnection | null {
    const { side } = this.context;
    return side.isUsed ? (side.connections.get(connection) ?? null) : null;
  }

  /** null = it belongs to a request. */
  private sideStream(stream: Slot): SideStream | null {
    const { side } = this.context;
    return side.isUsed ? (side.streams.get(stream) ?? null) : null;
  }

  private begin(): void {
    assert(!this.inTurn, 'an input arrived inside another one: a port called back');
    this.inTurn = true;
  }

  private beginRequest(request: Slot): void {
    this.begin();
    const isActive = this.context.requests.has(request, RequestBit.active);
    assert(isActive, 'an input about a request whose slot is free');
  }

  private beginStream(stream: Slot): void {
    this.begin();
    const isActive = this.context.streams.has(stream, StreamBit.active);
    assert(isActive, 'an input about a stream whose slot is free');
  }

  /** Applies what was posted, in order, before the driver goes on. */
  private end(): void {
    if (this.context.posted.length > 0) this.drainPosted();
    this.inTurn = false;
  }

  private drainPosted(): void {
    const { posted } = this.context;
    for (const cluster of posted) cluster.drainPosted();
    posted.length = 0;
  }
}

function localZoneOf({ localCluster, locality }: MeshConfig): LocalZone | null {
  return localCluster === undefined ? null : new LocalZone(localCluster, locality ?? null);
}
