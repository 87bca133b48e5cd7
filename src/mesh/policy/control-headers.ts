/**
 * The request headers by which a client steers the router, and how their numbers are read.
 *
 * Listeners that do not honour them remove them all; those that do remove what the router consumed.
 * Source: policy-engine.md §0.4, 1.2, 2.1; Envoy, router filter headers.
 */

/** Consumed while retry rules are made; never sent upstream. Names are lower-case. */
export const RETRY_CONTROL_HEADERS: readonly string[] = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
];

/** Consumed while timeouts are computed; never sent upstream. */
export const TIMEOUT_CONTROL_HEADERS: readonly string[] = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
];

/** Removed from every request whose client is not trusted to steer. */
export const CONTROL_HEADERS: readonly string[] = [
  ...RETRY_CONTROL_HEADERS,
  ...TIMEOUT_CONTROL_HEADERS,
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-stream-duration-ms',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
];

const UNSIGNED = /^\s*\+?(\d+)\s*$/;

/**
 * Reads a whole, unsigned decimal number.
 *
 * @param most larger numbers count as this
 * @returns -1 when `text` is absent or anything else than such a number
 */
export function parseUnsigned(text: string | undefined, most: number): number {
  const digits = text === undefined ? undefined : UNSIGNED.exec(text)?.[1];
  return digits === undefined ? -1 : Math.min(Number(digits), most);
}

/** The items of a comma list without surrounding white space; empty items are dropped. */
export function splitList(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
