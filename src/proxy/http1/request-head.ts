/**
 * The head of a request as the engine sees it: made once, from what the parser delivered.
 *
 * Names lower-case, hop-by-hop fields gone, Host (or the authority of an absolute target) moved into
 * `authority`. On listeners without an edge of their own `x-forwarded-proto` and `x-request-id` are
 * filled in where the client sent none.
 * Source: RFC 9112 §3.2; Envoy docs, http_conn_man/headers.
 */
import { HttpHead } from '../../core/head.ts';
import type { CodecConfig } from '../../mesh/config/edge.ts';
import { endToEnd, headerValue, type MutableHeaders, tokensOf, withLimitedTe } from './headers.ts';
import type { ParsedRequest } from './request-parser.ts';

/** Where a request wants to go. */
export interface Target {
  readonly authority: string;
  readonly path: string;
}

/**
 * @param isAtEdge whether the listener has an edge of its own, which sees to identity and `expect`
 * @param requestId used when the client sent no `x-request-id` */
export function requestHeadOf(
  parsed: ParsedRequest,
  target: Target,
  isAtEdge: boolean,
  scheme: 'http' | 'https',
  requestId: () => string,
): HttpHead {
  const { method, headers: received } = parsed;
  const headers = withLimitedTe(endToEnd(received)).filter(
    ([name]) => name !== 'host' && (name !== 'expect' || isAtEdge),
  );
  if (!isAtEdge) {
    addMissing(headers, 'x-forwarded-proto', () => scheme);
    addMissing(headers, 'x-request-id', requestId);
  }
  return new HttpHead({ method, ...target, upgrade: upgradeOf(received), headers });
}

/** An absolute target overrules the Host header, where it is taken. */
export function targetOf(
  { target, headers, version }: ParsedRequest,
  codec: CodecConfig | undefined,
): Target {
  const fallback = version === 'HTTP/1.0' ? (codec?.http10Host ?? '') : '';
  const host = headerValue(headers, 'host') ?? fallback;
  const takesAbsolute = codec?.acceptsAbsoluteTargets !== false;
  const absolute = takesAbsolute ? /^https?:\/\/([^/?#]*)(.*)$/i.exec(target) : null;
  if (absolute === null) return { authority: host, path: target };
  const rest = absolute[2]!;
  return { authority: absolute[1]!, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** Whether the sender says that no other request follows on this connection. */
export function isLastRequest({ version, headers }: ParsedRequest): boolean {
  const options = tokensOf(headerValue(headers, 'connection'));
  return version === 'HTTP/1.0' ? !options.includes('keep-alive') : options.includes('close');
}

/** The protocol that the client asks for instead; '' = none. */
/** Offers of HTTP/2 are passed over. */
function upgradeOf(headers: MutableHeaders): string {
  const options = tokensOf(headerValue(headers, 'connection'));
  const wanted = options.includes('upgrade') ? (headerValue(headers, 'upgrade') ?? '') : '';
  return wanted.toLowerCase() === 'h2c' ? '' : wanted;
}

function addMissing(headers: MutableHeaders, name: string, value: () => string): void {
  if (headerValue(headers, name) === undefined) headers.push([name, value()]);
}
