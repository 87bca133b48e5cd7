/**
 * `selector.matchLabels` of policies that apply to workloads.
 *
 * Source: config-istio.md §9 PA-2, PA-3, §10.5 AP-1, AP-11.
 */
import type { Labels } from '../mesh-resources.ts';
import { type Message, openMessage, readFields } from '../message.ts';
import { readLabels } from './names.ts';

const FIELDS = readFields('matchLabels');

/** The labels; empty when there is no selector or it selects everything. */
export function readSelector(message: Message): Labels {
  const node = message.get('selector');
  if (node === undefined) return {};
  const selector = openMessage(node, FIELDS, 'WorkloadSelector');
  const labels = selector?.get('matchLabels');
  const entries = labels?.entries() ?? [];
  if (selector !== undefined && entries.length === 0) {
    const text = 'the selector has no labels, so it selects every workload';
    node.diagnostics.warning('MQ-AUTHZ-011', node.keyPosition, text);
  }
  for (const [key, child] of entries) {
    if (key.includes('*') || String(child.value).includes('*')) {
      child.error('MQ-FIELD-009', 'a selector takes whole labels, not "*"');
      return {};
    }
  }
  return readLabels(labels);
}
