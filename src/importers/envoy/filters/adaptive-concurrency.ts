/**
 * `AdaptiveConcurrency` → the adaptive concurrency filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/adaptive_concurrency/v3; policy-engine.md §9.4.
 */
import type { AdaptiveConcurrencyConfig } from '../../../mesh/config/config.ts';
import { ENVOY } from '../../../mesh/config/defaults.ts';
import type { Fields } from '../fields.ts';
import { statusOf } from './local-rate-limit.ts';

const EXCEEDED = 503;

/** What is no error code becomes 503. */
function statusFrom400(status: Fields | undefined): number {
  const code = statusOf(status, EXCEEDED);
  return code < 400 ? EXCEEDED : code;
}

export function readAdaptiveConcurrency(fields: Fields): AdaptiveConcurrencyConfig {
  const defaults = ENVOY.adaptiveConcurrency;
  const gradient = fields.message('gradient_controller_config', 'GradientControllerConfig');
  const limits = gradient?.message('concurrency_limit_params', 'ConcurrencyLimitParams');
  const rtt = gradient?.message('min_rtt_calc_params', 'MinimumRTTCalculationParams');
  const status = fields.message('concurrency_limit_exceeded_status', 'HttpStatus');
  const enabled = fields.message('enabled', 'RuntimeFeatureFlag');
  const isOn = enabled?.flag('default_value', true) !== false;
  enabled?.ignore('runtime_key');
  const measureMs = rtt?.durationMs('interval');
  const fixedMs = rtt?.durationMs('fixed_value');
  if (measureMs === undefined && fixedMs === undefined) {
    (rtt ?? fields).node.error('MQ-FIELD-003', 'min_rtt_calc_params needs interval or fixed_value');
  }
  const updateMs = limits?.durationMs('concurrency_update_interval');
  if (updateMs === undefined) {
    (limits ?? fields).node.error('MQ-FIELD-003', 'concurrency_update_interval is missing');
  }
  const lowestLimit = limits?.integer('min_concurrency_limit', 1);
  const config = {
    enabled: isOn ? null : { numerator: 0, denominator: 100 as const },
    percentile: gradient?.percent('sample_aggregate_percentile') ?? defaults.percentile.value,
    maxConcurrency: limits?.integer('max_concurrency_limit') ?? defaults.maxConcurrency.value,
    minConcurrency: rtt?.integer('min_concurrency') ?? defaults.minConcurrency.value,
    updateIntervalMs: updateMs ?? 100,
    measureIntervalMs: measureMs ?? 0,
    fixedMinRttMs: fixedMs ?? null,
    requestCount: rtt?.integer('request_count') ?? defaults.requestCount.value,
    jitterPercent: rtt?.percent('jitter') ?? defaults.jitterPercent.value,
    bufferPercent: rtt?.percent('buffer') ?? defaults.bufferPercent.value,
    exceededStatus: statusFrom400(status),
    ...(lowestLimit === undefined ? {} : { lowestLimit }),
  };
  for (const part of [limits, rtt, gradient, status, enabled, fields]) part?.close();
  return config;
}
