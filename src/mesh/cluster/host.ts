/**
 * One endpoint as one proxy sees it: gauges, health and what outlier detection remembers of it.
 *
 * Written by `cluster/` and `engine/`, read by balancers. Plain object on purpose: there are few of
 * them, and they are made on the first use of their cluster.
 */
import type { Endpoint } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { LatencyEstimate } from './latency-estimate.ts';
import type { ResultCounts } from './outlier-statistics.ts';

/** The weight that a host's reports amount to. */
export interface ReportedLoad {
  weight: number;
  /** When reports began, or began again after a gap. */
  sinceNs: Ns;
  lastNs: Ns;
}

export class Host {
  // What every request touches stands first, side by side in memory.
  /** `endpoint.id`, for records. */
  readonly id: number;
  /** Position in the cluster's endpoint list. */
  index: number;
  /** Requests attached to a connection; what least request compares. */
  rqActive = 0;
  rqTotal = 0;
  rqSuccess = 0;
  consecutive5xx = 0;
  consecutiveGatewayFailure = 0;
  /** Replaced when the control plane sends the same endpoint with other facts. */
  endpoint: Endpoint;

  // gauges and counters, as in Envoy's /clusters
  cxActive = 0;
  cxTotal = 0;
  cxConnectFail = 0;
  rqPendingActive = 0;
  rqError = 0;
  rqTimeout = 0;

  /** When it was added, or last became healthy by active checks: where slow start begins. */
  inServiceNs: Ns;

  /** FAILED_OUTLIER_CHECK: takes effect at once, reaches the balancer with the next host update. */
  isEjected = false;
  /** The gate of failure accrual lets nobody through. */
  isShut = false;

  // outlier detection
  consecutiveLocalOriginFailure = 0;
  /** Multiplies the base ejection time; 0 before the first ejection. */
  ejectionBackoff = 0;
  ejectionCount = 0;
  /** How often a detector named it; a serial number for the draws of its ejections. */
  detectionCount = 0;
  ejectionJitterMs = 0;
  lastEjectionNs: Ns = -1;
  lastUnejectionNs: Ns = -1;

  /** What it reported of its load, for balancers that go by that. */
  reported: ReportedLoad | null = null;

  /** What its answers take, for balancers that go by that. */
  latency: LatencyEstimate | null = null;

  constructor(endpoint: Endpoint, index: number, inServiceNs: Ns = 0) {
    this.id = endpoint.id;
    this.index = index;
    this.endpoint = endpoint;
    this.inServiceNs = inServiceNs;
  }

  /** Results by interval; null = nobody counts them. */
  externalResults: ResultCounts | null = null;
  localResults: ResultCounts | null = null;

  /** DEGRADED_OUTLIER_DETECTION: it said so in an answer. */
  isDegradedByAnswers = false;
  degradedBackoff = 0;
  degradedJitterMs = 0;
  lastDegradedNs: Ns = -1;

  // active health checks
  /** FAILED_ACTIVE_HC. */
  failsChecks = false;
  /** DEGRADED_ACTIVE_HC, or by what it answered to requests. */
  isMarkedDegraded = false;
  /** Left out of the denominators of panic and of priorities until its next passed check. */
  isExcludedByCheck = false;
  /** PENDING_ACTIVE_HC: no check had a result yet, and until then it does not count. */
  isUnchecked = false;
  /** PENDING_DYNAMIC_REMOVAL: it left the cluster, and stays until a check fails. */
  isLeaving = false;

  /** Whether outlier detection still has something to end or to forget. */
  get needsSweep(): boolean {
    return this.isEjected || this.ejectionBackoff > 0 || this.isDegradedByAnswers;
  }

  /** Whether the balancer may choose it outside panic. */
  get isHealthy(): boolean {
    if (this.isEjected || this.failsChecks || this.isMarkedDegraded || this.isShut) return false;
    if (this.isDegradedByAnswers) return false;
    return this.endpoint.health === 'healthy';
  }

  /** Chosen for the share that healthy hosts cannot carry. */
  get isDegraded(): boolean {
    if (this.isEjected || this.failsChecks || this.isShut) return false;
    const { health } = this.endpoint;
    const isMarked = this.isMarkedDegraded || this.isDegradedByAnswers;
    return health === 'degraded' || (isMarked && health === 'healthy');
  }

  /** Left out of the denominators of panic and of priorities. */
  get isExcluded(): boolean {
    return this.isExcludedByCheck || this.isUnchecked || this.endpoint.health === 'draining';
  }
}
