/**
 * Every default, once: its value, its unit and who says so.
 *
 * `ENVOY` is what Envoy does when a field is absent; `ISTIO` is what istiod writes out, where it
 * differs. Importers complete their objects from here and note the origin, documents print the
 * tables, `complete.ts` fills objects in. Nothing else in the program writes a default down.
 * Source: Envoy 1.40 API and policy-engine.md §1.1, 2.1, 3.1, 4.1, 6.3, 7, 8.2, 9.1;
 * istio-1.28 and config-istio.md §2.6, 2.7, 5.1, 5.5, 5.6, 5.8, 12, 14.
 */
import type {
  FractionalPercent,
  LoadBalancerConfig,
  RetryPolicyConfig,
  Thresholds,
} from './config.ts';
import type { CodecConfig, EdgeConfig } from './edge.ts';
import type { RingHashConfig } from './load-balancing.ts';
import type { Default, Origin } from './origin.ts';

/** The largest value of Envoy's 32-bit limits; istiod's "no limit". */
export const UINT32_MAX = 4_294_967_295;

/** Nothing is limited. */
export const NO_LIMITS: Thresholds = {
  maxConnections: UINT32_MAX,
  maxPendingRequests: UINT32_MAX,
  maxRequests: UINT32_MAX,
  maxRetries: UINT32_MAX,
  retryBudget: null,
};

/** Two choices, as Envoy and istiod have it. */
export const LEAST_REQUEST: Extract<LoadBalancerConfig, { kind: 'least-request' }> = {
  kind: 'least-request',
  choiceCount: 2,
  activeRequestBias: 1,
  fullScan: false,
};

/** @param source who says so */
export function given<T>(value: T, unit: string, source: string): Default<T> {
  return { value, unit, source };
}

/** Envoy 1.40: what an absent field means. */
export const ENVOY = {
  product: 'envoy-1.40',
  listener: {
    streamIdleTimeoutMs: given(300_000, 'ms', 'HttpConnectionManager.stream_idle_timeout'),
    requestTimeoutMs: given(0, 'ms, 0 = off', 'HttpConnectionManager.request_timeout'),
    honoursControlHeaders: given(false, '', 'external requests: control headers are removed'),
    downstreamIdleTimeoutMs: given(3_600_000, 'ms', 'HttpProtocolOptions.idle_timeout'),
    delayedCloseTimeoutMs: given(1_000, 'ms', 'HttpConnectionManager.delayed_close_timeout'),
  },
  tcpProxy: {
    idleTimeoutMs: given(3_600_000, 'ms, 0 = off', 'TcpProxy.idle_timeout'),
    maxConnectAttempts: given(1, 'attempts', 'TcpProxy.max_connect_attempts'),
  },
  edge: {
    path: given<EdgeConfig['path']>(
      { isNormalized: false, mergesSlashes: false, escapedSlashes: 'keep' },
      '',
      'HttpConnectionManager.normalize_path and its neighbours',
    ),
    strippedPort: given<EdgeConfig['strippedPort']>(
      'none',
      '',
      'HttpConnectionManager.strip_any_host_port',
    ),
    stripsHostDot: given(false, '', 'HttpConnectionManager.strip_trailing_host_dot'),
    via: given('', '', 'HttpConnectionManager.via'),
    serverName: given('envoy', '', 'HttpConnectionManager.server_name'),
    serverHeader: given<EdgeConfig['serverHeader']>(
      'overwrite',
      '',
      'HttpConnectionManager.server_header_transformation',
    ),
    userAgent: given<EdgeConfig['userAgent']>(null, '', 'HttpConnectionManager.add_user_agent'),
    appendsForwardedPort: given(false, '', 'HttpConnectionManager.append_x_forwarded_port'),
    requestId: given<EdgeConfig['requestId']>(
      { isMade: true, isPreserved: false, isAnswered: false },
      '',
      'HttpConnectionManager.generate_request_id and its neighbours',
    ),
    answersContinue: given(true, '', 'HttpConnectionManager.proxy_100_continue'),
    tellsOverload: given(false, '', 'HttpConnectionManager.append_local_overload'),
  },
  codec: {
    maxHeadBytes: given(61_440, 'bytes', 'HttpConnectionManager.max_request_headers_kb'),
    maxHeaderCount: given(100, 'headers', 'HttpProtocolOptions.max_headers_count'),
    underscores: given<CodecConfig['underscores']>(
      'allow',
      '',
      'HttpProtocolOptions.headers_with_underscores_action',
    ),
    acceptsHttp10: given(false, '', 'Http1ProtocolOptions.accept_http_10'),
    http10Host: given('', '', 'Http1ProtocolOptions.default_host_for_http_10'),
    acceptsAbsoluteTargets: given(true, '', 'Http1ProtocolOptions.allow_absolute_url'),
    acceptsChunkedLength: given(false, '', 'Http1ProtocolOptions.allow_chunked_length'),
    acceptsAnyMethod: given(false, '', 'Http1ProtocolOptions.allow_custom_methods'),
    passesTrailers: given(false, '', 'Http1ProtocolOptions.enable_trailers'),
  },
  http2: {
    maxConcurrentStreams: given(1_024, 'streams', 'Http2ProtocolOptions.max_concurrent_streams'),
  },
  routeTable: {
    ignorePortInHostMatching: given(false, '', 'RouteConfiguration.ignore_port_in_host_matching'),
  },
  virtualHost: {
    includeRequestAttemptCount: given(false, '', 'VirtualHost.include_request_attempt_count'),
    includeAttemptCountInResponse: given(
      false,
      '',
      'VirtualHost.include_attempt_count_in_response',
    ),
    includeIsTimeoutRetryHeader: given(false, '', 'VirtualHost.include_is_timeout_retry_header'),
  },
  route: {
    timeoutMs: given(15_000, 'ms, 0 = no limit', 'RouteAction.timeout'),
    priority: given<'default' | 'high'>('default', '', 'RouteAction.priority'),
    clusterNotFoundStatus: given(503, 'status', 'RouteAction.cluster_not_found_response_code'),
  },
  retry: {
    retryOn: given<readonly string[]>([], 'conditions', 'RetryPolicy.retry_on'),
    retriableStatusCodes: given<readonly number[]>(
      [],
      'statuses',
      'RetryPolicy.retriable_status_codes',
    ),
    numRetries: given(1, 'retries', 'RetryPolicy.num_retries'),
    perTryTimeoutMs: given(0, 'ms, 0 = off', 'RetryPolicy.per_try_timeout'),
    perTryIdleTimeoutMs: given(0, 'ms, 0 = off', 'RetryPolicy.per_try_idle_timeout'),
    backoffBaseMs: given(25, 'ms', 'RetryPolicy.retry_back_off.base_interval'),
    backoffMaxFactor: given(10, 'times the base', 'RetryPolicy.retry_back_off.max_interval'),
    hostSelectionMaxAttempts: given(1, 're-picks', 'RetryPolicy.host_selection_retry_max_attempts'),
    hostPredicates: given<RetryPolicyConfig['hostPredicates']>(
      [],
      '',
      'RetryPolicy.retry_host_predicate',
    ),
  },
  cluster: {
    connectTimeoutMs: given(5_000, 'ms', 'Cluster.connect_timeout'),
    lb: given<LoadBalancerConfig>({ kind: 'round-robin' }, '', 'Cluster.lb_policy'),
    leastRequest: given<LoadBalancerConfig>(LEAST_REQUEST, '', 'Cluster.LeastRequestLbConfig'),
    panicThresholdPercent: given(50, '%', 'CommonLbConfig.healthy_panic_threshold'),
    maxRequestsPerConnection: given(0, '0 = unlimited', 'max_requests_per_connection'),
    idleTimeoutMs: given(3_600_000, 'ms, 0 = off', 'HttpProtocolOptions.idle_timeout'),
    maxConnectionDurationMs: given(0, 'ms, 0 = off', 'HttpProtocolOptions.max_connection_duration'),
    updateMergeWindowMs: given(1_000, 'ms, 0 = each at once', 'CommonLbConfig.update_merge_window'),
    bufferLimitBytes: given(1_048_576, 'bytes', 'Cluster.per_connection_buffer_limit_bytes'),
  },
  hashing: {
    balanceFactorPercent: given(0, '%, 0 = off', 'ConsistentHashingLbConfig.hash_balance_factor'),
    usesHostname: given(false, '', 'ConsistentHashingLbConfig.use_hostname_for_hashing'),
  },
  zoneRouting: {
    enabledPercent: given(100, '%', 'ZoneAwareLbConfig.routing_enabled'),
    minClusterSize: given(6, 'hosts', 'ZoneAwareLbConfig.min_cluster_size'),
  },
  ringHash: {
    minimumRingSize: given(1_024, 'places', 'RingHashLbConfig.minimum_ring_size'),
    maximumRingSize: given(8_388_608, 'places', 'RingHashLbConfig.maximum_ring_size'),
    hashFunction: given<RingHashConfig['hashFunction']>(
      'xx-hash',
      '',
      'RingHashLbConfig.hash_function',
    ),
  },
  maglev: {
    tableSize: given(65_537, 'slots', 'MaglevLbConfig.table_size'),
  },
  slowStart: {
    aggression: given(1, '', 'SlowStartConfig.aggression'),
    minWeightPercent: given(10, '%', 'SlowStartConfig.min_weight_percent'),
  },
  clientSideWeighted: {
    blackoutPeriodMs: given(10_000, 'ms', 'ClientSideWeightedRoundRobin.blackout_period'),
    weightExpirationPeriodMs: given(
      180_000,
      'ms',
      'ClientSideWeightedRoundRobin.weight_expiration_period',
    ),
    weightUpdatePeriodMs: given(1_000, 'ms', 'ClientSideWeightedRoundRobin.weight_update_period'),
    errorUtilizationPenalty: given(
      0,
      '',
      'ClientSideWeightedRoundRobin.error_utilization_penalty, whose comment says 1',
    ),
    metricNames: given<readonly string[]>(
      [],
      'metrics',
      'ClientSideWeightedRoundRobin.metric_names_for_computing_utilization',
    ),
  },
  thresholds: {
    maxConnections: given(1_024, 'connections', 'CircuitBreakers.Thresholds.max_connections'),
    maxPendingRequests: given(1_024, 'requests', 'CircuitBreakers.Thresholds.max_pending_requests'),
    maxRequests: given(1_024, 'requests', 'CircuitBreakers.Thresholds.max_requests'),
    maxRetries: given(3, 'retries', 'CircuitBreakers.Thresholds.max_retries'),
    retryBudget: given<Thresholds['retryBudget']>(
      null,
      '',
      'CircuitBreakers.Thresholds.retry_budget',
    ),
  },
  retryBudget: {
    percent: given(20, '%', 'RetryBudget.budget_percent'),
    minConcurrency: given(3, 'retries', 'RetryBudget.min_retry_concurrency'),
    intervalMs: given(0, 'ms, 0 = momentary', 'RetryBudget.budget_interval'),
  },
  outlier: {
    consecutive5xx: given(5, 'results', 'OutlierDetection.consecutive_5xx'),
    enforcingConsecutive5xxPercent: given(100, '%', 'OutlierDetection.enforcing_consecutive_5xx'),
    consecutiveGatewayFailure: given(5, 'results', 'OutlierDetection.consecutive_gateway_failure'),
    enforcingConsecutiveGatewayFailurePercent: given(
      0,
      '%',
      'OutlierDetection.enforcing_consecutive_gateway_failure',
    ),
    consecutiveLocalOriginFailure: given(
      5,
      'results',
      'OutlierDetection.consecutive_local_origin_failure',
    ),
    enforcingConsecutiveLocalOriginFailurePercent: given(
      100,
      '%',
      'OutlierDetection.enforcing_consecutive_local_origin_failure',
    ),
    splitExternalLocalOriginErrors: given(
      false,
      '',
      'OutlierDetection.split_external_local_origin_errors',
    ),
    intervalMs: given(10_000, 'ms', 'OutlierDetection.interval'),
    baseEjectionTimeMs: given(30_000, 'ms', 'OutlierDetection.base_ejection_time'),
    maxEjectionTimeMs: given(
      300_000,
      'ms, or the base if that is longer',
      'OutlierDetection.max_ejection_time',
    ),
    maxEjectionTimeJitterMs: given(0, 'ms', 'OutlierDetection.max_ejection_time_jitter'),
    maxEjectionPercent: given(10, '%', 'OutlierDetection.max_ejection_percent'),
    alwaysEjectOneHost: given(false, '', 'OutlierDetection.always_eject_one_host'),
  },
  /** Always on in Envoy; istiod turns it off. */
  outlierStatistics: {
    successRateMinimumHosts: given(5, 'hosts', 'OutlierDetection.success_rate_minimum_hosts'),
    successRateRequestVolume: given(100, 'results', 'OutlierDetection.success_rate_request_volume'),
    successRateStdevFactor: given(1_900, '1/1000', 'OutlierDetection.success_rate_stdev_factor'),
    enforcingSuccessRatePercent: given(100, '%', 'OutlierDetection.enforcing_success_rate'),
    enforcingLocalOriginSuccessRatePercent: given(
      100,
      '%',
      'OutlierDetection.enforcing_local_origin_success_rate',
    ),
    failurePercentageThreshold: given(85, '%', 'OutlierDetection.failure_percentage_threshold'),
    failurePercentageMinimumHosts: given(
      5,
      'hosts',
      'OutlierDetection.failure_percentage_minimum_hosts',
    ),
    failurePercentageRequestVolume: given(
      50,
      'results',
      'OutlierDetection.failure_percentage_request_volume',
    ),
    enforcingFailurePercentagePercent: given(
      0,
      '%',
      'OutlierDetection.enforcing_failure_percentage',
    ),
    enforcingLocalOriginFailurePercentagePercent: given(
      0,
      '%',
      'OutlierDetection.enforcing_failure_percentage_local_origin',
    ),
  },
  adaptiveConcurrency: {
    percentile: given(50, '%', 'GradientControllerConfig.sample_aggregate_percentile'),
    maxConcurrency: given(1_000, 'requests', 'ConcurrencyLimitParams.max_concurrency_limit'),
    minConcurrency: given(3, 'requests', 'MinimumRTTCalculationParams.min_concurrency'),
    requestCount: given(50, 'requests', 'MinimumRTTCalculationParams.request_count'),
    jitterPercent: given(15, '%', 'MinimumRTTCalculationParams.jitter'),
    bufferPercent: given(25, '%', 'MinimumRTTCalculationParams.buffer'),
  },
  admissionControl: {
    windowSeconds: given(30, 's', 'AdmissionControl.sampling_window'),
    aggression: given(1, '', 'AdmissionControl.aggression'),
    thresholdPercent: given(95, '%', 'AdmissionControl.sr_threshold'),
    rpsThreshold: given(0, 'requests/s', 'AdmissionControl.rps_threshold'),
    maxPercent: given(80, '%', 'AdmissionControl.max_rejection_probability'),
  },
  rateLimit: {
    timeoutMs: given(20, 'ms', 'RateLimit.timeout'),
    statusOnError: given(500, '', 'RateLimit.status_on_error'),
  },
  fault: {
    percentage: given<FractionalPercent>(
      { numerator: 0, denominator: 100 },
      '',
      'FaultDelay.percentage, FaultAbort.percentage',
    ),
    maxActiveFaults: given<number | null>(null, 'faults', 'HTTPFault.max_active_faults'),
  },
} as const;

/** istiod: what it writes out where that differs from Envoy's own default. */
export const ISTIO = {
  product: 'istio-1.28',
  listener: {
    streamIdleTimeoutMs: given(0, 'ms, 0 = off', 'config-istio.md §14'),
    passthroughStreamIdleTimeoutMs: given(300_000, 'ms', 'config-istio.md §14'),
    honoursControlHeaders: given(false, '', 'config-istio.md §2.6'),
  },
  virtualHost: {
    includeRequestAttemptCount: given(true, '', 'istiod, outbound route configuration'),
  },
  route: {
    timeoutMs: given(0, 'ms, 0 = no limit', 'VirtualService.http.timeout'),
    /** Of `grpc-timeout` headers; istiod writes the route's timeout. */
    maxGrpcTimeoutMs: given(0, 'ms, 0 = no cap', 'VirtualService.http.timeout'),
  },
  /** Outbound routes to mesh services. */
  retry: {
    numRetries: given(2, 'retries', 'pilot/pkg/networking/core/route/retry'),
    retryOn: given<readonly string[]>(
      ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'],
      'conditions',
      'pilot/pkg/networking/core/route/retry',
    ),
    /** 503 was among them before 1.24. */
    retriableStatusCodes: given<readonly number[]>([], 'statuses', 'release note 50506'),
    hostSelectionMaxAttempts: given(5, 're-picks', 'pilot/pkg/networking/core/route/retry'),
    hostPredicates: given<RetryPolicyConfig['hostPredicates']>(
      ['previous-hosts'],
      '',
      'pilot/pkg/networking/core/route/retry',
    ),
  },
  /** Inbound routes to the local application. */
  inboundRetry: {
    numRetries: given(2, 'retries', 'config-istio.md §2.7'),
    retryOn: given<readonly string[]>(
      ['reset-before-request'],
      'conditions',
      'config-istio.md §2.7',
    ),
    hostPredicates: given<RetryPolicyConfig['hostPredicates']>([], '', 'config-istio.md §2.7'),
  },
  cluster: {
    connectTimeoutMs: given(10_000, 'ms', 'MeshConfig.connectTimeout'),
    lb: given<LoadBalancerConfig>(LEAST_REQUEST, '', 'LoadBalancerSettings.simple'),
    panicThresholdPercent: given(0, '%', 'OutlierDetection.minHealthPercent'),
    tls: given('automatic', 'where endpoints offer it', 'MeshConfig.enableAutoMtls'),
  },
  thresholds: {
    maxConnections: given(UINT32_MAX, 'connections', 'ConnectionPoolSettings.tcp.maxConnections'),
    maxPendingRequests: given(
      UINT32_MAX,
      'requests',
      'ConnectionPoolSettings.http.http1MaxPendingRequests',
    ),
    maxRequests: given(UINT32_MAX, 'requests', 'ConnectionPoolSettings.http.http2MaxRequests'),
    maxRetries: given(UINT32_MAX, 'retries', 'ConnectionPoolSettings.http.maxRetries'),
  },
  retryBudget: {
    percent: given(20, '%', 'TrafficPolicy.retryBudget.percent'),
    minConcurrency: given(3, 'retries', 'TrafficPolicy.retryBudget.minRetryConcurrency'),
    intervalMs: given(0, 'ms, 0 = momentary', 'TrafficPolicy.retryBudget.budgetInterval'),
  },
  /** When the block is present; without it there is no outlier detection. */
  outlier: {
    consecutive5xx: given(5, 'results', 'OutlierDetection.consecutive5xxErrors'),
    enforcingConsecutiveGatewayFailurePercent: given(
      0,
      '%',
      'OutlierDetection.consecutiveGatewayErrors',
    ),
    intervalMs: given(10_000, 'ms', 'OutlierDetection.interval'),
    baseEjectionTimeMs: given(30_000, 'ms', 'OutlierDetection.baseEjectionTime'),
    maxEjectionPercent: given(10, '%', 'OutlierDetection.maxEjectionPercent'),
  },
} as const;

/** The origin of a setting that was left to `product`'s default. */
export function originOf(product: string, taken: Default<unknown>): Origin {
  return { kind: 'default', product, source: taken.source };
}
