/**
 * What is compared of a subject: whatever does not hang on time, chance or ports.
 */
import type { Check } from '../case-file.ts';

/** Fields of the access log behind the five that every case has. */
export const LOG_FIELDS = [
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER',
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'REQ(:AUTHORITY)',
  'RESP(CONTENT-TYPE)',
] as const;

const USUAL_FIELDS = 4;

export const PER_REQUEST: readonly Check[] = [
  { what: 'status' },
  { what: 'errors' },
  { what: 'body' },
  { what: 'interim' },
  { what: 'log_status' },
  { what: 'flags' },
  { what: 'details' },
  { what: 'log_attempts' },
  { what: 'n_attempts' },
  { what: 'attempt_path' },
  { what: 'attempt_body_len' },
  { what: 'attempt_headers' },
  { what: 'resp_headers' },
  // Of later attempts it is what is left of the time.
  { what: 'attempt_header_num', name: 'x-envoy-expected-rq-timeout-ms', attempt: 1 },
  ...LOG_FIELDS.map((name, i) => ({ what: 'log_field', name, idx: USUAL_FIELDS + i })),
];

const CODES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'completed', '200', '404', '429', '503', '504'];

const OUTLIER_KINDS = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
];

/** Below `cluster.<name>.`. */
export const CLUSTER_COUNTERS: readonly string[] = [
  ...['', 'retry.', 'external.', 'internal.', 'canary.'].flatMap((level) =>
    CODES.map((code) => `${level}upstream_rq_${code}`),
  ),
  ...['total', 'retry', 'retry_success', 'retry_limit_exceeded', 'retry_overflow']
    .concat(['retry_backoff_exponential', 'retry_backoff_ratelimited', 'timeout'])
    .concat(['per_try_timeout', 'per_try_idle_timeout', 'pending_total', 'pending_overflow'])
    .concat(['pending_failure_eject', 'active_overflow', 'cancelled', 'maintenance_mode'])
    .concat(['max_duration_reached', 'rx_reset', 'tx_reset', 'pending_active', 'active'])
    .map((name) => `upstream_rq_${name}`),
  ...['total', 'active', 'http1_total', 'connect_fail', 'connect_timeout', 'overflow']
    .concat(['connect_attempts_exceeded', 'pool_overflow', 'none_healthy', 'max_requests'])
    .concat(['destroy', 'destroy_local', 'destroy_remote', 'destroy_with_active_rq'])
    .concat(['destroy_local_with_active_rq', 'destroy_remote_with_active_rq'])
    .concat(['protocol_error', 'close_notify', 'idle_timeout', 'max_duration_reached'])
    .map((name) => `upstream_cx_${name}`),
  'retry_or_shadow_abandoned',
  ...['healthy_panic', 'subsets_selected', 'subsets_fallback', 'subsets_fallback_panic'].map(
    (name) => `lb_${name}`,
  ),
  ...['total', 'healthy', 'degraded', 'excluded'].map((name) => `membership_${name}`),
  ...['ejections_active', 'ejections_enforced_total', 'ejections_overflow']
    .concat(OUTLIER_KINDS.flatMap((kind) => [`ejections_detected_${kind}`]))
    .concat(OUTLIER_KINDS.flatMap((kind) => [`ejections_enforced_${kind}`]))
    .map((name) => `outlier_detection.${name}`),
  ...['attempt', 'success', 'failure', 'passive_failure', 'network_failure', 'verify_cluster']
    .concat(['healthy', 'degraded'])
    .map((name) => `health_check.${name}`),
  ...['default', 'high'].flatMap((priority) =>
    ['cx', 'cx_pool', 'rq_pending', 'rq', 'rq_retry'].map(
      (name) => `circuit_breakers.${priority}.${name}_open`,
    ),
  ),
];

/** Below `http.in.`: of all subjects of a case together. */
export const LISTENER_COUNTERS: readonly string[] = [
  ...['total', 'completed', '1xx', '2xx', '3xx', '4xx', '5xx', 'rx_reset', 'tx_reset', 'timeout']
    .concat(['idle_timeout', 'header_timeout', 'max_duration_reached', 'overload_close'])
    .concat(['response_before_rq_complete', 'failed_path_normalization', 'ws_on_non_ws_route'])
    .concat(['redirected_with_normalized_path'])
    .map((name) => `downstream_rq_${name}`),
  ...['no_route', 'no_cluster', 'rq_total', 'rq_direct_response', 'rq_overload_local_reply'],
  ...['rq_reset_after_downstream_response_started'],
  ...['aborts_injected', 'delays_injected', 'active_faults', 'faults_overflow'].map(
    (name) => `fault.${name}`,
  ),
  ...['allowed', 'denied', 'shadow_allowed', 'shadow_denied'].map((name) => `rbac.${name}`),
];
