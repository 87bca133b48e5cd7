/**
 * ServiceEntry of networking.istio.io, with resolution STATIC or DNS.
 *
 * Source: config-istio.md §6.1, SE-1 to SE-14.
 */
import type {
  AppProtocol,
  ObjectMeta,
  Placed,
  ServiceEntry,
  ServicePort,
  WorkloadAddress,
} from '../mesh-resources.ts';
import { type FieldRules, type Message, notModelled, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { readExportTo } from './export-to.ts';
import {
  fqdnProblem,
  isDnsLabel,
  isIpAddress,
  isIpOrCidr,
  type MeshNames,
  readHost,
  readLabels,
  wildcardDomainProblem,
} from './names.ts';
import { readWorkloadAddress } from './workload-entry.ts';

const RULES: FieldRules = {
  ...readFields('hosts', 'addresses', 'ports', 'location', 'resolution', 'endpoints'),
  ...readFields('workloadSelector', 'exportTo'),
  ...notModelled('TLS towards upstreams is not modelled yet', 'subjectAltNames'),
};
const PORT = readFields('number', 'name', 'protocol', 'targetPort');
const SELECTOR = readFields('labels');
const LOCATIONS = ['MESH_EXTERNAL', 'MESH_INTERNAL'] as const;
const RESOLUTIONS = ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const;

const PROTOCOLS: ReadonlyMap<string, AppProtocol> = new Map([
  ['', 'unknown'],
  ['HTTP', 'http'],
  ['HTTP2', 'http2'],
  ['HTTPS', 'https'],
  ['GRPC', 'grpc'],
  ['GRPC-WEB', 'grpc'],
  ['TLS', 'tls'],
  ['TCP', 'tcp'],
  ['MONGO', 'tcp'],
  ['MYSQL', 'tcp'],
  ['REDIS', 'tcp'],
  ['UDP', 'udp'],
]);

type Resolution = ServiceEntry['resolution'];

export function readServiceEntry(
  spec: SourceNode,
  meta: ObjectMeta,
  names: MeshNames,
): ServiceEntry | undefined {
  const message = openMessage(spec, RULES, 'ServiceEntry');
  if (message === undefined) return undefined;
  const hosts = readHosts(message, meta, names);
  const resolution = readResolution(message);
  if (resolution === undefined) return undefined;
  const ports = readPorts(message);
  const endpoints = readEndpoints(message, resolution);
  checkPortNames(message, endpoints, ports);
  checkHosts(message, hosts, ports, endpoints, resolution);
  const location = message.get('location')?.oneOf(LOCATIONS);
  return {
    meta,
    hosts,
    addresses: readAddresses(message, resolution),
    ports,
    location: location === 'MESH_INTERNAL' ? 'mesh-internal' : 'mesh-external',
    resolution,
    endpoints,
    workloadSelector: readSelector(message),
    exportTo: readExportTo(message, meta.namespace, true),
  };
}

function readHosts(message: Message, meta: ObjectMeta, names: MeshNames): Placed<string>[] {
  const nodes = message.list('hosts');
  if (nodes.length === 0) message.node.error('MQ-ENTRY-001', `"${meta.name}" has no hosts`);
  if (nodes.length > 256) message.node.error('MQ-ENTRY-001', 'more than 256 hosts');
  return nodes.flatMap((node) => {
    const text = node.string();
    if (text === undefined) return [];
    const problem = text === '*' ? 'matches everything' : wildcardDomainProblem(text);
    if (problem !== null) node.error('MQ-ENTRY-001', `host "${text}" ${problem}`);
    if (problem === null && /^\*[^.]/.test(text)) {
      node.warning('MQ-ENTRY-002', `partial wildcard "${text}" works for some features only`);
    }
    return problem === null ? (readHost(node, meta.namespace, names) ?? []) : [];
  });
}

function readResolution(message: Message): Resolution | undefined {
  const node = message.get('resolution');
  const name = node === undefined ? 'NONE' : node.oneOf(RESOLUTIONS);
  if (name === 'STATIC') return 'static';
  if (name === 'DNS') return 'dns';
  if (name !== undefined) {
    const why = 'only STATIC and DNS say which endpoints there are';
    const text = `ServiceEntry resolution ${name} is not modelled yet`;
    (node ?? message.node).error('MQ-IMPORT-004', text, { why, fix: 'resolution: STATIC or DNS' });
  }
  return undefined;
}

function readAddresses(message: Message, resolution: Resolution): string[] {
  return message.list('addresses').flatMap((node) => {
    const text = node.string();
    if (text === undefined) return [];
    const isCidr = text.includes('/');
    if (!isIpOrCidr(text)) node.error('MQ-ENTRY-003', `"${text}" is neither an IP nor a CIDR`);
    else if (isCidr && resolution !== 'static') {
      node.error('MQ-ENTRY-003', `CIDR "${text}" needs resolution NONE or STATIC`);
    } else return [text];
    return [];
  });
}

function readPorts(message: Message): ServicePort[] {
  const ports: ServicePort[] = [];
  for (const node of message.list('ports')) {
    const port = readPort(node);
    if (port === undefined) continue;
    const twin = ports.find((other) => other.number === port.number || other.name === port.name);
    if (twin === undefined) ports.push(port);
    else node.error('MQ-ENTRY-004', `port ${port.number} "${port.name}" is defined twice`);
  }
  return ports;
}

function readPort(node: SourceNode): ServicePort | undefined {
  if (node.kind === 'null') {
    node.error('MQ-ENTRY-004', 'a port must not be null');
    return undefined;
  }
  const message = openMessage(node, PORT, 'ServicePort');
  const number = message?.get('number')?.integer(1, 65_535);
  const name = message?.get('name')?.string() ?? '';
  if (message === undefined) return undefined;
  if (!message.has('number')) node.error('MQ-ENTRY-004', 'a port needs a number');
  if (!isDnsLabel(name)) node.error('MQ-ENTRY-004', `"${name}" is not a valid port name`);
  const protocol = readProtocol(message);
  const targetPort = message.get('targetPort')?.integer(0, 65_535) ?? 0;
  if (number === undefined) return undefined;
  return { number, name, protocol, targetPort: targetPort === 0 ? number : targetPort };
}

function readProtocol(message: Message): AppProtocol {
  const node = message.get('protocol');
  const text = node?.string() ?? '';
  const protocol = PROTOCOLS.get(text.toUpperCase());
  if (protocol !== undefined) return protocol;
  const list = [...PROTOCOLS.keys()].filter((name) => name !== '').join(', ');
  node?.error('MQ-ENTRY-004', `unknown protocol "${text}"`, { fix: `protocols: ${list}` });
  return 'unknown';
}

function readSelector(message: Message): Readonly<Record<string, string>> | null {
  const node = message.get('workloadSelector');
  if (node === undefined) return null;
  if (message.has('endpoints')) {
    node.keyError('MQ-FIELD-010', 'workloadSelector and endpoints exclude each other');
  }
  const selector = openMessage(node, SELECTOR, 'WorkloadSelector');
  const labels = readLabels(selector?.get('labels'));
  if (Object.keys(labels).length === 0) {
    const text = 'a selector without labels selects everything in the namespace';
    node.diagnostics.warning('MQ-ENTRY-007', node.keyPosition, text);
  }
  return labels;
}

function readEndpoints(message: Message, resolution: Resolution): WorkloadAddress[] {
  const nodes = message.list('endpoints');
  return nodes.flatMap((node) => {
    const endpoint = readWorkloadAddress(node, 'ServiceEntry.endpoints');
    if (endpoint === undefined) return [];
    if (resolution === 'static' && !isIpAddress(endpoint.address)) {
      const text = `endpoint "${endpoint.address}" must be an IP with resolution STATIC`;
      node.error('MQ-ENTRY-005', text, { fix: 'resolution: DNS' });
    }
    return [endpoint];
  });
}

function checkPortNames(
  message: Message,
  endpoints: readonly WorkloadAddress[],
  ports: readonly ServicePort[],
): void {
  for (const endpoint of endpoints) {
    for (const name of Object.keys(endpoint.ports)) {
      if (ports.some((port) => port.name === name)) continue;
      const text = `endpoint port "${name}" is no port of the ServiceEntry`;
      message.node.diagnostics.error('MQ-ENTRY-005', endpoint.at, text);
    }
  }
}

function checkHosts(
  message: Message,
  hosts: readonly Placed<string>[],
  ports: readonly ServicePort[],
  endpoints: readonly WorkloadAddress[],
  resolution: Resolution,
): void {
  const { diagnostics } = message.node;
  if (resolution === 'dns' && endpoints.length === 0) {
    for (const host of hosts) {
      if (fqdnProblem(host.value) === null) continue;
      diagnostics.error('MQ-ENTRY-006', host.at, `host "${host.value}" cannot be looked up`);
    }
  }
  const isTcp = ports.find((port) => port.protocol === 'tcp' || port.protocol === 'unknown');
  if (hosts.length > 1 && isTcp !== undefined) {
    const text = `port ${isTcp.number} carries no host name, so it cannot serve several hosts`;
    message.get('hosts')?.keyError('MQ-ENTRY-006', text);
  }
}
