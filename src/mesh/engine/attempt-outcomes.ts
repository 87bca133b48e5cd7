/**
 * What follows from the end of an attempt: the answer goes down, or a retry comes, or we answer.
 *
 * Responses and resets come here from the driver, failures from pools; expiries go to
 * `attempt-timeouts.ts`.
 * Every attempt ends here exactly once, is reported to outlier detection as its kind demands, and
 * is recorded as ended.
 * Source: policy-engine.md §2.2, 2.3, 2.8, 4.2, 11, 12.1, 12.4; Envoy, router filter.
 */
import type { Head, Ports, ResetReason, Slot } from '../../core/engine.ts';
import { NO_SLOT, ResetReason as Reset } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import { statusByMatch } from '../cluster/error-match.ts';
import type { Host } from '../cluster/host.ts';
import type { PoolListener } from '../cluster/pool-settings.ts';
import { classify, penaltyMs, ResponseClass } from '../policy/response-class.ts';
import { retriesAtOnce, retriesReset, retriesResponse, retriesStatus } from '../policy/retry.ts';
import type { EngineContext } from './context.ts';
import { Hedging } from './hedging.ts';
import { InternalRedirects } from './internal-redirects.ts';
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

/** A host that answers so fails its health check at once. */
const FAIL_AT_ONCE = 'x-envoy-immediate-health-check-fail';
const DEGRADED = 'x-envoy-degraded';
const OVERLOADED = 'x-envoy-overloaded';
/** What a failure without a response counts as for outlier detection and for codes. */
const FAILED_STATUS = 503;

const BODY_HEADERS = ['content-length', 'content-type', 'transfer-encoding'];

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
  readonly hedging: Hedging;
  readonly redirects: InternalRedirects;

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
    this.hedging = new Hedging(context, attempts);
    this.redirects = new InternalRedirects(context);
  }

  // Responses

  /** To the router this is the beginning of the response, whether or not it goes down. */
  onInformational(stream: Slot, head: Head): void {
    const { requests, streams, ports } = this;
    const request = streams.requestOf(stream);
    if (requests.has(request, MAY_HEDGE)) this.hedging.settleOn(request, stream);
    this.retries.release(request);
    requests.set(request, Bit.retriesOff);
    requests.set(request, Bit.informed);
    const { config, stats } = this.responder.listenerOf(request);
    const { host } = this.attempts.poolFor(stream);
    requests.planOf(request).charge(this.clusterOf(request), host, head.status);
    if (config.forwardsInformational !== true) return;
    stats.countStatus(head.status);
    ports.respondInformational(request, head);
  }

  onResponseHead(stream: Slot, head: Head, end: boolean): void {
    const { requests, streams } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = this.attempts.poolFor(stream);
    const plan = requests.planOf(request);
    if (plan.isUpgrade && head.status < 400 && isWebSocket(plan.head)) {
      this.refuseHandshake(request, stream, head);
      return;
    }
    const status = effectiveStatus(plan.isGrpc, head);
    this.reportResponse(cluster, host, status, plan.isGrpc, head);
    if (host.latency !== null) this.penalise(stream, cluster, plan.isGrpc, head);
    if (cluster.readsReports) cluster.noteReport(host, head);
    if (cluster.onPassiveFailure !== null && head.get(FAIL_AT_ONCE) !== undefined) {
      cluster.onPassiveFailure(host);
    }
    let wish: Wish = Wish.none;
    if (plan.retry !== null && !requests.has(request, Bit.retriesOff)) {
      wish = wishOf(plan, head);
      const isAside = streams.has(stream, StreamBit.hedged);
      if (!isAside && this.retries.admits(request, cluster, wish)) {
        this.recordEnd(request, cluster, head.status);
        cluster.accrual?.onResult(host, classify(plan.isGrpc, head, null));
        requests.clear(request, Bit.timedOut);
        host.rqError++;
        cluster.stats.retriedCodes.count(head.status);
        this.retries.schedule(request, cluster, wish, head);
        this.closeStream(stream, end);
        return;
      }
    }
    if (head.status >= 300 && head.status < 400 && plan.forward!.internalRedirect !== undefined) {
      if (this.isRedirected(request, stream, head, end)) return;
    }
    if (requests.has(request, MAY_HEDGE)) {
      if (wish !== Wish.none && this.hedging.hasOthers(request, stream)) {
        this.hedging.recordEnd(stream, head.status);
        host.rqError++;
        this.closeStream(stream, end);
        return;
      }
      this.hedging.settleOn(request, stream);
    }
    if (head.status >= 500) host.rqError++;
    else if (!plan.isGrpc) host.rqSuccess++;
    else if (end) countGrpc(host, head);
    else streams.set(stream, StreamBit.successOpen);
    plan.charge(cluster, host, head.status);
    const given = plan.makesCookies ? this.withCookies(request, head) : head;
    const sent = plan.responseHead(given, requests.attemptsOf(request));
    this.retries.release(request);
    if (end) {
      this.recordEnd(request, cluster, head.status);
      cluster.accrual?.onResult(host, classify(plan.isGrpc, head, null));
      this.responder.respondHead(request, sent, true);
      this.closeStream(stream, true);
      return;
    }
    streams.set(stream, StreamBit.headReceived);
    if (plan.perTryIdleTimeoutMs === 0) this.attempts.disarmPerTry(stream);
    this.attempts.rearmIdle(stream);
    requests.extraOf(request)?.dropBody();
    this.responder.respondHead(request, sent, false);
  }

  /** A WebSocket that is neither begun nor refused by an error: its answer counts nowhere. */
  private refuseHandshake(request: Slot, stream: Slot, head: Head): void {
    this.recordEnd(request, this.clusterOf(request), head.status);
    this.retries.release(request);
    const headers = head.headers.filter(([name]) => !BODY_HEADERS.includes(name));
    const details = 'websocket_handshake_unsuccessful';
    this.attempts.abort(stream);
    this.responder.respondBare(request, head.status, headers, details);
  }

  /**
   * Follows a redirect, if it may. The next turn begins while this attempt still holds its
   * connection, as in Envoy.
   */
  private isRedirected(request: Slot, stream: Slot, head: Head, end: boolean): boolean {
    const { requests } = this;
    const cluster = this.clusterOf(request);
    const next = this.redirects.nextTurn(request, cluster, head);
    if (next === null) return false;
    if (requests.has(request, MAY_HEDGE)) this.hedging.settleOn(request, stream);
    this.recordEnd(request, cluster, head.status);
    this.retries.release(request);
    this.attempts.setAside(stream);
    this.responder.turnOver(request, head);
    this.redirects.owner!.restart(request, next);
    this.closeStream(stream, end);
    return true;
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
    this.reportResponse(cluster, host, head.status, false, head);
    host.rqSuccess++;
    requests.planOf(request).charge(cluster, host, head.status);
    this.retries.release(request);
    requests.set(request, Bit.retriesOff);
    streams.set(stream, StreamBit.headReceived);
    this.attempts.disarmPerTry(stream);
    this.responder.stopRouteTimer(request);
    this.responder.listenerOf(request).stats.cxUpgradesTotal++;
    this.responder.respondHead(request, requests.planOf(request).responseHead(head, 1), false);
  }

  onResponseBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const { streams } = this;
    const request = streams.requestOf(stream);
    if (this.attempts.meter.isUsed) this.attempts.meter.end(stream);
    if (end) {
      // A gRPC response says how it went in its trailers; without them it failed.
      if (streams.has(stream, StreamBit.successOpen)) this.attempts.poolFor(stream).host.rqError++;
      this.recordFinished(stream, null);
    } else this.attempts.rearmIdle(stream);
    this.responder.respondBody(request, bytes, chunk, end);
    if (end) this.closeStream(stream, true);
  }

  onResponseTrailers(stream: Slot, trailers: Head): void {
    const request = this.streams.requestOf(stream);
    const { host } = this.attempts.poolFor(stream);
    if (this.streams.has(stream, StreamBit.successOpen)) countGrpc(host, trailers);
    this.recordFinished(stream, trailers);
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
    this.endedByReset(request, host, reason, detail);
  }

  uidOfStream(stream: Slot): number {
    const request = this.streams.requestOf(stream);
    return request === NO_SLOT ? 0 : this.requests.uidOf(request);
  }

  onStreamReset(stream: Slot, reason: ResetReason, detail: string): void {
    const { streams } = this;
    const request = streams.requestOf(stream);
    const { host } = this.attempts.poolFor(stream);
    if (streams.has(stream, StreamBit.successOpen)) this.failedLate(request, host);
    if (streams.has(stream, StreamBit.hedged)) {
      this.asideWasReset(request, stream, host, reason, detail);
      return;
    }
    this.attempts.lost(stream, reason);
    this.endedByReset(request, host, reason, detail);
  }

  /** An attempt that was set aside: no retry follows, and while others may answer, nothing does. */
  private asideWasReset(
    request: Slot,
    stream: Slot,
    host: Host,
    reason: ResetReason,
    detail: string,
  ): void {
    const cluster = this.clusterOf(request);
    this.hedging.recordEnd(stream, -1 - reason);
    this.attempts.lost(stream, reason);
    this.reportFailure(cluster, host, FAILED_STATUS);
    this.answerReset(request, cluster, host, reason, detail);
  }

  /** A gRPC response that had begun broke off. */
  failedLate(request: Slot, host: Host): void {
    host.rqError++;
    this.responder.listenerOf(request).stats.resetAfterStarted++;
  }

  /**
   * The attempt is gone without a whole response.
   *
   * @param host whom to charge; null = nobody
   */
  endedByReset(request: Slot, host: Host | null, reason: ResetReason, detail: string): void {
    const { requests } = this;
    const cluster = this.clusterOf(request);
    this.recordEnd(request, cluster, -1 - reason);
    // A limit is the cluster's, but the host that it was reached at is charged.
    if (host !== null && reason !== Reset.overflow) {
      this.reportFailure(cluster, host, FAILED_STATUS);
      cluster.accrual?.onResult(host, ResponseClass.failure);
    }
    if (detail !== '') requests.needExtra(request).transportFailure = detail;
    if (requests.has(request, Bit.headSent)) {
      this.retries.release(request);
      this.responder.reset(request, flagOfReset(reason), detailsOfReset(reason, true, detail));
      return;
    }
    requests.clear(request, Bit.timedOut);
    if (this.retriesAfterReset(request, cluster, host, reason)) return;
    this.answerReset(request, cluster, host, reason, detail);
  }

  /** No retry follows a reset: we answer, unless another attempt may still do so. */
  private answerReset(
    request: Slot,
    cluster: Cluster,
    host: Host | null,
    reason: ResetReason,
    detail: string,
  ): void {
    const { requests } = this;
    const status =
      cluster.config.answersFailures === true ? statusInPlaceOf(reason) : statusOfReset(reason);
    const hasBegun = requests.has(request, Bit.informed);
    if (!hasBegun) {
      if (host !== null) host.rqError++;
      requests.planOf(request).charge(cluster, host, status);
    }
    if (this.hedging.hasOthers(request, NO_SLOT)) return;
    this.retries.release(request);
    const body = bodyOfReset(reason, requests.attemptsOf(request) > 1);
    const isTold = reason === Reset.overflow && !this.isQuiet(request);
    const header = isTold ? OVERLOADED : '';
    const details = detailsOfReset(reason, hasBegun, detail);
    this.responder.respondWithHeader(request, status, body, header, flagOfReset(reason), details);
  }

  retriesAfterReset(
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
    // The attempt that was lost is part of the load by which its own retry is judged.
    if (!this.retries.admits(request, cluster, wish, 1)) return false;
    if (host !== null) host.rqError++;
    this.retries.schedule(request, cluster, wish, null);
    return true;
  }

  private isQuiet(request: Slot): boolean {
    return this.responder.listenerOf(request).config.router?.suppressesEnvoyHeaders === true;
  }

  /** Nobody wants the answer any more. */
  abandon(request: Slot): void {
    const { requests } = this;
    const stream = requests.streamOf(request);
    if (stream !== NO_SLOT) {
      this.recordEnd(request, this.clusterOf(request), -1 - Reset.localReset);
      this.attempts.abort(stream);
    }
    if (requests.has(request, Bit.hedged)) this.hedging.endAside(request, NO_SLOT);
    this.retries.release(request);
  }

  // Reports

  private reportResponse(
    cluster: Cluster,
    host: Host,
    status: number,
    isGrpc: boolean,
    head: Head,
  ): void {
    const { detector, errorMatch } = cluster;
    if (detector === null) return;
    const counted = errorMatch === null || isGrpc ? status : statusByMatch(errorMatch, head);
    detector.onResponse(host, counted);
    const saysDegraded = detector.detectsDegraded && head.get(DEGRADED) !== undefined;
    if (saysDegraded && counted < 500) detector.onDegraded(host);
    if ((saysDegraded || counted >= 500) && detector.hasPosted) this.context.posted.push(cluster);
  }

  reportFailure(cluster: Cluster, host: Host, status: number): void {
    const { detector } = cluster;
    if (detector === null) return;
    detector.onLocalFailure(host, status);
    if (detector.hasPosted) this.context.posted.push(cluster);
  }

  private recordEnd(request: Slot, cluster: Cluster, outcome: number): void {
    const { ports, requests } = this;
    ports.record(RecordKind.attemptEnded, requests.uidOf(request), cluster.id, outcome);
  }

  private recordFinished(stream: Slot, trailers: Head | null): void {
    const request = this.streams.requestOf(stream);
    const head = this.requests.needExtra(request).responseHead!;
    const cluster = this.clusterOf(request);
    this.recordEnd(request, cluster, head.status);
    if (cluster.accrual === null) return;
    const { isGrpc } = this.requests.planOf(request);
    cluster.accrual.onResult(this.attempts.poolFor(stream).host, classify(isGrpc, head, trailers));
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

/** With any of these a request has attempts beside this one, or one that is about to start. */
const MAY_HEDGE = Bit.hedged | Bit.backingOff;
/** To the router the response has begun: nothing is retried or charged any more. */
export const HAS_BEGUN = Bit.headSent | Bit.informed;

/** Whether a gRPC response counts as a success of its host. */
function countGrpc(host: Host, headOrTrailers: Head): void {
  const isGood =
    headOrTrailers.get('grpc-status') !== undefined && effectiveStatus(true, headOrTrailers) < 500;
  if (isGood) host.rqSuccess++;
  else host.rqError++;
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

function isWebSocket({ upgrade }: Head): boolean {
  return upgrade.toLowerCase() === 'websocket';
}
