/**
 * Retry policies, with conditions, predicates, back-offs and hedging.
 */
import fc from 'fast-check';
import { extension, type Message } from '../subject.ts';
import {
  type Arb,
  headerMatch,
  list,
  message,
  one,
  seldom,
  stringMatch,
  withoutUndefined,
} from './words.ts';

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

export const retryPolicy: Arb<Message> = message({
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
    one(
      [predicate('previous_hosts.v3.PreviousHostsPredicate')],
      [predicate('omit_canary_hosts.v3.OmitCanaryHostsPredicate')],
      [
        predicate('omit_host_metadata.v3.OmitHostMetadataConfig', {
          metadata_match: { filter_metadata: { 'envoy.lb': { stage: 'old' } } },
        }),
      ],
    ),
    2,
  ),
  retry_priority: seldom(
    one(
      {
        name: 'priorities',
        typed_config: extension('retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
          update_frequency: 1,
        }),
      },
      {
        name: 'priorities',
        typed_config: extension('retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
          update_frequency: 2,
        }),
      },
    ),
    1,
  ),
  rate_limited_retry_back_off: seldom(
    one(
      { reset_headers: [{ name: 'x-reset', format: 'SECONDS' }], max_interval: '0.5s' },
      {
        reset_headers: [
          { name: 'retry-after', format: 'SECONDS' },
          { name: 'x-reset', format: 'UNIX_TIMESTAMP' },
        ],
      },
    ),
    1,
  ),
});

function predicate(type: string, config: Message = {}): Message {
  return { name: 'predicate', typed_config: extension(`retry.host.${type}`, config) };
}

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
