/**
 * Header lists: what is not forwarded, and how a list goes onto the wire.
 *
 * Names are lower-case inside the proxy and on the wire. Hop-by-hop fields end here; each side
 * writes its own framing and `connection`.
 * Source: RFC 9110 §7.6.1 (Connection), RFC 9112 §6 (framing).
 */
import type { HeaderList } from '../../core/engine.ts';

/** A header list under construction. */
export type MutableHeaders = [name: string, value: string][];

/** Milliseconds from the end of the request to the upstream's head, as Envoy tells clients. */
export const SERVICE_TIME_HEADER = 'x-envoy-upstream-service-time';

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Never dropped, even when the sender's `connection` names them: framing, routing and trust. */
const NOT_DROPPED_BY_NAME = /^(?:content-length|host|authorization|x-forwarded-.*|x-envoy-.*)$/;

/** Field lines without the empty line behind them. */
export function fieldLines(headers: HeaderList): string {
  let text = '';
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return text;
}

/** The value of one header; several lines are joined by ','. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  let found: string | undefined;
  for (const [key, value] of headers) {
    if (key === name) found = found === undefined ? value : `${found},${value}`;
  }
  return found;
}

/** Lower-case members of a comma-separated value; absent = none. */
export function tokensOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value.split(',').map((token) => token.trim().toLowerCase());
}

/** Without hop-by-hop fields, and without those that `connection` names. */
export function endToEnd(headers: MutableHeaders): MutableHeaders {
  const named = new Set(
    tokensOf(headerValue(headers, 'connection')).filter((name) => !NOT_DROPPED_BY_NAME.test(name)),
  );
  return headers.filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name));
}

/** Of `te`, only that trailers are welcome goes further. Source: Envoy, connection manager utility. */
export function withLimitedTe(headers: MutableHeaders): MutableHeaders {
  const te = headerValue(headers, 'te');
  if (te === undefined) return headers;
  const others = headers.filter(([name]) => name !== 'te');
  const isWelcome = te.split(',').some((token) => token.trim() === 'trailers');
  return isWelcome ? [...others, ['te', 'trailers']] : others;
}

/** Whether a message of this status may have a body when it answers `method`. */
export function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
}
