/**
 * WorkloadEntry of networking.istio.io; the same shape stands in `endpoints` of a ServiceEntry.
 *
 * Source: config-istio.md §6.2, WE-1 to WE-4.
 */
import type { ObjectMeta, WorkloadAddress, WorkloadEntry } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { fqdnProblem, isDnsLabel, isIpAddress, readLabels } from './names.ts';

const RULES: FieldRules = {
  ...readFields('address', 'ports', 'labels', 'locality', 'weight', 'serviceAccount'),
  ...notModelled('there is one network only', 'network'),
};

export function readWorkloadEntry(spec: SourceNode, meta: ObjectMeta): WorkloadEntry | undefined {
  const workload = readWorkloadAddress(spec, 'WorkloadEntry');
  return workload === undefined ? undefined : { meta, workload };
}

/** @param kind for diagnostics */
export function readWorkloadAddress(node: SourceNode, kind: string): WorkloadAddress | undefined {
  const message = openMessage(node, RULES, kind);
  if (message === undefined) return undefined;
  const address = readAddress(message, kind);
  const ports = readPorts(message.get('ports'));
  if (address === undefined) return undefined;
  return {
    address,
    ports,
    labels: readLabels(message.get('labels')),
    locality: message.get('locality')?.string() ?? '',
    weight: message.get('weight')?.integer(0) || 1,
    serviceAccount: message.get('serviceAccount')?.string() ?? '',
    at: node.position,
  };
}

function readAddress(message: Message, kind: string): string | undefined {
  const node = message.get('address');
  if (node === undefined) {
    message.node.error('MQ-ENTRY-010', `${kind} has no address`);
    return undefined;
  }
  const address = node.string();
  if (address === undefined) return undefined;
  if (address.startsWith('unix://')) {
    node.error('MQ-IMPORT-004', 'Unix sockets are not modelled yet');
    return undefined;
  }
  if (isIpAddress(address) || fqdnProblem(address) === null) return address;
  node.error('MQ-ENTRY-010', `address "${address}" is neither an IP nor a host name`);
  return undefined;
}

function readPorts(node: SourceNode | undefined): Readonly<Record<string, number>> {
  if (node === undefined || !node.expectMap()) return {};
  const ports: [string, number][] = [];
  for (const [name, child] of node.entries()) {
    if (!isDnsLabel(name)) child.keyError('MQ-ENTRY-010', `"${name}" is not a valid port name`);
    const number = child.integer(1, 65_535);
    if (number !== undefined) ports.push([name, number]);
  }
  return Object.fromEntries(ports);
}
