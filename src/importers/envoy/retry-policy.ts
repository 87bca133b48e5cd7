/**
 * `RetryPolicy` of a route or virtual host.
 *
 * Source: Envoy v3 API, config/route/v3 RetryPolicy; policy-engine.md §2.1, 2.4, 2.5.
 */
import type { LbMetadata } from '../../core/engine.ts';
import { envoyRetryPolicy } from '../../mesh/config/complete.ts';
import type { RateLimitedBackoff, RetryPolicyConfig } from '../../mesh/config/config.ts';
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';
import { readHeaderMatch } from './matchers.ts';
import { readLbMetadata } from './metadata.ts';
import type { Runtime } from './runtime.ts';

const PREFIX = 'envoy.extensions.retry.';

export function readRetryPolicy(fields: Fields, runtime: Runtime): RetryPolicyConfig {
  const backoff = readBackoff(fields, runtime);
  const predicates = fields
    .messages('retry_host_predicate', 'RetryHostPredicate')
    .map(readPredicate);
  const omitted = predicates.find((predicate) => typeof predicate === 'object');
  const updateFrequency = readPriority(fields);
  const rateLimited = readRateLimited(fields);
  const retriableHeaders = fields.messages('retriable_headers', 'HeaderMatcher');
  const requestHeaders = fields.messages('retriable_request_headers', 'HeaderMatcher');
  const picks = fields.integer('host_selection_retry_max_attempts');
  const refreshes = fields.flag('refresh_cluster_on_retry');
  const policy = envoyRetryPolicy({
    retryOn: (fields.text('retry_on') ?? '').split(',').map((token) => token.trim()),
    retriableStatusCodes: fields.list('retriable_status_codes').map((node) => node.integer() ?? 0),
    numRetries: fields.integer('num_retries') ?? 1,
    perTryTimeoutMs: fields.durationMs('per_try_timeout') ?? 0,
    perTryIdleTimeoutMs: fields.durationMs('per_try_idle_timeout') ?? 0,
    ...backoff,
    ...(picks === undefined ? {} : { hostSelectionMaxAttempts: picks }),
    ...(refreshes ? { refreshesCluster: true } : {}),
    hostPredicates: predicates.filter((predicate) => typeof predicate === 'string'),
    ...(omitted === undefined ? {} : { omittedHostMetadata: omitted }),
    ...(retriableHeaders.length === 0
      ? {}
      : { retriableHeaders: retriableHeaders.map(readHeaderMatch) }),
    ...(requestHeaders.length === 0
      ? {}
      : { retriableRequestHeaders: requestHeaders.map(readHeaderMatch) }),
    ...(updateFrequency === undefined ? {} : { previousPriorities: { updateFrequency } }),
    ...(rateLimited === undefined ? {} : { rateLimitedBackoff: rateLimited }),
  });
  if (fields.list('retry_options_predicates').length > 0) fields.refuse('retry_options_predicates');
  fields.close();
  return policy;
}

function readBackoff(fields: Fields, runtime: Runtime) {
  const message = fields.message('retry_back_off', 'RetryBackOff');
  if (message === undefined) {
    const baseMs = runtime.integer('upstream.base_retry_backoff_ms');
    return baseMs === undefined ? {} : { backoffBaseMs: Math.max(1, baseMs) };
  }
  const base = message.durationMs('base_interval');
  const max = message.durationMs('max_interval');
  if (base === undefined) message.node.error('MQ-FIELD-003', 'retry_back_off has no base_interval');
  if (base !== undefined && max !== undefined && max < base) {
    message.node.error('MQ-ENVOY-003', 'max_interval is shorter than base_interval');
  }
  message.close();
  return {
    ...(base === undefined ? {} : { backoffBaseMs: Math.max(1, base) }),
    ...(max === undefined ? {} : { backoffMaxMs: Math.max(1, max) }),
  };
}

type Predicate = RetryPolicyConfig['hostPredicates'][number];

/** @returns metadata of hosts to omit, or a predicate that needs no more than its name */
function readPredicate(fields: Fields): Predicate | LbMetadata | undefined {
  fields.ignore('name');
  const typed = typedConfigOf(fields);
  fields.close();
  if (typed === undefined) return undefined;
  if (typed.type === `${PREFIX}host.previous_hosts.v3.PreviousHostsPredicate`) {
    typed.fields.close();
    return 'previous-hosts';
  }
  if (typed.type === `${PREFIX}host.omit_canary_hosts.v3.OmitCanaryHostsPredicate`) {
    typed.fields.close();
    return 'omit-canary-hosts';
  }
  if (typed.type === `${PREFIX}host.omit_host_metadata.v3.OmitHostMetadataConfig`) {
    const metadata = readLbMetadata(typed.fields, 'metadata_match');
    typed.fields.close();
    return metadata ?? {};
  }
  refuseExtension(typed, 'the host predicate');
  return undefined;
}

function readPriority(fields: Fields): number | undefined {
  const message = fields.message('retry_priority', 'RetryPriority');
  if (message === undefined) return undefined;
  message.ignore('name');
  const typed = typedConfigOf(message);
  message.close();
  if (typed === undefined) return undefined;
  if (typed.type !== `${PREFIX}priority.previous_priorities.v3.PreviousPrioritiesConfig`) {
    refuseExtension(typed, 'the retry priority');
    return undefined;
  }
  const updateFrequency = typed.fields.integer('update_frequency', 1);
  typed.fields.close();
  return updateFrequency ?? 1;
}

function readRateLimited(fields: Fields): RateLimitedBackoff | undefined {
  const message = fields.message('rate_limited_retry_back_off', 'RateLimitedRetryBackOff');
  if (message === undefined) return undefined;
  const headers = message.messages('reset_headers', 'ResetHeader').map((header) => {
    const name = (header.text('name') ?? '').toLowerCase();
    const format = header.oneOf('format', ['SECONDS', 'UNIX_TIMESTAMP'] as const) ?? 'SECONDS';
    header.close();
    return { name, format: format === 'SECONDS' ? ('seconds' as const) : ('unix-time' as const) };
  });
  const maxIntervalMs = message.durationMs('max_interval') ?? 300_000;
  message.close();
  return { headers, maxIntervalMs };
}
