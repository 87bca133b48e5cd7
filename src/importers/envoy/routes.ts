/**
 * `RouteConfiguration` → the route table of a listener.
 *
 * Source: Envoy v3 API, config/route/v3; policy-engine.md §1, 2, 8; config-other-meshes.md §5.2.
 */

import { envoyForward, envoyVirtualHost } from '../../mesh/config/complete.ts';
import type {
  DirectResponseAction,
  ForwardAction,
  MirrorPolicy,
  RateLimitActions,
  RetryPolicyConfig,
  RouteAction,
  RouteConfig,
  RouteFilters,
  RouteTableConfig,
  VirtualClusterConfig,
  VirtualHostConfig,
} from '../../mesh/config/config.ts';
import { NO_ORIGINS } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { PathRewrite, RedirectAction } from '../../mesh/config/rewriting.ts';
import { readInlineText } from './data-source.ts';
import { Fields } from './fields.ts';
import { readHashPolicies } from './hash-policy.ts';
import { readHeaderChanges } from './header-mutations.ts';
import { readRouteFilters } from './http-filters.ts';
import { readInternalRedirect } from './internal-redirect.ts';
import { readReplyFormat } from './local-replies.ts';
import { readHeaderMatch, readRouteMatch, readSubstitution } from './matchers.ts';
import { readLbMetadata } from './metadata.ts';
import { readMirrors } from './mirrors.ts';
import { routeOrigins } from './origins.ts';
import { readTemplateRewrite, templateOf } from './path-template.ts';
import { readRateLimits } from './rate-limits.ts';
import { readRetryPolicy } from './retry-policy.ts';
import { readRouteMatcher } from './route-matcher.ts';
import { RouteReading } from './route-reading.ts';
import type { Runtime } from './runtime.ts';
import { readClusters } from './weighted-clusters.ts';

const LARGEST_DIRECT_BODY_BYTES = 4_096;

/** @param clusters names of all that are configured */
export function readRouteTable(
  fields: Fields,
  runtime: Runtime,
  clusters: ReadonlySet<string>,
): RouteTableConfig {
  const isReversed = fields.flag('most_specific_header_mutations_wins');
  const isChecked = fields.flag('validate_clusters', true);
  const reading = new RouteReading(runtime, isChecked ? clusters : null);
  const largestBody =
    fields.integer('max_direct_response_body_size_bytes') ?? LARGEST_DIRECT_BODY_BYTES;
  const levels: RouteLevels = {
    filters: readRouteFilters(fields, runtime),
    mirrors: readMirrors(fields, reading),
    retry: null,
    forward: {},
    rateLimits: [],
    largestBody,
  };
  const hosts = fields.messages('virtual_hosts', 'VirtualHost');
  const vhostHeader = fields.text('vhost_header');
  const table = {
    name: fields.text('name') ?? '',
    virtualHosts: hosts.map((host) => readVirtualHost(host, levels, reading)),
    ignorePortInHostMatching: fields.flag('ignore_port_in_host_matching'),
    ...readHeaderChanges(fields),
    ...(isReversed ? { mostSpecificHeaderMutationsWins: true } : {}),
    ...(vhostHeader === undefined ? {} : { hostHeader: vhostHeader.toLowerCase() }),
    ...(fields.flag('ignore_path_parameters_in_path_matching')
      ? { ignoresPathParameters: true }
      : {}),
  };
  checkDomains(hosts, table.virtualHosts);
  const internal = fields.texts('internal_only_headers');
  if (internal.length > 0) fields.refuse('internal_only_headers');
  fields.ignore('metadata');
  fields.close();
  return table;
}

/** A domain belongs to one virtual host. */
function checkDomains(nodes: readonly Fields[], hosts: readonly VirtualHostConfig[]): void {
  const seen = new Set<string>();
  hosts.forEach(({ domains }, index) => {
    for (const domain of domains.map((text) => text.toLowerCase())) {
      const text = `the domain "${domain}" belongs to several virtual hosts`;
      if (seen.has(domain)) nodes[index]!.get('domains')?.error('MQ-ENVOY-003', text);
      seen.add(domain);
    }
  });
}

/** What routes have of the levels above them. */
interface RouteLevels {
  readonly filters: RouteFilters | undefined;
  readonly mirrors: readonly MirrorPolicy[] | undefined;
  readonly retry: RetryPolicyConfig | null;
  /** Of the virtual host, for routes that say nothing themselves. */
  readonly forward: Partial<ForwardAction>;
  readonly rateLimits: readonly RateLimitActions[];
  readonly largestBody: number;
}

const TLS_REQUIREMENTS = ['NONE', 'EXTERNAL_ONLY', 'ALL'] as const;

function readVirtualHost(
  fields: Fields,
  table: RouteLevels,
  reading: RouteReading,
): VirtualHostConfig {
  const { runtime } = reading;
  const retryFields = fields.message('retry_policy', 'RetryPolicy');
  const levels: RouteLevels = {
    ...table,
    retry: retryFields === undefined ? null : readRetryPolicy(retryFields, runtime),
    forward: { ...readHedging(fields), ...readBodyLimit(fields) },
    filters: { ...table.filters, ...readRouteFilters(fields, runtime) },
    mirrors: readMirrors(fields, reading) ?? table.mirrors,
    rateLimits: readRateLimits(fields),
  };
  const tls = fields.oneOf('require_tls', TLS_REQUIREMENTS) ?? 'NONE';
  const virtualClusters = readVirtualClusters(fields);
  const routes = fields.messages('routes', 'Route');
  const matcher = fields.message('matcher', 'Matcher');
  fields.withoutEffect('cors');
  const read = (route: Fields): RouteConfig => {
    const config = readRoute(route, levels, reading);
    return { ...config, origins: routeOrigins(route.node, fields.node) };
  };
  const host = envoyVirtualHost({
    name: fields.text('name') ?? '',
    domains: fields.texts('domains'),
    routes: matcher === undefined ? routes.map(read) : readRouteMatcher(matcher, read),
    includeRequestAttemptCount: fields.flag('include_request_attempt_count'),
    includeAttemptCountInResponse: fields.flag('include_attempt_count_in_response'),
    includeIsTimeoutRetryHeader: fields.flag('include_is_timeout_retry_header'),
    ...readHeaderChanges(fields),
    ...(virtualClusters.length === 0 ? {} : { virtualClusters }),
    ...(tls === 'NONE' ? {} : { requiresTls: tls === 'ALL' ? ('all' as const) : 'external' }),
  });
  fields.ignore('metadata');
  fields.close();
  return host;
}

function readVirtualClusters(host: Fields): VirtualClusterConfig[] {
  return host.messages('virtual_clusters', 'VirtualCluster').map((fields) => {
    const headers = fields.messages('headers', 'HeaderMatcher').map(readHeaderMatch);
    const name = fields.text('name') ?? '';
    fields.close();
    return { name, headers };
  });
}

function readRoute(fields: Fields, levels: RouteLevels, reading: RouteReading): RouteConfig {
  const match = fields.message('match', 'RouteMatch');
  if (match === undefined) fields.node.error('MQ-FIELD-003', 'a route has no match');
  const filters = readRouteFilters(fields, reading.runtime);
  const bodyLimit = readBodyLimit(fields);
  const statPrefix = fields.text('stat_prefix') ?? '';
  const action = readAction(fields, levels, reading, templateOf(match));
  const route = {
    name: fields.text('name') ?? '',
    match: readRouteMatch(match ?? new Fields(fields.node, 'RouteMatch'), reading.runtime),
    action: action.kind === 'forward' ? { ...action, ...bodyLimit } : action,
    origins: NO_ORIGINS,
    ...readHeaderChanges(fields),
    ...(statPrefix === '' ? {} : { statPrefix }),
  };
  fields.ignore('metadata', 'decorator', 'tracing');
  fields.close();
  return withFilters(withFilters(route, filters), levels.filters);
}

/** The route's own configurations go before those of its virtual host. */
function withFilters(route: RouteConfig, filters: RouteFilters | undefined): RouteConfig {
  if (filters === undefined) return route;
  const { fault, ...others } = filters;
  const ownFault =
    'fault' in route || fault === undefined ? {} : { fault: fault === null ? null : fault.config };
  return { ...route, ...ownFault, filters: { ...others, ...route.filters } };
}

function readAction(
  fields: Fields,
  levels: RouteLevels,
  reading: RouteReading,
  template: string | undefined,
): RouteAction {
  const forward = fields.message('route', 'RouteAction');
  if (forward !== undefined) return readForward(forward, levels, reading, template);
  const redirect = fields.message('redirect', 'RedirectAction');
  if (redirect !== undefined) return readRedirect(redirect);
  const direct = fields.message('direct_response', 'DirectResponseAction');
  if (direct !== undefined) return readDirect(direct, levels.largestBody);
  fields.node.error('MQ-FIELD-003', 'a route needs route, redirect or direct_response');
  return { kind: 'direct-response', status: 404, body: '' };
}

function readDirect(fields: Fields, largestBody: number): DirectResponseAction {
  const status = fields.integer('status', 200, 599) ?? 200;
  const source = fields.message('body', 'DataSource');
  const body = source === undefined ? '' : readInlineText(source);
  const format = readReplyFormat(fields, 'body_format');
  if (body.length > largestBody) {
    const text = `the body of a direct response has ${body.length} bytes, more than ${largestBody}`;
    const fix = { fix: 'raise max_direct_response_body_size_bytes' };
    (source ?? fields).node.error('MQ-ENVOY-003', text, fix);
  }
  fields.close();
  return { kind: 'direct-response', status, body, ...(format === null ? {} : { format }) };
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
  const isHttps = fields.flag('https_redirect');
  const whole = fields.text('path_redirect');
  const isWhole = whole !== undefined && whole !== '';
  const redirect = {
    kind: 'redirect' as const,
    status: REDIRECT_STATUS[fields.oneOf('response_code', words) ?? 'MOVED_PERMANENTLY'],
    scheme: isHttps ? 'https' : (scheme ?? ''),
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
  levels: RouteLevels,
  reading: RouteReading,
  template: string | undefined,
): ForwardAction {
  const retryFields = fields.message('retry_policy', 'RetryPolicy');
  const retry =
    retryFields === undefined ? levels.retry : readRetryPolicy(retryFields, reading.runtime);
  const notFound = fields.oneOf('cluster_not_found_response_code', NOT_FOUND_CODES);
  const maxGrpcMs = fields.durationMs('max_grpc_timeout');
  const grpcOffsetMs = fields.durationMs('grpc_timeout_offset');
  fields.withoutEffect('flush_timeout');
  const mirrors = readMirrors(fields, reading) ?? levels.mirrors;
  const rateLimits = readRateLimits(fields);
  const takesHosts = fields.flag('include_vh_rate_limits') || rateLimits.length === 0;
  const limits = takesHosts ? [...rateLimits, ...levels.rateLimits] : rateLimits;
  const action = envoyForward({
    ...levels.forward,
    ...readHedging(fields),
    ...readClusters(fields, reading),
    timeoutMs: fields.durationMs('timeout') ?? ENVOY.route.timeoutMs.value,
    retry,
    priority:
      fields.oneOf('priority', ['DEFAULT', 'HIGH'] as const) === 'HIGH' ? 'high' : 'default',
    clusterNotFoundStatus: NOT_FOUND_STATUS[notFound ?? 'SERVICE_UNAVAILABLE'],
    ...(maxGrpcMs === undefined ? {} : { maxGrpcTimeoutMs: maxGrpcMs }),
    ...(grpcOffsetMs === undefined ? {} : { grpcTimeoutOffsetMs: grpcOffsetMs }),
    ...(mirrors === undefined || mirrors.length === 0 ? {} : { mirrors }),
    ...(limits.length === 0 ? {} : { rateLimits: limits }),
    ...readRewrites(fields, template),
    ...readTimers(fields),
    ...readSpreading(fields),
    ...readInternalRedirect(fields),
  });
  const upgrades = fields.messages('upgrade_configs', 'UpgradeConfig').map((upgrade) => {
    const name = (upgrade.text('upgrade_type') ?? '').toLowerCase();
    const isEnabled = upgrade.flag('enabled', true);
    upgrade.close();
    return [name, isEnabled] as const;
  });
  fields.ignore('early_data_policy');
  // What these say is for a filter that is not modelled, and so not there.
  fields.withoutEffect('cors');
  fields.close();
  return upgrades.length === 0 ? action : { ...action, upgrades: new Map(upgrades) };
}

const NOT_FOUND_CODES = ['SERVICE_UNAVAILABLE', 'NOT_FOUND', 'INTERNAL_SERVER_ERROR'] as const;
const NOT_FOUND_STATUS = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
} as const;

function readRewrites(fields: Fields, template: string | undefined): Partial<ForwardAction> {
  const templated = readTemplateRewrite(fields, template);
  const pathRewrite =
    templated === undefined ? readPathRewrite(fields) : { kind: 'regex' as const, ...templated };
  if (template !== undefined && fields.has('prefix_rewrite')) {
    const message = 'prefix_rewrite does not go with a path template';
    fields.get('prefix_rewrite')?.keyError('MQ-ENVOY-003', message, {
      fix: 'use path_rewrite_policy',
    });
  }
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
    ...(fields.flag('auto_host_rewrite') ? { takesHostname: true } : {}),
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

function readHedging(fields: Fields): Partial<ForwardAction> {
  const hedge = fields.message('hedge_policy', 'HedgePolicy');
  // Envoy itself does nothing with these two.
  hedge?.ignore('initial_requests', 'additional_request_chance');
  const hedges = hedge?.flag('hedge_on_per_try_timeout');
  hedge?.close();
  return hedges === undefined ? {} : { hedgesOnPerTryTimeout: hedges };
}

function readBodyLimit(fields: Fields): { bodyLimitBytes?: number } {
  const old = fields.integer('per_request_buffer_limit_bytes');
  const bytes = fields.integer('request_body_buffer_limit', 0, Number.MAX_SAFE_INTEGER) ?? old;
  return bytes === undefined ? {} : { bodyLimitBytes: bytes };
}

function readSpreading(fields: Fields): Partial<ForwardAction> {
  const hashPolicies = readHashPolicies(fields);
  const metadata = readLbMetadata(fields, 'metadata_match');
  return {
    ...(hashPolicies.length === 0 ? {} : { hashPolicy: hashPolicies }),
    ...(metadata === undefined ? {} : { metadataMatch: metadata }),
  };
}
