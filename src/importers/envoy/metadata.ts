/**
 * Endpoint and route metadata under the key `envoy.lb`, which subsets and hash keys read.
 *
 * Source: Envoy v3 API, config/core/v3 Metadata; policy-engine.md §7.6, 7.10.
 */
import type { LbMetadata } from '../../core/engine.ts';
import type { SourceNode } from '../source-node.ts';
import type { Fields } from './fields.ts';

/** `filter_metadata["envoy.lb"]` of a metadata field; undefined = none. */
export function readLbMetadata(fields: Fields, name: string): LbMetadata | undefined {
  const metadata = fields.message(name, 'Metadata');
  const filters = metadata?.get('filter_metadata');
  metadata?.ignore('typed_filter_metadata');
  metadata?.close();
  const lb = filters?.get('envoy.lb');
  return lb === undefined ? undefined : metadataOf(lb);
}

/** Of any struct. */
export function metadataOf(node: SourceNode): LbMetadata {
  return node.expectMap() ? (node.toPlain() as LbMetadata) : {};
}
