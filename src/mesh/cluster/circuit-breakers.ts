/**
 * Circuit breakers of one cluster and priority: how much may be going on at once.
 *
 * The pools and the retry logic ask `can…` before they count something up and count it down when it
 * ends. A limit of 0 is legal and refuses everything. (Removing endpoints that misbehave is outlier
 * detection, another thing.)
 * Source: policy-engine.md §2.6, 3.1, 12.3; Envoy, resource manager.
 */
import type { Ns } from '../../core/time.ts';
import type { Thresholds } from '../config/config.ts';
import { BudgetWindow, retryLimit } from '../policy/retry-budget.ts';

/** What Envoy shows for "any number". */
const UINT64_MAX = 4_294_967_296 * 4_294_967_296;

/** Counts and limits; whoever adds has asked before, and removes exactly once. */
export class CircuitBreakers {
  /** Open or connecting upstream connections. */
  connections = 0;
  /** Requests that wait for a connection. */
  pending = 0;
  /** Requests attached to a connection. */
  requests = 0;
  /** Retries outstanding, from their decision to their end: waiting ones count. */
  retries = 0;
  private hasConnected = false;
  private hasRetried = false;
  private hasAskedBudget = false;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  private readonly thresholds: Thresholds;
  /** null = the budget, if any, follows the present load. */
  private readonly window: BudgetWindow | null;

  constructor(thresholds: Thresholds) {
    this.maxConnections = thresholds.maxConnections;
    this.maxPending = thresholds.maxPendingRequests;
    this.maxRequests = thresholds.maxRequests;
    this.maxRetries = thresholds.maxRetries;
    this.thresholds = thresholds;
    const intervalMs = thresholds.retryBudget === null ? 0 : thresholds.retryBudget.intervalMs;
    this.window = intervalMs > 0 ? new BudgetWindow(intervalMs) : null;
  }

  /** Whether `addRequest` and `canRetry` look at the time; if not, any number will do. */
  get countsOverTime(): boolean {
    return this.window !== null;
  }

  /** Whether retries are limited by a share of the load instead of `maxRetries`. */
  get hasBudget(): boolean {
    return this.thresholds.retryBudget !== null;
  }

  canConnect(): boolean {
    return this.connections < this.maxConnections;
  }

  canPend(): boolean {
    return this.pending < this.maxPending;
  }

  canRequest(): boolean {
    return this.requests < this.maxRequests;
  }

  /**
   * With a retry budget `maxRetries` is not consulted.
   *
   * @param lost attempts that are gone and still count as the load that budgets are shares of
   */
  canRetry(nowNs: Ns, lost = 0): boolean {
    this.hasAskedBudget = this.hasBudget;
    return this.retries < this.currentRetryLimit(nowNs, lost);
  }

  /** Retries that may be outstanding at this moment. */
  currentRetryLimit(nowNs: Ns, lost = 0): number {
    return this.window === null
      ? retryLimit(this.thresholds, this.requests + lost, this.pending)
      : retryLimit(this.thresholds, this.window.count(nowNs), 0);
  }

  /** Whether requests over `maxRequests` count as overflows of the queue, too. */
  get countsActiveAsPending(): boolean {
    return this.thresholds.countsActiveAsPending === true;
  }

  /** Hosts that may have connections. */
  get maxPools(): number {
    return this.thresholds.maxConnectionPools ?? Number.POSITIVE_INFINITY;
  }

  /** Connections that one host may have. */
  get maxConnectionsPerHost(): number {
    return this.thresholds.maxConnectionsPerHost ?? Number.POSITIVE_INFINITY;
  }

  addConnection(): void {
    this.connections += 1;
    this.hasConnected = true;
  }

  removeConnection(): void {
    this.connections -= 1;
  }

  addPending(): void {
    this.pending += 1;
  }

  removePending(): void {
    this.pending -= 1;
  }

  /** An attempt was attached to a connection. */
  addRequest(nowNs: Ns): void {
    this.requests += 1;
    if (this.window !== null) this.window.add(nowNs);
  }

  removeRequest(): void {
    this.requests -= 1;
  }

  addRetry(): void {
    this.retries += 1;
    this.hasRetried = true;
  }

  removeRetry(): void {
    this.retries -= 1;
  }

  /**
   * The gauges under `cluster.<name>.circuit_breakers.<priority>.`: 1 = at or over the limit.
   *
   * @param pools hosts that have connections
   * With a retry budget `rq_retry_open` still compares with `maxRetries`.
   */
  visitGauges(pools: number, visit: (name: string, value: number) => void): void {
    const isOverZero = this.maxConnections === 0 && this.hasConnected;
    visit('cx_open', isOverZero ? 1 : openness(this.connections, this.maxConnections));
    visit('cx_pool_open', openness(pools, this.maxPools));
    visit('rq_pending_open', openness(this.pending, this.maxPending));
    visit('rq_open', openness(this.requests, this.maxRequests));
    const isRetryOverZero = this.maxRetries === 0 && this.hasRetried;
    visit('rq_retry_open', isRetryOverZero ? 1 : openness(this.retries, this.maxRetries));
    if (this.thresholds.trackRemaining !== true) return;
    visit('remaining_cx', left(this.connections, this.maxConnections));
    visit('remaining_cx_pools', left(pools, Math.min(this.maxPools, UINT64_MAX)));
    visit('remaining_pending', left(this.pending, this.maxPending));
    visit('remaining_rq', left(this.requests, this.maxRequests));
    // A budget that decided once tells no number any more.
    visit('remaining_retries', this.hasAskedBudget ? 0 : left(this.retries, this.maxRetries));
  }
}

function left(count: number, max: number): number {
  return Math.max(0, max - count);
}

/** Envoy sets a gauge when its count moves: a limit of 0 shows only once something went beyond it. */
function openness(count: number, max: number): number {
  return count >= max && (count > 0 || max > 0) ? 1 : 0;
}
