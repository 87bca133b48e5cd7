/**
 * `Cluster` → the configuration of a cluster.
 *
 * Source: Envoy v3 API, config/cluster/v3; policy-engine.md §1.1, 3, 6; config-other-meshes.md §5.2.
 */

import type { Endpoint } from '../../core/engine.ts';
import { envoyCluster, envoyThresholds, valuesOf } from '../../mesh/config/complete.ts';
import type { ClusterConfig, HealthCheckConfig, Thresholds } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { NameIds } from '../name-ids.ts';
import { readEndpoints } from './endpoints.ts';
import type { Fields } from './fields.ts';
import { readHealthCheck } from './health-checks.ts';
import { readBalancing } from './load-balancing.ts';
import { clusterOrigins } from './origins.ts';
import { readOutlier } from './outlier.ts';
import { readProtocol, withHashPolicy } from './protocol.ts';
import type { Runtime } from './runtime.ts';
import { readUpstreamTls } from './tls.ts';

/** Endpoints of this cluster come from a file. */
export interface EdsSource {
  readonly cluster: string;
  readonly clusterId: number;
  readonly serviceName: string;
  readonly path: string;
  readonly isLocalityWeighted: boolean;
}

export interface ReadCluster {
  readonly config: ClusterConfig;
  readonly eds: EdsSource | null;
}

const TYPES = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'] as const;
/** A guard of Envoy's, on by default: requests over their limit are no overflows of the queue. */
const ACTIVE_GUARD = 'envoy.reloadable_features.skip_pending_overflow_count_on_active_rq';
export function readCluster(fields: Fields, ids: NameIds, runtime: Runtime): ReadCluster {
  const name = fields.text('name') ?? '';
  const type = fields.oneOf('type', TYPES) ?? 'STATIC';
  if (type === 'ORIGINAL_DST') {
    fields.get('type')?.error('MQ-ENVOY-002', 'clusters of type ORIGINAL_DST are not modelled');
  }
  fields.ignore('dns_lookup_family', 'dns_jitter', 'cleanup_interval', 'metadata');
  fields.ignore('lrs_report_endpoint_metrics');
  fields.withoutEffect('alt_stat_name');
  // Histograms: they change nothing that is counted.
  fields.ignore('track_cluster_stats', 'track_timeout_budgets');
  // Addresses here never change by themselves, and loopbacks need no keep-alive.
  fields.withoutEffect(
    'dns_refresh_rate',
    'dns_failure_refresh_rate',
    'respect_dns_ttl',
    'use_tcp_for_dns_lookups',
    'upstream_connection_options',
    'wait_for_warm_on_init',
    'upstream_bind_config',
    'upstream_http_protocol_options',
  );
  const checks = fields
    .messages('health_checks', 'HealthCheck')
    .map((check) => readHealthCheck(check, runtime));
  const assignment = fields.message('load_assignment', 'ClusterLoadAssignment');
  const given = assignment === undefined ? [] : readEndpoints(assignment, ids);
  const outlier = fields.message('outlier_detection', 'OutlierDetection');
  const balancing = readBalancing(fields, runtime);
  refuseNamesOfAddresses(fields, type, balancing.config.lb);
  const isWeighted = balancing.isLocalityWeighted;
  const members = isWeighted ? given : given.map(withoutLocalityWeight);
  const config = envoyCluster({
    id: ids.cluster(name),
    name,
    endpoints: { version: 1, members },
    service: serviceOf(name),
    isEager: true,
    connectTimeoutMs: fields.durationMs('connect_timeout') ?? ENVOY.cluster.connectTimeoutMs.value,
    circuitBreakers: readBreakers(fields, name, runtime),
    outlier: outlier === undefined ? null : readOutlier(outlier, runtime),
    bufferLimitBytes:
      fields.integer('per_connection_buffer_limit_bytes') ?? ENVOY.cluster.bufferLimitBytes.value,
    ...balancing.config,
    ...readCommon(fields, runtime),
    ...withHashPolicy(readProtocol(fields, runtime), balancing.config.lb),
    tls: readUpstreamTls(fields),
    ...(checks.length === 0 ? {} : { healthChecks: checks }),
    ...readLifecycle(fields),
    ...readMaintenance(name, runtime),
    origins: clusterOrigins(fields.node),
  });
  refuseUnnamed(fields, checks);
  refuseGrpcOverHttp1(fields, config);
  const eds = type === 'EDS' ? readEds(fields, config, isWeighted) : null;
  fields.close();
  return { config, eds };
}

/** istiod names clusters `outbound|80|v1|host`; any other name is the service's. */
function serviceOf(name: string): ClusterConfig['service'] {
  const match = /^(?:outbound|inbound)\|(\d+)\|([^|]*)\|([^|]*)$/.exec(name);
  if (match === null) return { host: name, port: 0, subset: '' };
  return { host: match[3]!, port: Number(match[1]), subset: match[2]! };
}

/** Endpoints of static clusters have no names. */
function refuseNamesOfAddresses(
  fields: Fields,
  type: (typeof TYPES)[number],
  lb: ClusterConfig['lb'],
): void {
  if (type !== 'STATIC' || !('usesHostname' in lb) || !lb.usesHostname) return;
  const node = fields.get('lb_policy') ?? fields.get('load_balancing_policy') ?? fields.node;
  node.error('MQ-ENVOY-003', 'hashing by hostname needs a cluster that resolves names', {
    fix: 'give endpoints a hash_key in their metadata',
  });
}

function readMaintenance(name: string, runtime: Runtime): Partial<ClusterConfig> {
  const percent = runtime.integer(`upstream.maintenance_mode.${name}`) ?? 0;
  return percent > 0 ? { maintenancePercent: Math.min(100, percent) } : {};
}

function readLifecycle(fields: Fields): Partial<ClusterConfig> {
  const policy = fields.message('preconnect_policy', 'PreconnectPolicy');
  const perUpstream = policy?.ratio('per_upstream_preconnect_ratio', 1, 3);
  const predictive = policy?.ratio('predictive_preconnect_ratio', 1, 3);
  policy?.close();
  return {
    ...(policy === undefined
      ? {}
      : { preconnect: { perUpstreamRatio: perUpstream ?? 1, predictiveRatio: predictive ?? 0 } }),
    ...(fields.flag('close_connections_on_host_health_failure')
      ? { closesOnHealthFailure: true }
      : {}),
  };
}

function readEds(
  fields: Fields,
  { name, id }: ClusterConfig,
  isLocalityWeighted: boolean,
): EdsSource | null {
  const eds = fields.message('eds_cluster_config', 'EdsClusterConfig');
  const source = eds?.message('eds_config', 'ConfigSource');
  const serviceName = eds?.text('service_name') ?? name;
  source?.ignore('resource_api_version', 'initial_fetch_timeout');
  const file = source?.message('path_config_source', 'PathConfigSource');
  const path = file?.text('path') ?? source?.text('path');
  file?.ignore('watched_directory');
  file?.close();
  source?.close();
  eds?.close();
  if (path === undefined) {
    const message = `cluster "${name}" gets its endpoints from a server, which is not modelled`;
    (eds?.node ?? fields.node).error('MQ-ENVOY-002', message, { fix: 'use path_config_source' });
    return null;
  }
  return { cluster: name, clusterId: id, serviceName, path, isLocalityWeighted };
}

/** The first entry of a priority counts. */
function readBreakers(
  fields: Fields,
  cluster: string,
  runtime: Runtime,
): ClusterConfig['circuitBreakers'] {
  const countsActive = runtime.flag(ACTIVE_GUARD) === false;
  const breakers = fields.message('circuit_breakers', 'CircuitBreakers');
  let normal: Thresholds | null = null;
  let high: Thresholds | null = null;
  for (const entry of breakers?.messages('thresholds', 'Thresholds') ?? []) {
    const isHigh = entry.oneOf('priority', ['DEFAULT', 'HIGH'] as const) === 'HIGH';
    const thresholds = readThresholds(entry, countsActive);
    if (isHigh) high ??= thresholds;
    else normal ??= thresholds;
  }
  const hosts = breakers?.messages('per_host_thresholds', 'Thresholds').map((entry) => {
    const isHigh = entry.oneOf('priority', ['DEFAULT', 'HIGH'] as const) === 'HIGH';
    const max = entry.integer('max_connections');
    entry.close();
    return { isHigh, max };
  });
  breakers?.close();
  const perHost = (isHigh: boolean) => hosts?.find((entry) => entry.isHigh === isHigh)?.max;
  const asked = (thresholds: Thresholds | null, isHigh: boolean) => {
    const key = `circuit_breakers.${cluster}.${isHigh ? 'high' : 'default'}.`;
    const ruled = withRuntime(thresholds ?? envoyThresholds(), key, runtime);
    return withHostLimit(ruled, perHost(isHigh));
  };
  return { default: asked(normal, false), high: asked(high, true) };
}

/** What the runtime says of a limit counts, whatever the thresholds say. */
function withRuntime(thresholds: Thresholds, key: string, runtime: Runtime): Thresholds {
  const percent = runtime.number(`${key}retry_budget.budget_percent`);
  const least = runtime.integer(`${key}retry_budget.min_retry_concurrency`);
  const maxPools = runtime.integer(`${key}max_connection_pools`);
  const { retryBudget: known } = thresholds;
  const isBudget = known !== null || percent !== undefined || least !== undefined;
  const { percent: share, minConcurrency, intervalMs } = known ?? valuesOf(ENVOY.retryBudget);
  return {
    ...thresholds,
    maxConnections: runtime.integer(`${key}max_connections`) ?? thresholds.maxConnections,
    maxPendingRequests:
      runtime.integer(`${key}max_pending_requests`) ?? thresholds.maxPendingRequests,
    maxRequests: runtime.integer(`${key}max_requests`) ?? thresholds.maxRequests,
    maxRetries: runtime.integer(`${key}max_retries`) ?? thresholds.maxRetries,
    retryBudget: isBudget
      ? { percent: percent ?? share, minConcurrency: least ?? minConcurrency, intervalMs }
      : null,
    ...(maxPools === undefined ? {} : { maxConnectionPools: maxPools }),
  };
}

function withHostLimit(thresholds: Thresholds, max: number | undefined): Thresholds {
  return max === undefined ? thresholds : { ...thresholds, maxConnectionsPerHost: max };
}

function readThresholds(fields: Fields, countsActive: boolean): Thresholds {
  const defaults = envoyThresholds();
  const budget = fields.message('retry_budget', 'RetryBudget');
  const percent = budget?.percent('budget_percent');
  const least = budget?.integer('min_retry_concurrency');
  const interval = budget?.durationMs('budget_interval');
  budget?.close();
  const isSet = percent !== undefined || least !== undefined;
  const maxPools = fields.integer('max_connection_pools');
  const thresholds = {
    maxConnections: fields.integer('max_connections') ?? defaults.maxConnections,
    maxPendingRequests: fields.integer('max_pending_requests') ?? defaults.maxPendingRequests,
    maxRequests: fields.integer('max_requests') ?? defaults.maxRequests,
    maxRetries: fields.integer('max_retries') ?? defaults.maxRetries,
    retryBudget: isSet
      ? {
          percent: percent ?? ENVOY.retryBudget.percent.value,
          minConcurrency: least ?? ENVOY.retryBudget.minConcurrency.value,
          intervalMs: interval ?? ENVOY.retryBudget.intervalMs.value,
        }
      : null,
    ...(fields.flag('track_remaining') ? { trackRemaining: true } : {}),
    ...(countsActive ? { countsActiveAsPending: true } : {}),
    ...(maxPools === undefined ? {} : { maxConnectionPools: maxPools }),
  };
  fields.close();
  return thresholds;
}

/** Weights of localities count only where the balancer is told so. */
export function withoutLocalityWeight(endpoint: Endpoint): Endpoint {
  const { localityWeight: _unused, ...others } = endpoint;
  return others;
}

function readCommon(fields: Fields, runtime: Runtime): Partial<ClusterConfig> {
  const common = fields.message('common_lb_config', 'CommonLbConfig');
  // `readBalancing` reads these.
  common?.ignore(
    'zone_aware_lb_config',
    'locality_weighted_lb_config',
    'consistent_hashing_lb_config',
  );
  // No filter that is modelled asks for a host by its address.
  common?.ignore('override_host_status');
  const set = common?.percent('healthy_panic_threshold');
  const threshold = runtime.integer('upstream.healthy_panic_threshold') ?? set;
  const mergeMs = common?.durationMs('update_merge_window');
  const drains = common?.flag('close_connections_on_host_set_change') === true;
  const excludes = common?.flag('ignore_new_hosts_until_first_hc') === true;
  common?.close();
  return {
    ...(threshold === undefined
      ? {}
      : { panicThresholdPercent: Math.max(0, Math.min(100, Math.trunc(threshold))) }),
    ...(mergeMs === undefined ? {} : { updateMergeWindowMs: mergeMs }),
    ...(drains ? { drainsOnSetChange: true } : {}),
    ...(fields.flag('ignore_health_on_host_removal') ? { dropsHealthyHosts: true } : {}),
    ...(excludes ? { excludesUnchecked: true } : {}),
  };
}

/** Their counters go by name. */
function refuseUnnamed({ node }: Fields, checks: readonly HealthCheckConfig[]): void {
  if (checks.length < 2) return;
  const names = checks.map(({ name }) => name);
  if (names.includes(undefined)) {
    node.error('MQ-FIELD-003', 'of several health checks each needs a name');
  } else if (new Set(names).size < names.length) {
    node.error('MQ-FIELD-010', 'two health checks have one name');
  }
}

function refuseGrpcOverHttp1({ node }: Fields, { healthChecks, protocol }: ClusterConfig): void {
  if (protocol === 'http2') return;
  if (healthChecks?.some(({ probe }) => probe.kind === 'grpc') !== true) return;
  const what = 'gRPC health checks need a cluster that speaks HTTP/2';
  node.error('MQ-FIELD-010', what, { fix: 'set http2_protocol_options' });
}
