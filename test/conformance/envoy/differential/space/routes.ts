/**
 * Virtual hosts with their routes: forwarding, redirects and direct responses.
 */
import fc from 'fast-check';
import type { Message } from '../subject.ts';
import { routeFilters } from './filters.ts';
import { rateLimits } from './limits.ts';
import { retryPolicy } from './retries.ts';
import {
  type Arb,
  headerChanges,
  list,
  message,
  one,
  routeMatch,
  seldom,
  withoutUndefined,
} from './words.ts';

const rewrite: Arb<Message> = fc.oneof(
  one({}),
  one(
    { prefix_rewrite: '/new' },
    { prefix_rewrite: '/' },
    { regex_rewrite: { pattern: { regex: '/a(.*)' }, substitution: '/x\\1' } },
    { regex_rewrite: { pattern: { regex: 'b' }, substitution: 'zz' } },
  ),
);

const hostRewrite: Arb<Message> = fc.oneof(
  { weight: 4, arbitrary: one({}) },
  {
    weight: 1,
    arbitrary: one(
      { host_rewrite_literal: 'other.test' },
      { host_rewrite_header: 'x-in' },
      {
        host_rewrite_path_regex: { pattern: { regex: '^/([a-z]+).*$' }, substitution: '\\1.test' },
      },
    ),
  },
);

const target: Arb<Message> = fc.oneof(
  { weight: 7, arbitrary: one({ cluster: '@a' }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(one('@a', '@b'), headerChanges, seldom(one('weighted.test'), 1))
      .map(([name, changes, literal]) => {
        const other = name === '@a' ? '@b' : '@a';
        const chosen = { name, weight: 10, ...changes, host_rewrite_literal: literal };
        return {
          weighted_clusters: { clusters: [{ name: other, weight: 0 }, withoutUndefined(chosen)] },
        };
      }),
  },
  { weight: 1, arbitrary: one({ cluster_header: 'x-cluster' }) },
  { weight: 1, arbitrary: one({ cluster: '@b' }, { cluster: 'missing' }) },
);

/** `RouteAction`. */
export const forward: Arb<Message> = fc
  .tuple(
    target,
    rewrite,
    hostRewrite,
    message({
      timeout: seldom(one('0.26s', '0s', '2s'), 3),
      retry_policy: seldom(retryPolicy, 5),
      priority: seldom(one('HIGH'), 1),
      cluster_not_found_response_code: seldom(one('NOT_FOUND', 'INTERNAL_SERVER_ERROR'), 1),
      append_x_forwarded_host: seldom(one(true), 1),
      idle_timeout: seldom(one('0.14s'), 1),
      max_grpc_timeout: seldom(one('0.23s', '0s'), 1),
      max_stream_duration: seldom(
        one(
          { max_stream_duration: '0.18s' },
          { grpc_timeout_header_max: '0.23s' },
          { grpc_timeout_header_max: '0s', grpc_timeout_header_offset: '0.01s' },
        ),
        1,
      ),
      metadata_match: seldom(one({ filter_metadata: { 'envoy.lb': { stage: 'new' } } }), 1),
      hedge_policy: seldom(one({ hedge_on_per_try_timeout: true }), 1),
      rate_limits: seldom(rateLimits, 1),
      include_vh_rate_limits: seldom(one(true), 1),
      upgrade_configs: seldom(
        one([{ upgrade_type: 'websocket' }], [{ upgrade_type: 'websocket', enabled: false }]),
        1,
      ),
    }),
  )
  .map(([...parts]) => Object.assign({}, ...parts) as Message);

const redirect: Arb<Message> = fc
  .tuple(
    message({
      scheme_redirect: seldom(one('https', 'http', 'HTTPS'), 1),
      https_redirect: seldom(one(true), 2),
      host_redirect: seldom(one('other.test', 'other.test:81'), 2),
      port_redirect: seldom(one(8080, 443, 80), 2),
      response_code: seldom(one('FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT')),
      strip_query: seldom(one(true), 2),
    }),
    fc.oneof(
      one(
        {},
        { path_redirect: '/other' },
        { path_redirect: '/other?own=1' },
        { prefix_rewrite: '/new' },
        { prefix_rewrite: '/new?own=1' },
        { regex_rewrite: { pattern: { regex: '/a(.*)' }, substitution: '/x\\1' } },
      ),
    ),
  )
  .map(([{ scheme_redirect: scheme, ...base }, path]) => ({
    ...base,
    ...(scheme === undefined || 'https_redirect' in base ? {} : { scheme_redirect: scheme }),
    ...path,
  }));

const direct: Arb<Message> = message({
  status: one(200, 404, 503, 204),
  body: seldom(one({ inline_string: 'direct' }), 4),
});

const action: Arb<Message> = fc.oneof(
  { weight: 10, arbitrary: message({ route: forward }) },
  { weight: 1, arbitrary: message({ redirect }) },
  { weight: 1, arbitrary: message({ direct_response: direct }) },
);

const route: Arb<Message> = fc
  .tuple(
    message({ match: routeMatch }),
    action,
    headerChanges,
    message({
      name: seldom(one('r')),
      per_request_buffer_limit_bytes: seldom(one(10, 0), 1),
      typed_per_filter_config: seldom(routeFilters, 2),
    }),
  )
  .map(([...parts]) => withoutPrefixOfTemplate(Object.assign({}, ...parts) as Message));

/** Envoy takes no new prefix where a template matches. */
function withoutPrefixOfTemplate(route: Message): Message {
  if (!('path_match_policy' in (route['match'] as Message))) return route;
  const isNoPrefix = (_key: string, value: unknown) =>
    _key === 'prefix_rewrite' ? undefined : value;
  return JSON.parse(JSON.stringify(route, isNoPrefix)) as Message;
}

/** The last route takes what is left over. */
export const virtualHost: Arb<Message> = fc
  .tuple(
    list(route, 2),
    fc.tuple(action, headerChanges, seldom(routeFilters, 2)),
    headerChanges,
    message({
      include_request_attempt_count: seldom(one(true), 3),
      include_attempt_count_in_response: seldom(one(true), 3),
      include_is_timeout_retry_header: seldom(one(true), 1),
      retry_policy: seldom(retryPolicy, 2),
      hedge_policy: seldom(one({ hedge_on_per_try_timeout: true }), 1),
      rate_limits: seldom(rateLimits, 2),
      require_tls: seldom(one('EXTERNAL_ONLY', 'ALL'), 1),
      typed_per_filter_config: seldom(routeFilters, 1),
    }),
  )
  .map(([routes, [last, changes, filters], hostChanges, host]) => {
    const rest = { typed_per_filter_config: filters, ...changes };
    const other = withoutUndefined({ match: { prefix: '/' }, ...last, ...rest });
    return { ...host, ...hostChanges, routes: [...routes, other] };
  });
