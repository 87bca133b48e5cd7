/**
 * Counters of one cluster under Envoy's names.
 *
 * The pool and the engine count here; `visitStats` reads. Plain fields, the busiest first: one line
 * of memory per request. Response codes are few per cluster, so they need no table of 500.
 * Source: policy-engine.md §12.1–12.3; Envoy docs, cluster_manager/cluster_stats.
 */
import { TlsStats } from './tls-stats.ts';

export class ClusterStats {
  rqTotal = 0;
  rqPendingTotal = 0;
  rqPendingOverflow = 0;
  rqActiveOverflow = 0;
  rqPendingFailureEject = 0;
  rqCancelled = 0;
  rqTimeout = 0;
  rqPerTryTimeout = 0;
  rqPerTryIdleTimeout = 0;
  rqRetry = 0;
  rqRetryBackoffExponential = 0;
  rqRetryBackoffRatelimited = 0;
  rqRetrySuccess = 0;
  rqRetryLimitExceeded = 0;
  rqRetryOverflow = 0;
  retryOrShadowAbandoned = 0;
  cxTotal = 0;
  cxHttp1Total = 0;
  cxHttp2Total = 0;
  cxConnectFail = 0;
  cxConnectTimeout = 0;
  cxOverflow = 0;
  cxNoneHealthy = 0;
  cxPoolOverflow = 0;
  rqMaintenanceMode = 0;
  cxDestroy = 0;
  cxDestroyLocal = 0;
  cxDestroyRemote = 0;
  cxDestroyWithActiveRq = 0;
  cxDestroyLocalWithActiveRq = 0;
  cxDestroyRemoteWithActiveRq = 0;
  cxCloseNotify = 0;
  cxIdleTimeout = 0;
  cxMaxDurationReached = 0;
  cxMaxRequests = 0;
  cxProtocolError = 0;
  membershipChange = 0;
  lbHealthyPanic = 0;
  /** null = nobody was dialled over TLS. */
  private tls: TlsStats | null = null;
  lbSubsetsSelected = 0;
  lbSubsetsFallback = 0;
  lbSubsetsFallbackPanic = 0;
  lbRecalculateZoneStructures = 0;
  lbZoneClusterTooSmall = 0;
  lbZoneRoutingAllDirectly = 0;
  lbZoneRoutingSampled = 0;
  lbZoneRoutingCrossZone = 0;
  lbZoneNoCapacityLeft = 0;
  lbLocalClusterNotOk = 0;
  rqMaxDurationReached = 0;
  internalRedirectSucceeded = 0;
  internalRedirectFailed = 0;
  rqRxReset = 0;
  rqTxReset = 0;
  /** Of proxied TCP connections: nobody took them, in as many attempts as they have. */
  cxConnectAttemptsExceeded = 0;
  /** Codes of final responses. */
  readonly codes = new CodeCounts();
  /** Of those the ones to requests from inside; all others were external. null = none yet. */
  private internalCodes: CodeCounts | null = null;
  /** Of those the ones that are not told apart, only counted. null = none yet. */
  private hiddenCodes: CodeCounts | null = null;
  /** Of those the ones of canary hosts. null = none yet. */
  private canaryCodes: CodeCounts | null = null;
  /** By what stands before their names: zones, names that clients gave. null = none yet. */
  private moreCodes: Map<string, CodeCounts> | null = null;
  /** Codes of responses that were retried. */
  readonly retriedCodes = new CodeCounts();

  /** The answer to a request. @param isInternal whether the request came from inside */
  countCode(code: number, isInternal: boolean): void {
    this.codes.count(code);
    if (!isInternal) return;
    this.internalCodes ??= new CodeCounts();
    this.internalCodes.count(code);
  }

  /** An answer that was counted is not told by its code. */
  hideCode(code: number): void {
    this.hiddenCodes ??= new CodeCounts();
    this.hiddenCodes.count(code);
  }

  /** The answer came from a canary host. */
  countCanary(code: number): void {
    this.canaryCodes ??= new CodeCounts();
    this.canaryCodes.count(code);
  }

  /** The same answer under another prefix, which ends with a dot. */
  countUnder(prefix: string, code: number): void {
    this.moreCodes ??= new Map();
    let counts = this.moreCodes.get(prefix);
    if (counts === undefined) {
      counts = new CodeCounts();
      this.moreCodes.set(prefix, counts);
    }
    counts.count(code);
  }

  /** Counters of handshakes with endpoints. */
  needTls(): TlsStats {
    this.tls ??= new TlsStats();
    return this.tls;
  }

  /** Names below `cluster.<name>.`. */
  visit(visit: (name: string, value: number) => void): void {
    for (const [field, name] of CLUSTER_COUNTERS) visit(name, this[field]);
    this.tls?.visit('', visit);
    this.codes.visit('', visit, null, this.hiddenCodes);
    this.internalCodes?.visit('internal.', visit);
    this.codes.visit('external.', visit, this.internalCodes);
    this.canaryCodes?.visit('canary.', visit);
    this.retriedCodes.visit('retry.', visit);
    if (this.moreCodes === null) return;
    for (const [prefix, counts] of this.moreCodes) counts.visit(prefix, visit);
  }
}

/** A counter's field. */
export type ClusterCounter = Exclude<
  keyof ClusterStats,
  | 'codes'
  | 'retriedCodes'
  | 'countCode'
  | 'countCanary'
  | 'countUnder'
  | 'hideCode'
  | 'needTls'
  | 'visit'
>;

const CLUSTER_COUNTERS: readonly (readonly [ClusterCounter, string])[] = [
  ['rqTotal', 'upstream_rq_total'],
  ['rqPendingTotal', 'upstream_rq_pending_total'],
  ['rqPendingOverflow', 'upstream_rq_pending_overflow'],
  ['rqActiveOverflow', 'upstream_rq_active_overflow'],
  ['rqPendingFailureEject', 'upstream_rq_pending_failure_eject'],
  ['rqCancelled', 'upstream_rq_cancelled'],
  ['rqTimeout', 'upstream_rq_timeout'],
  ['rqPerTryTimeout', 'upstream_rq_per_try_timeout'],
  ['rqPerTryIdleTimeout', 'upstream_rq_per_try_idle_timeout'],
  ['rqRetry', 'upstream_rq_retry'],
  ['rqRetryBackoffExponential', 'upstream_rq_retry_backoff_exponential'],
  ['rqRetryBackoffRatelimited', 'upstream_rq_retry_backoff_ratelimited'],
  ['rqRetrySuccess', 'upstream_rq_retry_success'],
  ['rqRetryLimitExceeded', 'upstream_rq_retry_limit_exceeded'],
  ['rqRetryOverflow', 'upstream_rq_retry_overflow'],
  ['retryOrShadowAbandoned', 'retry_or_shadow_abandoned'],
  ['cxTotal', 'upstream_cx_total'],
  ['cxHttp1Total', 'upstream_cx_http1_total'],
  ['cxHttp2Total', 'upstream_cx_http2_total'],
  ['cxConnectFail', 'upstream_cx_connect_fail'],
  ['cxConnectTimeout', 'upstream_cx_connect_timeout'],
  ['cxConnectAttemptsExceeded', 'upstream_cx_connect_attempts_exceeded'],
  ['cxOverflow', 'upstream_cx_overflow'],
  ['cxPoolOverflow', 'upstream_cx_pool_overflow'],
  ['rqMaintenanceMode', 'upstream_rq_maintenance_mode'],
  ['cxNoneHealthy', 'upstream_cx_none_healthy'],
  ['cxDestroy', 'upstream_cx_destroy'],
  ['cxDestroyLocal', 'upstream_cx_destroy_local'],
  ['cxDestroyRemote', 'upstream_cx_destroy_remote'],
  ['cxDestroyWithActiveRq', 'upstream_cx_destroy_with_active_rq'],
  ['cxDestroyLocalWithActiveRq', 'upstream_cx_destroy_local_with_active_rq'],
  ['cxDestroyRemoteWithActiveRq', 'upstream_cx_destroy_remote_with_active_rq'],
  ['cxCloseNotify', 'upstream_cx_close_notify'],
  ['cxIdleTimeout', 'upstream_cx_idle_timeout'],
  ['cxMaxDurationReached', 'upstream_cx_max_duration_reached'],
  ['cxMaxRequests', 'upstream_cx_max_requests'],
  ['cxProtocolError', 'upstream_cx_protocol_error'],
  ['membershipChange', 'membership_change'],
  ['lbHealthyPanic', 'lb_healthy_panic'],
  ['lbSubsetsSelected', 'lb_subsets_selected'],
  ['lbSubsetsFallback', 'lb_subsets_fallback'],
  ['lbSubsetsFallbackPanic', 'lb_subsets_fallback_panic'],
  ['lbRecalculateZoneStructures', 'lb_recalculate_zone_structures'],
  ['lbZoneClusterTooSmall', 'lb_zone_cluster_too_small'],
  ['lbZoneRoutingAllDirectly', 'lb_zone_routing_all_directly'],
  ['lbZoneRoutingSampled', 'lb_zone_routing_sampled'],
  ['lbZoneRoutingCrossZone', 'lb_zone_routing_cross_zone'],
  ['lbZoneNoCapacityLeft', 'lb_zone_no_capacity_left'],
  ['lbLocalClusterNotOk', 'lb_local_cluster_not_ok'],
  ['rqMaxDurationReached', 'upstream_rq_max_duration_reached'],
  ['internalRedirectSucceeded', 'upstream_internal_redirect_succeeded_total'],
  ['internalRedirectFailed', 'upstream_internal_redirect_failed_total'],
  ['rqRxReset', 'upstream_rq_rx_reset'],
  ['rqTxReset', 'upstream_rq_tx_reset'],
];

/** How often each status code occurred. */
export class CodeCounts {
  /** The last code and how often it came in a row: most responses are like the one before. */
  private lastCode: number;
  private lastCount: number;
  private readonly codes: number[];
  private readonly counts: number[];

  constructor() {
    this.lastCode = 0;
    this.lastCount = 0;
    this.codes = [];
    this.counts = [];
  }

  count(code: number): void {
    if (code !== this.lastCode) {
      this.flush();
      this.lastCode = code;
    }
    this.lastCount++;
  }

  /**
   * `<prefix>upstream_rq_503`, `…_5xx` and `…_completed`, in this order of names for each code.
   *
   * @param others those that do not count here
   * @param hidden those of which only the number counts
   */
  visit(
    prefix: string,
    visit: (name: string, value: number) => void,
    others: CodeCounts | null = null,
    hidden: CodeCounts | null = null,
  ): void {
    this.flush();
    const classes = [0, 0, 0, 0, 0, 0];
    let completed = 0;
    for (let i = 0; i < this.codes.length; i++) {
      const code = this.codes[i]!;
      const count = this.counts[i]! - (others === null ? 0 : others.countOf(code));
      if (count === 0) continue;
      completed += count;
      const told = count - (hidden === null ? 0 : hidden.countOf(code));
      if (told === 0) continue;
      const hundreds = Math.floor(code / 100);
      classes[hundreds] = (classes[hundreds] ?? 0) + told;
      // Of other codes only their number is known.
      if (code >= 100 && code <= 599) visit(`${prefix}upstream_rq_${code}`, told);
    }
    for (let hundreds = 1; hundreds <= 5; hundreds++) {
      const value = classes[hundreds]!;
      if (value > 0) visit(`${prefix}upstream_rq_${hundreds}xx`, value);
    }
    if (completed > 0) visit(`${prefix}upstream_rq_completed`, completed);
  }

  private countOf(code: number): number {
    this.flush();
    return this.counts[this.codes.indexOf(code)] ?? 0;
  }

  private flush(): void {
    if (this.lastCount === 0) return;
    let at = this.codes.indexOf(this.lastCode);
    if (at < 0) {
      at = this.codes.push(this.lastCode) - 1;
      this.counts.push(0);
    }
    this.counts[at] = this.counts[at]! + this.lastCount;
    this.lastCount = 0;
  }
}
