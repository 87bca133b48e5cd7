/**
 * Active health checks, of which only the first round comes while the case runs.
 */
import fc from 'fast-check';
import type { Message, Subject, SubjectCluster, Upstream } from '../subject.ts';
import { panic } from './clusters.ts';
import { request } from './traffic.ts';
import { type Arb, list, message, one, seldom } from './words.ts';

const NEVER = '3600s';

const http: Arb<Message> = message({
  path: one(
    ...['/check/some', '/check/some', '/check/200', '/check/503'],
    ...['/check/404', '/check/429', '/check/degraded'],
  ),
  expected_statuses: seldom(
    one(
      [{ start: 200, end: 201 }],
      [{ start: 404, end: 405 }],
      [
        { start: 200, end: 300 },
        { start: 500, end: 504 },
      ],
    ),
    2,
  ),
  retriable_statuses: seldom(one([{ start: 429, end: 430 }], [{ start: 500, end: 600 }]), 2),
  host: seldom(one('checked.test'), 1),
  method: seldom(one('HEAD', 'POST'), 1),
});

const check: Arb<Message> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: message({ http_health_check: http }) },
      { weight: 1, arbitrary: one({ tcp_health_check: {} }) },
    ),
    one(1, 2, 3),
    one(1, 2),
    seldom(one(false), 1),
  )
  .map(([probe, unhealthy, healthy, reuses]) => ({
    ...probe,
    timeout: '1s',
    interval: NEVER,
    no_traffic_interval: NEVER,
    unhealthy_threshold: unhealthy,
    healthy_threshold: healthy,
    ...(reuses === undefined ? {} : { reuse_connection: reuses }),
  }));

const hosts = fc
  .tuple(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.uniqueArray(one<Upstream>('a0', 'a1', 'a2', 'a3'), {
          minLength: 1,
          maxLength: 4,
        }),
      },
      { weight: 1, arbitrary: fc.constant<Upstream[]>(['r0']) },
    ),
    list(
      message({
        health_status: seldom(one('UNHEALTHY', 'DEGRADED'), 1),
      }),
      4,
      4,
    ),
  )
  .map(([names, extras]) => names.map((upstream, i) => ({ upstream, fields: extras[i]! })));

const cluster: Arb<SubjectCluster> = fc
  .tuple(
    check,
    hosts,
    message({
      common_lb_config: seldom(
        fc
          .tuple(panic, seldom(one(true), 2))
          .map(([common, excludes]) =>
            excludes === undefined ? common : { ...common, ignore_new_hosts_until_first_hc: true },
          ),
        4,
      ),
      outlier_detection: seldom(
        one({ consecutive_5xx: 1, max_ejection_percent: 100, interval: NEVER }),
        2,
      ),
    }),
  )
  .map(([item, members, fields]) => ({
    message: { ...fields, health_checks: [item] },
    groups: [{ priority: 0, hosts: members }],
  }));

export const healthChecks: Arb<Subject> = fc
  .tuple(cluster, list(request, 3, 1))
  .map(([a, requests]) => ({
    virtualHost: {
      routes: [{ match: { prefix: '/' }, route: { cluster: '@a', timeout: '0.26s' } }],
    },
    clusters: { a },
    steps: requests.map((req) => ({ req })),
  }));
