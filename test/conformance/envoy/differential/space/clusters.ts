/**
 * Clusters: limits, ejection, panic, subsets; and their endpoints.
 */
import fc from 'fast-check';
import {
  type EndpointGroup,
  extension,
  type Message,
  type SubjectCluster,
  type Upstream,
} from '../subject.ts';
import { retryPolicy } from './retries.ts';
import { type Arb, headerMatch, list, message, one, seldom } from './words.ts';

// Clusters

const thresholds: Arb<Message> = message({
  priority: seldom(one('HIGH'), 1),
  max_connections: seldom(one(1, 2), 2),
  max_pending_requests: seldom(one(1, 0), 2),
  max_requests: seldom(one(1, 0, 2), 2),
  max_retries: seldom(one(0, 1), 3),
  track_remaining: seldom(one(true), 1),
  retry_budget: seldom(
    one(
      { budget_percent: { value: 100 }, min_retry_concurrency: 1 },
      { budget_percent: { value: 0 }, min_retry_concurrency: 0 },
    ),
    1,
  ),
});

/** Sweeps come only after the case. */
const outlier: Arb<Message> = message({
  consecutive_5xx: one(1, 2, 3),
  enforcing_consecutive_5xx: seldom(one(0), 1),
  consecutive_gateway_failure: seldom(one(1, 2), 2),
  enforcing_consecutive_gateway_failure: seldom(one(100), 2),
  split_external_local_origin_errors: seldom(one(true), 2),
  consecutive_local_origin_failure: seldom(one(1, 2), 2),
  max_ejection_percent: seldom(one(100, 0, 50), 5),
  always_eject_one_host: seldom(one(true), 1),
  interval: one('3600s'),
  base_ejection_time: seldom(one('30s')),
  max_ejection_time: seldom(one('40s'), 1),
  detect_degraded_hosts: seldom(one(true), 1),
});

const HOSTS: readonly Upstream[] = ['a0', 'a1', 'a2', 'a3'];
/** Which host comes first is chance: one that refuses is alone. */
const REFUSING: readonly Upstream[] = ['r0'];

const groups: Arb<readonly EndpointGroup[]> = fc
  .tuple(
    fc.oneof(
      { weight: 7, arbitrary: fc.uniqueArray(one(...HOSTS), { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.constant(REFUSING) },
    ),
    fc.array(
      fc.tuple(
        message({
          health_status: seldom(one('UNHEALTHY', 'DEGRADED', 'DRAINING'), 1),
          metadata: seldom(
            one(
              { filter_metadata: { 'envoy.lb': { stage: 'new' } } },
              { filter_metadata: { 'envoy.lb': { stage: 'old' } } },
              { filter_metadata: { 'envoy.lb': { stage: 'old', canary: true } } },
            ),
            1,
          ),
        }),
        one(0, 0, 0, 1),
      ),
      { minLength: 3, maxLength: 3 },
    ),
  )
  .map(([upstreams, extras]) => {
    const placed = upstreams.map((upstream, i) => {
      const [{ metadata, ...others }, priority] = extras[i]!;
      // Which of several hosts answers is chance, and canaries count apart.
      const isTold = upstreams.length === 1 || !JSON.stringify(metadata ?? '').includes('canary');
      const fields = isTold && metadata !== undefined ? { ...others, metadata } : others;
      return { upstream, fields, priority: i === 0 ? 0 : priority };
    });
    return [0, 1].flatMap((priority) => {
      const hosts = placed.filter((item) => item.priority === priority);
      if (hosts.length === 0) return [];
      return [{ priority, hosts: hosts.map(({ upstream, fields }) => ({ upstream, fields })) }];
    });
  });

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const matched = fc.oneof(
  message({ http_response_headers_match: message({ headers: list(headerMatch, 1, 1) }) }),
  one(
    {
      http_response_headers_match: {
        headers: [{ name: ':status', string_match: { prefix: '4' } }],
      },
    },
    {
      http_response_headers_match: {
        headers: [{ name: ':status', string_match: { prefix: '50' }, invert_match: true }],
      },
    },
    { any_match: true },
    { not_match: { any_match: true } },
  ),
);

const protocolOptions: Arb<Message> = message({
  explicit_http_config: one({ http_protocol_options: {} }),
  common_http_protocol_options: seldom(
    message({
      max_requests_per_connection: seldom(one(1, 2), 3),
      max_stream_duration: seldom(one('0.15s'), 2),
    }),
    4,
  ),
  retry_policy: seldom(retryPolicy, 1),
  outlier_detection: seldom(message({ error_matcher: matched }), 2),
}).map((options) => ({
  [HTTP_OPTIONS]: extension('upstreams.http.v3.HttpProtocolOptions', options),
}));

/** `CommonLbConfig`. */
export const panic = one<Message>(
  { healthy_panic_threshold: { value: 0 } },
  { healthy_panic_threshold: { value: 100 } },
  { zone_aware_lb_config: { fail_traffic_on_panic: true } },
);

export const cluster: Arb<SubjectCluster> = fc
  .tuple(
    message({
      circuit_breakers: seldom(message({ thresholds: list(thresholds, 2, 1) }), 3),
      outlier_detection: seldom(outlier, 3),
      typed_extension_protocol_options: seldom(protocolOptions, 2),
      per_connection_buffer_limit_bytes: seldom(one(16, 1_024), 1),
      common_lb_config: seldom(panic, 2),
      lb_subset_config: seldom(
        one(
          { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['stage'] }] },
          { fallback_policy: 'ANY_ENDPOINT', subset_selectors: [{ keys: ['stage'] }] },
          {
            fallback_policy: 'DEFAULT_SUBSET',
            default_subset: { stage: 'old' },
            subset_selectors: [{ keys: ['stage'] }],
          },
        ),
        1,
      ),
    }),
    groups,
  )
  .map(([fields, hosts]) => ({ message: fields, groups: hosts }));
