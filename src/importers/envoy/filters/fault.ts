/**
 * `HTTPFault` → the fault filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/fault/v3; policy-engine.md §9.1.
 */
import type { FaultConfig } from '../../../mesh/config/config.ts';
import { ENVOY } from '../../../mesh/config/defaults.ts';
import type { Fields } from '../fields.ts';
import { readHeaderMatch } from '../matchers.ts';
import type { Runtime } from '../runtime.ts';

/** Where the runtime may say otherwise, unless the configuration names other keys. */
const KEYS = {
  delay_percent_runtime: 'fault.http.delay.fixed_delay_percent',
  delay_duration_runtime: 'fault.http.delay.fixed_duration_ms',
  abort_percent_runtime: 'fault.http.abort.abort_percent',
  abort_http_status_runtime: 'fault.http.abort.http_status',
  abort_grpc_status_runtime: 'fault.http.abort.grpc_status',
  max_active_faults_runtime: 'fault.http.max_active_faults',
  response_rate_limit_percent_runtime: 'fault.http.rate_limit.response_percent',
} as const;

export function readFault(fields: Fields, runtime: Runtime): FaultConfig {
  const keyOf = (name: keyof typeof KEYS) => fields.text(name) || KEYS[name];
  const nothing = ENVOY.fault.percentage.value;
  const delay = fields.message('delay', 'FaultDelay');
  const headerDelay = delay?.message('header_delay', 'HeaderDelay');
  headerDelay?.close();
  const delayMs = delay?.durationMs('fixed_delay');
  const delayPercent = delay?.fraction('percentage') ?? nothing;
  delay?.close();
  const abort = fields.message('abort', 'FaultAbort');
  const headerAbort = abort?.message('header_abort', 'HeaderAbort');
  headerAbort?.close();
  const httpStatus = abort?.integer('http_status', 200, 599) ?? null;
  const grpcStatus = abort?.integer('grpc_status') ?? null;
  const abortPercent = abort?.fraction('percentage') ?? nothing;
  const askedStatus = runtime.integer(keyOf('abort_http_status_runtime'));
  const askedGrpc = runtime.integer(keyOf('abort_grpc_status_runtime'));
  const nodes = fields.texts('downstream_nodes');
  const pace = readPace(fields, runtime);
  const config = {
    delay:
      delay === undefined
        ? null
        : {
            fixedDelayMs: runtime.integer(keyOf('delay_duration_runtime')) ?? delayMs ?? 0,
            percentage: runtime.fraction(keyOf('delay_percent_runtime')) ?? delayPercent,
            ...(headerDelay === undefined ? {} : { fromHeader: true }),
          },
    abort:
      abort === undefined
        ? null
        : {
            httpStatus: httpStatus === null ? null : (askedStatus ?? httpStatus),
            grpcStatus: grpcStatus === null ? null : (askedGrpc ?? grpcStatus),
            percentage: runtime.fraction(keyOf('abort_percent_runtime')) ?? abortPercent,
            ...(headerAbort === undefined ? {} : { fromHeader: true }),
          },
    headers: fields.messages('headers', 'HeaderMatcher').map(readHeaderMatch),
    ...(nodes.length === 0 ? {} : { downstreamNodes: nodes }),
    ...(pace === undefined ? {} : { pace }),
    upstreamCluster: fields.text('upstream_cluster') ?? null,
    maxActiveFaults:
      runtime.integer(keyOf('max_active_faults_runtime')) ??
      fields.integer('max_active_faults') ??
      null,
  };
  fields.ignore('disable_downstream_cluster_stats', 'filter_metadata');
  abort?.close();
  fields.close();
  return config;
}

function readPace(fields: Fields, runtime: Runtime): FaultConfig['pace'] {
  const key = fields.text('response_rate_limit_percent_runtime');
  const limit = fields.message('response_rate_limit', 'FaultRateLimit');
  if (limit === undefined) return undefined;
  const fixed = limit.message('fixed_limit', 'FixedLimit');
  const kilobytesPerSecond = fixed?.integer('limit_kbps', 1) ?? null;
  fixed?.close();
  limit.message('header_limit', 'HeaderLimit')?.close();
  const percentage = limit.fraction('percentage') ?? ENVOY.fault.percentage.value;
  limit.close();
  const asked = runtime.fraction(key || KEYS.response_rate_limit_percent_runtime);
  return { kilobytesPerSecond, percentage: asked ?? percentage };
}
