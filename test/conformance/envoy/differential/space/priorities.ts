/**
 * Priorities, degraded hosts, panic, overprovisioning: where each priority is of one health, so that
 * shares are none or all.
 */
import fc from 'fast-check';
import type { EndpointGroup, Message, Subject, Upstream } from '../subject.ts';
import { panic } from './clusters.ts';
import { request } from './traffic.ts';
import { type Arb, list, message, one, seldom } from './words.ts';

const HOSTS: readonly Upstream[] = ['a0', 'a1', 'a2', 'a3'];

const groups: Arb<readonly EndpointGroup[]> = fc
  .tuple(
    fc.shuffledSubarray([...HOSTS], { minLength: 1 }),
    list(one(0, 0, 1, 2), 4, 4),
    list(seldom(one('UNHEALTHY', 'DEGRADED', 'DRAINING', 'TIMEOUT', 'HEALTHY'), 4), 3, 3),
    list(seldom(one(1, 3), 2), 3, 3),
  )
  .map(([names, places, healths, weights]) =>
    [0, 1, 2].flatMap((priority) => {
      // No priority may be left out.
      const chosen = names.filter((_, i) => places[i] === priority);
      const [health, weight] = [healths[priority], weights[priority]];
      return [
        {
          priority,
          fields: weight === undefined ? {} : { load_balancing_weight: weight },
          hosts: chosen.map((upstream) => ({
            upstream,
            fields: health === undefined ? {} : { health_status: health },
          })),
        },
      ];
    }),
  );

const common: Arb<Message> = fc
  .tuple(seldom(panic, 4), seldom(one(true), 2))
  .map(([lb, weighs]) => {
    const isZoned = lb !== undefined && 'zone_aware_lb_config' in lb;
    return weighs === undefined || isZoned ? { ...lb } : { ...lb, locality_weighted_lb_config: {} };
  });

const policy: Arb<Message> = message({
  overprovisioning_factor: seldom(one(100, 200, 1, 1_000), 2),
  weighted_priority_health: seldom(one(true), 1),
});

const action: Arb<Message> = message({
  cluster: one('@a'),
  timeout: one('0.26s'),
  retry_policy: seldom(
    message({
      retry_on: one('5xx,reset'),
      num_retries: one(1, 2, 3),
      retry_back_off: one({ base_interval: '0.001s', max_interval: '0.003s' }),
      retry_priority: seldom(
        one(1, 2).map((frequency) => ({
          name: 'priorities',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
            update_frequency: frequency,
          },
        })),
        5,
      ),
    }),
    3,
  ),
});

const balancer: Arb<Message> = message({
  lb_policy: seldom(one('LEAST_REQUEST', 'RANDOM'), 2),
  outlier_detection: seldom(
    one(
      { consecutive_5xx: 1, max_ejection_percent: 100, interval: '3600s' },
      { consecutive_gateway_failure: 1, enforcing_consecutive_gateway_failure: 100 },
    ).map((fields) => ({ ...fields, max_ejection_percent: 100, interval: '3600s' })),
    2,
  ),
});

/** Which host it is may be chance: where a priority has several, and in panic. */
function isSure(members: readonly EndpointGroup[], lb: Message): boolean {
  const isGood = ({ fields }: EndpointGroup['hosts'][number]) =>
    !['UNHEALTHY', 'DRAINING', 'TIMEOUT'].includes(String(fields['health_status']));
  const isCalm = members.some(({ hosts }) => hosts.some(isGood));
  return isCalm && !('healthy_panic_threshold' in lb) && members.every(isSingle);
}

function isSingle({ hosts }: EndpointGroup): boolean {
  return hosts.length <= 1;
}

export const priorities: Arb<Subject> = fc
  .tuple(action, balancer, common, policy, groups, list(request, 3, 1))
  .map(([route, fields, lb, load, members, requests]) => ({
    virtualHost: { routes: [{ match: { prefix: '/' }, route }] },
    clusters: {
      a: { message: { ...fields, common_lb_config: lb }, groups: members, policy: load },
    },
    steps: requests.map((req) => ({ req })),
    checks: isSure(members, lb) ? [{ what: 'hosts' }] : [],
  }));
