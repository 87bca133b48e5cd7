/**
 * DestinationRule of networking.istio.io.
 *
 * Source: config-istio.md §4, 5, §5.11 VD-1 to VD-4.
 */
import type { DestinationRule, ObjectMeta, Subset } from '../mesh-resources.ts';
import { type FieldRules, notModelled, openMessage, readFields } from '../message.ts';
import { withoutAbsent } from '../optional.ts';
import type { SourceNode } from '../source-node.ts';
import { readExportTo } from './export-to.ts';
import {
  isDnsLabel,
  type MeshNames,
  readHost,
  readLabels,
  wildcardDomainProblem,
} from './names.ts';
import { readTrafficPolicy } from './traffic-policy.ts';

const RULES: FieldRules = {
  ...readFields('host', 'trafficPolicy', 'subsets', 'exportTo'),
  ...notModelled('rules for selected clients are not modelled yet', 'workloadSelector'),
};
const SUBSET = readFields('name', 'labels', 'trafficPolicy');

export function readDestinationRule(
  spec: SourceNode,
  meta: ObjectMeta,
  names: MeshNames,
): DestinationRule | undefined {
  const message = openMessage(spec, RULES, 'DestinationRule');
  if (message === undefined) return undefined;
  const hostNode = message.get('host');
  if (hostNode === undefined) {
    spec.error('MQ-DEST-001', `DestinationRule "${meta.name}" has no host`);
    return undefined;
  }
  const host = readHost(hostNode, meta.namespace, names);
  const problem = host === undefined ? null : wildcardDomainProblem(String(hostNode.value));
  if (problem !== null) hostNode.error('MQ-DEST-001', `host "${hostNode.value}" ${problem}`);
  if (host === undefined) return undefined;
  const policy = message.placed('trafficPolicy', readTrafficPolicy)?.value;
  return {
    meta,
    host,
    exportTo: readExportTo(message, meta.namespace, false),
    declaredExportTo: message.list('exportTo').map((node) => String(node.value)),
    subsets: readSubsets(message.list('subsets')),
    ...withoutAbsent({ policy }),
  };
}

function readSubsets(nodes: readonly SourceNode[]): Subset[] {
  const subsets: Subset[] = [];
  for (const node of nodes) {
    const subset = readSubset(node);
    if (subset === undefined) continue;
    const earlier = subsets.find((other) => other.name.value === subset.name.value);
    if (earlier === undefined) subsets.push(subset);
    else {
      const text = `subset "${subset.name.value}" is already defined in line ${earlier.name.at.line}`;
      node.diagnostics.error('MQ-DEST-003', subset.name.at, text);
    }
  }
  return subsets;
}

function readSubset(node: SourceNode): Subset | undefined {
  if (node.kind === 'null') {
    node.error('MQ-DEST-003', 'a subset must not be null');
    return undefined;
  }
  const message = openMessage(node, SUBSET, 'Subset');
  if (message === undefined) return undefined;
  const name = message.placed('name', readSubsetName);
  if (!message.has('name')) node.error('MQ-DEST-003', 'a subset needs a name');
  const policy = message.placed('trafficPolicy', readTrafficPolicy)?.value;
  const labels = readLabels(message.get('labels'));
  return name === undefined ? undefined : { name, labels, ...withoutAbsent({ policy }) };
}

function readSubsetName(node: SourceNode): string | undefined {
  const name = node.string();
  if (name === undefined || isDnsLabel(name)) return name;
  node.error('MQ-DEST-003', `"${name}" is not a valid subset name`);
  return undefined;
}
