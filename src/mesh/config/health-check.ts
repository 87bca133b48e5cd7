/**
 * Configuration of active health checks.
 *
 * Source: policy-engine.md §5; Envoy, config/core/v3 HealthCheck.
 */

/** One checker of a cluster. */
export interface HealthCheckConfig {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  readonly reusesConnection: boolean;
  readonly probe:
    | { readonly kind: 'tcp' }
    | {
        readonly kind: 'http';
        readonly host: string;
        readonly path: string;
        readonly method: string;
        readonly expected: readonly StatusRange[];
        readonly retriable: readonly StatusRange[];
      };
}

/** Integers in [from, to). */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}
