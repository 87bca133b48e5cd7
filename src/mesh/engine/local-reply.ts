/**
 * Answers that the proxy gives by itself: heads, bodies and the words of resets.
 *
 * Replies are kept by their content, so that an overload, which gives the same answer over and
 * over, allocates nothing for it. A body always goes down as a chunk of its own, in both worlds.
 * Source: policy-engine.md §0.3, 11.
 */
import type { Head, HeaderList, ResetReason } from '../../core/engine.ts';
import { ResetReason as Reset } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { Flag, RESET_REASON_TEXT } from '../../core/records.ts';
import { encodeUtf8 } from '../../core/utf8.ts';
import { parseUnsigned } from '../policy/control-headers.ts';

/** A whole response. Immutable and shared. */
export interface LocalReply {
  readonly head: Head;
  /** null = no body. */
  readonly body: Uint8Array | null;
  readonly text: string;
  readonly header: string;
  readonly grpcStatus: number | null;
}

/** What a reply depends on besides its text. */
export interface ReplyForm {
  readonly isGrpc: boolean;
  readonly isHeadMethod: boolean;
}

export class LocalReplies {
  private readonly made: Map<number, LocalReply[]>;

  constructor() {
    this.made = new Map();
  }

  /**
   * @param text the body; for gRPC the `grpc-message`
   * @param header one more header with the value `true`, or ''
   * @param grpcStatus for gRPC requests; null = it follows from `status`
   */
  of(
    form: ReplyForm,
    status: number,
    text: string,
    header: string,
    grpcStatus: number | null,
  ): LocalReply {
    const key = status * 4 + (form.isGrpc ? 2 : 0) + (form.isHeadMethod ? 1 : 0);
    let known = this.made.get(key);
    if (known === undefined) this.made.set(key, (known = []));
    for (let i = 0; i < known.length; i++) {
      const reply = known[i]!;
      const isSame = reply.text === text && reply.header === header;
      if (isSame && reply.grpcStatus === grpcStatus) return reply;
    }
    const extra: HeaderList = header === '' ? [] : [[header, 'true']];
    const head = form.isGrpc
      ? grpcHead(grpcStatus ?? grpcStatusOf(status), form.isHeadMethod ? '' : text, extra)
      : plainHead(status, text, extra);
    const body = form.isGrpc || form.isHeadMethod || text === '' ? null : encodeUtf8(text);
    const reply = { head, body, text, header, grpcStatus };
    known.push(reply);
    return reply;
  }
}

function grpcHead(grpcStatus: number, message: string, extra: HeaderList): Head {
  const headers: (readonly [string, string])[] = [
    ['content-type', 'application/grpc'],
    ['grpc-status', String(grpcStatus)],
  ];
  if (message !== '') headers.push(['grpc-message', percentEncoded(message)]);
  return new HttpHead({ status: 200, headers: [...headers, ...extra] });
}

function plainHead(status: number, text: string, extra: HeaderList): Head {
  const headers: (readonly [string, string])[] = [];
  if (text !== '') {
    headers.push(['content-length', String(encodeUtf8(text).length)]);
    headers.push(['content-type', 'text/plain']);
  }
  return new HttpHead({ status, headers: [...headers, ...extra] });
}

/** Source: policy-engine.md §0.3, gRPC local replies. */
export function grpcStatusOf(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** HTTP status for each gRPC status, by which outlier detection and success are judged. */
const HTTP_OF_GRPC: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** The status that a response stands for: of gRPC the one in its head, if any. */
export function effectiveStatus(isGrpc: boolean, head: Head): number {
  if (!isGrpc) return head.status;
  const text = head.get('grpc-status');
  if (text === undefined || text === '') return head.status;
  return HTTP_OF_GRPC[parseUnsigned(text, HTTP_OF_GRPC.length)] ?? 500;
}

/** The flag that a reset sets. */
export function flagOfReset(reason: ResetReason): Flag {
  switch (reason) {
    case Reset.localConnectionFailure:
    case Reset.remoteConnectionFailure:
    case Reset.connectionTimeout:
      return Flag.UF;
    case Reset.connectionTermination:
      return Flag.UC;
    case Reset.localReset:
    case Reset.localRefusedStream:
      return Flag.LR;
    case Reset.remoteReset:
    case Reset.remoteRefusedStream:
      return Flag.UR;
    case Reset.overflow:
      return Flag.UO;
    case Reset.protocolError:
      return Flag.UPE;
    case Reset.overloadManager:
      return Flag.OM;
  }
}

/** The status that a reset before any head turns into. */
export function statusOfReset(reason: ResetReason): 502 | 503 {
  return reason === Reset.protocolError ? 502 : 503;
}

const BEFORE_HEADERS = 'upstream connect error or disconnect/reset before headers. ';
const FIRST_BODIES = RESET_REASON_TEXT.map((text) => `${BEFORE_HEADERS}reset reason: ${text}`);
const RETRIED_BODIES = RESET_REASON_TEXT.map(
  (text) => `${BEFORE_HEADERS}retried and the latest reset reason: ${text}`,
);

export function bodyOfReset(reason: ResetReason, isRetried: boolean): string {
  return (isRetried ? RETRIED_BODIES : FIRST_BODIES)[reason]!;
}

const BEFORE_DETAILS = RESET_REASON_TEXT.map(
  (text) => `upstream_reset_before_response_started{${underscored(text)}}`,
);
const AFTER_DETAILS = RESET_REASON_TEXT.map(
  (text) => `upstream_reset_after_response_started{${underscored(text)}}`,
);

/** @param transportFailure what TLS or the socket said, or '' */
export function detailsOfReset(
  reason: ResetReason,
  isAfterHead: boolean,
  transportFailure: string,
): string {
  const details = (isAfterHead ? AFTER_DETAILS : BEFORE_DETAILS)[reason]!;
  if (transportFailure === '') return details;
  return `${details.slice(0, -1)}|${underscored(transportFailure)}}`;
}

function underscored(text: string): string {
  return text.replace(/\s/g, '_');
}

/** gRPC's percent encoding: printable ASCII but `%` stays. */
export function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of encodeUtf8(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    if (isPlain) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
