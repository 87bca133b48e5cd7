/**
 * `RouteConfiguration` → the route table of a listener.
 *
 * Source: Envoy v3 API, config/route/v3; policy-engine.md §1, 2, 8; config-other-meshes.md §5.2.
 */

import { envoyForward, envoyVirtualHost } from '../../mesh/config/complete.ts';
import type {
  DirectResponseAction,
  ForwardAction,
  RetryPolicyConfig,
  RouteAction,
  RouteConfig,
  RouteFilters,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../../mesh/config/config.ts';
import { NO_ORIGINS } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { PathRewrite, RedirectAction } from '../../mesh/config/rewriting.ts';
import { Fields } from './fields.ts';
import { readHashPolicies } from './hash-policy.ts';
import { readHeaderChanges } from './header-mutations.ts';
import { readRouteFilters } from './http-filters.ts';
import { readRouteMatch, readSubstitution } from './matchers.ts';
import { readLbMetadata } from './metadata.ts';
import { routeOrigins } from './origins.ts';
import { readRetryPolicy } from './retry-policy.ts';
import type { Runtime } from './runtime.ts';

export function readRouteTable(fields: Fields, runtime: Runtime): RouteTableConfig {
  const isReversed = fields.flag('most_specific_header_mutations_wins');
  const hosts = fields.messages('virtual_hosts', 'VirtualHost');
  const table = {
    name: fields.text('name') ?? '',
    virtualHosts: hosts.map((host) => readVirtualHost(host, runtime)),
    ignorePortInHostMatching: fields.flag('ignore_port_in_host_matching'),
    ...readHeaderChanges(fields),
    ...(isReversed ? { mostSpecificHeaderMutationsWins: true } : {}),
  };
  fields.ignore('validate_clusters');
  fields.close();
  return table;
}

function readVirtualHost(fields: Fields, runtime: Runtime): VirtualHostConfig {
  const retryFields = fields.message('retry_policy', 'RetryPolicy');
  const retry = retryFields === undefined ? null : readRetryPolicy(retryFields, runtime);
  const filters = readRouteFilters(fields);
  const host = envoyVirtualHost({
    name: fields.text('name') ?? '',
    domains: fields.texts('domains'),
    routes: fields.messages('routes', 'Route').map((route) => {
      const read = readRoute(route, retry, runtime);
      const origins = routeOrigins(route.node, fields.node);
      return withFilters({ ...read, origins }, filters);
    }),
    includeRequestAttemptCount: fields.flag('include_request_attempt_count'),
    includeAttemptCountInResponse: fields.flag('include_attempt_count_in_response'),
    includeIsTimeoutRetryHeader: fields.flag('include_is_timeout_retry_header'),
    ...readHeaderChanges(fields),
  });
  fields.close();
  return host;
}

function readRoute(
  fields: Fields,
  hostRetry: RetryPolicyConfig | null,
  runtime: Runtime,
): RouteConfig {
  const match = fields.message('match', 'RouteMatch');
  if (match === undefined) fields.node.error('MQ-FIELD-003', 'a route has no match');
  const filters = readRouteFilters(fields);
  const route = {
    name: fields.text('name') ?? '',
    match: readRouteMatch(match ?? new Fields(fields.node, 'RouteMatch')),
    action: readAction(fields, hostRetry, runtime),
    origins: NO_ORIGINS,
    ...readHeaderChanges(fields),
  };
  fields.ignore('metadata', 'decorator', 'stat_prefix');
  fields.close();
  return withFilters(route, filters);
}

/** The route's own configurations go before those of its virtual host. */
function withFilters(route: RouteConfig, filters: RouteFilters | undefined): RouteConfig {
  if (filters === undefined) return route;
  const { fault, ...others } = filters;
  const ownFault = 'fault' in route || fault === undefined ? {} : { fault: fault.config };
  return { ...route, ...ownFault, filters: { ...others, ...route.filters } };
}

function readAction(
  fields: Fields,
  hostRetry: RetryPolicyConfig | null,
  runtime: Runtime,
): RouteAction {
  const forward = fields.message('route', 'RouteAction');
  if (forward !== undefined) return readForward(forward, hostRetry, runtime);
  const redirect = fields.message('redirect', 'RedirectAction');
  if (redirect !== undefined) return readRedirect(redirect);
  const direct = fields.message('direct_response', 'DirectResponseAction');
  if (direct !== undefined) return readDirect(direct);
  fields.node.error('MQ-FIELD-003', 'a route needs route, redirect or direct_response');
  return { kind: 'direct-response', status: 404, body: '' };
}

function readDirect(fields: Fields): DirectResponseAction {
  const status = fields.integer('status', 200, 599) ?? 200;
  const source = fields.message('body', 'DataSource');
  const body = source?.text('inline_string') ?? '';
  source?.close();
  fields.close();
  return { kind: 'direct-response', status, body };
}

const REDIRECT_STATUS = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
} as const;

function readRedirect(fields: Fields): RedirectAction {
  const words = Object.keys(REDIRECT_STATUS) as (keyof typeof REDIRECT_STATUS)[];
  const scheme = fields.text('scheme_redirect');
  const isHttps = fields.flag('https_redirect') || scheme === 'https';
  const whole = fields.text('path_redirect');
  const isWhole = whole !== undefined && whole !== '';
  const redirect = {
    kind: 'redirect' as const,
    status: REDIRECT_STATUS[fields.oneOf('response_code', words) ?? 'MOVED_PERMANENTLY'],
    scheme: isHttps ? ('https' as const) : scheme === 'http' ? ('http' as const) : ('' as const),
    host: fields.text('host_redirect') ?? '',
    port: fields.integer('port_redirect', 0, 65_535) ?? 0,
    path: isWhole ? { kind: 'whole' as const, value: whole } : (readPathRewrite(fields) ?? null),
    stripsQuery: fields.flag('strip_query'),
  };
  fields.close();
  return redirect;
}

function readPathRewrite(fields: Fields): PathRewrite | undefined {
  const value = fields.text('prefix_rewrite');
  const regex = fields.message('regex_rewrite', 'RegexMatchAndSubstitute');
  if (regex !== undefined) return { kind: 'regex', ...readSubstitution(regex) };
  return value === undefined || value === '' ? undefined : { kind: 'prefix', value };
}

function readForward(
  fields: Fields,
  hostRetry: RetryPolicyConfig | null,
  runtime: Runtime,
): ForwardAction {
  const retryFields = fields.message('retry_policy', 'RetryPolicy');
  const retry = retryFields === undefined ? hostRetry : readRetryPolicy(retryFields, runtime);
  const { clusters, clusterHeader } = readClusters(fields);
  const notFound = fields.oneOf('cluster_not_found_response_code', NOT_FOUND_CODES);
  const maxGrpcMs = fields.durationMs('max_grpc_timeout');
  const action = envoyForward({
    clusters,
    timeoutMs: fields.durationMs('timeout') ?? ENVOY.route.timeoutMs.value,
    retry,
    priority:
      fields.oneOf('priority', ['DEFAULT', 'HIGH'] as const) === 'HIGH' ? 'high' : 'default',
    clusterNotFoundStatus: NOT_FOUND_STATUS[notFound ?? 'SERVICE_UNAVAILABLE'],
    ...(maxGrpcMs === undefined ? {} : { maxGrpcTimeoutMs: maxGrpcMs }),
    ...(clusterHeader === undefined ? {} : { clusterHeader: clusterHeader.toLowerCase() }),
    ...readRewrites(fields),
    ...readTimers(fields),
    ...readSpreading(fields),
  });
  const upgrades = fields.messages('upgrade_configs', 'UpgradeConfig').map((upgrade) => {
    const name = (upgrade.text('upgrade_type') ?? '').toLowerCase();
    const isEnabled = upgrade.flag('enabled', true);
    upgrade.close();
    return [name, isEnabled] as const;
  });
  fields.close();
  return upgrades.length === 0 ? action : { ...action, upgrades: new Map(upgrades) };
}

const NOT_FOUND_CODES = ['SERVICE_UNAVAILABLE', 'NOT_FOUND', 'INTERNAL_SERVER_ERROR'] as const;
const NOT_FOUND_STATUS = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
} as const;

function readClusters(fields: Fields): {
  clusters: readonly WeightedCluster[];
  clusterHeader?: string;
} {
  const cluster = fields.text('cluster');
  if (cluster !== undefined) return { clusters: [{ cluster, weight: 1 }] };
  const clusterHeader = fields.text('cluster_header');
  if (clusterHeader !== undefined) return { clusters: [], clusterHeader };
  const weighted = fields.message('weighted_clusters', 'WeightedCluster');
  if (weighted === undefined) {
    fields.node.error('MQ-FIELD-003', 'a route needs cluster, cluster_header or weighted_clusters');
    return { clusters: [] };
  }
  const clusters = weighted.messages('clusters', 'ClusterWeight').map(readClusterWeight);
  weighted.ignore('total_weight');
  weighted.close();
  if (clusters.every(({ weight }) => weight === 0)) {
    weighted.node.error('MQ-ENVOY-003', 'the weights of weighted_clusters add up to 0');
  }
  return { clusters };
}

function readClusterWeight(fields: Fields): WeightedCluster {
  const literal = fields.text('host_rewrite_literal');
  const metadata = readLbMetadata(fields, 'metadata_match');
  const cluster = {
    cluster: fields.text('name') ?? '',
    weight: fields.integer('weight') ?? 0,
    ...readHeaderChanges(fields),
    ...(metadata === undefined ? {} : { metadataMatch: metadata }),
    ...(literal === undefined ? {} : { hostRewrite: { kind: 'literal' as const, value: literal } }),
  };
  fields.close();
  return cluster;
}

function readRewrites(fields: Fields): Partial<ForwardAction> {
  const pathRewrite = readPathRewrite(fields);
  const literal = fields.text('host_rewrite_literal');
  const header = fields.text('host_rewrite_header');
  const path = fields.message('host_rewrite_path_regex', 'RegexMatchAndSubstitute');
  return {
    ...(pathRewrite === undefined ? {} : { pathRewrite }),
    ...(literal === undefined ? {} : { hostRewrite: { kind: 'literal' as const, value: literal } }),
    ...(header === undefined
      ? {}
      : { hostRewrite: { kind: 'header' as const, name: header.toLowerCase() } }),
    ...(path === undefined
      ? {}
      : { hostRewrite: { kind: 'path-regex' as const, ...readSubstitution(path) } }),
    ...(fields.flag('append_x_forwarded_host') ? { appendsForwardedHost: true } : {}),
  };
}

function readTimers(fields: Fields): Partial<ForwardAction> {
  const idleTimeoutMs = fields.durationMs('idle_timeout');
  const duration = fields.message('max_stream_duration', 'MaxStreamDuration');
  const maxMs = duration?.durationMs('max_stream_duration');
  const grpcMaxMs = duration?.durationMs('grpc_timeout_header_max');
  const grpcOffsetMs = duration?.durationMs('grpc_timeout_header_offset');
  duration?.close();
  return {
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    ...(duration === undefined
      ? {}
      : {
          streamDuration: {
            maxMs: maxMs ?? null,
            grpcHeaderMaxMs: grpcMaxMs ?? null,
            grpcHeaderOffsetMs: grpcOffsetMs ?? 0,
          },
        }),
  };
}

function readSpreading(fields: Fields): Partial<ForwardAction> {
  const hashPolicies = readHashPolicies(fields);
  const metadata = readLbMetadata(fields, 'metadata_match');
  fields.refuse('request_mirror_policies');
  fields.refuse('hedge_policy');
  return {
    ...(hashPolicies.length === 0 ? {} : { hashPolicy: hashPolicies }),
    ...(metadata === undefined ? {} : { metadataMatch: metadata }),
  };
}
