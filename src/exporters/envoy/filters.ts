/**
 * HTTP filters of a listener, and what routes say in their place.
 *
 * Source: Envoy v3 API, extensions/filters/http.
 */
import type {
  AdaptiveConcurrencyConfig,
  AdmissionControlConfig,
  BufferConfig,
  FaultConfig,
  FilterConfig,
  HealthFilterConfig,
  LimitedDescriptor,
  ListenerConfig,
  LocalRateLimitConfig,
  RateLimitConfig,
  RouteConfig,
  RouteFilters,
  TokenBucketConfig,
} from '../../mesh/config/config.ts';
import { rbac } from './access.ts';
import { headerAddition } from './headers.ts';
import { fraction, headerMatch, runtimeFraction } from './matchers.ts';
import {
  duration,
  filled,
  flag,
  given,
  type Message,
  message,
  percent,
  typed,
  unless,
} from './message.ts';
import { rateLimits } from './rate-limits.ts';

const PREFIX = 'filters.http.';

/** In order, with the router behind them. */
export function httpFilters({ filters, router }: ListenerConfig): readonly Message[] {
  const own = filters.map((filter) => ({
    name: FILTER_NAMES[filter.kind],
    typed_config: filterConfig(filter),
    ...(filter.isDisabled === true ? { disabled: true } : {}),
  }));
  const options = {
    suppress_envoy_headers: flag(router?.suppressesEnvoyHeaders),
    respect_expected_rq_timeout: flag(router?.respectsExpectedTimeout),
    strict_check_headers: filled(router?.strictHeaders),
    dynamic_stats: router?.countsNoCodes === true ? false : undefined,
    suppress_grpc_request_failure_code_stats: flag(router?.hidesGrpcCodes),
  };
  return [...own, { name: 'router', typed_config: typed(`${PREFIX}router.v3.Router`, options) }];
}

/** `typed_per_filter_config`, by the names that Envoy's documentation gives. */
export function routeFilters({ fault: own, filters = {} }: RouteConfig): Message | undefined {
  const all: RouteFilters = {
    ...filters,
    ...(own === undefined ? {} : { fault: own === null ? null : { kind: 'fault', config: own } }),
  };
  return namedFilters(all);
}

/** The same of a cluster of a split. */
export function namedFilters(filters: RouteFilters): Message | undefined {
  const named = Object.entries(filters).map(([kind, filter]) => {
    const name = FILTER_NAMES[kind as FilterConfig['kind']];
    const off = {
      '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig',
      disabled: true,
    };
    return [name, filter === null ? off : perRoute(filter)] as const;
  });
  return named.length === 0 ? undefined : Object.fromEntries(named);
}

const FILTER_NAMES: Readonly<Record<FilterConfig['kind'], string>> = {
  fault: 'envoy.filters.http.fault',
  rbac: 'envoy.filters.http.rbac',
  'local-rate-limit': 'envoy.filters.http.local_ratelimit',
  'rate-limit': 'envoy.filters.http.ratelimit',
  'adaptive-concurrency': 'envoy.filters.http.adaptive_concurrency',
  'admission-control': 'envoy.filters.http.admission_control',
  buffer: 'envoy.filters.http.buffer',
  'health-check': 'envoy.filters.http.health_check',
};

/** Access rules and buffers have messages of their own there. */
function perRoute(filter: FilterConfig): Message {
  if (filter.kind === 'buffer') {
    return typed(`${PREFIX}buffer.v3.BufferPerRoute`, { buffer: buffer(filter.config) });
  }
  if (filter.kind !== 'rbac') return filterConfig(filter);
  const rules = rbac(filter.config);
  return typed(`${PREFIX}rbac.v3.RBACPerRoute`, { rbac: message(rules) });
}

function filterConfig(filter: FilterConfig): Message {
  switch (filter.kind) {
    case 'fault':
      return typed(`${PREFIX}fault.v3.HTTPFault`, given(filter.config, fault) ?? {});
    case 'rbac':
      return typed(`${PREFIX}rbac.v3.RBAC`, rbac(filter.config));
    case 'local-rate-limit':
      return typed(`${PREFIX}local_ratelimit.v3.LocalRateLimit`, localRateLimit(filter.config));
    case 'rate-limit':
      return typed(`${PREFIX}ratelimit.v3.RateLimit`, rateLimit(filter.config));
    case 'adaptive-concurrency': {
      const type = 'adaptive_concurrency.v3.AdaptiveConcurrency';
      return typed(PREFIX + type, adaptiveConcurrency(filter.config));
    }
    case 'admission-control':
      return typed(`${PREFIX}admission_control.v3.AdmissionControl`, admission(filter.config));
    case 'buffer':
      return typed(`${PREFIX}buffer.v3.Buffer`, buffer(filter.config));
    case 'health-check':
      return typed(`${PREFIX}health_check.v3.HealthCheck`, healthCheck(filter.config));
  }
}

function buffer({ maxRequestBytes }: BufferConfig): Message {
  return { max_request_bytes: maxRequestBytes };
}

function healthCheck(config: HealthFilterConfig): Message {
  const shares = config.leastHealthy.map(({ cluster, percent: value }) => [cluster, { value }]);
  return message({
    pass_through_mode: config.passesThrough,
    cache_time: duration(unless(config.cacheMs, 0)),
    headers: filled(config.headers.map(headerMatch)),
    cluster_min_healthy_percentages: shares.length === 0 ? undefined : Object.fromEntries(shares),
  });
}

function fault(config: FaultConfig): Message {
  const { delay, abort } = config;
  return message({
    delay: given(delay, ({ fixedDelayMs, percentage, fromHeader }) => ({
      ...(fromHeader === true ? { header_delay: {} } : { fixed_delay: duration(fixedDelayMs) }),
      percentage: fraction(percentage),
    })),
    abort: given(abort, ({ httpStatus, grpcStatus, percentage, fromHeader }) =>
      message({
        http_status: httpStatus ?? undefined,
        grpc_status: grpcStatus ?? undefined,
        header_abort: fromHeader === true ? {} : undefined,
        percentage: fraction(percentage),
      }),
    ),
    headers: filled(config.headers.map(headerMatch)),
    downstream_nodes: filled(config.downstreamNodes),
    response_rate_limit: given(config.pace, ({ kilobytesPerSecond: rate, percentage }) => ({
      ...(rate === null ? { header_limit: {} } : { fixed_limit: { limit_kbps: rate } }),
      percentage: fraction(percentage),
    })),
    upstream_cluster: config.upstreamCluster ?? undefined,
    max_active_faults: config.maxActiveFaults ?? undefined,
  });
}

function localRateLimit(config: LocalRateLimitConfig): Message {
  return message({
    stat_prefix: config.statPrefix,
    token_bucket: given(config.bucket, tokenBucket),
    filter_enabled: given(config.enabled, runtimeFraction),
    filter_enforced: given(config.enforced, runtimeFraction),
    status: config.status === 429 ? undefined : { code: config.status },
    request_headers_to_add_when_not_enforced: filled(config.whenNotEnforced.map(headerAddition)),
    descriptors: filled(config.descriptors?.map(limitedDescriptor)),
    stage: config.stage,
    rate_limits: rateLimits(config.rateLimits),
    always_consume_default_token_bucket: config.sparesBucket === true ? false : undefined,
    local_rate_limit_per_downstream_connection: flag(config.isPerConnection),
    max_dynamic_descriptors: config.maxDynamicDescriptors,
    response_headers_to_add: filled(config.responseHeaders?.map(headerAddition)),
    rate_limited_as_resource_exhausted: flag(config.tellsExhausted),
    enable_retry_after_header: flag(config.tellsRetryAfter),
    enable_x_ratelimit_headers: config.tellsLimits === true ? 'DRAFT_VERSION_03' : undefined,
  });
}

function tokenBucket({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketConfig): Message {
  return {
    max_tokens: maxTokens,
    tokens_per_fill: tokensPerFill,
    fill_interval: duration(fillIntervalMs),
  };
}

function limitedDescriptor({ entries, bucket, isShadow }: LimitedDescriptor): Message {
  return message({
    entries: entries.map(({ key, value }) => message({ key, value: unless(value, '') })),
    token_bucket: tokenBucket(bucket),
    shadow_mode: flag(isShadow),
  });
}

function rateLimit(config: RateLimitConfig): Message {
  const service = message({
    cluster_name: config.cluster,
    authority: unless(config.authority, ''),
  });
  return message({
    domain: config.domain,
    stage: unless(config.stage, 0),
    request_type: unless(config.requestType, 'both'),
    timeout: duration(config.timeoutMs),
    failure_mode_deny: unless(config.deniesOnFailure, false),
    rate_limited_as_resource_exhausted: unless(config.tellsExhausted, false),
    disable_x_envoy_ratelimited_header: unless(config.hidesLimited, false),
    rate_limited_status: config.status === 429 ? undefined : { code: config.status },
    status_on_error: config.statusOnError === 500 ? undefined : { code: config.statusOnError },
    filter_enabled: given(config.enabled, runtimeFraction),
    filter_enforced: given(config.enforced, runtimeFraction),
    response_headers_to_add: filled(config.responseHeaders.map(headerAddition)),
    rate_limit_service: {
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: service },
    },
  });
}

/** Envoy knows only on and off here. */
function featureFlag(enabled: AdmissionControlConfig['enabled']): Message | undefined {
  if (enabled === null) return undefined;
  return { default_value: enabled.numerator > 0, runtime_key: '' };
}

function adaptiveConcurrency(config: AdaptiveConcurrencyConfig): Message {
  const { measureIntervalMs, fixedMinRttMs } = config;
  return message({
    gradient_controller_config: {
      sample_aggregate_percentile: percent(config.percentile),
      concurrency_limit_params: {
        max_concurrency_limit: config.maxConcurrency,
        concurrency_update_interval: duration(config.updateIntervalMs),
        ...given(config.lowestLimit, (limit) => ({ min_concurrency_limit: limit })),
      },
      min_rtt_calc_params: message({
        interval: duration(unless(measureIntervalMs, 0)),
        fixed_value: duration(fixedMinRttMs ?? undefined),
        request_count: config.requestCount,
        jitter: percent(config.jitterPercent),
        min_concurrency: config.minConcurrency,
        buffer: percent(config.bufferPercent),
      }),
    },
    enabled: featureFlag(config.enabled),
    concurrency_limit_exceeded_status:
      config.exceededStatus === 503 ? undefined : { code: config.exceededStatus },
  });
}

function admission(config: AdmissionControlConfig): Message {
  const runtime = (name: string, value: unknown): Message => ({
    default_value: value,
    runtime_key: `admission_control.${name}`,
  });
  return message({
    enabled: featureFlag(config.enabled),
    success_criteria: {
      http_criteria: {
        http_success_status: config.successRanges.map(({ from, to }) => ({ start: from, end: to })),
      },
    },
    sampling_window: duration(config.windowSeconds * 1_000),
    aggression: runtime('aggression', config.aggression),
    sr_threshold: runtime('sr_threshold', percent(config.thresholdPercent)),
    rps_threshold: runtime('rps_threshold', config.rpsThreshold),
    max_rejection_probability: runtime('max_rejection_probability', percent(config.maxPercent)),
  });
}
