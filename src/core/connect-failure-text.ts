/**
 * What is said of a connection that did not come up, in Envoy's words for those of the system.
 *
 * Used by every driver that dials. Source: Envoy, access log operator
 * `%UPSTREAM_TRANSPORT_FAILURE_REASON%`; strerror(3).
 */

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'Connection refused'],
  ['EHOSTUNREACH', 'No route to host'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ETIMEDOUT', 'Connection timed out'],
  ['ECONNRESET', 'Connection reset by peer'],
]);

/**
 * @param code the system's, e.g. `ECONNREFUSED`
 * @returns '' where nothing is said
 */
export function connectFailureText(code: string): string {
  const words = WORDS.get(code);
  return words === undefined ? '' : `delayed connect error: ${words}`;
}
