/**
 * Clusters: limits, ejection, panic, subsets; and their endpoints.
 */
import fc from 'fast-check';
import type { EndpointGroup, Message, SubjectCluster, Upstream } from '../subject.ts';
import { type Arb, list, message, one, seldom } from './words.ts';

// Clusters

const thresholds: Arb<Message> = message({
  priority: seldom(one('HIGH'), 1),
  max_connections: seldom(one(1, 2), 2),
  max_pending_requests: seldom(one(1, 0), 2),
  max_requests: seldom(one(1, 0, 2), 2),
  max_retries: seldom(one(0, 1), 3),
  retry_budget: seldom(
    one(
      { budget_percent: { value: 100 }, min_retry_concurrency: 1 },
      { budget_percent: { value: 0 }, min_retry_concurrency: 0 },
    ),
    1,
  ),
});

const outlier: Arb<Message> = message({
  consecutive_5xx: one(1, 2, 3),
  enforcing_consecutive_5xx: seldom(one(0), 1),
  consecutive_gateway_failure: seldom(one(1, 2), 2),
  enforcing_consecutive_gateway_failure: seldom(one(100), 2),
  split_external_local_origin_errors: seldom(one(true), 2),
  consecutive_local_origin_failure: seldom(one(1, 2), 2),
  max_ejection_percent: seldom(one(100, 0, 50), 5),
  always_eject_one_host: seldom(one(true), 1),
  interval: one('60s'),
  base_ejection_time: seldom(one('30s')),
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
      const [fields, priority] = extras[i]!;
      return { upstream, fields, priority: i === 0 ? 0 : priority };
    });
    return [0, 1].flatMap((priority) => {
      const hosts = placed.filter((item) => item.priority === priority);
      if (hosts.length === 0) return [];
      return [{ priority, hosts: hosts.map(({ upstream, fields }) => ({ upstream, fields })) }];
    });
  });

export const cluster: Arb<SubjectCluster> = fc
  .tuple(
    message({
      connect_timeout: one('1s'),
      circuit_breakers: seldom(message({ thresholds: list(thresholds, 2, 1) }), 3),
      outlier_detection: seldom(outlier, 3),
      max_requests_per_connection: seldom(one(1, 2), 1),
      common_lb_config: seldom(
        one(
          { healthy_panic_threshold: { value: 0 } },
          { healthy_panic_threshold: { value: 100 } },
          { zone_aware_lb_config: { fail_traffic_on_panic: true } },
        ),
        2,
      ),
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
