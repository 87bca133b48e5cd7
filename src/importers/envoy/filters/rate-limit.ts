/**
 * `RateLimit` → the filter that asks a service for each request.
 *
 * Source: Envoy v3 API, extensions/filters/http/ratelimit/v3 and config/ratelimit/v3; policy-engine.md §9.3.
 */
import type { RateLimitConfig } from '../../../mesh/config/config.ts';
import { ENVOY } from '../../../mesh/config/defaults.ts';
import type { Fields } from '../fields.ts';
import { readAdditions } from '../header-mutations.ts';
import type { Runtime } from '../runtime.ts';
import { statusOf } from './local-rate-limit.ts';

const TYPES = ['both', 'internal', 'external'] as const;

export function readRateLimit(fields: Fields, runtime: Runtime): RateLimitConfig {
  const service = fields.message('rate_limit_service', 'RateLimitServiceConfig');
  service?.ignore('transport_api_version');
  const grpc = service?.message('grpc_service', 'GrpcService');
  const envoy = grpc?.message('envoy_grpc', 'EnvoyGrpc');
  const cluster = envoy?.text('cluster_name') ?? '';
  const authority = envoy?.text('authority') ?? '';
  envoy?.close();
  grpc?.ignore('timeout', 'initial_metadata', 'retry_policy');
  grpc?.close();
  service?.close();
  if (cluster === '') fields.node.error('MQ-FIELD-003', 'rate_limit_service names no cluster');
  const limited = fields.message('rate_limited_status', 'HttpStatus');
  const failed = fields.message('status_on_error', 'HttpStatus');
  const defaults = ENVOY.rateLimit;
  const config = {
    domain: fields.text('domain') ?? '',
    stage: fields.integer('stage', 0, 10) ?? 0,
    requestType: fields.oneOf('request_type', TYPES) ?? 'both',
    timeoutMs: fields.durationMs('timeout') ?? defaults.timeoutMs.value,
    deniesOnFailure: fields.flag('failure_mode_deny'),
    cluster,
    authority,
    tellsExhausted: fields.flag('rate_limited_as_resource_exhausted'),
    hidesLimited: fields.flag('disable_x_envoy_ratelimited_header'),
    status: statusOf(limited),
    statusOnError: statusOf(failed, defaults.statusOnError.value),
    enabled: fields.runtimeFraction('filter_enabled', runtime) ?? null,
    enforced: fields.runtimeFraction('filter_enforced', runtime) ?? null,
    responseHeaders: readAdditions(fields, 'response_headers_to_add'),
  };
  limited?.close();
  failed?.close();
  fields.ignore('stat_prefix');
  fields.close();
  return config;
}
