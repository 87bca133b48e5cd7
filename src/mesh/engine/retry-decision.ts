/**
 * Whether a failed attempt is followed by another one: limits, breakers, backoff.
 *
 * The router asks after each attempt that did not simply succeed; on yes the backoff timer runs.
 * Which outcomes are worth a retry stands in `policy/retry.ts`.
 * Invariant: a request holds at most one unit of its cluster's retry resource, from the decision
 * until its next decision or its end.
 * Source: policy-engine.md §2.3, 2.4, 2.6.
 */
import type { Head, Ports, Slot } from '../../core/engine.ts';
import { TimerKind } from '../../core/engine.ts';
import { Flag, RecordKind, RetryRefusal } from '../../core/records.ts';
import type { CircuitBreakers } from '../cluster/circuit-breakers.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { backoffCeilingMs, jitteredBackoffMs } from '../policy/backoff.ts';
import type { RetryRules } from '../policy/retry.ts';
import { askedWaitMs } from '../policy/retry.ts';
import type { RetryTokens } from '../policy/retry-tokens.ts';
import type { EngineContext } from './context.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';

/** Whether and how the outcome of an attempt asks for another one. */
export const Wish = { none: 0, afterBackoff: 1, atOnce: 2 } as const;
export type Wish = (typeof Wish)[keyof typeof Wish];

export class RetryDecisions {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly clusters: readonly Cluster[];

  constructor(context: EngineContext) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.clusters = context.clusters;
  }

  /**
   * @param lost 1 = the attempt before it is no longer among the active ones, as after a reset
   * @returns whether there is to be a retry: the caller schedules it and answers nothing
   */
  admits(request: Slot, cluster: Cluster, wish: Wish, lost: 0 | 1 = 0): boolean {
    const { requests } = this;
    const wasRetried = requests.has(request, Bit.holdsRetry);
    this.release(request);
    if (wish === Wish.none) {
      if (wasRetried) {
        cluster.stats.rqRetrySuccess++;
        requests.planOf(request).charges?.count('retrySuccess');
      }
      return false;
    }
    const left = requests.retriesLeftOf(request);
    if (left === 0) {
      cluster.stats.rqRetryLimitExceeded++;
      requests.planOf(request).charges?.count('retryLimitExceeded');
      requests.addFlag(request, Flag.URX);
      this.recordRefusal(request, cluster, RetryRefusal.max);
      return false;
    }
    requests.setRetriesLeft(request, left - 1);
    const breakers = this.breakersOf(request, cluster);
    const { retryTokens } = cluster;
    const isAllowed =
      retryTokens === null
        ? this.hasRoom(request, cluster, breakers, lost) && this.isDrawn(request)
        : this.paysFor(request, cluster, retryTokens);
    if (!isAllowed) return false;
    breakers.addRetry();
    requests.set(request, Bit.holdsRetry);
    return true;
  }

  private hasRoom(
    request: Slot,
    cluster: Cluster,
    breakers: CircuitBreakers,
    lost: 0 | 1,
  ): boolean {
    const nowNs = breakers.countsOverTime ? this.ports.clock.nowNs : 0;
    if (breakers.canRetry(nowNs, lost)) return true;
    cluster.stats.rqRetryOverflow++;
    this.requests.planOf(request).charges?.count('retryOverflow');
    this.requests.addFlag(request, Flag.UO);
    const why = breakers.hasBudget ? RetryRefusal.budget : RetryRefusal.breaker;
    this.recordRefusal(request, cluster, why);
    return false;
  }

  /** Runtime may let only some retries take place; the others are dropped without a trace. */
  private isDrawn(request: Slot): boolean {
    const { requests, ports } = this;
    const percent = requests.planOf(request).listener.config.router?.retryPercent ?? 100;
    if (percent <= 0 || percent >= 100) return percent > 0;
    const uid = requests.uidOf(request);
    const attempt = requests.attemptsOf(request);
    return ports.draws.below(this.context.useRetryDraws, uid, attempt, 100) < percent;
  }

  private paysFor(request: Slot, cluster: Cluster, tokens: RetryTokens): boolean {
    if (tokens.withdraw(this.ports.clock.nowNs)) return true;
    cluster.stats.rqRetryOverflow++;
    this.recordRefusal(request, cluster, RetryRefusal.budget);
    return false;
  }

  /** Gives the retry resource back, if the request holds it. */
  release(request: Slot): void {
    const { requests, clusters } = this;
    if (!requests.has(request, Bit.holdsRetry)) return;
    requests.clear(request, Bit.holdsRetry);
    const cluster = clusters[requests.clusterOf(request)]!;
    this.breakersOf(request, cluster).removeRetry();
  }

  /** Of the request's first cluster, whichever one it has moved on to. */
  private breakersOf(request: Slot, cluster: Cluster): CircuitBreakers {
    const { requests, clusters } = this;
    const first = requests.extraOf(request)?.retryCluster ?? -1;
    const own = first < 0 ? cluster : clusters[first]!;
    return own.breakersOf(requests.planOf(request).priority);
  }

  /** Starts the backoff of a retry that was admitted. */
  schedule(request: Slot, cluster: Cluster, wish: Wish, head: Head | null): void {
    const { requests, ports } = this;
    const uid = requests.uidOf(request);
    const attempt = requests.attemptsOf(request);
    let waitMs = 0;
    requests.clear(request, Bit.rateLimited);
    if (wish === Wish.atOnce) requests.set(request, Bit.retriesAtOnce);
    else {
      requests.clear(request, Bit.retriesAtOnce);
      const rules = requests.planOf(request).retry!;
      const isAsked = head !== null && rules.rateLimited !== null;
      waitMs = isAsked ? this.askedWait(request, rules, head) : 0;
      if (waitMs === 0) {
        const used = attempt - 1 - (requests.extraOf(request)?.rateLimitedWaits ?? 0);
        waitMs = this.ownWait(uid, attempt, rules, used);
      }
    }
    requests.set(request, Bit.backingOff);
    ports.record(RecordKind.retryScheduled, uid, cluster.id, waitMs);
    requests.setWaitTimer(request, ports.armAfter(waitMs, TimerKind.retryBackoff, request));
  }

  private ownWait(uid: number, attempt: number, rules: RetryRules, used: number): number {
    const { backoffBaseMs, backoffMaxMs, jitterRatio } = rules;
    const { draws } = this.ports;
    const { backoffDraws } = this.context;
    if (jitterRatio === null) {
      const ceilingMs = backoffCeilingMs(backoffBaseMs, backoffMaxMs, used);
      return draws.below(backoffDraws, uid, attempt, ceilingMs);
    }
    const draw = draws.unit(backoffDraws, uid, attempt);
    return jitteredBackoffMs(backoffBaseMs, backoffMaxMs, jitterRatio, used, draw);
  }

  /** @returns the wait that the response asks for, up to half longer; 0 = it asks for none */
  private askedWait(request: Slot, rules: RetryRules, head: Head): number {
    const { requests, ports } = this;
    const askedMs = askedWaitMs(rules, head, ports.wallMs() / 1_000);
    if (askedMs === 0) return 0;
    requests.set(request, Bit.rateLimited);
    requests.needExtra(request).rateLimitedWaits++;
    const uid = requests.uidOf(request);
    const attempt = requests.attemptsOf(request);
    return askedMs + ports.draws.below(this.context.backoffDraws, uid, attempt, askedMs >> 1);
  }

  private recordRefusal(request: Slot, cluster: Cluster, why: RetryRefusal): void {
    const uid = this.requests.uidOf(request);
    this.ports.record(RecordKind.retryRefused, uid, cluster.id, why);
  }
}
