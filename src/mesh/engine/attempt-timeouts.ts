/**
 * What follows when time runs out: of an attempt, of all that it may take, or of the whole request.
 *
 * The engine hands the timers of attempts and requests to this file; how attempts end and what
 * follows is decided with `attempt-outcomes.ts`.
 * Source: policy-engine.md §1.4, 1.5, 2.8; Envoy, router filter.
 */
import type { Ports, Slot } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset } from '../../core/engine.ts';
import { Flag, RecordKind } from '../../core/records.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterCounter } from '../cluster/cluster-stats.ts';
import type { Host } from '../cluster/host.ts';
import { ResponseClass } from '../policy/response-class.ts';
import type { AttemptOutcomes } from './attempt-outcomes.ts';
import { HAS_BEGUN } from './attempt-outcomes.ts';
import type { EngineContext } from './context.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { Responder } from './responder.ts';
import type { RetryDecisions } from './retry-decision.ts';
import { Wish } from './retry-decision.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';
import type { UpstreamAttempts } from './upstream-attempt.ts';

const TIMEOUT_BODY = 'upstream request timeout';
/** How an attempt that we end is recorded. */
const OURS = -1 - Reset.localReset;

export class AttemptTimeouts {
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly responder: Responder;
  private readonly attempts: UpstreamAttempts;
  private readonly retries: RetryDecisions;
  private readonly outcomes: AttemptOutcomes;

  constructor(
    context: EngineContext,
    responder: Responder,
    attempts: UpstreamAttempts,
    retries: RetryDecisions,
    outcomes: AttemptOutcomes,
  ) {
    this.ports = context.ports;
    this.requests = context.requests;
    this.streams = context.streams;
    this.clusters = context.clusters;
    this.responder = responder;
    this.attempts = attempts;
    this.retries = retries;
    this.outcomes = outcomes;
  }

  onPerTryTimeout(stream: Slot): void {
    const { streams, requests } = this;
    streams.setPerTryTimer(stream, NO_TIMER);
    if (requests.has(streams.requestOf(stream), Bit.informed)) return;
    if (streams.has(stream, StreamBit.headReceived)) {
      // It has no say any more, but in Envoy it takes the try's idle timeout with it.
      this.attempts.disarmIdle(stream);
      return;
    }
    this.tryTimedOut(stream, 'rqPerTryTimeout', 'upstream_per_try_timeout');
  }

  onPerTryIdleTimeout(stream: Slot): void {
    this.streams.setIdleTimer(stream, NO_TIMER);
    this.tryTimedOut(stream, 'rqPerTryIdleTimeout', 'upstream_per_try_idle_timeout');
  }

  private tryTimedOut(stream: Slot, counter: ClusterCounter, details: string): void {
    const { requests, streams, ports } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = this.attempts.poolFor(stream);
    const plan = requests.planOf(request);
    const status = plan.timeoutStatus;
    const uid = requests.uidOf(request);
    ports.record(RecordKind.perTryTimeout, uid, cluster.id, requests.attemptsOf(request));
    if (plan.hedges) {
      this.tryIsSlow(request, stream, cluster, host);
      return;
    }
    cluster.stats[counter]++;
    host.rqTimeout++;
    if (streams.has(stream, StreamBit.successOpen)) this.outcomes.failedLate(request, host);
    this.outcomes.hedging.recordEnd(stream, OURS);
    this.attempts.abort(stream);
    this.outcomes.reportFailure(cluster, host, status);
    cluster.accrual?.onResult(host, ResponseClass.failure);
    if (!requests.has(request, HAS_BEGUN)) {
      requests.set(request, Bit.timedOut);
      if (this.outcomes.retriesAfterReset(request, cluster, host, Reset.localReset)) return;
      host.rqError++;
      plan.charge(cluster, host, status);
    }
    this.answerTimeout(request, details);
  }

  /** Hedging: the attempt goes on, and another one starts beside it if limits admit one. */
  private tryIsSlow(request: Slot, stream: Slot, cluster: Cluster, host: Host): void {
    const { requests, streams } = this;
    const plan = requests.planOf(request);
    streams.set(stream, StreamBit.timeoutReported);
    this.outcomes.reportFailure(cluster, host, plan.timeoutStatus);
    if (plan.retry === null || requests.has(request, Bit.retriesOff | Bit.headSent)) return;
    if (streams.has(stream, StreamBit.hedged)) return;
    if (!this.retries.admits(request, cluster, Wish.afterBackoff)) return;
    requests.set(request, Bit.timedOut);
    this.attempts.setAside(stream);
    this.retries.schedule(request, cluster, Wish.afterBackoff, null);
  }

  /** One attempt lasted longer than its cluster allows. */
  onMaxStreamDuration(stream: Slot): void {
    const { requests, streams } = this;
    const request = streams.requestOf(stream);
    const cluster = this.clusterOf(request);
    const { host } = this.attempts.poolFor(stream);
    const isAside = streams.has(stream, StreamBit.hedged);
    cluster.stats.rqMaxDurationReached++;
    this.outcomes.hedging.recordEnd(stream, OURS);
    this.attempts.forgetDuration(stream);
    this.attempts.abort(stream);
    if (!isAside && !requests.has(request, HAS_BEGUN)) {
      if (this.outcomes.retriesAfterReset(request, cluster, host, Reset.localReset)) return;
    }
    this.outcomes.abandon(request);
    const status = requests.has(request, Bit.requestEnded) ? 504 : 408;
    const body = 'upstream max stream duration reached';
    const details = 'upstream_max_stream_duration_reached';
    this.responder.respondLocally(request, status, body, Flag.UMSDR, details);
  }

  /** The whole request took too long: every attempt of it ends, and none follows. */
  onRouteTimeout(request: Slot): void {
    const { requests } = this;
    requests.setRouteTimer(request, NO_TIMER);
    if (requests.has(request, Bit.hedged)) {
      for (const aside of this.outcomes.hedging.asideOf(request))
        this.attemptTimedOut(request, aside);
    }
    const stream = requests.streamOf(request);
    if (stream !== NO_SLOT) this.attemptTimedOut(request, stream);
    this.answerTimeout(request, 'response_timeout');
  }

  private attemptTimedOut(request: Slot, stream: Slot): void {
    const { requests, streams } = this;
    const cluster = this.clusterOf(request);
    const plan = requests.planOf(request);
    const status = plan.timeoutStatus;
    cluster.stats.rqTimeout++;
    if (plan.charges !== null) plan.charges.count('timeout');
    // Who still waits for a connection has no host to blame.
    const isOpen = !streams.has(stream, StreamBit.pending);
    const host = isOpen ? this.attempts.poolFor(stream).host : null;
    if (host !== null) host.rqTimeout++;
    const isAwaited = !streams.has(stream, StreamBit.headReceived);
    const isReported = streams.has(stream, StreamBit.timeoutReported);
    this.outcomes.hedging.recordEnd(stream, OURS);
    this.attempts.abort(stream);
    if (host !== null) cluster.accrual?.onResult(host, ResponseClass.failure);
    if (!isAwaited) return;
    if (!requests.has(request, HAS_BEGUN)) {
      plan.charge(cluster, host, status);
      if (host !== null) host.rqError++;
    }
    if (host !== null && !isReported) this.outcomes.reportFailure(cluster, host, status);
  }

  private answerTimeout(request: Slot, details: string): void {
    const status = this.requests.planOf(request).timeoutStatus;
    this.retries.release(request);
    const body = status === 204 ? '' : TIMEOUT_BODY;
    const isDeadline = this.responder.listenerOf(request).config.grpcTimeoutsAreDeadlines === true;
    const grpcStatus = isDeadline ? 4 : null;
    this.responder.respondGrpc(request, status, body, grpcStatus, Flag.UT, details);
  }

  private clusterOf(request: Slot): Cluster {
    return this.clusters[this.requests.clusterOf(request)]!;
  }
}
