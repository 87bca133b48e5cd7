/**
 * One drawn configuration, a virtual host with clusters of its own and the requests that it gets; and
 * how many of them, which do not touch each other, become one conformance case.
 *
 * Names that start with `@` are the subject's own (`@a` → `s3a`).
 */
import { stringify } from 'yaml';
import type { Behaviour, Case, Check, RequestSpec, UpstreamSpec } from '../case-file.ts';

/** A message of Envoy's API, as JSON. */
export type Message = Readonly<Record<string, unknown>>;

export interface Subject {
  /** Without name and domains. */
  readonly virtualHost: Message;
  /** By letter; without names. Endpoints name upstreams. */
  readonly clusters: Readonly<Record<string, SubjectCluster>>;
  /** One after the other. */
  readonly requests: readonly RequestSpec[];
  /** Whether hosts take turns, so that renamed they must be the same. */
  readonly comparesHosts: boolean;
}

export interface SubjectCluster {
  readonly message: Message;
  readonly groups: readonly EndpointGroup[];
}

export interface EndpointGroup {
  readonly priority: number;
  readonly hosts: readonly { readonly upstream: Upstream; readonly fields: Message }[];
}

/** `r0` refuses connections. */
export type Upstream = 'a0' | 'a1' | 'a2' | 'a3' | 'r0';

/** What all subjects of a case share: fields of the connection manager. */
export type Frame = Message;

const UPSTREAMS: Readonly<Record<Upstream, UpstreamSpec>> = {
  a0: {},
  a1: {},
  a2: {},
  a3: {},
  r0: { refuse: true },
};

const PER_REQUEST: readonly Check[] = [
  { what: 'status' },
  { what: 'errors' },
  { what: 'body' },
  { what: 'log_status' },
  { what: 'flags' },
  { what: 'details' },
  { what: 'log_attempts' },
  { what: 'n_attempts' },
  { what: 'attempt_path' },
  { what: 'attempt_body_len' },
  ...['host', 'x-envoy-attempt-count', 'x-add', 'x-in', 'x-two']
    .concat(['x-envoy-original-path', 'x-envoy-is-timeout-retry', 'x-envoy-original-host'])
    .concat(['x-forwarded-host', 'x-envoy-retry-on', 'x-envoy-max-retries'])
    .concat(['x-envoy-internal', 'x-local-rate', 'te', 'grpc-timeout'])
    .map((name) => ({ what: 'attempt_header', name })),
  ...['location', 'x-envoy-attempt-count', 'x-envoy-overloaded', 'x-envoy-ratelimited', 'x-out']
    .concat(['x-two', 'content-type', 'grpc-status', 'grpc-message', 'retry-after'])
    .concat(['x-envoy-degraded', 'content-length', 'x-ratelimit-remaining', 'transfer-encoding'])
    .map((name) => ({ what: 'resp_header', name })),
];

const COUNTERS = [
  'upstream_rq_total',
  'upstream_rq_completed',
  'upstream_rq_1xx',
  'upstream_rq_2xx',
  'upstream_rq_3xx',
  'upstream_rq_4xx',
  'upstream_rq_5xx',
  'upstream_rq_200',
  'upstream_rq_503',
  'upstream_rq_504',
  'upstream_rq_retry',
  'upstream_rq_retry_success',
  'upstream_rq_retry_limit_exceeded',
  'upstream_rq_retry_overflow',
  'upstream_rq_retry_backoff_exponential',
  'upstream_rq_retry_backoff_ratelimited',
  'upstream_rq_timeout',
  'upstream_rq_per_try_timeout',
  'upstream_rq_per_try_idle_timeout',
  'upstream_rq_pending_total',
  'upstream_rq_pending_overflow',
  'upstream_rq_pending_failure_eject',
  'upstream_rq_cancelled',
  'upstream_rq_maintenance_mode',
  'upstream_rq_max_duration_reached',
  'upstream_rq_rx_reset',
  'upstream_rq_tx_reset',
  'upstream_rq_pending_active',
  'upstream_rq_active',
  'upstream_cx_total',
  'upstream_cx_http1_total',
  'upstream_cx_connect_fail',
  'upstream_cx_connect_timeout',
  'upstream_cx_connect_attempts_exceeded',
  'upstream_cx_overflow',
  'upstream_cx_pool_overflow',
  'upstream_cx_none_healthy',
  'upstream_cx_destroy_with_active_rq',
  'upstream_cx_destroy_local_with_active_rq',
  'upstream_cx_destroy_remote_with_active_rq',
  'upstream_cx_max_requests',
  'upstream_cx_protocol_error',
  'upstream_cx_close_notify',
  'retry_or_shadow_abandoned',
  'lb_healthy_panic',
  'lb_subsets_selected',
  'lb_subsets_fallback',
  'membership_total',
  'membership_healthy',
  'membership_degraded',
  'membership_excluded',
  'outlier_detection.ejections_active',
  'outlier_detection.ejections_enforced_total',
  'outlier_detection.ejections_detected_consecutive_5xx',
  'outlier_detection.ejections_enforced_consecutive_5xx',
  'outlier_detection.ejections_detected_consecutive_gateway_failure',
  'outlier_detection.ejections_enforced_consecutive_gateway_failure',
  'outlier_detection.ejections_detected_consecutive_local_origin_failure',
  'outlier_detection.ejections_enforced_consecutive_local_origin_failure',
  'outlier_detection.ejections_overflow',
  'circuit_breakers.default.rq_open',
  'circuit_breakers.default.cx_open',
  'circuit_breakers.default.rq_retry_open',
  'circuit_breakers.default.rq_pending_open',
  'external.upstream_rq_5xx',
  'internal.upstream_rq_5xx',
  'internal.upstream_rq_2xx',
];

/** Of the whole listener: only of a case with one subject. */
const LISTENER_COUNTERS = [
  'downstream_rq_total',
  'downstream_rq_completed',
  'downstream_rq_1xx',
  'downstream_rq_2xx',
  'downstream_rq_3xx',
  'downstream_rq_4xx',
  'downstream_rq_5xx',
  'downstream_rq_rx_reset',
  'downstream_rq_tx_reset',
  'downstream_rq_timeout',
  'downstream_rq_idle_timeout',
  'downstream_rq_max_duration_reached',
  'downstream_rq_non_relative_path',
  'downstream_rq_response_before_rq_complete',
  'no_route',
  'no_cluster',
  'rq_direct_response',
  'rq_redirect',
  'rq_reset_after_downstream_response_started',
  'rq_retry_skipped_request_not_complete',
  'fault.aborts_injected',
  'fault.delays_injected',
  'fault.active_faults',
  'fault.faults_overflow',
];

const LOG_FORMAT =
  '%REQ(X-CASE-REQ)%\t%RESPONSE_CODE%\t%RESPONSE_FLAGS%\t%RESPONSE_CODE_DETAILS%\t%UPSTREAM_REQUEST_ATTEMPT_COUNT%\n';
const TYPE = 'type.googleapis.com/envoy.extensions.';

/** The case in which several subjects take their turns, and the checks of each. */
export interface Composed {
  readonly found: Case;
  /** Indexed as the subjects: first check, and the one behind the last. */
  readonly checks: readonly (readonly [from: number, to: number])[];
}

export function compose(id: string, frame: Frame, subjects: readonly Subject[]): Composed {
  const compare: Check[] = [];
  const checks: (readonly [number, number])[] = [];
  const client: { readonly req: RequestSpec }[] = [];
  subjects.forEach((subject, index) => {
    const first = client.length + 1;
    for (const request of subject.requests) client.push({ req: hosted(request, index) });
    const reqs = `${first}-${client.length}`;
    const from = compare.length;
    for (const check of PER_REQUEST) compare.push({ ...check, reqs });
    if (subject.comparesHosts) compare.push({ what: 'hosts', mode: 'relabel', reqs });
    for (const letter of Object.keys(subject.clusters)) {
      const prefix = `cluster.${own(letter, index)}.`;
      compare.push({ what: 'counters', names: COUNTERS.map((name) => prefix + name) });
    }
    if (subjects.length === 1) {
      compare.push({ what: 'counters', names: LISTENER_COUNTERS.map((name) => `http.in.${name}`) });
    }
    checks.push([from, compare.length]);
  });
  const found: Case = {
    id,
    title: 'drawn by the differential test',
    spec: 'differential',
    bootstrap: bootstrapText(frame, subjects),
    upstreams: UPSTREAMS,
    client,
    compare,
    certs: false,
    files: {},
    expectsStartFailure: false,
    settleMs: 120,
  };
  return { found, checks };
}

/** As a file that the runner of cases reads. */
export function caseText({ id, title, spec, bootstrap, upstreams, client, compare }: Case): string {
  return stringify(
    { id, title, spec, upstreams, client, compare, settle_ms: 120, bootstrap },
    { lineWidth: 0 },
  );
}

function own(letter: string, index: number): string {
  return `s${index}${letter}`;
}

function hosted(request: RequestSpec, index: number): RequestSpec {
  const headers = { host: `s${index}.test`, ...(request.headers as object) };
  return { ...request, headers: JSON.parse(named(headers, index)) };
}

/** JSON with the subject's own names. */
function named(value: unknown, index: number): string {
  return JSON.stringify(value).replace(/"@([a-z])"/g, `"${own('$1', index)}"`);
}

function bootstrapText(frame: Frame, subjects: readonly Subject[]): string {
  const hosts = subjects.map((subject, index) => ({
    name: `s${index}`,
    domains: [`s${index}.test`],
    ...JSON.parse(named(subject.virtualHost, index)),
  }));
  const clusters = subjects.flatMap((subject, index) =>
    Object.entries(subject.clusters).map(([letter, cluster]) =>
      clusterOf(own(letter, index), cluster),
    ),
  );
  const { http_filters = [], ...others } = frame as { http_filters?: readonly Message[] };
  const manager = {
    '@type': `${TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    codec_type: 'HTTP1',
    access_log: [
      {
        name: 'file',
        typed_config: {
          '@type': `${TYPE}access_loggers.file.v3.FileAccessLog`,
          path: '{{access_log}}',
          log_format: { text_format_source: { inline_string: LOG_FORMAT } },
        },
      },
    ],
    ...others,
    http_filters: [...http_filters, filter('router', 'router.v3.Router')],
    route_config: { name: 'routes', validate_clusters: false, virtual_hosts: hosts },
  };
  const bootstrap = {
    admin: { address: address('{{admin}}') },
    static_resources: {
      listeners: [
        {
          name: 'listener',
          address: address('{{listener}}'),
          filter_chains: [{ filters: [{ name: 'manager', typed_config: manager }] }],
        },
      ],
      clusters,
    },
  };
  return stringify(bootstrap, { lineWidth: 0, version: '1.1' }).replace(
    /"(\{\{[\w.]+\}\})"/g,
    '$1',
  );
}

export function filter(name: string, type: string, config: Message = {}): Message {
  return { name, typed_config: { '@type': `${TYPE}filters.http.${type}`, ...config } };
}

/** A value of `typed_per_filter_config`. */
export function typed(type: string, config: Message): Message {
  return { '@type': `${TYPE}${type}`, ...config };
}

function address(port: string): Message {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function clusterOf(name: string, { message, groups }: SubjectCluster): Message {
  const endpoints = groups.map(({ priority, hosts }) => ({
    priority,
    lb_endpoints: hosts.map(({ upstream, fields }) => ({
      endpoint: { address: address(`{{up.${upstream}.port}}`) },
      ...fields,
    })),
  }));
  return {
    name,
    type: 'STATIC',
    ...message,
    load_assignment: { cluster_name: name, endpoints },
  };
}

export type { Behaviour };
