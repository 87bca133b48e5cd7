/**
 * Clusters with their endpoints, limits, ejection and health checks.
 *
 * Source: Envoy v3 API, config/cluster/v3 and config/endpoint/v3.
 */
import type { Endpoint, EndpointCheck } from '../../core/engine.ts';
import {
  OUTLIER_NUMBERS,
  OUTLIER_STATISTICS,
  OUTLIER_TIMES,
} from '../../importers/envoy/outlier.ts';
import { envoyThresholds, valuesOf } from '../../mesh/config/complete.ts';
import type {
  ClusterConfig,
  HealthCheckConfig,
  OutlierConfig,
  Thresholds,
} from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { ErrorMatch } from '../../mesh/config/error-match.ts';
import type { GrpcProbe, Hex, HttpProbe } from '../../mesh/config/health-check.ts';
import { balancing } from './balancers.ts';
import { headerMatch, stringMatch } from './matchers.ts';
import {
  addressOf,
  duration,
  filled,
  flag,
  given,
  type Message,
  message,
  percent,
  typed,
  unless,
  unlessEmpty,
} from './message.ts';
import { lbMetadata, mirror, retryPolicy } from './routes.ts';

const HTTP_OPTIONS = 'upstreams.http.v3.HttpProtocolOptions';

export function cluster(config: ClusterConfig): Message {
  const defaults = ENVOY.cluster;
  return message({
    name: config.name,
    type: clusterType(config),
    connect_timeout: duration(config.connectTimeoutMs),
    per_connection_buffer_limit_bytes: unless(
      config.bufferLimitBytes,
      defaults.bufferLimitBytes.value,
    ),
    ...balancing(config),
    circuit_breakers: breakers(config.circuitBreakers),
    preconnect_policy: given(config.preconnect, preconnectPolicy),
    outlier_detection: given(config.outlier, outlier),
    health_checks: config.healthChecks?.map(healthCheck),
    ignore_health_on_host_removal: flag(config.dropsHealthyHosts),
    close_connections_on_host_health_failure: flag(config.closesOnHealthFailure),
    typed_extension_protocol_options: protocolOptions(config),
    load_assignment: assignment(config),
  });
}

/** Endpoints of static clusters have no names to hash. */
function clusterType({ lb }: ClusterConfig): string {
  return 'usesHostname' in lb && lb.usesHostname ? 'STRICT_DNS' : 'STATIC';
}

function protocolOptions(config: ClusterConfig): Message | undefined {
  const defaults = ENVOY.cluster;
  const { maxRequestsPerConnection, idleTimeoutMs, maxConnectionDurationMs } = config;
  const common = unlessEmpty({
    max_requests_per_connection: unless(
      maxRequestsPerConnection,
      defaults.maxRequestsPerConnection.value,
    ),
    idle_timeout: duration(unless(idleTimeoutMs, defaults.idleTimeoutMs.value)),
    max_connection_duration: duration(
      unless(maxConnectionDurationMs, defaults.maxConnectionDurationMs.value),
    ),
    max_stream_duration: duration(config.maxStreamDurationMs),
  });
  const retry = given(config.retryPolicy, retryPolicy);
  const isHttp1 = config.protocol === 'http1';
  const isPlain =
    isHttp1 &&
    retry === undefined &&
    config.errorMatch === undefined &&
    config.mirrors === undefined;
  const http2 = message({ max_concurrent_streams: config.maxConcurrentStreams });
  if (common === undefined && isPlain) return undefined;
  const options = typed(HTTP_OPTIONS, {
    common_http_protocol_options: common,
    explicit_http_config: isHttp1
      ? { http_protocol_options: {} }
      : { http2_protocol_options: http2 },
    retry_policy: retry,
    request_mirror_policies: filled(config.mirrors?.map(mirror)),
    outlier_detection: given(config.errorMatch, (match) => ({ error_matcher: predicate(match) })),
  });
  return { [`envoy.extensions.${HTTP_OPTIONS}`]: options };
}

function predicate(match: ErrorMatch): Message {
  switch (match.kind) {
    case 'any':
      return { any_match: true };
    case 'not':
      return { not_match: predicate(match.of) };
    case 'and':
      return { and_match: { rules: match.of.map(predicate) } };
    case 'or':
      return { or_match: { rules: match.of.map(predicate) } };
    case 'headers':
      return { http_response_headers_match: { headers: match.headers.map(headerMatch) } };
  }
}

function preconnectPolicy(policy: NonNullable<ClusterConfig['preconnect']>): Message {
  return message({
    per_upstream_preconnect_ratio: policy.perUpstreamRatio,
    predictive_preconnect_ratio: unless(policy.predictiveRatio, 0),
  });
}

function breakers({ default: normal, high }: ClusterConfig['circuitBreakers']) {
  const sets = [
    [normal, undefined],
    [high, 'HIGH'],
  ] as const;
  const entries = sets.flatMap(([set, priority]) => {
    const entry = unlessEmpty(thresholds(set));
    return entry === undefined ? [] : [message({ priority, ...entry })];
  });
  const perHost = sets.flatMap(([{ maxConnectionsPerHost: max }, priority]) =>
    max === undefined ? [] : [message({ priority, max_connections: max })],
  );
  return unlessEmpty({ thresholds: filled(entries), per_host_thresholds: filled(perHost) });
}

function thresholds(set: Thresholds): Message {
  const defaults = envoyThresholds();
  return {
    max_connections: unless(set.maxConnections, defaults.maxConnections),
    max_pending_requests: unless(set.maxPendingRequests, defaults.maxPendingRequests),
    max_requests: unless(set.maxRequests, defaults.maxRequests),
    max_retries: unless(set.maxRetries, defaults.maxRetries),
    retry_budget: given(set.retryBudget, (budget) =>
      message({
        budget_percent: percent(budget.percent),
        min_retry_concurrency: budget.minConcurrency,
        budget_interval: duration(unless(budget.intervalMs, ENVOY.retryBudget.intervalMs.value)),
      }),
    ),
    max_connection_pools: set.maxConnectionPools,
    track_remaining: flag(set.trackRemaining),
  };
}

function outlier(config: OutlierConfig): Message {
  const { statistics } = config;
  const numbers = Object.entries(OUTLIER_NUMBERS).map(([key, name]) => {
    return [name, config[key as keyof typeof OUTLIER_NUMBERS]] as const;
  });
  const times = Object.entries(OUTLIER_TIMES).map(([key, name]) => {
    return [name, duration(config[key as keyof typeof OUTLIER_TIMES])] as const;
  });
  return message({
    ...Object.fromEntries([...numbers, ...times]),
    ...(statistics === undefined ? NO_STATISTICS : outlierStatistics(statistics)),
    split_external_local_origin_errors: flag(config.splitExternalLocalOriginErrors),
    detect_degraded_hosts: flag(config.detectsDegraded),
    always_eject_one_host: flag(config.alwaysEjectOneHost),
    successful_active_health_check_uneject_host:
      config.unejectsOnHealthCheck === false ? false : undefined,
  });
}

/** Without statistics nothing may be ejected by them, which Envoy does by default. */
const NO_STATISTICS: Message = {
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
  enforcing_failure_percentage: 0,
  enforcing_failure_percentage_local_origin: 0,
};

function outlierStatistics(given: NonNullable<OutlierConfig['statistics']>): Message {
  const defaults = valuesOf(ENVOY.outlierStatistics);
  const fields = Object.entries(OUTLIER_STATISTICS).map(([key, name]) => {
    const setting = key as keyof typeof OUTLIER_STATISTICS;
    return [name, unless(given[setting], defaults[setting])] as const;
  });
  return Object.fromEntries(fields);
}

function healthCheck(check: HealthCheckConfig): Message {
  const { intervalMs, noTrafficIntervalMs, unhealthyIntervalMs } = check;
  return message({
    timeout: duration(check.timeoutMs),
    interval: duration(intervalMs),
    initial_jitter: duration(unless(check.initialJitterMs, 0)),
    interval_jitter: duration(unless(check.intervalJitterMs, 0)),
    interval_jitter_percent: unless(check.intervalJitterPercent, 0),
    unhealthy_threshold: check.unhealthyThreshold,
    healthy_threshold: check.healthyThreshold,
    reuse_connection: check.reusesConnection ? undefined : false,
    no_traffic_interval: duration(noTrafficIntervalMs),
    no_traffic_healthy_interval: duration(
      unless(check.noTrafficHealthyIntervalMs, noTrafficIntervalMs),
    ),
    unhealthy_interval: duration(unless(unhealthyIntervalMs, intervalMs)),
    unhealthy_edge_interval: duration(unless(check.unhealthyEdgeIntervalMs, unhealthyIntervalMs)),
    healthy_edge_interval: duration(unless(check.healthyEdgeIntervalMs, intervalMs)),
    name: check.name,
    ...probeOf(check),
  });
}

function probeOf({ probe }: HealthCheckConfig) {
  switch (probe.kind) {
    case 'tcp':
      return { tcp_health_check: payloads(probe) };
    case 'http':
      return { http_health_check: httpProbe(probe) };
    case 'grpc':
      return { grpc_health_check: grpcProbe(probe) };
  }
}

function grpcProbe({ service, host, metadata }: GrpcProbe): Message {
  return message({
    service_name: unless(service, ''),
    authority: unless(host, ''),
    initial_metadata: filled(metadata?.map(([key, value]) => ({ header: { key, value } }))),
  });
}

function httpProbe(probe: HttpProbe): Message {
  return message({
    host: unless(probe.host, ''),
    path: probe.path,
    method: unless(probe.method, 'GET'),
    expected_statuses: ranges(probe.expected),
    retriable_statuses: ranges(probe.retriable),
    request_headers_to_add: filled(
      probe.addHeaders?.map(([key, value]) => ({ header: { key, value } })),
    ),
    request_headers_to_remove: filled(probe.removeHeaders),
    codec_client_type: probe.isHttp2 === true ? 'HTTP2' : undefined,
    service_name_matcher: given(probe.serviceName, stringMatch),
    ...payloads(probe),
  });
}

function ranges(list: readonly { readonly from: number; readonly to: number }[]) {
  return filled(list.map(({ from, to }) => ({ start: from, end: to })));
}

function payloads({ send, receive }: { readonly send?: Hex; readonly receive?: readonly Hex[] }) {
  return message({
    send: send === undefined || send === '' ? undefined : { text: send },
    receive: filled(receive?.map((text) => ({ text }))),
  });
}

function endpointCheck({ address, hostname, isOff }: EndpointCheck): Message {
  return message({
    address: given(address, addressOf),
    hostname,
    disable_active_health_check: flag(isOff),
  });
}

function assignment({ name, endpoints }: ClusterConfig): Message {
  return message({
    cluster_name: name,
    endpoints: filled(groupsOf(endpoints.members).map(localityGroup)),
    policy: policyOf(endpoints.members[0]),
  });
}

function policyOf(member: Endpoint | undefined): Message | undefined {
  const drop = given(member?.dropMillionths, (numerator) => ({
    category: 'drop',
    drop_percentage: { numerator, denominator: 'MILLION' },
  }));
  const policy = message({
    overprovisioning_factor: member?.overprovisioningPercent,
    weighted_priority_health: flag(member?.weightsPriorities),
    drop_overloads: drop === undefined ? undefined : [drop],
  });
  return unlessEmpty(policy);
}

/** Neighbours of one priority and locality, so that the order stays. */
function groupsOf(members: readonly Endpoint[]): readonly (readonly Endpoint[])[] {
  const groups: Endpoint[][] = [];
  for (const member of members) {
    const last = groups.at(-1)?.[0];
    const isNext =
      last?.priority === member.priority &&
      last.locality === member.locality &&
      last.localityWeight === member.localityWeight;
    if (isNext) groups.at(-1)!.push(member);
    else groups.push([member]);
  }
  return groups;
}

function localityGroup(members: readonly Endpoint[]): Message {
  const { priority, locality: place, localityWeight } = members[0]!;
  return message({
    priority: unless(priority, 0),
    load_balancing_weight: localityWeight,
    locality: place === '' ? undefined : locality(place),
    lb_endpoints: members.map(lbEndpoint),
  });
}

/** region/zone/subzone */
export function locality(text: string): Message {
  const [region, zone, subZone] = text.split('/');
  return message({ region: unless(region, ''), zone: unless(zone, ''), sub_zone: subZone });
}

const HEALTH = {
  healthy: undefined,
  unhealthy: 'UNHEALTHY',
  draining: 'DRAINING',
  degraded: 'DEGRADED',
} as const;

function lbEndpoint(endpoint: Endpoint): Message {
  return message({
    endpoint: message({
      address: addressOf(endpoint.address),
      hostname: unless(endpoint.hostname, endpoint.address),
      health_check_config: given(endpoint.check, endpointCheck),
    }),
    load_balancing_weight: unless(endpoint.weight, 1),
    health_status: HEALTH[endpoint.health],
    metadata: given(endpoint.metadata, lbMetadata),
  });
}
