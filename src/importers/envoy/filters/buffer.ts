/**
 * `Buffer` and `BufferPerRoute` → the buffer filter.
 *
 * Source: Envoy v3 API, extensions/filters/http/buffer/v3.
 */
import type { BufferConfig } from '../../../mesh/config/config.ts';
import type { Fields } from '../fields.ts';

export function readBuffer(fields: Fields): BufferConfig {
  const maxRequestBytes = fields.integer('max_request_bytes', 1);
  if (maxRequestBytes === undefined) {
    fields.node.error('MQ-FIELD-003', 'a buffer filter needs max_request_bytes');
  }
  fields.close();
  return { maxRequestBytes: maxRequestBytes ?? 1 };
}

/** null = the filter is off there. */
export function readBufferPerRoute(fields: Fields): BufferConfig | null {
  const isDisabled = fields.flag('disabled');
  const buffer = fields.message('buffer', 'Buffer');
  fields.close();
  return isDisabled || buffer === undefined ? null : readBuffer(buffer);
}
