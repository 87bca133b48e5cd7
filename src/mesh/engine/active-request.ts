/**
 * The downstream side of a request until the router has it: start, filters, body, timers, its end.
 *
 * The engine hands every downstream input about requests to this file. It plans the request, runs
 * the filters, holds back what arrives meanwhile, and passes the rest to the router.
 * Invariant: the driver's input that ends a request frees its row, whatever happened before.
 * Source: policy-engine.md §0.4, 1.1 (stream idle, request timeout), 9, 11.
 */
import type { Head, Ports, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason, Side, TimerKind } from '../../core/engine.ts';
import { Flag, RecordKind } from '../../core/records.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LocalReply } from '../filters/http-filter.ts';
import type { TrafficSplit } from '../route/traffic-split.ts';
import type { AttemptOutcomes } from './attempt-outcomes.ts';
import { drawCluster } from './cluster-draw.ts';
import type { EngineContext } from './context.ts';
import type { DownstreamConnections } from './downstream-connections.ts';
import type { DownstreamTable } from './downstream-table.ts';
import type { FilterChainOwner } from './filter-chain.ts';
import type { NextTurn, RedirectOwner } from './internal-redirects.ts';
import type { ListenerState } from './listener-state.ts';
import { CONTINUE_HEAD, locationHeaders, type RequestIntake } from './request-intake.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { Responder } from './responder.ts';
import type { Router } from './router.ts';

/** Bytes of a request body that may wait for a filter before the driver is told to stop reading. */
const FILTER_BUFFER_BYTES = 1_048_576;

export class ActiveRequests implements FilterChainOwner, RedirectOwner {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly downstreams: DownstreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly responder: Responder;
  private readonly router: Router;
  private readonly outcomes: AttemptOutcomes;
  private readonly connections: DownstreamConnections;
  /** Of requests whose head has begun and not ended; empty unless heads have a timeout. */
  private readonly headTimers: Map<Slot, TimerId>;

  constructor(
    context: EngineContext,
    responder: Responder,
    router: Router,
    outcomes: AttemptOutcomes,
    connections: DownstreamConnections,
  ) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.downstreams = context.downstreams;
    this.clusters = context.clusters;
    this.responder = responder;
    this.router = router;
    this.outcomes = outcomes;
    this.connections = connections;
    this.headTimers = new Map();
  }

  start(request: Slot, connection: Slot, uid: number, head: Head, end: boolean): void {
    const listener = this.listenerOf(connection);
    const { intake } = listener;
    const known =
      intake === null ? head : intake.take(head, this.downstreams.peerOf(connection), uid);
    if (this.headTimers.size > 0) this.stopHeadTimer(request);
    const isTurnedAway = intake !== null && intake.refusal !== null;
    const plan = isTurnedAway
      ? listener.planOfRefused(known, uid, connection)
      : listener.planOf(known, uid, connection);
    this.requests.start(request, connection, uid, end ? Bit.requestEnded : 0);
    this.enter(request, connection, plan);
    this.ports.record(RecordKind.requestStarted, uid, plan.listenerId, 0);
    const isRouted = isTurnedAway ? plan.route !== null : plan.refusal !== 'bad-path';
    if (isRouted) this.route(request, uid, plan);
    if (!end) this.armRequestTimeout(request, plan);
    if (plan.maxDurationMs >= 0) this.armDuration(request, plan.maxDurationMs);
    if (listener.config.maxRequestsPerConnection !== undefined)
      this.connections.countRequest(connection);
    if (this.context.overload !== null && this.isShed(request, uid)) return;
    if (intake !== null && this.isTurnedAway(request, intake)) return;
    if (plan.refusal !== 'none') this.refuse(request, plan);
    else if (!plan.hasFilters || plan.filters.start(request, end)) this.router.begin(request);
  }

  /** A redirect of an upstream was followed: routes, filters and attempts begin anew. */
  restart(request: Slot, { uid, plan, keepsBody }: NextTurn): void {
    const { requests } = this;
    const connection = requests.downstreamOf(request);
    const former = requests.needExtra(request);
    requests.free(request);
    requests.start(request, connection, uid, Bit.requestEnded);
    requests.needExtra(request).inherit(former, keepsBody);
    this.enter(request, connection, plan);
    this.ports.record(RecordKind.requestStarted, uid, plan.listenerId, 0);
    this.route(request, uid, plan);
    if (plan.maxDurationMs >= 0) this.armDuration(request, plan.maxDurationMs);
    if (plan.listener.config.maxRequestsPerConnection !== undefined)
      this.connections.countRequest(connection);
    if (this.context.overload !== null && this.isShed(request, uid)) return;
    if (plan.refusal !== 'none') this.refuse(request, plan);
    else if (!plan.hasFilters || plan.filters.start(request, true)) this.router.begin(request);
  }

  /** An overloaded proxy refuses before it looks any closer. */
  private isShed(request: Slot, uid: number): boolean {
    const overload = this.context.overload!;
    const isRefused =
      overload.sheds('http_connection_manager_decode_headers', uid) ||
      overload.strikes('stop_accepting_requests', uid);
    if (!isRefused) return false;
    const { config, stats } = this.responder.listenerOf(request);
    stats.rqOverloadClose++;
    const header = config.edge?.tellsOverload === true ? 'x-envoy-local-overloaded' : '';
    const body = 'envoy overloaded';
    this.responder.respondWithHeader(request, 503, body, header, Flag.none, 'overload');
    return true;
  }

  /** What the intake found: a client that waits, or a head that nobody will route. */
  private isTurnedAway(request: Slot, intake: RequestIntake): boolean {
    if (intake.wantsContinue) {
      this.responder.listenerOf(request).stats.countStatus(100);
      this.ports.respondInformational(request, CONTINUE_HEAD);
    }
    const { refusal } = intake;
    if (refusal === null) return false;
    const { status, details } = refusal;
    this.responder.respondBare(request, status, locationHeaders(refusal), details);
    return true;
  }

  /** Bytes that were no request; `onRequestStart` came before. The connection cannot go on. */
  malformed(request: Slot, status: number, details: string): void {
    const isBegun = this.requests.has(request, Bit.active);
    if (isBegun && this.requests.has(request, Bit.finished)) {
      this.requests.free(request);
      return;
    }
    if (isBegun) this.outcomes.abandon(request);
    else this.startNothing(request);
    const { stats } = this.responder.listenerOf(request);
    stats.cxProtocolError++;
    this.responder.respondLocally(request, status, reasonPhrase(status), Flag.DPE, details);
  }

  /** A request without a head. */
  private startNothing(request: Slot): void {
    if (this.headTimers.size > 0) this.stopHeadTimer(request);
    const connection = this.requests.downstreamOf(request);
    this.requests.start(request, connection, 0, 0);
    this.enter(request, connection, this.listenerOf(connection).planOfNothing());
  }

  /** The first byte of a request came. */
  announce(request: Slot, connection: Slot): void {
    this.requests.announce(request, connection);
    this.connections.speaks(connection);
    if (this.context.overload?.sheds('http1_server_abort_dispatch', request) === true) {
      this.startNothing(request);
      const body = 'Internal Server Error';
      this.responder.respondLocally(request, 500, body, Flag.DPE, 'overload');
      return;
    }
    const timeoutMs = this.listenerOf(connection).config.requestHeadersTimeoutMs ?? 0;
    if (timeoutMs === 0) return;
    const timer = this.ports.armAfter(timeoutMs, TimerKind.requestHeaders, request);
    this.headTimers.set(request, timer);
  }

  /** The head of a request takes too long. */
  onHeadTimeout(request: Slot): void {
    this.headTimers.delete(request);
    const connection = this.requests.downstreamOf(request);
    this.requests.start(request, connection, 0, 0);
    this.enter(request, connection, this.listenerOf(connection).planOfNothing());
    this.responder.listenerOf(request).stats.rqHeaderTimeout++;
    const details = 'request_header_timeout';
    this.responder.respondLocally(request, 408, 'request header timeout', Flag.none, details);
  }

  private stopHeadTimer(request: Slot): void {
    const timer = this.headTimers.get(request);
    if (timer === undefined) return;
    this.ports.disarm(timer);
    this.headTimers.delete(request);
  }

  private armDuration(request: Slot, durationMs: number): void {
    const extra = this.requests.needExtra(request);
    extra.durationTimer = this.ports.armAfter(durationMs, TimerKind.maxStreamDuration, request);
  }

  onMaxDuration(request: Slot): void {
    const { requests } = this;
    requests.needExtra(request).durationTimer = NO_TIMER;
    this.responder.listenerOf(request).stats.rqMaxDurationReached++;
    const status = requests.has(request, Bit.requestEnded) ? 504 : 408;
    this.outcomes.abandon(request);
    const body = 'downstream duration timeout';
    this.responder.respondGrpc(request, status, body, 4, Flag.none, 'max_duration_timeout');
  }

  private enter(request: Slot, connection: Slot, plan: RequestPlan): void {
    const { requests, ports } = this;
    requests.markStart(request, ports.clock);
    requests.setPlan(request, plan);
    this.downstreams.addRequests(connection, 1);
    plan.stats.rqTotal++;
    plan.stats.rqActive++;
    if (plan.idle !== null) plan.idle.enter(request);
  }

  private listenerOf(connection: Slot): ListenerState {
    return this.context.listeners[this.downstreams.listenerOf(connection)]!;
  }

  /** The route, and of several clusters the one for this request, as the connection manager does. */
  private route(request: Slot, uid: number, plan: RequestPlan): void {
    const { ports } = this;
    const cluster =
      plan.split === null ? plan.cluster : this.drawCluster(request, uid, plan, plan.split);
    if (cluster === null) {
      ports.record(RecordKind.routed, uid, -1, plan.routeIndex);
      return;
    }
    this.requests.setCluster(request, cluster.index);
    ports.record(RecordKind.routed, uid, cluster.id, plan.routeIndex);
  }

  /** A request is routed once, so the uid says it all: other routes of the table shift no split. */
  private drawCluster(
    request: Slot,
    uid: number,
    plan: RequestPlan,
    split: TrafficSplit,
  ): Cluster | null {
    const index = drawCluster(this.context, plan, split, uid, 0);
    this.requests.setPlan(request, plan.variantOf(index));
    return plan.clusters[index]!;
  }

  private refuse(request: Slot, plan: RequestPlan): void {
    if (plan.refusal === 'upgrade') {
      plan.stats.rqUpgradeRefused++;
      this.responder.respondLocally(request, 403, '', Flag.none, 'upgrade_failed');
    } else {
      const isHostless = plan.refusal === 'no-host';
      if (!isHostless) plan.stats.rqFailedPath++;
      const details = isHostless ? 'missing_host_header' : 'path_normalization_failed';
      this.responder.respondBare(request, 400, [], details);
    }
  }

  // Filters

  onFiltersPassed(request: Slot): void {
    const { requests, ports } = this;
    if (requests.has(request, Bit.readingPaused)) {
      requests.clear(request, Bit.readingPaused);
      ports.setReading(Side.request, request, true);
    }
    this.router.begin(request);
  }

  onFilterReply(request: Slot, reply: LocalReply): void {
    const { status, body, grpcStatus, flag, details } = reply;
    this.responder.respondGrpc(request, status, body, grpcStatus, flag, details);
  }

  clusterNameOf(request: Slot): string | null {
    const { requests, clusters } = this;
    const index = requests.clusterOf(request);
    return index < 0 ? null : clusters[index]!.config.name;
  }

  paceResponse(request: Slot, bytesPerSecond: number): void {
    this.responder.paceResponse(request, bytesPerSecond);
  }

  chargeCluster(request: Slot, status: number): void {
    const index = this.requests.clusterOf(request);
    if (index >= 0) this.requests.planOf(request).charge(this.clusters[index]!, null, status);
  }

  onFilterTimer(request: Slot): void {
    this.requests.planOf(request).filters.onTimer(request);
  }

  // The body

  onBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const { requests } = this;
    if (requests.has(request, Bit.finished)) {
      if (end) this.ended(request);
      return;
    }
    const extra = requests.needExtra(request);
    extra.bytesReceived += bytes;
    this.responder.touch(request);
    if (requests.has(request, Bit.routed)) {
      if (end) this.ended(request);
      this.router.onBody(request, bytes, chunk, end);
      return;
    }
    extra.keep(bytes, chunk);
    // A filter that refuses the last piece does so before the request is complete, as in Envoy.
    const { filters } = requests.planOf(request);
    const isAwaited = filters.onBody(request, false);
    if (end) this.ended(request);
    if (isAwaited) {
      if (end && requests.isOpen(request)) filters.onBody(request, true);
      return;
    }
    if (extra.bufferedBytes > FILTER_BUFFER_BYTES && !end) this.pauseReading(request);
  }

  onTrailers(request: Slot, trailers: Head): void {
    const { requests } = this;
    const isFinished = requests.has(request, Bit.finished);
    this.ended(request);
    if (isFinished) return;
    this.responder.touch(request);
    if (requests.has(request, Bit.routed)) this.router.onTrailers(request, trailers);
    else {
      requests.needExtra(request).trailers = trailers;
      requests.planOf(request).filters.onBody(request, true);
    }
  }

  private ended(request: Slot): void {
    const { requests, ports } = this;
    requests.set(request, Bit.requestEnded);
    if (requests.has(request, Bit.finished)) {
      requests.free(request);
      return;
    }
    const extra = requests.needExtra(request);
    extra.endedNs = ports.clock.nowNs;
    if (extra.requestTimer !== NO_TIMER) ports.disarm(extra.requestTimer);
    extra.requestTimer = NO_TIMER;
  }

  private pauseReading(request: Slot): void {
    const { requests, ports } = this;
    if (requests.has(request, Bit.readingPaused)) return;
    requests.set(request, Bit.readingPaused);
    ports.setReading(Side.request, request, false);
  }

  /** The downstream peer went away. */
  onReset(request: Slot, reason: ResetReason): void {
    const { requests } = this;
    if (requests.has(request, Bit.finished)) {
      requests.free(request);
      return;
    }
    this.outcomes.abandon(request);
    this.connections.cutOff(requests.downstreamOf(request));
    const isRemote = reason === ResetReason.remoteReset;
    if (reason === ResetReason.protocolError) {
      this.responder.gone(request, Flag.DPE, 'http1.codec_error');
    } else if (isRemote) this.responder.gone(request, Flag.DR, 'downstream_remote_reset');
    else this.responder.gone(request, Flag.DC, 'downstream_remote_disconnect');
  }

  // Timers

  private armRequestTimeout(request: Slot, plan: RequestPlan): void {
    const { requestTimeoutMs } = plan.listener.config;
    if (requestTimeoutMs > 0) {
      const { ports, requests } = this;
      const timer = ports.armAfter(requestTimeoutMs, TimerKind.requestTimeout, request);
      requests.needExtra(request).requestTimer = timer;
    }
  }

  /** @param queue the slot of its timer */
  onStreamIdle(queue: Slot): void {
    const idle = this.context.idleQueues[queue]!;
    for (let request = idle.due(); request !== NO_SLOT; request = idle.due()) {
      this.streamIsIdle(request);
    }
  }

  private streamIsIdle(request: Slot): void {
    this.responder.listenerOf(request).stats.rqIdleTimeout++;
    this.expire(request, 'stream timeout', Flag.SI, 'stream_idle_timeout');
  }

  onRequestTimeout(request: Slot): void {
    this.requests.needExtra(request).requestTimer = NO_TIMER;
    this.responder.listenerOf(request).stats.rqTimeout++;
    this.expire(request, 'request timeout', Flag.none, 'request_overall_timeout');
  }

  private expire(request: Slot, body: string, flag: Flag, details: string): void {
    const { requests } = this;
    const status = requests.has(request, Bit.requestEnded) ? 504 : 408;
    this.outcomes.abandon(request);
    this.responder.respondLocally(request, status, body, flag, details);
  }
}

/** Envoy's body for requests that its codec refuses. */
function reasonPhrase(status: number): string {
  switch (status) {
    case 400:
      return 'Bad Request';
    case 403:
      return 'Forbidden';
    case 426:
      return 'Upgrade Required';
    case 501:
      return 'Not Implemented';
    case 431:
      return 'Request Header Fields Too Large';
    default:
      return '';
  }
}
