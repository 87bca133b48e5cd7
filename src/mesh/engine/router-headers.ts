/**
 * What the head of a request asks of the router, and what of it goes no further.
 *
 * Called once per plan (`request-plan.ts`), never on a hot path.
 * Source: policy-engine.md §1.1, 1.2, 2.1, 2.8; Envoy, router filter headers.
 */
import type { Head, HeaderList } from '../../core/engine.ts';
import type { ForwardAction, ListenerConfig, RouterOptions } from '../config/config.ts';
import {
  EXPECTED_TIMEOUT_HEADER,
  parseUnsigned,
  ROUTE_TIMEOUT_HEADER,
  TIMEOUT_CONTROL_HEADERS,
} from '../policy/control-headers.ts';
import type { RetryRules } from '../policy/retry.ts';
import { areGrpcConditions, areHttpConditions, withRetryHeaders } from '../policy/retry.ts';
import { grpcDeadlineMs, grpcTimeoutText } from '../policy/timeout.ts';

/** 24 days: `armAfter` takes an int32. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** Envoy's defaults. */
export const PLAIN_ROUTER: RouterOptions = {
  suppressesEnvoyHeaders: false,
  respectsExpectedTimeout: false,
  strictHeaders: [],
};

/**
 * How long the request may take with its response, by listener, route and gRPC deadline.
 *
 * @returns milliseconds; -1 = no limit. Source: policy-engine.md §1.1, 1.2 (newer timeouts).
 */
export function durationOf(
  listener: ListenerConfig,
  forward: ForwardAction | null,
  head: Head,
): number {
  const own = listener.maxStreamDurationMs ?? 0;
  const duration = forward?.streamDuration;
  if (duration === undefined) return own === 0 ? -1 : own;
  const { grpcHeaderMaxMs, grpcHeaderOffsetMs, maxMs } = duration;
  const asked = grpcDeadlineMs(head);
  if (grpcHeaderMaxMs !== null && asked >= 0) {
    const capped = grpcHeaderMaxMs === 0 ? asked : Math.min(asked, grpcHeaderMaxMs);
    return grpcHeaderOffsetMs < capped ? capped - grpcHeaderOffsetMs : 0;
  }
  const limit = maxMs ?? own;
  return limit === 0 ? -1 : limit;
}

/**
 * What a gRPC upstream is told of the duration, on routes that say something of it.
 *
 * Only where a route turns the listener's limit off, the client's own deadline goes with it.
 *
 * @param durationMs -1 = no limit
 */
export function withDeadline(head: Head, durationMs: number, listener: ListenerConfig): Head {
  if (durationMs >= 0) return head.with({ set: [['grpc-timeout', grpcTimeoutText(durationMs)]] });
  return (listener.maxStreamDurationMs ?? 0) > 0 ? withoutHeaders(head, ['grpc-timeout']) : head;
}

/** Whether slow attempts go on beside another one. @param asked by the client's header */
export function hedgesOn(forward: ForwardAction | null, asked: string | undefined): boolean {
  if (asked === 'true' || asked === 'false') return asked === 'true';
  return forward?.hedgesOnPerTryTimeout === true;
}

/** @param head as the route left it; what it says of retries counts. @returns null = no retries */
export function retryRulesOf(
  base: RetryRules | null,
  head: Head,
  hedges: boolean,
): RetryRules | null {
  const rules = withRetryHeaders(base, head);
  if (rules === null) return null;
  const { requestMatches } = rules;
  const isMeant = requestMatches.length === 0 || requestMatches.some((matches) => matches(head));
  if (isMeant && rules.conditions !== 0) return rules;
  // Slow attempts are followed by another one whatever the conditions are.
  return hedges ? { ...rules, conditions: 0 } : null;
}

/** The first of these control headers that makes no sense; null = none. */
export function strictFailureOf(head: Head, names: readonly string[]) {
  for (const name of names) {
    const value = head.get(name);
    if (value !== undefined && !isValidControl(name, value)) return { name, value };
  }
  return null;
}

/** What the router reads of it counts as valid: numbers, or words that are all known. */
function isValidControl(name: string, value: string): boolean {
  if (name === 'x-envoy-retry-on') return areHttpConditions(value);
  if (name === 'x-envoy-retry-grpc-on') return areGrpcConditions(value);
  return parseUnsigned(value, LONGEST_TIMER_MS) >= 0;
}

/** The head without these, or itself when it has none of them. */
export function withoutHeaders(head: Head, names: readonly string[]): Head {
  const remove = names.filter((name) => hasHeader(head.headers, name));
  return remove.length === 0 ? head : head.with({ remove });
}

/** A timeout that was not read, because what another proxy expects took its place, goes on. */
export function consumedHeaders(head: Head, { respectsExpectedTimeout }: RouterOptions) {
  const isUnread = respectsExpectedTimeout && head.get(EXPECTED_TIMEOUT_HEADER) !== undefined;
  return isUnread
    ? TIMEOUT_CONTROL_HEADERS.filter((name) => name !== ROUTE_TIMEOUT_HEADER)
    : TIMEOUT_CONTROL_HEADERS;
}

function hasHeader(headers: HeaderList, name: string): boolean {
  return headers.some(([key]) => key === name);
}
