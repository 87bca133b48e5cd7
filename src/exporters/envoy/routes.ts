/**
 * Route tables: virtual hosts, routes and what they do.
 *
 * Source: Envoy v3 API, config/route/v3.
 */
import type { LbMetadata } from '../../core/engine.ts';
import type {
  ForwardAction,
  MirrorPolicy,
  RetryPolicyConfig,
  RouteAction,
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { HashPolicy } from '../../mesh/config/load-balancing.ts';
import type { HostRewrite, PathRewrite, RedirectAction } from '../../mesh/config/rewriting.ts';
import { predicate } from './access.ts';
import { namedFilters, routeFilters } from './filters.ts';
import { headerAddition, headerChanges } from './headers.ts';
import { internalRedirect } from './internal-redirect.ts';
import { replyFormat } from './local-replies.ts';
import { headerMatch, routeMatch, runtimeFraction, substitution } from './matchers.ts';
import {
  duration,
  extension,
  filled,
  flag,
  given,
  type Message,
  message,
  unless,
} from './message.ts';
import { rateLimits } from './rate-limits.ts';

/** @param clusters names of those there are; a route to another one is allowed expressly */
export function routeConfiguration(
  table: RouteTableConfig,
  clusters: ReadonlySet<string>,
): Message {
  return message({
    name: unless(table.name, ''),
    virtual_hosts: table.virtualHosts.map(virtualHost),
    validate_clusters: leadsNowhere(table, clusters) ? false : undefined,
    ignore_port_in_host_matching: flag(table.ignorePortInHostMatching),
    ignore_path_parameters_in_path_matching: flag(table.ignoresPathParameters === true),
    ...headerChanges(table),
    most_specific_header_mutations_wins: flag(table.mostSpecificHeaderMutationsWins),
  });
}

function leadsNowhere({ virtualHosts }: RouteTableConfig, clusters: ReadonlySet<string>): boolean {
  return virtualHosts.some(({ routes }) =>
    routes.some(({ action }) => {
      if (action.kind !== 'forward') return false;
      const targets = [...action.clusters, ...(action.mirrors ?? [])];
      return targets.some(({ cluster }) => cluster !== '' && !clusters.has(cluster));
    }),
  );
}

function virtualHost(host: VirtualHostConfig): Message {
  return message({
    name: host.name,
    domains: host.domains,
    ...choices(host.routes),
    require_tls: given(host.requiresTls, (word) => (word === 'all' ? 'ALL' : 'EXTERNAL_ONLY')),
    include_request_attempt_count: flag(host.includeRequestAttemptCount),
    include_attempt_count_in_response: flag(host.includeAttemptCountInResponse),
    include_is_timeout_retry_header: flag(host.includeIsTimeoutRetryHeader),
    virtual_clusters: filled(
      host.virtualClusters?.map(({ name, headers }) => ({
        name,
        headers: headers.map(headerMatch),
      })),
    ),
    ...headerChanges(host),
  });
}

/** Routes behind guards are actions of matchers. */
function choices(routes: readonly RouteConfig[]): Message {
  if (!routes.some(({ match }) => match.guard !== undefined)) {
    return { routes: filled(routes.map(route)) };
  }
  const last = routes.at(-1)!;
  const hasRest = last.match.guard?.kind === 'any';
  const matchers = (hasRest ? routes.slice(0, -1) : routes).map((config) => ({
    predicate: predicate(config.match.guard!),
    on_match: routeAction(config),
  }));
  return {
    matcher: message({
      matcher_list: given(filled(matchers), (items) => ({ matchers: items })),
      on_no_match: hasRest ? routeAction(last) : undefined,
    }),
  };
}

const ROUTE = 'type.googleapis.com/envoy.config.route.v3.Route';

function routeAction(config: RouteConfig): Message {
  return { action: { name: 'route', typed_config: { '@type': ROUTE, ...route(config) } } };
}

function route(config: RouteConfig): Message {
  return message({
    name: unless(config.name, ''),
    stat_prefix: config.statPrefix,
    match: routeMatch(config.match),
    ...actionOf(config.action),
    request_body_buffer_limit:
      config.action.kind === 'forward' ? config.action.bodyLimitBytes : undefined,
    ...headerChanges(config),
    typed_per_filter_config: routeFilters(config),
  });
}

function actionOf(action: RouteAction): Message {
  switch (action.kind) {
    case 'forward':
      return { route: forward(action) };
    case 'redirect':
      return { redirect: redirect(action) };
    case 'direct-response': {
      const body = action.body === '' ? undefined : { inline_string: action.body };
      const format = given(action.format, replyFormat);
      return { direct_response: message({ status: action.status, body, body_format: format }) };
    }
  }
}

function redirect(action: RedirectAction): Message {
  const codes = {
    301: undefined,
    302: 'FOUND',
    303: 'SEE_OTHER',
    307: 'TEMPORARY_REDIRECT',
    308: 'PERMANENT_REDIRECT',
  };
  return message({
    scheme_redirect: unless(action.scheme, ''),
    host_redirect: unless(action.host, ''),
    port_redirect: unless(action.port, 0),
    ...(action.path?.kind === 'whole'
      ? { path_redirect: action.path.value }
      : given(action.path, pathRewrite)),
    response_code: codes[action.status],
    strip_query: flag(action.stripsQuery),
  });
}

function pathRewrite(rewrite: Exclude<PathRewrite, { readonly kind: 'whole' }>): Message {
  if (rewrite.kind === 'prefix') return { prefix_rewrite: rewrite.value };
  return { regex_rewrite: substitution(rewrite) };
}

function hostRewrite(rewrite: HostRewrite): Message {
  switch (rewrite.kind) {
    case 'literal':
      return { host_rewrite_literal: rewrite.value };
    case 'header':
      return { host_rewrite_header: rewrite.name };
    case 'path-regex':
      return { host_rewrite_path_regex: substitution(rewrite) };
  }
}

const NOT_FOUND_CODES: Readonly<Record<number, string>> = {
  404: 'NOT_FOUND',
  500: 'INTERNAL_SERVER_ERROR',
};

function forward(action: ForwardAction): Message {
  const { streamDuration, upgrades } = action;
  return message({
    ...targets(action),
    cluster_not_found_response_code: NOT_FOUND_CODES[action.clusterNotFoundStatus],
    timeout: duration(unless(action.timeoutMs, ENVOY.route.timeoutMs.value)),
    idle_timeout: duration(action.idleTimeoutMs),
    max_grpc_timeout: duration(action.maxGrpcTimeoutMs),
    grpc_timeout_offset: duration(action.grpcTimeoutOffsetMs),
    hedge_policy: given(action.hedgesOnPerTryTimeout, (hedges) => ({
      hedge_on_per_try_timeout: hedges,
    })),
    max_stream_duration: given(streamDuration, (stream) =>
      message({
        max_stream_duration: duration(stream.maxMs ?? undefined),
        grpc_timeout_header_max: duration(stream.grpcHeaderMaxMs ?? undefined),
        grpc_timeout_header_offset: duration(unless(stream.grpcHeaderOffsetMs, 0)),
      }),
    ),
    ...given(action.pathRewrite, pathRewrite),
    ...given(action.hostRewrite, hostRewrite),
    append_x_forwarded_host: flag(action.appendsForwardedHost),
    auto_host_rewrite: flag(action.takesHostname),
    internal_redirect_policy: given(action.internalRedirect, internalRedirect),
    request_mirror_policies: filled(action.mirrors?.map(mirror)),
    rate_limits: rateLimits(action.rateLimits),
    retry_policy: given(action.retry, retryPolicy),
    priority: action.priority === 'high' ? 'HIGH' : undefined,
    hash_policy: filled(action.hashPolicy?.map(hashPolicy)),
    metadata_match: given(action.metadataMatch, lbMetadata),
    upgrade_configs: given(upgrades, (map) =>
      [...map].map(([type, enabled]) => ({ upgrade_type: type, enabled })),
    ),
  });
}

/** `Metadata` under the key that balancers read. */
export function lbMetadata(metadata: unknown): Message {
  return { filter_metadata: { 'envoy.lb': metadata } };
}

export function mirror(policy: MirrorPolicy): Message {
  return message({
    cluster: unless(policy.cluster, ''),
    cluster_header: unless(policy.clusterHeader, ''),
    runtime_fraction: given(policy.fraction, runtimeFraction),
    disable_shadow_host_suffix_append: flag(policy.keepsHost),
    host_rewrite_literal: unless(policy.hostRewrite, ''),
    request_headers_mutations: filled(
      policy.requestHeaders.flatMap(({ remove, add }) => [
        ...remove.map((name) => ({ remove: name })),
        ...add.map((addition) => ({ append: headerAddition(addition) })),
      ]),
    ),
  });
}

function targets({ clusters, clusterHeader, splitBy }: ForwardAction): Message {
  if (clusterHeader !== undefined) return { cluster_header: clusterHeader };
  const [first, ...others] = clusters;
  // A single cluster without changes of its own needs no share.
  if (first !== undefined && others.length === 0 && Object.keys(first).length === 2) {
    return { cluster: first.cluster };
  }
  const weighted = message({
    clusters: clusters.map(weightedCluster),
    header_name: splitBy?.kind === 'header' ? splitBy.name : undefined,
    use_hash_policy: flag(splitBy?.kind === 'hash-policy'),
  });
  return { weighted_clusters: weighted };
}

function weightedCluster(cluster: WeightedCluster): Message {
  return message({
    name: unless(cluster.cluster, ''),
    cluster_header: cluster.clusterHeader,
    typed_per_filter_config: given(cluster.filters, namedFilters),
    weight: cluster.weight,
    ...headerChanges(cluster),
    metadata_match: given(cluster.metadataMatch, lbMetadata),
    ...given(cluster.hostRewrite, hostRewrite),
  });
}

export function hashPolicy(policy: HashPolicy): Message {
  return message({ ...hashKey(policy), terminal: flag(policy.isTerminal) });
}

function hashKey(policy: HashPolicy): Message {
  switch (policy.kind) {
    case 'header': {
      const rewrite = given(policy.rewrite, substitution);
      return { header: message({ header_name: policy.name, regex_rewrite: rewrite }) };
    }
    case 'cookie':
      return {
        cookie: message({
          name: policy.name,
          ttl: policy.ttlSeconds === null ? undefined : `${policy.ttlSeconds}s`,
          path: unless(policy.path, ''),
          attributes: filled(policy.attributes.map(([name, value]) => ({ name, value }))),
        }),
      };
    case 'query-parameter':
      return { query_parameter: { name: policy.name } };
    case 'source-ip':
      return { connection_properties: { source_ip: true } };
  }
}

const PREDICATES = {
  'previous-hosts': 'retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'omit-canary-hosts': 'retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
} as const;
const OMIT_HOSTS = 'retry.host.omit_host_metadata.v3.OmitHostMetadataConfig';
const PRIORITY = 'retry.priority.previous_priorities.v3.PreviousPrioritiesConfig';

export function retryPolicy(retry: RetryPolicyConfig): Message {
  const { rateLimitedBackoff: limited } = retry;
  return message({
    retry_on: unless(retry.retryOn.join(','), ''),
    num_retries: retry.numRetries,
    retriable_status_codes: filled(retry.retriableStatusCodes),
    per_try_timeout: duration(unless(retry.perTryTimeoutMs, 0)),
    per_try_idle_timeout: duration(unless(retry.perTryIdleTimeoutMs, 0)),
    retry_back_off: backoff(retry),
    host_selection_retry_max_attempts: unless(
      retry.hostSelectionMaxAttempts,
      ENVOY.retry.hostSelectionMaxAttempts.value,
    ),
    retry_host_predicate: filled([
      ...retry.hostPredicates.map((name) => extension(name, PREDICATES[name])),
      ...[given(retry.omittedHostMetadata, omitHosts)].filter((item) => item !== undefined),
    ]),
    refresh_cluster_on_retry: flag(retry.refreshesCluster),
    retry_priority: given(retry.previousPriorities, ({ updateFrequency }) =>
      extension('previous-priorities', PRIORITY, { update_frequency: updateFrequency }),
    ),
    retriable_headers: filled(retry.retriableHeaders?.map(headerMatch)),
    retriable_request_headers: filled(retry.retriableRequestHeaders?.map(headerMatch)),
    rate_limited_retry_back_off: given(limited, ({ headers, maxIntervalMs }) => ({
      reset_headers: headers.map(({ name, format }) => ({
        name,
        format: format === 'seconds' ? 'SECONDS' : 'UNIX_TIMESTAMP',
      })),
      max_interval: duration(maxIntervalMs),
    })),
  });
}

function omitHosts(metadata: LbMetadata): Message {
  return extension('omit-host-metadata', OMIT_HOSTS, { metadata_match: lbMetadata(metadata) });
}

function backoff({ backoffBaseMs, backoffMaxMs }: RetryPolicyConfig): Message | undefined {
  const { backoffBaseMs: base, backoffMaxFactor } = ENVOY.retry;
  const isLongest = backoffMaxMs === backoffBaseMs * backoffMaxFactor.value;
  if (backoffBaseMs === base.value && isLongest) return undefined;
  return message({
    base_interval: duration(backoffBaseMs),
    max_interval: isLongest ? undefined : duration(backoffMaxMs),
  });
}
