/**
 * Requests that are held at once: breakers of clusters and hosts, queues, pools, preconnecting.
 */
import fc from 'fast-check';
import type { Behaviour, RequestSpec } from '../../case-file.ts';
import type { Message, Subject } from '../subject.ts';
import { type Arb, list, message, one, seldom } from './words.ts';

/** Between the starts of two requests, ms. */
const GAP_MS = 50;
/** How long an answer takes: longer than all starts together. */
const HELD_MS = 480;

const thresholds: Arb<Message> = message({
  priority: seldom(one('HIGH'), 1),
  max_connections: seldom(one(1, 2, 0), 3),
  max_pending_requests: seldom(one(1, 0, 2), 3),
  max_requests: seldom(one(1, 2, 0, 3), 3),
  max_retries: seldom(one(0, 1), 3),
  retry_budget: seldom(
    one(
      { budget_percent: { value: 50 }, min_retry_concurrency: 1 },
      { budget_percent: { value: 100 }, min_retry_concurrency: 1 },
      { budget_percent: { value: 20 }, min_retry_concurrency: 2 },
    ),
    2,
  ),
  track_remaining: seldom(one(true), 3),
});

const perHost: Arb<Message> = message({
  priority: seldom(one('HIGH'), 1),
  max_connections: one(1, 2),
});

const cluster: Arb<Message> = message({
  circuit_breakers: message({
    thresholds: list(thresholds, 2, 1),
    per_host_thresholds: seldom(list(perHost, 1, 1), 2),
  }),
  preconnect_policy: seldom(
    message({
      per_upstream_preconnect_ratio: seldom(one(1.5, 2, 3), 5),
      predictive_preconnect_ratio: seldom(one(1.5, 2), 1),
    }),
    2,
  ),
});

const route: Arb<Message> = message({
  cluster: one('@a'),
  timeout: seldom(one('0.3s', '0s'), 2),
  priority: seldom(one('HIGH'), 1),
  retry_policy: seldom(
    message({
      retry_on: one('5xx', 'retriable-4xx,gateway-error', 'reset'),
      num_retries: one(1, 2),
      per_try_timeout: seldom(one('0.14s'), 1),
      retry_back_off: one({ base_interval: '0.001s', max_interval: '0.003s' }),
    }),
    3,
  ),
});

const held = one<Behaviour>(
  { delay_ms: HELD_MS },
  { hang: true },
  { body_hang: true },
  { status: 503, delay_ms: HELD_MS },
);
const quick = one<Behaviour>({}, { status: 503 }, { status: 409 }, { reset: 'before' });

const request: Arb<RequestSpec> = fc
  .tuple(list(quick, 1), held, seldom(one(true), 1), seldom(one('POST'), 1))
  .map(([first, last, gives, method]) => ({
    ...(method === undefined ? {} : { method, body: 'hello' }),
    plan: [...first, last],
    ...(gives ? { abort_after_ms: 230 } : { timeout_ms: 900 }),
  }));

const GAUGES = ['upstream_rq_active', 'upstream_rq_pending_active', 'upstream_cx_active']
  .concat(['upstream_cx_total', 'upstream_rq_total', 'upstream_rq_pending_total'])
  .concat(
    ['default', 'high'].flatMap((priority) =>
      ['cx_open', 'cx_pool_open', 'rq_pending_open', 'rq_open', 'rq_retry_open']
        .concat(['remaining_cx', 'remaining_pending', 'remaining_rq'])
        .map((name) => `circuit_breakers.${priority}.${name}`),
    ),
  )
  .map((name) => `@a.${name}`);

export const crowds: Arb<Subject> = fc
  .tuple(route, cluster, list(request, 6, 2))
  .map(([action, fields, requests]) => {
    const batch = requests.map((item, i) => ({ ...item, at_ms: i * GAP_MS }));
    const then = { stats: '@then', at_ms: requests.length * GAP_MS - GAP_MS / 2 };
    return {
      virtualHost: { routes: [{ match: { prefix: '/' }, route: action }] },
      clusters: {
        a: {
          message: fields,
          // Which of two hosts is the first would be chance.
          groups: [{ priority: 0, hosts: [{ upstream: 'a0', fields: {} }] }],
        },
      },
      steps: [{ batch: [...batch, then] }],
      checks: [{ what: 'counters', at: '@then', names: GAUGES }],
    };
  });
