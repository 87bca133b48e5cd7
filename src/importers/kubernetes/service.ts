/**
 * Service of Kubernetes' core group.
 *
 * Source: config-istio.md §6.4; Kubernetes API, Service v1.
 */
import { isDnsLabel, readLabels } from '../istio/names.ts';
import { readLinkerdSettings } from '../linkerd/annotations.ts';
import type { ExportTo, KubernetesService, ObjectMeta, ServicePort } from '../mesh-resources.ts';
import {
  type FieldRules,
  irrelevant,
  type Message,
  notModelled,
  openMessage,
  readFields,
} from '../message.ts';
import type { SourceNode } from '../source-node.ts';
import { portProtocol } from './protocol.ts';

const RULES: FieldRules = {
  ...readFields('type', 'clusterIP', 'clusterIPs', 'externalName', 'ports', 'selector'),
  ...irrelevant('allocateLoadBalancerNodePorts', 'externalIPs', 'externalTrafficPolicy'),
  ...irrelevant('healthCheckNodePort', 'ipFamilies', 'ipFamilyPolicy', 'loadBalancerClass'),
  ...irrelevant('loadBalancerIP', 'loadBalancerSourceRanges', 'publishNotReadyAddresses'),
  ...irrelevant('sessionAffinity', 'sessionAffinityConfig'),
  ...notModelled('locality preferences are not modelled yet', 'trafficDistribution'),
  internalTrafficPolicy: {
    notModelled: 'nodes are not modelled yet',
    isHarmless: (node) => node.value === 'Cluster',
  },
};
const PORT: FieldRules = {
  ...readFields('name', 'port', 'protocol', 'appProtocol', 'targetPort'),
  ...irrelevant('nodePort'),
};
const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;
const EXPORT_TO = 'networking.istio.io/exportTo';

export function readKubernetesService(
  spec: SourceNode,
  meta: ObjectMeta,
): KubernetesService | undefined {
  const message = openMessage(spec, RULES, 'Service', 'absent');
  if (message === undefined) return undefined;
  const isExternalName = message.get('type')?.oneOf(TYPES) === 'ExternalName';
  const clusterIp = message.get('clusterIP')?.string() ?? '';
  const others = message.list('clusterIPs').flatMap((node) => node.string() ?? []);
  const addresses = [...new Set([clusterIp, ...others])].filter((ip) => /^[\d.]+$|:/.test(ip));
  const selector = message.get('selector');
  const linkerd = readLinkerdSettings(spec.parent?.get('metadata'));
  return {
    meta,
    type: isExternalName ? 'external-name' : clusterIp === 'None' ? 'headless' : 'normal',
    externalName: message.get('externalName')?.string() ?? '',
    addresses,
    ports: message.list('ports').flatMap((node) => readPort(node) ?? []),
    selector: selector === undefined ? null : readLabels(selector),
    exportTo: readExportToAnnotation(spec, meta),
    ...(linkerd === undefined ? {} : { linkerd }),
  };
}

function readPort(node: SourceNode): ServicePort | undefined {
  const message = openMessage(node, PORT, 'Service.ports', 'absent');
  const number = message?.get('port')?.integer(1, 65_535);
  if (message === undefined) return undefined;
  if (number === undefined) {
    if (!message.has('port')) node.error('MQ-FIELD-003', 'a service port needs "port"');
    return undefined;
  }
  const name = message.get('name')?.string() ?? '';
  const appProtocol = message.get('appProtocol')?.string() ?? '';
  const isUdp = message.get('protocol')?.oneOf(['TCP', 'UDP', 'SCTP']) === 'UDP';
  const protocol = isUdp ? 'udp' : portProtocol(name, number, appProtocol);
  return { number, name, protocol, targetPort: readTargetPort(message) ?? number };
}

/** A number, or the name of a container's port. */
function readTargetPort(message: Message): number | string | undefined {
  const node = message.get('targetPort');
  if (node === undefined) return undefined;
  if (typeof node.value === 'string') return node.value;
  const number = node.integer(0, 65_535);
  return number === 0 ? undefined : number;
}

function readExportToAnnotation(spec: SourceNode, meta: ObjectMeta): ExportTo {
  const text = meta.annotations[EXPORT_TO];
  if (text === undefined || text.trim() === '') return ['*'];
  const parts = text.split(',').map((part) => part.trim());
  for (const part of parts) {
    if (isDnsLabel(part) || ['.', '*', '~'].includes(part)) continue;
    const node = spec.parent?.at(['metadata', 'annotations', EXPORT_TO]) ?? spec;
    node.error('MQ-NAME-001', `exportTo "${part}" is neither ".", "*", "~" nor a namespace`);
  }
  return parts.map((part) => (part === '.' ? meta.namespace : part));
}
