/**
 * The two messages of Envoy's rate limit service, as protocol buffers.
 *
 * Source: Envoy v3 API, service/ratelimit/v3/rls.proto; Protocol Buffers encoding.
 */
import { encodeUtf8 } from '../../core/utf8.ts';
import type { Descriptor } from '../config/rate-limits.ts';
import type { HeaderAddition } from '../config/rewriting.ts';

export const LimitCode = { unknown: 0, ok: 1, overLimit: 2 } as const;
export type LimitCode = (typeof LimitCode)[keyof typeof LimitCode];

export interface RateLimitAnswer {
  readonly code: LimitCode;
  readonly responseHeaders: readonly HeaderAddition[];
  readonly requestHeaders: readonly HeaderAddition[];
}

const LENGTH_DELIMITED = 2;

export function encodeRateLimitRequest(
  domain: string,
  descriptors: readonly Descriptor[],
): Uint8Array {
  const bytes: number[] = [];
  pushBytes(bytes, 1, encodeUtf8(domain));
  for (const descriptor of descriptors) {
    const inner: number[] = [];
    for (const { key, value } of descriptor) {
      const entry: number[] = [];
      pushBytes(entry, 1, encodeUtf8(key));
      pushBytes(entry, 2, encodeUtf8(value));
      pushBytes(inner, 1, entry);
    }
    pushBytes(bytes, 2, inner);
  }
  return Uint8Array.from(bytes);
}

function pushBytes(into: number[], field: number, bytes: ArrayLike<number>): void {
  into.push(field * 8 + LENGTH_DELIMITED);
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 128) {
      into.push(rest);
      break;
    }
    into.push((rest & 127) | 128);
  }
  for (let i = 0; i < bytes.length; i++) into.push(bytes[i]!);
}

/** @returns null when the bytes are no such message */
export function parseRateLimitResponse(bytes: Uint8Array): RateLimitAnswer | null {
  const reader = new FieldReader(bytes);
  let code: number = LimitCode.unknown;
  const responseHeaders: HeaderAddition[] = [];
  const requestHeaders: HeaderAddition[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field < 0) return null;
    if (field === 1) code = reader.value;
    else if (field === 3) responseHeaders.push(headerOf(reader.bytes));
    else if (field === 4) requestHeaders.push(headerOf(reader.bytes));
  }
  if (code > LimitCode.overLimit) return null;
  return { code: code as LimitCode, responseHeaders, requestHeaders };
}

function headerOf(bytes: Uint8Array): HeaderAddition {
  const reader = new FieldReader(bytes);
  let name = '';
  let value = '';
  for (let field = reader.next(); field > 0; field = reader.next()) {
    if (field === 1) name = textOf(reader.bytes).toLowerCase();
    else if (field === 2) value = textOf(reader.bytes);
  }
  // A percent sign would be taken for a command.
  const text = value.replaceAll('%', '%%');
  return { name, value: text, action: 'append-if-exists-or-add', keepsEmpty: true };
}

/** Names and values of headers are plain. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Field after field of a message. */
class FieldReader {
  /** Of the last field, if it is a number. */
  value = 0;
  /** Of the last field, if it is text or a message. */
  bytes: Uint8Array = new Uint8Array(0);
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** @returns the field's number; 0 = the end, -1 = the bytes make no sense */
  next(): number {
    if (this.at >= this.data.length) return 0;
    const tag = this.number();
    const kind = tag & 7;
    if (kind === 0) this.value = this.number();
    else if (kind === LENGTH_DELIMITED) {
      const length = this.number();
      this.bytes = this.data.subarray(this.at, this.at + length);
      this.at += length;
    } else if (kind === 1) this.at += 8;
    else if (kind === 5) this.at += 4;
    else return -1;
    return this.at > this.data.length ? -1 : tag >>> 3;
  }

  private number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.data[this.at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value >>> 0;
  }
}
