/**
 * `OutlierDetection` of a cluster.
 *
 * Source: Envoy v3 API, config/cluster/v3 OutlierDetection; policy-engine.md §4.1.
 */
import { envoyOutlier, valuesOf } from '../../mesh/config/complete.ts';
import type { OutlierConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { Fields } from './fields.ts';
import type { Runtime } from './runtime.ts';

/** Settings and the fields that hold them. */
export const OUTLIER_NUMBERS = {
  consecutive5xx: 'consecutive_5xx',
  enforcingConsecutive5xxPercent: 'enforcing_consecutive_5xx',
  consecutiveGatewayFailure: 'consecutive_gateway_failure',
  enforcingConsecutiveGatewayFailurePercent: 'enforcing_consecutive_gateway_failure',
  consecutiveLocalOriginFailure: 'consecutive_local_origin_failure',
  enforcingConsecutiveLocalOriginFailurePercent: 'enforcing_consecutive_local_origin_failure',
  maxEjectionPercent: 'max_ejection_percent',
} as const;

export const OUTLIER_STATISTICS = {
  successRateMinimumHosts: 'success_rate_minimum_hosts',
  successRateRequestVolume: 'success_rate_request_volume',
  successRateStdevFactor: 'success_rate_stdev_factor',
  enforcingSuccessRatePercent: 'enforcing_success_rate',
  enforcingLocalOriginSuccessRatePercent: 'enforcing_local_origin_success_rate',
  failurePercentageThreshold: 'failure_percentage_threshold',
  failurePercentageMinimumHosts: 'failure_percentage_minimum_hosts',
  failurePercentageRequestVolume: 'failure_percentage_request_volume',
  enforcingFailurePercentagePercent: 'enforcing_failure_percentage',
  enforcingLocalOriginFailurePercentagePercent: 'enforcing_failure_percentage_local_origin',
} as const;

export const OUTLIER_TIMES = {
  intervalMs: 'interval',
  baseEjectionTimeMs: 'base_ejection_time',
  maxEjectionTimeMs: 'max_ejection_time',
  maxEjectionTimeJitterMs: 'max_ejection_time_jitter',
} as const;

export function readOutlier(fields: Fields, runtime: Runtime): OutlierConfig {
  const given: Record<string, number | boolean> = {};
  for (const [key, name] of Object.entries(OUTLIER_NUMBERS)) {
    const value = runtime.integer(`outlier_detection.${name}`) ?? fields.integer(name);
    fields.ignore(name);
    if (value !== undefined) given[key] = value;
  }
  for (const [key, name] of Object.entries(OUTLIER_TIMES)) {
    const value = runtime.integer(`outlier_detection.${name}_ms`) ?? fields.durationMs(name);
    fields.ignore(name);
    if (value !== undefined) given[key] = value;
  }
  const statistics: Record<string, number> = {};
  for (const [key, name] of Object.entries(OUTLIER_STATISTICS)) {
    const value = runtime.integer(`outlier_detection.${name}`) ?? fields.integer(name);
    fields.ignore(name);
    if (value !== undefined) statistics[key] = value;
  }
  const outlier = envoyOutlier({
    ...given,
    statistics: { ...valuesOf(ENVOY.outlierStatistics), ...statistics },
    splitExternalLocalOriginErrors: fields.flag('split_external_local_origin_errors'),
    ...(fields.flag('detect_degraded_hosts') ? { detectsDegraded: true } : {}),
    alwaysEjectOneHost: fields.flag('always_eject_one_host'),
    unejectsOnHealthCheck: fields.flag('successful_active_health_check_uneject_host', true),
  });
  if (outlier.maxEjectionTimeMs < outlier.baseEjectionTimeMs) {
    const at = fields.get('max_ejection_time') ?? fields.node;
    at.error('MQ-ENVOY-003', 'max_ejection_time is shorter than base_ejection_time');
  }
  fields.close();
  return outlier;
}
