/**
 * Which outcomes of an attempt are worth another one.
 *
 * A route's policy is compiled once into a bit mask and numbers; each attempt's response head or
 * reset is then judged without allocating. How many retries, when, and whether the breakers admit
 * one is decided elsewhere (`backoff.ts`, `retry-budget.ts`, the engine).
 * Source: policy-engine.md §2.1, 2.2; Envoy, router retry conditions.
 */
import { type Head, type LbMetadata, ResetReason } from '../../core/engine.ts';
import { envoyRetryPolicy } from '../config/complete.ts';
import type { HeaderMatch, RateLimitedBackoff, RetryPolicyConfig } from '../config/config.ts';
import { parseUnsigned, splitList } from './control-headers.ts';

/** One bit per retry condition, named after the token in `retry_on`. */
export const RetryCondition = {
  status5xx: 1 << 0,
  gatewayError: 1 << 1,
  reset: 1 << 2,
  resetBeforeRequest: 1 << 3,
  connectFailure: 1 << 4,
  retriable4xx: 1 << 5,
  refusedStream: 1 << 6,
  retriableStatusCodes: 1 << 7,
  retriableHeaders: 1 << 8,
  envoyRateLimited: 1 << 9,
  http3PostConnectFailure: 1 << 10,
  cancelled: 1 << 11,
  deadlineExceeded: 1 << 12,
  internal: 1 << 13,
  resourceExhausted: 1 << 14,
  unavailable: 1 << 15,
} as const;

const HTTP_TOKENS: ReadonlyMap<string, number> = new Map([
  ['5xx', RetryCondition.status5xx],
  ['gateway-error', RetryCondition.gatewayError],
  ['reset', RetryCondition.reset],
  ['reset-before-request', RetryCondition.resetBeforeRequest],
  ['connect-failure', RetryCondition.connectFailure],
  ['retriable-4xx', RetryCondition.retriable4xx],
  ['refused-stream', RetryCondition.refusedStream],
  ['retriable-status-codes', RetryCondition.retriableStatusCodes],
  ['retriable-headers', RetryCondition.retriableHeaders],
  ['envoy-ratelimited', RetryCondition.envoyRateLimited],
  ['http3-post-connect-failure', RetryCondition.http3PostConnectFailure],
]);

const GRPC_TOKENS: ReadonlyMap<string, number> = new Map([
  ['cancelled', RetryCondition.cancelled],
  ['deadline-exceeded', RetryCondition.deadlineExceeded],
  ['internal', RetryCondition.internal],
  ['resource-exhausted', RetryCondition.resourceExhausted],
  ['unavailable', RetryCondition.unavailable],
]);

/** Any of these makes `grpc-status` worth reading. */
const GRPC_CONDITIONS =
  RetryCondition.cancelled |
  RetryCondition.deadlineExceeded |
  RetryCondition.internal |
  RetryCondition.resourceExhausted |
  RetryCondition.unavailable;

/** A reset counts as the 5xx that it would turn into. */
const ANY_RESET = RetryCondition.reset | RetryCondition.status5xx | RetryCondition.gatewayError;

const TOO_EARLY = 425;

const MOST_UINT32 = 4_294_967_295;
/** Read as a double, so the largest ones are rounded. */
const MOST_UINT64 = 4_294_967_296 * 4_294_967_296;

/** A retry policy as the engine uses it. Immutable, shared by all requests of a route. */
export interface RetryRules {
  /** `RetryCondition` bits; 0 = nothing is retried. */
  readonly conditions: number;
  readonly statusCodes: readonly number[];
  /** Lower-case; a response that carries any of them is retried under `retriableHeaders`. */
  readonly headerNames: readonly string[];
  /** Retries beyond the first try. */
  readonly numRetries: number;
  /** At least 1. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Extra picks when a predicate rejects a host. */
  readonly hostSelectionMaxAttempts: number;
  /** Whether hosts that were already tried are rejected. */
  readonly avoidsPreviousHosts: boolean;
  /** Any of these asks for a retry under `retriableHeaders`, as the names do. */
  readonly headerMatches: readonly ((head: Head) => boolean)[];
  /** Requests that match none of these are not retried; empty = all are. */
  readonly requestMatches: readonly ((head: Head) => boolean)[];
  /** null = waits are ours alone. */
  readonly rateLimited: RateLimitedBackoff | null;
  /** 0 = priorities are chosen as usual. */
  readonly priorityUpdateFrequency: number;
  readonly omitsCanaries: boolean;
  /** Whether retries choose anew among the clusters of a split. */
  readonly refreshesCluster: boolean;
  /** Hosts with all of this are rejected; null = none are. */
  readonly omitsHosts: LbMetadata | null;
  /** null = a wait is drawn below its bound. */
  readonly jitterRatio: number | null;
  /** The last try that is allowed has no per-try timeout. */
  readonly leavesLastTry: boolean;
}

/** Set-up: turns a policy into rules. Unknown tokens are ignored, as Envoy does. */
export function compileRetryRules(
  config: RetryPolicyConfig,
  compileMatch: (match: HeaderMatch) => (head: Head) => boolean = refuseMatch,
): RetryRules {
  return {
    conditions: maskOf(config.retryOn, HTTP_TOKENS) | maskOf(config.retryOn, GRPC_TOKENS),
    statusCodes: config.retriableStatusCodes,
    headerNames: [],
    numRetries: config.numRetries,
    backoffBaseMs: Math.max(1, config.backoffBaseMs),
    backoffMaxMs: config.backoffMaxMs,
    hostSelectionMaxAttempts: config.hostSelectionMaxAttempts,
    avoidsPreviousHosts: config.hostPredicates.includes('previous-hosts'),
    headerMatches: (config.retriableHeaders ?? []).map(compileMatch),
    requestMatches: (config.retriableRequestHeaders ?? []).map(compileMatch),
    rateLimited: config.rateLimitedBackoff ?? null,
    priorityUpdateFrequency: config.previousPriorities?.updateFrequency ?? 0,
    omitsCanaries: config.hostPredicates.includes('omit-canary-hosts'),
    omitsHosts: config.omittedHostMetadata ?? null,
    refreshesCluster: config.refreshesCluster === true,
    jitterRatio: config.jitterRatio ?? null,
    leavesLastTry: config.leavesLastTry === true,
  };
}

/** Routes bring the compiler along; rules made from control headers alone have no matches. */
function refuseMatch(): never {
  throw new RangeError('header matches of a retry policy need a compiler');
}

/**
 * The wait that a response asks for, by the first header that says a usable one.
 *
 * @param wallSeconds the wall clock, for headers that name a moment
 * @returns whole milliseconds; 0 = none
 * Source: policy-engine.md §2.4
 */
export function askedWaitMs(rules: RetryRules, head: Head, wallSeconds: number): number {
  const { rateLimited } = rules;
  if (rateLimited === null) return 0;
  for (const { name, format } of rateLimited.headers) {
    // What is no number reads as -1, which is no wait in either format.
    const value = parseUnsigned(head.get(name), MOST_UINT32);
    const seconds = format === 'seconds' ? value : value - Math.floor(wallSeconds);
    const waitMs = seconds * 1_000;
    if (waitMs > 0 && waitMs <= rateLimited.maxIntervalMs) return waitMs;
  }
  return 0;
}

/** Where control headers start from on a route without a policy. */
const NO_POLICY: RetryRules = compileRetryRules(envoyRetryPolicy());

/**
 * The rules of one request whose client may steer: the route's, changed by its control headers.
 *
 * Conditions, codes and names add to the route's; `x-envoy-max-retries` replaces its number, if any
 * condition holds by then. Where control headers do not count, they are gone by now.
 *
 * @param rules the route's; null = it has no policy
 * @returns `rules` itself when no header changes it; null when nothing is ever retried, not even
 *   by hedging: no condition is known, and no header asks for one
 */
export function withRetryHeaders(rules: RetryRules | null, head: Head): RetryRules | null {
  const base = rules ?? NO_POLICY;
  const conditions =
    base.conditions |
    maskOf(splitList(head.get('x-envoy-retry-on')), HTTP_TOKENS) |
    maskOf(splitList(head.get('x-envoy-retry-grpc-on')), GRPC_TOKENS);
  if (conditions === 0) {
    const isAsked =
      head.get('x-envoy-retry-on') !== undefined || head.get('x-envoy-retry-grpc-on') !== undefined;
    return isAsked ? base : null;
  }
  // Envoy reads 64 bits and keeps 32: a number beyond that starts again at 0.
  const numRetries =
    parseUnsigned(head.get('x-envoy-max-retries'), MOST_UINT64) % (MOST_UINT32 + 1);
  const codes = splitList(head.get('x-envoy-retriable-status-codes'))
    .map((code) => parseUnsigned(code, MOST_UINT32))
    .filter((code) => code >= 0);
  const names = splitList(head.get('x-envoy-retriable-header-names'));
  if (conditions === base.conditions && numRetries < 0 && codes.length + names.length === 0) {
    return rules;
  }
  return {
    ...base,
    conditions,
    numRetries: numRetries < 0 ? base.numRetries : numRetries,
    statusCodes: [...base.statusCodes, ...codes],
    headerNames: [...base.headerNames, ...names.map((name) => name.toLowerCase())],
  };
}

/**
 * Whether a final (not 1xx) response asks for another attempt.
 *
 * A response marked `x-envoy-ratelimited` follows `envoy-ratelimited` alone, whatever else holds.
 * That mark is looked up last, because most responses need no look at their headers at all.
 */
export function retriesResponse(rules: RetryRules, head: Head): boolean {
  const conditions = rules.conditions;
  const retriesRateLimited = (conditions & RetryCondition.envoyRateLimited) !== 0;
  const wanted =
    retriesStatus(rules, head.status) || retriesHeaders(rules, head) || retriesGrpc(rules, head);
  if (wanted === retriesRateLimited) return wanted;
  return head.get('x-envoy-ratelimited') === undefined ? wanted : retriesRateLimited;
}

/**
 * Whether a retry of this response skips the back-off: 425 says only that it came too early.
 * Ask after `retriesResponse` said yes.
 */
export function retriesAtOnce(rules: RetryRules, head: Head): boolean {
  return head.status === TOO_EARLY && retriesStatus(rules, TOO_EARLY);
}

/**
 * Whether an attempt that ended in a reset, before any response head, asks for another one.
 * A per-try timeout counts as `localReset`.
 *
 * @param anyBytesSent whether a byte of any attempt of this request was written upstream
 */
export function retriesReset(
  rules: RetryRules,
  reason: ResetReason,
  anyBytesSent: boolean,
): boolean {
  const conditions = rules.conditions;
  if (reason === ResetReason.overflow) return false;
  if ((conditions & ANY_RESET) !== 0) return true;
  if ((conditions & RetryCondition.resetBeforeRequest) !== 0 && !anyBytesSent) return true;
  if (reason === ResetReason.remoteRefusedStream) {
    return (conditions & RetryCondition.refusedStream) !== 0;
  }
  return isConnectFailure(reason) && (conditions & RetryCondition.connectFailure) !== 0;
}

function isConnectFailure(reason: ResetReason): boolean {
  return (
    reason === ResetReason.localConnectionFailure ||
    reason === ResetReason.remoteConnectionFailure ||
    reason === ResetReason.connectionTimeout
  );
}

/** Whether a status alone asks for another attempt. */
export function retriesStatus(rules: RetryRules, status: number): boolean {
  const conditions = rules.conditions;
  if (status >= 500 && status <= 599) {
    if ((conditions & RetryCondition.status5xx) !== 0) return true;
    const isGatewayError = status >= 502 && status <= 504;
    if (isGatewayError && (conditions & RetryCondition.gatewayError) !== 0) return true;
  }
  if (status === 409 && (conditions & RetryCondition.retriable4xx) !== 0) return true;
  const hasCodes = (conditions & RetryCondition.retriableStatusCodes) !== 0;
  return hasCodes && rules.statusCodes.includes(status);
}

function retriesHeaders(rules: RetryRules, head: Head): boolean {
  if ((rules.conditions & RetryCondition.retriableHeaders) === 0) return false;
  for (let i = 0; i < rules.headerNames.length; i++) {
    if (head.get(rules.headerNames[i] ?? '') !== undefined) return true;
  }
  for (let i = 0; i < rules.headerMatches.length; i++) {
    if (rules.headerMatches[i]!(head)) return true;
  }
  return false;
}

/** Only a status among the response's headers counts; one in trailers comes too late. */
function retriesGrpc(rules: RetryRules, head: Head): boolean {
  if ((rules.conditions & GRPC_CONDITIONS) === 0) return false;
  return (rules.conditions & conditionOfGrpcStatus(head.get('grpc-status'))) !== 0;
}

function conditionOfGrpcStatus(status: string | undefined): number {
  switch (parseUnsigned(status, MOST_UINT32)) {
    case 1:
      return RetryCondition.cancelled;
    case 4:
      return RetryCondition.deadlineExceeded;
    case 8:
      return RetryCondition.resourceExhausted;
    case 13:
      return RetryCondition.internal;
    case 14:
      return RetryCondition.unavailable;
    default:
      return 0;
  }
}

/** Whether every word of a comma list is a condition on HTTP. */
export function areHttpConditions(text: string): boolean {
  return splitList(text).every((token) => HTTP_TOKENS.has(token));
}

/** Whether every word of a comma list is a condition on a gRPC status. */
export function areGrpcConditions(text: string): boolean {
  return splitList(text).every((token) => GRPC_TOKENS.has(token));
}

function maskOf(tokens: readonly string[], bits: ReadonlyMap<string, number>): number {
  let mask = 0;
  for (const token of tokens) mask |= bits.get(token) ?? 0;
  return mask;
}
