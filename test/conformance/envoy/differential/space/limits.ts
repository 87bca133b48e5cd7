/**
 * Local rate limits, with descriptors and the actions that make them.
 */
import fc from 'fast-check';
import type { Message } from '../subject.ts';
import { type Arb, headerMatch, list, message, one, percent, queryMatch, seldom } from './words.ts';

/** No bucket is filled again while a case runs. */
const FILL = { tokens_per_fill: 1, fill_interval: '3600s' } as const;

const share = one({ default_value: percent(100) }, { default_value: percent(0) });

const ENTRIES: readonly Message[] = [
  { key: 'generic_key', value: 'one' },
  { key: 'kind', value: 'one' },
  { key: 'in', value: 'one' },
  { key: 'in', value: '1' },
  { key: 'header_match', value: 'matched' },
  { key: 'query_match', value: 'asked' },
  { key: 'remote_address', value: '127.0.0.1' },
  { key: 'in' },
  { key: 'x', value: '1' },
];

const descriptors = list(
  message({
    entries: fc.uniqueArray(one(...ENTRIES), { minLength: 1, maxLength: 2 }),
    token_bucket: one(1, 2, 0).map((tokens) => ({ max_tokens: tokens, ...FILL })),
    shadow_mode: seldom(one(true), 1),
  }),
  3,
  1,
).map((items) => {
  const seen = new Set<string>();
  // Envoy refuses the same descriptor twice.
  return items.filter(({ entries }) => {
    const text = JSON.stringify(entries);
    return seen.has(text) ? false : seen.add(text);
  });
});

const action: Arb<Message> = fc.oneof(
  one(
    { generic_key: { descriptor_value: 'one' } },
    { generic_key: { descriptor_value: 'one', descriptor_key: 'kind' } },
    { request_headers: { header_name: 'x-in', descriptor_key: 'in' } },
    { request_headers: { header_name: 'x-in', descriptor_key: 'in', skip_if_absent: true } },
    { remote_address: {} },
    { destination_cluster: {} },
    { query_parameters: { query_parameter_name: 'x', descriptor_key: 'x' } },
    {
      query_parameters: {
        query_parameter_name: 'x',
        descriptor_key: 'x',
        skip_if_absent: true,
      },
    },
    { masked_remote_address: { v4_prefix_mask_len: 16 } },
  ),
  message({
    header_value_match: message({
      descriptor_value: one('matched'),
      expect_match: seldom(fc.boolean(), 2),
      headers: list(headerMatch, 2, 1),
    }),
  }),
  message({
    query_parameter_value_match: message({
      descriptor_value: one('asked'),
      expect_match: seldom(fc.boolean(), 2),
      query_parameters: list(queryMatch, 2, 1),
    }),
  }),
);

/** `rate_limits` of a route or virtual host. */
export const rateLimits: Arb<Message[]> = list(
  message({ actions: list(action, 2, 1), stage: seldom(one(0, 1), 1) }),
  2,
  1,
);

export const rateLimit: Arb<Message> = message({
  stat_prefix: one('limit'),
  token_bucket: one(1, 2, 3, 9).map((tokens) => ({ max_tokens: tokens, ...FILL })),
  filter_enabled: fc.oneof({ weight: 4, arbitrary: one({ default_value: percent(100) }) }, share),
  filter_enforced: seldom(
    fc.oneof({ weight: 4, arbitrary: one({ default_value: percent(100) }) }, share),
    6,
  ),
  status: seldom(
    one({ code: 'ServiceUnavailable' }, { code: 'TooManyRequests' }, { code: 'Forbidden' }),
    1,
  ),
  request_headers_to_add_when_not_enforced: seldom(
    one([{ header: { key: 'x-local-rate', value: 'over' } }]),
    1,
  ),
  response_headers_to_add: seldom(
    one(
      [{ header: { key: 'x-limited', value: 'yes' } }],
      [{ header: { key: 'x-two', value: 'limit' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
    ),
    1,
  ),
  descriptors: seldom(descriptors, 3),
  rate_limits: seldom(
    rateLimits.map((items) => items.map(({ actions }) => ({ actions }))),
    1,
  ),
  stage: seldom(one(1), 1),
  rate_limited_as_resource_exhausted: seldom(one(true), 1),
  enable_x_ratelimit_headers: seldom(one('DRAFT_VERSION_03'), 2),
  always_consume_default_token_bucket: seldom(one(false), 2),
  local_rate_limit_per_downstream_connection: seldom(one(true), 1),
});
