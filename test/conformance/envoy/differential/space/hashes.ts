/**
 * Ring hash and Maglev with every hash policy: which host it is, is no chance.
 */
import fc from 'fast-check';
import type { RequestSpec } from '../../case-file.ts';
import { extension, type Message, type Subject, type Upstream } from '../subject.ts';
import { behaviour } from './traffic.ts';
import { type Arb, HEADER_VALUES, list, message, one, PATHS, seldom } from './words.ts';

const policy: Arb<Message> = fc
  .tuple(
    fc.oneof(
      one('x-in', 'x-two', 'x-none', ':path', ':authority').map((name) => ({
        header: { header_name: name },
      })),
      one({
        header: {
          header_name: 'x-in',
          regex_rewrite: { pattern: { regex: '^(.).*$' }, substitution: '\\1' },
        },
      }),
      one({ cookie: { name: 'c' } }, { cookie: { name: 'd' } }),
      one({ query_parameter: { name: 'x' } }, { query_parameter: { name: 'X' } }),
      one({ connection_properties: { source_ip: true } }),
      one({ filter_state: { key: 'k' } }),
    ),
    seldom(one(true), 2),
  )
  .map(([key, terminal]) => (terminal === undefined ? key : { ...key, terminal }));

/** The address of the client is always there, so there is always something to hash. */
const policies = list(policy, 3).map((items) => [
  ...items,
  { connection_properties: { source_ip: true } },
]);

const balancer: Arb<Message> = fc.oneof(
  message({
    lb_policy: one('RING_HASH'),
    ring_hash_lb_config: seldom(
      message({
        minimum_ring_size: seldom(one(1, 3, 7, 64), 5),
        maximum_ring_size: seldom(one(2_000, 5_000), 1),
        hash_function: seldom(one('MURMUR_HASH_2', 'XX_HASH'), 3),
      }),
      6,
    ),
  }),
  message({
    lb_policy: one('MAGLEV'),
    maglev_lb_config: one(11, 13, 101, 5).map((size) => ({ table_size: size })),
  }),
);

const HOSTS: readonly Upstream[] = ['a0', 'a1', 'a2', 'a3'];

const hosts = fc
  .tuple(
    fc.uniqueArray(one(...HOSTS), { minLength: 1, maxLength: 4 }),
    list(
      message({
        load_balancing_weight: seldom(one(1, 2, 5), 2),
        health_status: seldom(one('UNHEALTHY', 'DEGRADED'), 1),
      }),
      4,
      4,
    ),
  )
  .map(([names, extras]) =>
    names.map((upstream, i) => ({
      upstream,
      fields: {
        ...extras[i]!,
        // Ports are others in every run.
        metadata: { filter_metadata: { 'envoy.lb': { hash_key: `key-${upstream}` } } },
      },
    })),
  );

const common: Arb<Message> = message({
  consistent_hashing_lb_config: seldom(
    message({ hash_balance_factor: seldom(one(100, 150), 3) }),
    2,
  ),
  healthy_panic_threshold: seldom(one({ value: 0 }, { value: 100 }), 3),
});

const headers = fc
  .array(
    fc.oneof(
      fc.tuple(one('x-in', 'x-two'), one(...HEADER_VALUES)),
      one<readonly [string, string]>(
        ['cookie', 'c=one'],
        ['cookie', 'c=two; d=1'],
        ['cookie', 'd="1"'],
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs) => Object.fromEntries(pairs));

const request: Arb<RequestSpec> = fc.record({
  path: one(...PATHS),
  headers,
  plan: list(behaviour, 3, 1),
  timeout_ms: one(650),
});

const retry: Arb<Message> = message({
  retry_on: one('5xx,reset', 'retriable-4xx'),
  num_retries: one(1, 2),
  retry_back_off: one({ base_interval: '0.001s', max_interval: '0.003s' }),
  host_selection_retry_max_attempts: seldom(one(3, 10), 4),
  retry_host_predicate: seldom(
    one([
      {
        name: 'previous',
        typed_config: extension('retry.host.previous_hosts.v3.PreviousHostsPredicate'),
      },
    ]),
  ),
});

export const hashes: Arb<Subject> = fc
  .tuple(policies, balancer, hosts, common, list(request, 5, 1), seldom(retry, 2))
  .map(([hashing, fields, members, lb, requests, retrying]) => ({
    virtualHost: {
      routes: [
        {
          match: { prefix: '/' },
          route: {
            cluster: '@a',
            timeout: '0.26s',
            hash_policy: hashing,
            ...(retrying === undefined ? {} : { retry_policy: retrying }),
          },
        },
      ],
    },
    clusters: {
      a: {
        message: { ...fields, common_lb_config: lb },
        groups: [{ priority: 0, hosts: members }],
      },
    },
    steps: requests.map((req) => ({ req })),
    checks: [{ what: 'hosts' }],
  }));
