/**
 * The head of a request as the engine sees it: made once, from what Node's parser delivered.
 *
 * Names lower-case, hop-by-hop fields gone, Host (or the authority of an absolute target) moved into
 * `authority`, `x-forwarded-proto` and `x-request-id` filled in where the client sent none.
 * Source: RFC 9112 §3.2; Envoy docs, http_conn_man/headers.
 */
import type { IncomingMessage } from 'node:http';
import { HttpHead } from '../../core/head.ts';
import { endToEnd, headerValue, type MutableHeaders, pairsOf, withLimitedTe } from './headers.ts';

/** Envoy's default limit of request header lines. */
const MAX_HEADERS = 100;

/** Why a request that parsed is refused all the same: what the client and the log are told. */
export interface Refusal {
  readonly status: number;
  readonly details: string;
}

/** @returns null when the request is fine so far */
export function refusalOf(message: IncomingMessage): Refusal | null {
  if (message.httpVersion === '1.0') return { status: 426, details: 'low_version' };
  if (message.rawHeaders.length > 2 * MAX_HEADERS) {
    return { status: 431, details: 'http1.too_many_headers' };
  }
  return null;
}

/** @param requestId used when the client sent no `x-request-id` */
export function requestHeadOf(message: IncomingMessage, requestId: () => string): HttpHead {
  const received = pairsOf(message.rawHeaders);
  const { authority, path } = targetOf(message.url ?? '/', headerValue(received, 'host') ?? '');
  const headers = withLimitedTe(endToEnd(received)).filter(
    ([name]) => name !== 'host' && name !== 'expect',
  );
  addMissing(headers, 'x-forwarded-proto', () => 'http');
  addMissing(headers, 'x-request-id', requestId);
  return new HttpHead({
    method: message.method ?? 'GET',
    authority,
    path,
    upgrade: headerValue(received, 'upgrade') ?? '',
    headers,
  });
}

/** Bytes of the body: null = in chunks. */
export function bodyLengthOf(message: IncomingMessage): number | null {
  if (message.headers['transfer-encoding'] !== undefined) return null;
  return Number(message.headers['content-length'] ?? 0);
}

function addMissing(headers: MutableHeaders, name: string, value: () => string): void {
  if (headerValue(headers, name) === undefined) headers.push([name, value()]);
}

/** An absolute target overrules the Host header. */
function targetOf(target: string, host: string): { authority: string; path: string } {
  const absolute = /^http:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (absolute === null) return { authority: host, path: target };
  const rest = absolute[2]!;
  return { authority: absolute[1]!, path: rest.startsWith('/') ? rest : `/${rest}` };
}
