/**
 * `DataSource`: text or bytes that stand in the bootstrap itself.
 *
 * Source: Envoy v3 API, config/core/v3 DataSource; RFC 4648 §4.
 */
import type { Fields } from './fields.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What stands there; files and environment variables are refused by name. */
export function readInlineText(source: Fields): string {
  const text = source.text('inline_string');
  const bytes = source.text('inline_bytes');
  source.close();
  if (text !== undefined || bytes === undefined) return text ?? '';
  const decoded = decodeBase64Text(bytes);
  if (decoded === undefined) {
    source.get('inline_bytes')?.error('MQ-ENVOY-003', 'inline_bytes is no text in base64');
  }
  return decoded ?? '';
}

/** UTF-8 in base64; undefined = it is none. */
export function decodeBase64Text(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  try {
    return decodeURIComponent(hexOfBase64(text).replace(/../g, '%$&'));
  } catch {
    return undefined;
  }
}

/** Bytes in base64 as hexadecimal digits, two each. */
export function hexOfBase64(text: string): string {
  let bits = '';
  for (const letter of text.replace(/=+$/, '')) {
    bits += BASE64.indexOf(letter).toString(2).padStart(6, '0');
  }
  const bytes = bits.match(/.{8}/g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0')).join('');
}
