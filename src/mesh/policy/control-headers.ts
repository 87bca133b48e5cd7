/**
 * The request headers by which a client steers the router, and how their numbers are read.
 *
 * Listeners that do not honour them remove them all; those that do remove what the router consumed.
 * Source: policy-engine.md §0.4, 1.2, 2.1; Envoy, router filter headers.
 */

/**
 * Consumed while retry rules are made, which is after the route changed the request: what a route
 * adds here counts too. Never sent upstream. Names are lower-case.
 */
export const RETRY_CONTROL_HEADERS: readonly string[] = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
];

export const ROUTE_TIMEOUT_HEADER = 'x-envoy-upstream-rq-timeout-ms';
export const HEDGE_HEADER = 'x-envoy-hedge-on-per-try-timeout';
export const STREAM_DURATION_HEADER = 'x-envoy-upstream-stream-duration-ms';
export const ALTERNATIVE_HEADER = 'x-envoy-upstream-rq-timeout-alt-response';
export const EXPECTED_TIMEOUT_HEADER = 'x-envoy-expected-rq-timeout-ms';

/** Consumed before the route changes the request. */
export const TIMEOUT_CONTROL_HEADERS: readonly string[] = [
  ROUTE_TIMEOUT_HEADER,
  'x-envoy-upstream-rq-per-try-timeout-ms',
  HEDGE_HEADER,
  STREAM_DURATION_HEADER,
  ALTERNATIVE_HEADER,
  'x-envoy-upstream-alt-stat-name',
];

/** Removed from every request whose client is not trusted to steer. */
export const CONTROL_HEADERS: readonly string[] = [
  ...RETRY_CONTROL_HEADERS,
  ...TIMEOUT_CONTROL_HEADERS,
  EXPECTED_TIMEOUT_HEADER,
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
];

/** Numbers have 64 bits. */
const TOO_LARGE = 18_446_744_073_709_551_616n;
const UNSIGNED = /^\s*\+?(\d+)\s*$/;

/**
 * Reads a whole, unsigned decimal number.
 *
 * @param most larger numbers count as this
 * @returns -1 when `text` is absent or anything else than such a number
 */
export function parseUnsigned(text: string | undefined, most: number): number {
  const digits = UNSIGNED.exec(text ?? '')?.[1];
  if (digits === undefined || (digits.length > 19 && BigInt(digits) >= TOO_LARGE)) return -1;
  return Math.min(Number(digits), most);
}

/** The items of a comma list without surrounding white space; empty items are dropped. */
export function splitList(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
