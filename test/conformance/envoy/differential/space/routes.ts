/**
 * Virtual hosts with their routes, retries and per-route filters.
 */
import fc from 'fast-check';
import { type Message, typed } from '../subject.ts';
import {
  type Arb,
  headerChanges,
  headerMatch,
  list,
  message,
  one,
  routeMatch,
  seldom,
  stringMatch,
  withoutUndefined,
} from './words.ts';

// Retries

const RETRY_ON = [
  '5xx',
  'gateway-error',
  'reset',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'reset-before-request',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;

const retryOn = list(one(...RETRY_ON), 3, 1).map((words) => [...new Set(words)].join(','));
const statuses = list(one(200, 400, 404, 409, 418, 429, 500, 503), 2, 1);

const retryPolicy: Arb<Message> = message({
  retry_on: retryOn,
  num_retries: seldom(one(2, 0, 1, 3, 4), 4),
  retriable_status_codes: seldom(statuses),
  per_try_timeout: seldom(one('0.1s'), 3),
  per_try_idle_timeout: seldom(one('0.1s'), 1),
  retry_back_off: one({ base_interval: '0.001s', max_interval: '0.003s' }),
  retriable_headers: seldom(list(responseMatch(), 2, 1), 1),
  retriable_request_headers: seldom(list(headerMatch, 1, 1), 1),
  host_selection_retry_max_attempts: seldom(one(5, 2), 2),
  retry_host_predicate: seldom(
    one([
      {
        name: 'previous',
        typed_config: typed('retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
      },
    ]),
    2,
  ),
  rate_limited_retry_back_off: seldom(
    one({
      reset_headers: [{ name: 'x-reset', format: 'SECONDS' }],
      max_interval: '0.5s',
    }),
    1,
  ),
});

function responseMatch(): Arb<Message> {
  return fc
    .tuple(
      one('x-out', ':status', 'x-two'),
      fc.oneof(
        message({ string_match: stringMatch }),
        message({ present_match: fc.boolean() }),
        one({ string_match: { exact: '503' } }),
      ),
      seldom(one(true), 1),
    )
    .map(([name, value, invert]) => withoutUndefined({ name, ...value, invert_match: invert }));
}

// Routes

const percent = (numerator: number): Message => ({ numerator, denominator: 'HUNDRED' });

const fault: Arb<Message> = fc.oneof(
  message({
    abort: fc
      .tuple(
        one({ http_status: 503 }, { http_status: 418 }, { grpc_status: 14 }, { header_abort: {} }),
        one(100, 100, 0),
      )
      .map(([kind, share]) => ({ ...kind, percentage: percent(share) })),
    delay: seldom(one({ fixed_delay: '0.005s', percentage: percent(100) }), 1),
    headers: seldom(list(headerMatch, 1, 1), 1),
    upstream_cluster: seldom(one('@a', 'elsewhere'), 1),
    max_active_faults: seldom(one(0, 1), 1),
  }),
  message({ delay: one({ fixed_delay: '0.005s', percentage: percent(100) }) }),
);

const rateLimit: Arb<Message> = message({
  stat_prefix: one('limit'),
  token_bucket: message({
    max_tokens: one(1, 2, 3),
    tokens_per_fill: seldom(one(1)),
    fill_interval: one('60s'),
  }),
  filter_enabled: one({ default_value: percent(100) }, { default_value: percent(0) }),
  filter_enforced: seldom(one({ default_value: percent(100) }, { default_value: percent(0) }), 6),
  status: seldom(one({ code: 'ServiceUnavailable' }, { code: 'TooManyRequests' }), 1),
  request_headers_to_add_when_not_enforced: seldom(
    one([{ header: { key: 'x-local-rate', value: 'over' } }]),
    1,
  ),
});

const routeFilters: Arb<Message> = message({
  fault: seldom(
    fault.map((config) => typed('filters.http.fault.v3.HTTPFault', config)),
    1,
  ),
  limit: seldom(
    rateLimit.map((config) => typed('filters.http.local_ratelimit.v3.LocalRateLimit', config)),
    1,
  ),
});

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

const forward: Arb<Message> = fc
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
    }),
  )
  .map(([...parts]) => Object.assign({}, ...parts) as Message);

const redirect: Arb<Message> = fc
  .tuple(
    message({
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
  .map(([base, path]) => ({ ...base, ...path }));

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
      typed_per_filter_config: seldom(routeFilters, 2),
    }),
  )
  .map(([...parts]) => Object.assign({}, ...parts) as Message);

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
      typed_per_filter_config: seldom(routeFilters, 1),
    }),
  )
  .map(([routes, [last, changes, filters], hostChanges, host]) => {
    const rest = { typed_per_filter_config: filters, ...changes };
    const other = withoutUndefined({ match: { prefix: '/' }, ...last, ...rest });
    return { ...host, ...hostChanges, routes: [...routes, other] };
  });
