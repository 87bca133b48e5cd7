/**
 * Configuration of outlier detection.
 *
 * Source: policy-engine.md §4; Envoy, OutlierDetection.
 */

/** Source: policy-engine.md §4.1. Percentages are integers 0..100. */
export interface OutlierConfig {
  /** 0 never fires. */
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xxPercent: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailurePercent: number;
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailurePercent: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  /** undefined = hosts are not compared over intervals. */
  readonly statistics?: OutlierStatistics;
  /** Whether a passed health check ends an ejection; undefined = yes, as in Envoy. */
  readonly unejectsOnHealthCheck?: boolean;
  /** Whether hosts that say so in their answers are degraded for a while; undefined = no. */
  readonly detectsDegraded?: boolean;
}

/** Detection over whole intervals. Source: policy-engine.md §4.6. */
export interface OutlierStatistics {
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** In thousandths. */
  readonly successRateStdevFactor: number;
  readonly enforcingSuccessRatePercent: number;
  readonly enforcingLocalOriginSuccessRatePercent: number;
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
  readonly enforcingFailurePercentagePercent: number;
  readonly enforcingLocalOriginFailurePercentagePercent: number;
}
