/**
 * VirtualService (HTTP) of networking.istio.io.
 *
 * Source: config-istio.md §2.1 (top level), §2.14 VS-1 to VS-7, VS-31.
 */
import type { ObjectMeta, Placed, VirtualService } from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { readExportTo } from './export-to.ts';
import { readGateways } from './gateways.ts';
import { readHttpRule } from './http-rule.ts';
import {
  hostsOverlap,
  isIpAddress,
  type MeshNames,
  readHost,
  wildcardDomainProblem,
} from './names.ts';
import { reportUnreachable } from './unreachable.ts';

const RULES: FieldRules = {
  ...readFields('hosts', 'gateways', 'http', 'exportTo'),
  ...notModelled('routing of TLS connections is not part of the engine yet', 'tls'),
  ...notModelled('routing of TCP connections is not part of the engine yet', 'tcp'),
};

export function readVirtualService(
  spec: SourceNode,
  meta: ObjectMeta,
  names: MeshNames,
): VirtualService | undefined {
  const message = openMessage(spec, RULES, 'VirtualService');
  if (message === undefined) return undefined;
  const appliesToMesh = isForMesh(message);
  const hosts = readHosts(message, meta, names, appliesToMesh);
  if (!['http', 'tls', 'tcp'].some((field) => message.list(field).length > 0)) {
    spec.error('MQ-ROUTE-002', `VirtualService "${meta.name}" has no http routes`);
  }
  const nodes = message.list('http');
  reportUnreachable(nodes);
  return {
    meta,
    hosts,
    appliesToMesh,
    exportTo: readExportTo(message, meta.namespace, false),
    http: nodes.flatMap((node) => readHttpRule(node, meta.namespace, names, appliesToMesh) ?? []),
  };
}

/** @returns whether sidecars use the object */
function isForMesh(message: Message): boolean {
  const gateways = readGateways(message.list('gateways'));
  const others = gateways.filter((name) => name !== 'mesh');
  if (others.length === 0) return true;
  const appliesToMesh = gateways.includes('mesh');
  const at = message.get('gateways')?.keyPosition ?? message.at;
  const list = others.map((name) => `"${name}"`).join(', ');
  const scope = appliesToMesh ? 'what it says for them is left out' : 'so no proxy uses it';
  const text = `gateways (here ${list}) are not modelled yet, ${scope}`;
  message.node.diagnostics.warning('MQ-ROUTE-015', at, text);
  return appliesToMesh;
}

function readHosts(
  message: Message,
  meta: ObjectMeta,
  names: MeshNames,
  appliesToMesh: boolean,
): Placed<string>[] {
  const nodes = message.list('hosts');
  if (nodes.length === 0) reportNoHosts(message, meta);
  const valid = nodes.filter((node) => isValidHost(node, appliesToMesh));
  reportOverlaps(valid);
  return valid.flatMap((node) => readHost(node, meta.namespace, names) ?? []);
}

function reportNoHosts(message: Message, meta: ObjectMeta): void {
  const extra = message.get('gateways') ?? message.get('tls') ?? message.get('tcp');
  extra?.keyError('MQ-ROUTE-002', `a VirtualService without hosts cannot have ${extra.key}`);
  message.node.error('MQ-IMPORT-004', `VirtualService "${meta.name}" has no hosts`, {
    why: 'without hosts it only serves as a delegate of others, which is not modelled yet',
  });
}

function isValidHost(node: SourceNode, appliesToMesh: boolean): boolean {
  const host = node.string();
  if (host === undefined) return false;
  if (isIpAddress(host)) return true;
  const problem = wildcardDomainProblem(host);
  if (problem !== null) node.error('MQ-ROUTE-001', `host "${host}" ${problem}`);
  else if (host === '*' && appliesToMesh) {
    node.error('MQ-ROUTE-001', 'host "*" is not allowed in a VirtualService for the mesh', {
      fix: 'name the services, or a wildcard like "*.example.com"',
    });
  } else return true;
  return false;
}

function reportOverlaps(nodes: readonly SourceNode[]): void {
  const earlier: string[] = [];
  for (const node of nodes) {
    const host = String(node.value);
    const twin = earlier.find((other) => hostsOverlap(other, host));
    if (twin !== undefined) node.error('MQ-ROUTE-001', `hosts "${twin}" and "${host}" overlap`);
    earlier.push(host);
  }
}
