/**
 * The time limits of one request, from its route and, where honoured, from its headers.
 *
 * Computed once before the first attempt; when the timers run is the engine's part.
 * Source: policy-engine.md §1.2; Envoy, router timeouts.
 */
import type { Head } from '../../core/engine.ts';
import { isGrpc } from '../../core/head.ts';
import type { ForwardAction } from '../config/config.ts';
import { EXPECTED_TIMEOUT_HEADER, parseUnsigned, ROUTE_TIMEOUT_HEADER } from './control-headers.ts';

/** Longest time a header can ask for: 49 days, so that every deadline stays an exact integer. */
const MOST_MS = 4_294_967_295;

/** Limits of one request in milliseconds; 0 = off. A reused object. */
export class EffectiveTimeouts {
  /** The whole request with all attempts and waits. */
  routeMs = 0;
  /** One attempt. */
  perTryMs = 0;
  /** One attempt between two events of its response. */
  perTryIdleMs = 0;
}

/**
 * Fills `out` for a request.
 *
 * A per-try limit that is not shorter than the whole request's is dropped, equality included.
 *
 * @param honoursHeaders whether the client's control headers count
 * @param respectsExpected whether what another proxy expects takes the place of the route's header
 */
export function effectiveTimeouts(
  action: ForwardAction,
  head: Head,
  honoursHeaders: boolean,
  out: EffectiveTimeouts,
  respectsExpected = false,
): void {
  let routeMs = configuredMs(action, head);
  let perTryMs = action.retry === null ? 0 : action.retry.perTryTimeoutMs;
  if (honoursHeaders) {
    const isExpected = respectsExpected && head.get(EXPECTED_TIMEOUT_HEADER) !== undefined;
    const header = isExpected ? EXPECTED_TIMEOUT_HEADER : ROUTE_TIMEOUT_HEADER;
    const routeHeaderMs = parseUnsigned(head.get(header), MOST_MS);
    if (routeHeaderMs >= 0) routeMs = routeHeaderMs;
    const tryHeaderMs = parseUnsigned(head.get('x-envoy-upstream-rq-per-try-timeout-ms'), MOST_MS);
    if (tryHeaderMs >= 0) perTryMs = tryHeaderMs;
  }
  out.routeMs = routeMs;
  out.perTryMs = routeMs !== 0 && perTryMs >= routeMs ? 0 : perTryMs;
  out.perTryIdleMs = action.retry === null ? 0 : action.retry.perTryIdleTimeoutMs;
}

/**
 * What the upstream is told it has, as `x-envoy-expected-rq-timeout-ms`.
 *
 * @param elapsedMs whole milliseconds since the request was fully received; 0 on the first attempt
 *   and while the request is still arriving
 * @param hedges whether an attempt may go on after its per-try limit
 * @returns milliseconds, 1 or more; 0 = the header is not written
 */
export function expectedTimeoutMs(
  timeouts: EffectiveTimeouts,
  elapsedMs: number,
  hedges = false,
): number {
  const routeMs = timeouts.routeMs;
  const expectedMs = hedges || timeouts.perTryMs === 0 ? routeMs : timeouts.perTryMs;
  if (routeMs === 0) return expectedMs;
  return elapsedMs >= routeMs ? 1 : Math.min(expectedMs, routeMs - elapsedMs);
}

/** The route's limit; a gRPC request's own deadline, capped, where the route lets it decide. */
function configuredMs(action: ForwardAction, head: Head): number {
  const mostMs = action.maxGrpcTimeoutMs;
  if (action.streamDuration !== undefined) return 0;
  if (mostMs === undefined || !isGrpc(head)) return action.timeoutMs;
  const askedMs = Math.max(0, grpcDeadlineMs(head));
  const offsetMs = action.grpcTimeoutOffsetMs ?? 0;
  const deadlineMs = offsetMs < askedMs ? askedMs - offsetMs : askedMs;
  return mostMs !== 0 && (deadlineMs === 0 || deadlineMs > mostMs) ? mostMs : deadlineMs;
}

/** What a gRPC client asks for, whole milliseconds; -1 = nothing, or nothing readable. */
export function grpcDeadlineMs(head: Head): number {
  return parseGrpcTimeoutMs(head.get('grpc-timeout'));
}

/** As a `grpc-timeout` header: at most 8 digits, in the smallest unit that has room. */
export function grpcTimeoutText(timeoutMs: number): string {
  let amount = timeoutMs;
  if (amount <= MOST_GRPC) return `${amount}m`;
  amount = Math.floor(amount / 1_000);
  for (const unit of 'SMH') {
    if (amount <= MOST_GRPC) return `${amount}${unit}`;
    amount = Math.floor(amount / 60);
  }
  return `${MOST_GRPC}H`;
}

const MOST_GRPC = 99_999_999;

const GRPC_TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** Rounds up to whole milliseconds; -1 = absent or malformed. */
function parseGrpcTimeoutMs(text: string | undefined): number {
  const match = GRPC_TIMEOUT.exec(text ?? '');
  if (match === null) return -1;
  const amount = Number(match[1]);
  return Math.min(Math.ceil(amount * unitMs(match[2] ?? '')), MOST_MS);
}

function unitMs(unit: string): number {
  switch (unit) {
    case 'H':
      return 3_600_000;
    case 'M':
      return 60_000;
    case 'S':
      return 1_000;
    case 'm':
      return 1;
    case 'u':
      return 1 / 1_000;
    default:
      return 1 / 1_000_000;
  }
}
