/**
 * What a response says of the host that gave it, as Linkerd classifies it.
 *
 * Source: config-other-meshes.md §1.2, 1.3; linkerd2-proxy, classify and load biaser.
 */
import { parseHttpDate } from '../../core/calendar.ts';
import type { Head } from '../../core/engine.ts';
import type { LatencyPenalty } from '../config/load-balancing.ts';

/** Bits: a response may be both. */
export const ResponseClass = { success: 0, failure: 1, rateLimited: 2 } as const;

const RESOURCE_EXHAUSTED = '8';
const UNAVAILABLE = '14';
/** UNKNOWN, DEADLINE_EXCEEDED, PERMISSION_DENIED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_FAILURES: readonly string[] = ['2', '4', '7', '13', UNAVAILABLE, '15'];
/** UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, DATA_LOSS. */
const GRPC_INTERNAL: readonly string[] = ['2', '4', '13', '15'];

/**
 * @param trailers where gRPC says how it went; null = in the head, or nowhere, which is success
 * @returns bits of `ResponseClass`
 */
export function classify(isGrpc: boolean, head: Head, trailers: Head | null): number {
  const { status } = head;
  if (status >= 500 && status <= 599) return ResponseClass.failure;
  if (status === 429) return ResponseClass.rateLimited;
  if (!isGrpc) return ResponseClass.success;
  const code = trailers?.get('grpc-status') ?? head.get('grpc-status') ?? '';
  if (code === RESOURCE_EXHAUSTED) return ResponseClass.rateLimited;
  return GRPC_FAILURES.includes(code) ? ResponseClass.failure : ResponseClass.success;
}

/**
 * The time that a failed response counts as for a balancer that penalises failures.
 *
 * @param wallMs the wall clock, for a `retry-after` that names a moment
 * @returns ms; -1 = the response is no failure
 */
export function penaltyMs(
  { penaltyMs: least, maxRetryAfterMs }: LatencyPenalty,
  isGrpc: boolean,
  head: Head,
  wallMs: number,
): number {
  const { status } = head;
  const isHttp = status === 429 || (status >= 500 && status <= 599);
  const code = isGrpc && status === 200 ? head.get('grpc-status') : undefined;
  const asksToWait = code === RESOURCE_EXHAUSTED || code === UNAVAILABLE;
  if (!isHttp && !asksToWait && !GRPC_INTERNAL.includes(code ?? '')) return -1;
  let hintMs = 0;
  if (status === 429 || status === 503)
    hintMs = retryAfterMs(head.get('retry-after') ?? '', wallMs);
  else if (asksToWait) hintMs = wholeNumber(head.get('grpc-retry-pushback-ms') ?? '');
  return Math.max(least, Math.min(hintMs, maxRetryAfterMs));
}

/** Seconds, or a date. @returns 0 = nothing usable */
function retryAfterMs(value: string, wallMs: number): number {
  const seconds = wholeNumber(value);
  if (seconds > 0) return seconds * 1_000;
  return Math.max(0, parseHttpDate(value) - wallMs);
}

function wholeNumber(value: string): number {
  return /^\d+$/.test(value) ? Number(value) : 0;
}
