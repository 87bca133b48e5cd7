/**
 * `LocalRateLimit` → the local rate limit filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/local_ratelimit/v3; policy-engine.md §9.2.
 */
import type { LimitedDescriptor, LocalRateLimitConfig } from '../../../mesh/config/config.ts';
import type { Fields } from '../fields.ts';
import { readAdditions } from '../header-mutations.ts';
import { readRateLimits } from '../rate-limits.ts';
import type { Runtime } from '../runtime.ts';

const SHORTEST_FILL_MS = 50;
/** A guard of Envoy's, on by default. */
const SHADOW_GUARD = 'envoy.reloadable_features.local_ratelimit_shadow_mode_no_short_circuit';

export function readLocalRateLimit(fields: Fields, runtime: Runtime): LocalRateLimitConfig {
  const status = fields.message('status', 'HttpStatus');
  const code = statusOf(status);
  status?.close();
  const config = {
    statPrefix: fields.text('stat_prefix') ?? '',
    bucket: readBucket(fields),
    enabled: fields.runtimeFraction('filter_enabled', runtime) ?? null,
    enforced: fields.runtimeFraction('filter_enforced', runtime) ?? null,
    status: code,
    whenNotEnforced: readAdditions(fields, 'request_headers_to_add_when_not_enforced'),
    ...readDescriptors(fields),
    ...readAnswers(fields),
    ...(runtime.flag(SHADOW_GUARD) === false ? { shadowStops: true } : {}),
  };
  fields.close();
  return config;
}

function readDescriptors(fields: Fields): Partial<LocalRateLimitConfig> {
  const descriptors = fields
    .messages('descriptors', 'LocalRateLimitDescriptor')
    .flatMap((item): LimitedDescriptor[] => {
      const entries = item.messages('entries', 'RateLimitDescriptor.Entry').map((entry) => {
        const read = { key: entry.text('key') ?? '', value: entry.text('value') ?? '' };
        entry.close();
        return read;
      });
      const bucket = readBucket(item);
      const isShadow = item.flag('shadow_mode');
      item.close();
      return bucket === null ? [] : [{ entries, bucket, isShadow }];
    });
  const stage = fields.integer('stage', 0, 10) ?? 0;
  const limits = readRateLimits(fields);
  const most = fields.integer('max_dynamic_descriptors');
  return {
    ...(descriptors.length === 0 ? {} : { descriptors }),
    ...(stage === 0 ? {} : { stage }),
    ...(limits.length === 0 ? {} : { rateLimits: limits }),
    ...(most === undefined ? {} : { maxDynamicDescriptors: most }),
    ...(fields.flag('always_consume_default_token_bucket', true) ? {} : { sparesBucket: true }),
    ...(fields.flag('local_rate_limit_per_downstream_connection') ? { isPerConnection: true } : {}),
  };
}

function readAnswers(fields: Fields): Partial<LocalRateLimitConfig> {
  const responseHeaders = readAdditions(fields, 'response_headers_to_add');
  const versions = ['OFF', 'DRAFT_VERSION_03'] as const;
  const version = fields.oneOf('enable_x_ratelimit_headers', versions);
  return {
    ...(responseHeaders.length === 0 ? {} : { responseHeaders }),
    ...(fields.flag('rate_limited_as_resource_exhausted') ? { tellsExhausted: true } : {}),
    ...(fields.flag('enable_retry_after_header') ? { tellsRetryAfter: true } : {}),
    ...(version === 'DRAFT_VERSION_03' ? { tellsLimits: true } : {}),
  };
}

/** A number, or a name that ends no differently: `TooManyRequests`. */
export function statusOf(fields: Fields | undefined, absent = 429): number {
  const node = fields?.get('code');
  if (node === undefined) return absent;
  if (typeof node.value === 'number') return node.value;
  const known = STATUS_NAMES[node.string() ?? ''];
  if (known === undefined) node.error('MQ-ENVOY-003', 'this status code name is not known');
  return known ?? 429;
}

const STATUS_NAMES: Readonly<Record<string, number>> = {
  OK: 200,
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
};

function readBucket(fields: Fields): LocalRateLimitConfig['bucket'] {
  const bucket = fields.message('token_bucket', 'TokenBucket');
  if (bucket === undefined) return null;
  const fillIntervalMs = bucket.durationMs('fill_interval') ?? 0;
  if (fillIntervalMs < SHORTEST_FILL_MS) {
    bucket.node.error('MQ-ENVOY-003', `fill_interval must be ${SHORTEST_FILL_MS} ms or more`);
  }
  const config = {
    maxTokens: bucket.integer('max_tokens') ?? 0,
    tokensPerFill: bucket.integer('tokens_per_fill', 1) ?? 1,
    fillIntervalMs,
  };
  bucket.close();
  return config;
}
