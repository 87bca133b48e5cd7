/**
 * `LocalRateLimit` → the local rate limit filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/local_ratelimit/v3; policy-engine.md §9.2.
 */
import type { LocalRateLimitConfig } from '../../../mesh/config/config.ts';
import type { Fields } from '../fields.ts';
import { readAdditions } from '../header-mutations.ts';
import type { Runtime } from '../runtime.ts';

const SHORTEST_FILL_MS = 50;

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
  };
  fields.close();
  return config;
}

/** A number, or a name that ends no differently: `TooManyRequests`. */
function statusOf(fields: Fields | undefined): number {
  const node = fields?.get('code');
  if (node === undefined) return 429;
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
