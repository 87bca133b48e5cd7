/**
 * What follows from the end of an attempt: the answer goes down, or a retry comes, or we answer.
 *
 * Responses and resets come here from the driver, failures from pools, expiries from timers.
 * Every attempt ends here exactly once, is reported to outlier detection as its kind demands, and
 * is recorded as ended.
 * Source: policy-engine.md §1.4, 1.5, 2.2, 2.3, 4.2, 11, 12.1, 12.4; Envoy, router filter.
 */
import type { Head, Ports, ResetReason, Slot } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset } from '../../core/engine.ts';
import { Flag, RecordKind } from '../../core/records.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterCounter } from '../cluster/cluster-stats.ts';
import type { ConnectionPool, PoolListener } from '../cluster/connection-pool.ts';
import type { Host } from '../cluster/host.ts';
import { classify, penaltyMs, ResponseClass } from '../policy/response-class.ts';
import { retriesAtOnce, retriesReset, retriesResponse, retriesStatus } from '../policy/retry.ts';
import type { EngineContext } from './context.ts';
import {
  bodyOfReset,
  detailsOfReset,
  effectiveStatus,
  flagOfReset,
  statusOfReset,
} from './local-reply.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { Responder } from './responder.ts';
import type { RetryDecisions } from './retry-decision.ts';
import { Wish } from './retry-decision.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';
import type { UpstreamAttempts } from './upstream-attempt.ts';

const TIMEOUT_BODY = 'upstream request timeout';
/** A host that answers so fails its health check at once. */
const FAIL_AT_ONCE = 'x-envoy-immediate-health-check-fail';
const OVERLOADED = 'x-envoy-overloaded';
/** What a failure without a response counts as for outlier detection and for codes. */
const FAILED_STATUS = 503;

export class AttemptOutcomes implements PoolListener {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly pools: readonly ConnectionPool[];
  private readonly responder: Responder;
  private readonly attempts: UpstreamAttempts;
  private readonly retries: RetryDecisions;

  constructor(
    context: EngineContext,
    responder: Responder,
    attempts: UpstreamAttempts,
    retries: RetryDecisions,
  ) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.streams = context.streams;
    this.clusters = context.clusters;
    this.pools = context.pools;
    this.responder = responder;
    this.attempts = attempts;
    this.retries = retries;
  }

  // Responses

  onInformational(stream: Slot, head: Head): void {
    const { requests, streams, ports } = this;
    const request = streams.requestOf(stream);
    requests.set(request, Bit.retriesOff);
    const { config } = this.responder.listenerOf(request);
    if (config.forwardsInformational === true) ports.respondInformational(request, head);
  }

  onResponseHead(stream: Slot, head: Head, end: boolean): void {
    const { requests, streams, pools } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = pools[requests.poolOf(request)]!;
    const plan = requests.planOf(request);
    const status = effectiveStatus(plan.isGrpc, head);
    this.reportResponse(cluster, host, status);
    if (host.latency !== null) this.penalise(stream, cluster, plan.isGrpc, head);
    if (cluster.readsReports) cluster.noteReport(host, head);
    if (cluster.onPassiveFailure !== null && head.get(FAIL_AT_ONCE) !== undefined) {
      cluster.onPassiveFailure(host);
    }
    if (plan.retry !== null && !requests.has(request, Bit.retriesOff)) {
      const wish = wishOf(plan, head);
      if (this.retries.admits(request, cluster, wish)) {
        this.recordEnd(request, cluster, head.status);
        if (cluster.accrual !== null) this.accrue(request, cluster, head, null);
        requests.clear(request, Bit.timedOut);
        host.rqError++;
        cluster.stats.retriedCodes.count(head.status);
        this.retries.schedule(request, cluster, wish, head);
        this.closeStream(stream, end);
        return;
      }
    }
    if (status >= 500) host.rqError++;
    else host.rqSuccess++;
    cluster.stats.codes.count(head.status);
    const given = plan.makesCookies ? this.withCookies(request, head) : head;
    const sent = plan.responseHead(given, requests.attemptsOf(request));
    this.retries.release(request);
    if (end) {
      this.recordEnd(request, cluster, head.status);
      if (cluster.accrual !== null) this.accrue(request, cluster, head, null);
      this.responder.respondHead(request, sent, true);
      this.closeStream(stream, true);
      return;
    }
    streams.set(stream, StreamBit.headReceived);
    this.attempts.disarmPerTry(stream);
    this.attempts.rearmIdle(stream);
    requests.extraOf(request)?.dropBody();
    this.responder.respondHead(request, sent, false);
  }

  private withCookies(request: Slot, head: Head): Head {
    const cookies = this.requests.extraOf(request)?.cookies ?? [];
    if (cookies.length === 0) return head;
    return head.with({ append: cookies.map((cookie) => ['set-cookie', cookie] as const) });
  }

  /** The upstream leaves HTTP/1 behind: bytes flow both ways until one side ends. */
  onUpgraded(stream: Slot, head: Head): void {
    const { requests, streams } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = this.pools[requests.poolOf(request)]!;
    this.reportResponse(cluster, host, head.status);
    host.rqSuccess++;
    cluster.stats.codes.count(head.status);
    this.retries.release(request);
    requests.set(request, Bit.retriesOff);
    streams.set(stream, StreamBit.headReceived);
    this.attempts.disarmPerTry(stream);
    this.responder.stopRouteTimer(request);
    this.responder.listenerOf(request).stats.cxUpgradesTotal++;
    this.responder.respondHead(request, requests.planOf(request).responseHead(head, 1), false);
  }

  onResponseBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const request = this.streams.requestOf(stream);
    if (this.attempts.meter.isUsed) this.attempts.meter.end(stream);
    if (end) this.recordFinished(request, null);
    else this.attempts.rearmIdle(stream);
    this.responder.respondBody(request, bytes, chunk, end);
    if (end) this.closeStream(stream, true);
  }

  onResponseTrailers(stream: Slot, trailers: Head): void {
    const request = this.streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    if (cluster.readsReports) {
      cluster.noteReport(this.pools[this.requests.poolOf(request)]!.host, trailers);
    }
    this.recordFinished(request, trailers);
    this.responder.respondTrailers(request, trailers);
    this.closeStream(stream, true);
  }

  /** A connection whose request was not sent to the end cannot carry another one. */
  private closeStream(stream: Slot, isOver: boolean): void {
    if (isOver && this.streams.has(stream, StreamBit.requestSent)) {
      this.attempts.finish(stream);
    } else this.attempts.abort(stream);
  }

  // Failures

  onPoolReady(stream: Slot, connection: Slot): void {
    if (this.streams.requestOf(stream) === NO_SLOT) {
      this.context.side.streams.get(stream)!.onReady!(connection);
      return;
    }
    this.streams.clear(stream, StreamBit.pending);
    this.attempts.open(stream, connection);
  }

  onPoolFailure(stream: Slot, reason: ResetReason, detail: string): void {
    const { requests, streams, pools } = this;
    const request = streams.requestOf(stream);
    if (request === NO_SLOT) {
      this.context.side.streams.get(stream)!.onPoolFailure!(reason);
      return;
    }
    const { host } = pools[requests.poolOf(request)]!;
    this.attempts.drop(stream);
    this.endedByReset(request, reason === Reset.overflow ? null : host, reason, detail);
  }

  uidOfStream(stream: Slot): number {
    const request = this.streams.requestOf(stream);
    return request === NO_SLOT ? 0 : this.requests.uidOf(request);
  }

  onStreamReset(stream: Slot, reason: ResetReason, detail: string): void {
    const { requests, streams, pools } = this;
    const request = streams.requestOf(stream);
    const { host } = pools[requests.poolOf(request)]!;
    this.attempts.lost(stream);
    this.endedByReset(request, host, reason, detail);
  }

  /**
   * The attempt is gone without a whole response.
   *
   * @param host whom to blame; null = nobody
   */
  endedByReset(request: Slot, host: Host | null, reason: ResetReason, detail: string): void {
    const { requests } = this;
    const cluster = this.clusterOf(request);
    this.recordEnd(request, cluster, -1 - reason);
    if (host !== null) this.reportFailure(cluster, host, FAILED_STATUS);
    if (host !== null) cluster.accrual?.onResult(host, ResponseClass.failure);
    if (detail !== '') requests.needExtra(request).transportFailure = detail;
    if (requests.has(request, Bit.headSent)) {
      this.retries.release(request);
      this.responder.reset(request, flagOfReset(reason), detailsOfReset(reason, true, detail));
      return;
    }
    requests.clear(request, Bit.timedOut);
    if (this.retriesAfterReset(request, cluster, host, reason)) return;
    const status =
      cluster.config.answersFailures === true ? statusInPlaceOf(reason) : statusOfReset(reason);
    if (host !== null) host.rqError++;
    cluster.stats.codes.count(status);
    this.retries.release(request);
    const body = bodyOfReset(reason, requests.attemptsOf(request) > 1);
    const header = reason === Reset.overflow ? OVERLOADED : '';
    const details = detailsOfReset(reason, false, detail);
    this.responder.respondWithHeader(request, status, body, header, flagOfReset(reason), details);
  }

  private retriesAfterReset(
    request: Slot,
    cluster: Cluster,
    host: Host | null,
    reason: ResetReason,
  ): boolean {
    const { requests } = this;
    const rules = requests.planOf(request).retry;
    if (rules === null || requests.has(request, Bit.retriesOff)) return false;
    const isAnswer = cluster.config.answersFailures === true && reason !== Reset.localReset;
    const isWanted = isAnswer
      ? retriesStatus(rules, statusInPlaceOf(reason))
      : retriesReset(rules, reason, requests.has(request, Bit.wroteUpstream));
    const wish = isWanted ? Wish.afterBackoff : Wish.none;
    if (!this.retries.admits(request, cluster, wish)) return false;
    if (host !== null) host.rqError++;
    this.retries.schedule(request, cluster, wish, null);
    return true;
  }

  // Timeouts

  onPerTryTimeout(stream: Slot): void {
    this.streams.setPerTryTimer(stream, NO_TIMER);
    this.tryTimedOut(stream, 'rqPerTryTimeout', 'upstream_per_try_timeout');
  }

  onPerTryIdleTimeout(stream: Slot): void {
    this.streams.setIdleTimer(stream, NO_TIMER);
    this.tryTimedOut(stream, 'rqPerTryIdleTimeout', 'upstream_per_try_idle_timeout');
  }

  private tryTimedOut(stream: Slot, counter: ClusterCounter, details: string): void {
    const { requests, streams, pools, ports } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = pools[requests.poolOf(request)]!;
    const status = requests.planOf(request).timeoutStatus;
    const uid = requests.uidOf(request);
    cluster.stats[counter]++;
    host.rqTimeout++;
    ports.record(RecordKind.perTryTimeout, uid, cluster.id, requests.attemptsOf(request));
    this.recordEnd(request, cluster, -1 - Reset.localReset);
    this.attempts.abort(stream);
    this.reportFailure(cluster, host, status);
    cluster.accrual?.onResult(host, ResponseClass.failure);
    if (!requests.has(request, Bit.headSent)) {
      requests.set(request, Bit.timedOut);
      if (this.retriesAfterReset(request, cluster, host, Reset.localReset)) return;
      host.rqError++;
      cluster.stats.codes.count(status);
    }
    this.answerTimeout(request, details);
  }

  /** One attempt lasted longer than its cluster allows. */
  onMaxStreamDuration(stream: Slot): void {
    const { requests, streams } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    cluster.stats.rqMaxDurationReached++;
    this.recordEnd(request, cluster, -1 - Reset.localReset);
    this.attempts.forgetDuration(stream);
    this.attempts.abort(stream);
    if (!requests.has(request, Bit.headSent)) {
      if (this.retriesAfterReset(request, cluster, null, Reset.localReset)) return;
    }
    this.retries.release(request);
    const status = requests.has(request, Bit.requestEnded) ? 504 : 408;
    const body = 'upstream max stream duration reached';
    const details = 'upstream_max_stream_duration_reached';
    this.responder.respondLocally(request, status, body, Flag.UMSDR, details);
  }

  /** The whole request took too long: every attempt of it ends, and none follows. */
  onRouteTimeout(request: Slot): void {
    const { requests } = this;
    requests.setRouteTimer(request, NO_TIMER);
    const stream = requests.streamOf(request);
    if (stream !== NO_SLOT) this.attemptTimedOut(request, stream);
    this.answerTimeout(request, 'response_timeout');
  }

  private attemptTimedOut(request: Slot, stream: Slot): void {
    const { requests, streams, pools } = this;
    const cluster = this.clusterOf(request);
    const status = requests.planOf(request).timeoutStatus;
    cluster.stats.rqTimeout++;
    // Who still waits for a connection has no host to blame.
    const isOpen = !streams.has(stream, StreamBit.pending);
    const host = isOpen ? pools[requests.poolOf(request)]!.host : null;
    if (host !== null) host.rqTimeout++;
    const isAwaited = !streams.has(stream, StreamBit.headReceived);
    this.recordEnd(request, cluster, -1 - Reset.localReset);
    this.attempts.abort(stream);
    if (host !== null) cluster.accrual?.onResult(host, ResponseClass.failure);
    if (!isAwaited) return;
    cluster.stats.codes.count(status);
    if (host === null) return;
    host.rqError++;
    this.reportFailure(cluster, host, status);
  }

  private answerTimeout(request: Slot, details: string): void {
    const status = this.requests.planOf(request).timeoutStatus;
    this.retries.release(request);
    const body = status === 204 ? '' : TIMEOUT_BODY;
    this.responder.respondLocally(request, status, body, Flag.UT, details);
  }

  /** Nobody wants the answer any more. */
  abandon(request: Slot): void {
    const { requests } = this;
    const stream = requests.streamOf(request);
    if (stream !== NO_SLOT) {
      this.recordEnd(request, this.clusterOf(request), -1 - Reset.localReset);
      this.attempts.abort(stream);
    }
    this.retries.release(request);
  }

  // Reports

  private reportResponse(cluster: Cluster, host: Host, status: number): void {
    const { detector } = cluster;
    if (detector === null) return;
    detector.onResponse(host, status);
    if (status >= 500 && detector.hasPosted) this.context.posted.push(cluster);
  }

  private reportFailure(cluster: Cluster, host: Host, status: number): void {
    const { detector } = cluster;
    if (detector === null) return;
    detector.onLocalFailure(host, status);
    if (detector.hasPosted) this.context.posted.push(cluster);
  }

  private recordEnd(request: Slot, cluster: Cluster, outcome: number): void {
    const { ports, requests } = this;
    ports.record(RecordKind.attemptEnded, requests.uidOf(request), cluster.id, outcome);
  }

  private recordFinished(request: Slot, trailers: Head | null): void {
    const head = this.requests.needExtra(request).responseHead!;
    const cluster = this.clusterOf(request);
    this.recordEnd(request, cluster, head.status);
    if (cluster.accrual !== null) this.accrue(request, cluster, head, trailers);
  }

  /** A whole response says whether its host's gate stays open. */
  private accrue(request: Slot, cluster: Cluster, head: Head, trailers: Head | null): void {
    const { requests, pools } = this;
    const { host } = pools[requests.poolOf(request)]!;
    cluster.accrual!.onResult(host, classify(requests.planOf(request).isGrpc, head, trailers));
  }

  /** A failed response may count as a slow one. */
  private penalise(stream: Slot, { config }: Cluster, isGrpc: boolean, head: Head): void {
    if (config.lb.kind !== 'peak-ewma' || config.lb.penalty === undefined) return;
    const ms = penaltyMs(config.lb.penalty, isGrpc, head, this.ports.wallMs());
    if (ms >= 0) this.attempts.meter.penalise(stream, ms);
  }

  private clusterOf(request: Slot): Cluster {
    return this.clusters[this.requests.clusterOf(request)]!;
  }
}

/** Where failures of a host count as its answers. Source: config-other-meshes.md §1.5. */
function statusInPlaceOf(reason: ResetReason): number {
  return reason === Reset.connectionTimeout ? 504 : 502;
}

function wishOf(plan: RequestPlan, head: Head): Wish {
  if (plan.retriesErrorsOnly && head.status < 400) return Wish.none;
  const rules = plan.retry!;
  if (!retriesResponse(rules, head)) return Wish.none;
  return retriesAtOnce(rules, head) ? Wish.atOnce : Wish.afterBackoff;
}
