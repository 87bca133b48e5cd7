/**
 * The router: sends a request to its cluster, attempt by attempt, with its body.
 *
 * Requests come here when all filters let them pass, and again when a backoff is over. What follows
 * from an attempt's end stands in `attempt-outcomes.ts`.
 * Invariant: a routed request that is open has an attempt, or backs off.
 * Source: policy-engine.md §0.4, 1.3, 2.3, 2.5, 2.7, 3.3; Envoy, router filter.
 */
import type { Head, Ports, Slot } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason, TimerKind } from '../../core/engine.ts';
import { BreakerKind, Flag, RecordKind } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import type { HostWish } from '../cluster/host-wish.ts';
import { TriedPriorities } from '../cluster/host-wish.ts';
import { PENDING_OVERFLOW, REQUESTS_OVERFLOW } from '../cluster/pool-settings.ts';
import type { BalancerQueueConfig } from '../config/linkerd.ts';
import type { AttemptOutcomes } from './attempt-outcomes.ts';
import type { QueueOwner } from './balancer-queue.ts';
import { BalancerQueue } from './balancer-queue.ts';
import { type ClusterChoice, drawCluster, redrawCluster } from './cluster-draw.ts';
import { ClusterRefusals } from './cluster-refusals.ts';
import type { EngineContext } from './context.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { Responder } from './responder.ts';
import type { RetryDecisions } from './retry-decision.ts';
import { ShadowRequests } from './shadow-requests.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';
import type { UpstreamAttempts } from './upstream-attempt.ts';

export class Router implements QueueOwner {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly responder: Responder;
  private readonly attempts: UpstreamAttempts;
  private readonly retries: RetryDecisions;
  private readonly outcomes: AttemptOutcomes;
  private readonly shadows: ShadowRequests;
  private readonly refusals: ClusterRefusals;

  constructor(
    context: EngineContext,
    responder: Responder,
    attempts: UpstreamAttempts,
    retries: RetryDecisions,
    outcomes: AttemptOutcomes,
  ) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.streams = context.streams;
    this.clusters = context.clusters;
    this.responder = responder;
    this.attempts = attempts;
    this.retries = retries;
    this.outcomes = outcomes;
    this.shadows = new ShadowRequests(context);
    this.refusals = new ClusterRefusals(context, responder);
  }

  /** All filters let the request pass. */
  begin(request: Slot): void {
    const { requests, clusters } = this;
    requests.set(request, Bit.routed);
    const plan = requests.planOf(request);
    plan.stats.routerTotal++;
    if (plan.forward === null) {
      this.answerWithoutUpstream(request);
      return;
    }
    const index = requests.clusterOf(request);
    if (index < 0) {
      plan.stats.noCluster++;
      const status = plan.forward.clusterNotFoundStatus;
      this.responder.respondLocally(request, status, '', Flag.NC, 'cluster_not_found');
      return;
    }
    if (plan.strictFailure !== null) {
      this.answerInvalid(request, plan.strictFailure);
      return;
    }
    requests.setRetriesLeft(request, plan.numRetries);
    const cluster = clusters[index]!;
    if (cluster.gate !== null && this.refusals.refuses(request, cluster)) return;
    if (this.context.overload !== null && this.refusals.isShed(request)) return;
    if (plan.forward.splitsByAvailability === true && !cluster.hasReadyHost) {
      this.turnAway(request, cluster);
      return;
    }
    const { mirrors } = plan;
    const body = mirrors === null ? null : this.shadows.bodyOf(request);
    this.startAttempt(request, cluster);
    if (body !== null && requests.isOpen(request)) this.shadows.start(request, mirrors!, body);
    if (plan.routeTimeoutMs > 0) this.armRouteTimeoutOnceDue(request, plan);
  }

  private armRouteTimeoutOnceDue(request: Slot, plan: RequestPlan): void {
    const { requests } = this;
    if (!requests.isOpen(request)) return;
    if (requests.has(request, Bit.requestEnded) || plan.isUpgrade) this.armRouteTimeout(request);
  }

  private answerInvalid(request: Slot, { name, value }: { name: string; value: string }): void {
    const body = `invalid header '${name}' with value '${value}'`;
    const details = `request_headers_failed_strict_check{${name}}`;
    this.responder.respondLocally(request, 400, body, Flag.IH, details);
  }

  private answerWithoutUpstream(request: Slot): void {
    const action = this.requests.planOf(request).route?.config.action;
    const { stats } = this.responder.listenerOf(request);
    if (action !== undefined && action.kind !== 'forward') {
      stats.directResponse++;
      if (action.kind === 'direct-response' && action.format !== undefined) {
        this.responder.respondFormatted(request, action, action.format);
        return;
      }
      const { status } = action;
      const body = action.kind === 'redirect' ? '' : action.body;
      this.responder.respondLocally(request, status, body, Flag.none, 'direct_response');
      return;
    }
    stats.noRoute++;
    this.responder.respondLocally(request, 404, '', Flag.NR, 'route_not_found');
  }

  /** The backoff of a retry is over. */
  retry(request: Slot): void {
    const { requests, clusters } = this;
    const { directory } = this.context;
    requests.setWaitTimer(request, NO_TIMER);
    requests.clear(request, Bit.backingOff);
    const plan = requests.planOf(request);
    if (plan.refresh !== null) this.chooseAnew(request, plan.refresh);
    const known = clusters[requests.clusterOf(request)]!;
    const cluster = directory.current(known);
    if (cluster === null) {
      requests.countAttempt(request);
      this.answerUnhealthy(request, known);
      return;
    }
    if (plan.refresh !== null) requests.setCluster(request, cluster.index);
    else if (cluster !== known) this.moveTo(request, cluster);
    cluster.stats.rqRetry++;
    if (plan.charges !== null) plan.charges.count('retry');
    if (!requests.has(request, Bit.retriesAtOnce)) {
      if (requests.has(request, Bit.rateLimited)) cluster.stats.rqRetryBackoffRatelimited++;
      else cluster.stats.rqRetryBackoffExponential++;
    }
    this.startAttempt(request, this.splitAnew(request, cluster));
  }

  /** A retry goes to another cluster of the split; the breakers of the first one go on to count. */
  private chooseAnew(request: Slot, choice: ClusterChoice): void {
    const { requests } = this;
    const extra = requests.needExtra(request);
    const present = requests.clusterOf(request);
    if (extra.retryCluster < 0) extra.retryCluster = present;
    extra.usedClusters ??= [choice.clusters.findIndex((cluster) => cluster?.index === present)];
    const attempts = requests.attemptsOf(request);
    const uid = requests.uidOf(request);
    const chosen = redrawCluster(this.context, choice, extra.usedClusters, uid, attempts);
    if (chosen !== null) requests.setCluster(request, chosen.index);
  }

  /** Where availability decides, each attempt is distributed on its own. */
  private splitAnew(request: Slot, cluster: Cluster): Cluster {
    const { requests } = this;
    const plan = requests.planOf(request);
    if (plan.split === null || plan.forward?.splitsByAvailability !== true) return cluster;
    const attempts = requests.attemptsOf(request);
    const index = drawCluster(this.context, plan, plan.split, requests.uidOf(request), attempts);
    const chosen = plan.clusters[index] ?? cluster;
    if (requests.has(request, Bit.holdsRetry)) this.moveTo(request, chosen);
    else requests.setCluster(request, chosen.index);
    return chosen;
  }

  /** Another cluster's breakers count from now on. */
  private moveTo(request: Slot, cluster: Cluster): void {
    const { requests } = this;
    this.retries.release(request);
    requests.setCluster(request, cluster.index);
    cluster.breakersOf(requests.planOf(request).priority).addRetry();
    requests.set(request, Bit.holdsRetry);
  }

  private startAttempt(request: Slot, cluster: Cluster): void {
    this.attempt(request, cluster, this.requests.countAttempt(request));
  }

  private attempt(request: Slot, cluster: Cluster, attempt: number): void {
    const { requests, ports } = this;
    const host = this.pickHost(request, cluster, attempt);
    if (host === null) {
      if (cluster.config.queue === undefined) this.answerUnhealthy(request, cluster);
      else this.wait(request, cluster, cluster.config.queue);
      return;
    }
    const priority = requests.planOf(request).priority;
    if (cluster.limitsPools && !cluster.hasRoomForPool(host, priority)) {
      cluster.stats.cxPoolOverflow++;
      this.refuseHost(request, cluster);
      return;
    }
    const result = this.attempts.start(request, cluster, host, priority);
    if (result !== PENDING_OVERFLOW && result !== REQUESTS_OVERFLOW) return;
    const kind = result === PENDING_OVERFLOW ? BreakerKind.pending : BreakerKind.requests;
    ports.record(RecordKind.overflow, requests.uidOf(request), cluster.id, kind);
    // A full queue and shed load are nobody's; the limit of requests is reached at a host.
    const isFull = result === REQUESTS_OVERFLOW && !cluster.breakersOf(priority).canRequest();
    this.outcomes.endedByReset(request, isFull ? host : null, ResetReason.overflow, '');
  }

  private pickHost(request: Slot, cluster: Cluster, attempt: number): Host | null {
    const { requests } = this;
    const uid = requests.uidOf(request);
    const plan = requests.planOf(request);
    const rules = plan.retry;
    if (cluster.readsRequests) this.describe(request, cluster);
    const avoidsTried = rules?.avoidsPreviousHosts === true;
    if (!plan.hasWish && !avoidsTried) return cluster.pickHost(uid, attempt, null, 0, null);
    const extra = requests.needExtra(request);
    if (plan.hasWish) extra.wish ??= wishOf(plan);
    const { triedHosts, wish } = extra;
    const tried = avoidsTried ? triedHosts : null;
    const rejects = avoidsTried || wish?.omitsCanaries || (wish?.omits ?? null) !== null;
    const repicks = rejects ? (rules?.hostSelectionMaxAttempts ?? 0) : 0;
    const host = cluster.pickHost(uid, attempt, tried, repicks, wish);
    if (host === null) return null;
    triedHosts.push(host);
    wish?.priorities?.tried(host);
    return host;
  }

  /** Tells a cluster what its balancer wants to know of the request. */
  private describe(request: Slot, cluster: Cluster): void {
    const { requests } = this;
    const plan = requests.planOf(request);
    const hasher = cluster.hash ?? plan.route!.hash;
    if (hasher === null) cluster.describe(null);
    else if (!hasher.readsConnection) cluster.describe(plan.hashBy(hasher));
    else {
      const peer = this.context.downstreams.peerOf(requests.downstreamOf(request));
      const { cookies } = requests.needExtra(request);
      cluster.describe(hasher.of(plan.firstHead, peer, cookies));
    }
  }

  private answerUnhealthy(request: Slot, cluster: Cluster): void {
    cluster.stats.cxNoneHealthy++;
    this.refuseHost(request, cluster);
  }

  private refuseHost(request: Slot, cluster: Cluster): void {
    this.outcomes.abandon(request);
    this.requests.planOf(request).charge(cluster, null, 503);
    const details = 'no_healthy_upstream';
    this.responder.respondLocally(request, 503, 'no healthy upstream', Flag.UH, details);
  }

  // Requests that wait for a host

  private wait(request: Slot, cluster: Cluster, config: BalancerQueueConfig): void {
    cluster.waitingRoom ??= new BalancerQueue(cluster, config, this.context, this);
    if (!this.queueOf(cluster).admits(request)) this.turnAway(request, cluster);
  }

  private queueOf(cluster: Cluster): BalancerQueue {
    return cluster.waitingRoom as BalancerQueue;
  }

  /** Nobody is ready, and waiting is over or makes no sense. */
  private turnAway(request: Slot, cluster: Cluster): void {
    this.retries.release(request);
    cluster.stats.cxNoneHealthy++;
    this.requests.planOf(request).charge(cluster, null, 503);
    this.responder.respondLocally(request, 503, '', Flag.UH, 'load_shed');
  }

  /** @param index position of the cluster whose queue has waited for too long */
  onFailfastTimer(index: number): void {
    this.queueOf(this.clusters[index]!).onTimer();
  }

  onHostReady(request: Slot, cluster: Cluster): void {
    // The attempt that found nobody was counted already.
    const plan = this.requests.planOf(request);
    this.attempt(request, cluster, this.requests.attemptsOf(request));
    this.armRouteTimeoutOnceDue(request, plan);
  }

  onFailfast(request: Slot, cluster: Cluster): void {
    this.retries.release(request);
    cluster.stats.cxNoneHealthy++;
    this.requests.planOf(request).charge(cluster, null, 504);
    this.responder.respondLocally(request, 504, '', Flag.UH, 'failfast');
  }

  // What the client sends

  onBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const { requests, streams } = this;
    const { shadows } = requests.needExtra(request);
    if (shadows !== null) for (const copy of shadows) copy.sendBody(bytes, chunk, end);
    if (requests.has(request, Bit.queued)) {
      requests.needExtra(request).keep(bytes, chunk);
      return;
    }
    const keeps = this.attempts.keepsBody(request);
    if (keeps && !this.keep(request, bytes, chunk)) return;
    const stream = requests.streamOf(request);
    if (stream === NO_SLOT) {
      if (!keeps) this.answerClosed(request);
    } else if (!streams.has(stream, StreamBit.pending)) {
      this.attempts.sendBody(stream, bytes, chunk, end);
    } else if (!keeps) requests.needExtra(request).keep(bytes, chunk);
    if (end) this.onRequestEnd(request);
  }

  onTrailers(request: Slot, trailers: Head): void {
    const { requests, streams } = this;
    const stream = requests.streamOf(request);
    const extra = requests.needExtra(request);
    extra.trailers = trailers;
    if (extra.shadows !== null) {
      for (const copy of extra.shadows) copy.onRequestTrailers(trailers);
    }
    if (stream !== NO_SLOT && !streams.has(stream, StreamBit.pending)) {
      this.attempts.sendTrailers(stream, trailers);
    }
    this.onRequestEnd(request);
  }

  /**
   * Keeps a piece of the body for a retry.
   *
   * @returns false when the request was answered because the body is too large to keep
   */
  private keep(request: Slot, bytes: number, chunk: Uint8Array | null): boolean {
    const { requests, streams, clusters } = this;
    const extra = requests.needExtra(request);
    const cluster = clusters[requests.clusterOf(request)]!;
    if (extra.bufferedBytes + bytes <= requests.planOf(request).bodyLimitBytes) {
      extra.keep(bytes, chunk);
      return true;
    }
    cluster.stats.retryOrShadowAbandoned++;
    requests.set(request, Bit.retriesOff);
    const stream = requests.streamOf(request);
    if (stream === NO_SLOT) {
      this.retries.release(request);
      const body = 'exceeded request buffer limit while retrying upstream';
      const details = 'request_payload_exceeded_retry_buffer_limit';
      this.responder.respondLocally(request, 507, body, Flag.none, details);
      return false;
    }
    if (streams.has(stream, StreamBit.pending)) extra.keep(bytes, chunk);
    else extra.dropBody();
    return true;
  }

  private answerClosed(request: Slot): void {
    const body = 'upstream is closed prematurely during decoding data from downstream';
    const details = 'upstream_reset_before_response_started{connection_termination}';
    this.responder.respondLocally(request, 503, body, Flag.none, details);
  }

  /** The last byte of the request came. Without an attempt at this moment no timeout ever starts. */
  private onRequestEnd(request: Slot): void {
    const { requests, streams } = this;
    if (!requests.isOpen(request)) return;
    this.armRouteTimeout(request);
    const stream = requests.streamOf(request);
    if (stream === NO_SLOT || streams.has(stream, StreamBit.pending)) return;
    this.attempts.armPerTry(stream);
  }

  private ageMs(request: Slot): number {
    const { requests, ports } = this;
    return Math.floor((ports.clock.nowNs - requests.startNsOf(request)) / MILLISECOND);
  }

  /** The deadline of a request that waited for a host does not move; it only strikes later. */
  private armRouteTimeout(request: Slot): void {
    const { requests, ports } = this;
    const plan = requests.planOf(request);
    if (plan.routeTimeoutMs === 0 || requests.streamOf(request) === NO_SLOT) return;
    if (requests.routeTimerOf(request) !== NO_TIMER) return;
    const waitedMs = requests.has(request, Bit.waited) ? this.ageMs(request) : 0;
    const leftMs = Math.max(0, plan.routeTimeoutMs - waitedMs);
    const timer = ports.armAfter(leftMs, TimerKind.routeTimeout, request);
    requests.setRouteTimer(request, timer);
  }
}

/** What a request wants of its hosts; the same for all of its attempts. */
function wishOf(plan: RequestPlan): HostWish {
  const every = plan.retry?.priorityUpdateFrequency ?? 0;
  return {
    criteria: plan.metadataMatch,
    priorities: every === 0 ? null : new TriedPriorities(every),
    omitsCanaries: plan.retry?.omitsCanaries === true,
    omits: plan.retry?.omitsHosts ?? null,
  };
}
