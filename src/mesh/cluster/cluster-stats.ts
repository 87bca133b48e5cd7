/**
 * Counters of one cluster under Envoy's names, in one typed array.
 *
 * The pool and the engine count here; `visitStats` reads. Response codes are few per cluster, so
 * they are found by a short linear search instead of a table of 500.
 * Source: policy-engine.md §12.1–12.3; Envoy docs, cluster_manager/cluster_stats.
 */

/** Position of each counter; `CLUSTER_COUNTER_NAMES` has the names in this order. */
export const ClusterCounter = {
  rqTotal: 0,
  rqPendingTotal: 1,
  rqPendingOverflow: 2,
  rqActiveOverflow: 3,
  rqPendingFailureEject: 4,
  rqCancelled: 5,
  rqTimeout: 6,
  rqPerTryTimeout: 7,
  rqPerTryIdleTimeout: 8,
  rqRetry: 9,
  rqRetryBackoffExponential: 10,
  rqRetryBackoffRatelimited: 11,
  rqRetrySuccess: 12,
  rqRetryLimitExceeded: 13,
  rqRetryOverflow: 14,
  retryOrShadowAbandoned: 15,
  cxTotal: 16,
  cxHttp1Total: 17,
  cxConnectFail: 18,
  cxConnectTimeout: 19,
  cxOverflow: 20,
  cxNoneHealthy: 21,
  cxDestroy: 22,
  cxDestroyLocal: 23,
  cxDestroyRemote: 24,
  cxDestroyWithActiveRq: 25,
  cxDestroyLocalWithActiveRq: 26,
  cxDestroyRemoteWithActiveRq: 27,
  cxCloseNotify: 28,
  cxIdleTimeout: 29,
  cxMaxDurationReached: 30,
  cxMaxRequests: 31,
  cxProtocolError: 32,
  membershipChange: 33,
  lbHealthyPanic: 34,
} as const;
export type ClusterCounter = (typeof ClusterCounter)[keyof typeof ClusterCounter];

export const CLUSTER_COUNTER_NAMES: readonly string[] = [
  'upstream_rq_total',
  'upstream_rq_pending_total',
  'upstream_rq_pending_overflow',
  'upstream_rq_active_overflow',
  'upstream_rq_pending_failure_eject',
  'upstream_rq_cancelled',
  'upstream_rq_timeout',
  'upstream_rq_per_try_timeout',
  'upstream_rq_per_try_idle_timeout',
  'upstream_rq_retry',
  'upstream_rq_retry_backoff_exponential',
  'upstream_rq_retry_backoff_ratelimited',
  'upstream_rq_retry_success',
  'upstream_rq_retry_limit_exceeded',
  'upstream_rq_retry_overflow',
  'retry_or_shadow_abandoned',
  'upstream_cx_total',
  'upstream_cx_http1_total',
  'upstream_cx_connect_fail',
  'upstream_cx_connect_timeout',
  'upstream_cx_overflow',
  'upstream_cx_none_healthy',
  'upstream_cx_destroy',
  'upstream_cx_destroy_local',
  'upstream_cx_destroy_remote',
  'upstream_cx_destroy_with_active_rq',
  'upstream_cx_destroy_local_with_active_rq',
  'upstream_cx_destroy_remote_with_active_rq',
  'upstream_cx_close_notify',
  'upstream_cx_idle_timeout',
  'upstream_cx_max_duration_reached',
  'upstream_cx_max_requests',
  'upstream_cx_protocol_error',
  'membership_change',
  'lb_healthy_panic',
];

export class ClusterStats {
  private readonly counters: Float64Array;
  /** Codes of final responses. */
  readonly codes: CodeCounts;
  /** Codes of responses that were retried. */
  readonly retriedCodes: CodeCounts;

  constructor() {
    this.counters = new Float64Array(CLUSTER_COUNTER_NAMES.length);
    this.codes = new CodeCounts();
    this.retriedCodes = new CodeCounts();
  }

  count(counter: ClusterCounter): void {
    this.counters[counter] = this.counters[counter]! + 1;
  }

  valueOf(counter: ClusterCounter): number {
    return this.counters[counter]!;
  }

  /** Names below `cluster.<name>.`. */
  visit(visit: (name: string, value: number) => void): void {
    CLUSTER_COUNTER_NAMES.forEach((name, i) => {
      visit(name, this.counters[i]!);
    });
    this.codes.visit('', visit);
    this.retriedCodes.visit('retry.', visit);
  }
}

/** How often each status code occurred. */
export class CodeCounts {
  private readonly codes: number[];
  private readonly counts: number[];

  constructor() {
    this.codes = [];
    this.counts = [];
  }

  count(code: number): void {
    const codes = this.codes;
    for (let i = 0; i < codes.length; i++) {
      if (codes[i] === code) {
        this.counts[i] = this.counts[i]! + 1;
        return;
      }
    }
    codes.push(code);
    this.counts.push(1);
  }

  /** `<prefix>upstream_rq_503`, `…_5xx` and `…_completed`, in this order of names for each code. */
  visit(prefix: string, visit: (name: string, value: number) => void): void {
    const classes = [0, 0, 0, 0, 0, 0];
    let completed = 0;
    for (let i = 0; i < this.codes.length; i++) {
      const code = this.codes[i]!;
      const hundreds = Math.floor(code / 100);
      classes[hundreds] = (classes[hundreds] ?? 0) + this.counts[i]!;
      completed += this.counts[i]!;
      visit(`${prefix}upstream_rq_${code}`, this.counts[i]!);
    }
    for (let hundreds = 1; hundreds < classes.length; hundreds++) {
      const value = classes[hundreds]!;
      if (value > 0) visit(`${prefix}upstream_rq_${hundreds}xx`, value);
    }
    if (completed > 0) visit(`${prefix}upstream_rq_completed`, completed);
  }
}
