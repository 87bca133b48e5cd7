/**
 * EndpointSlice of discovery.k8s.io: the addresses behind a service.
 *
 * Its fields stand beside `metadata`, not under `spec`.
 * Source: Kubernetes API, discovery.k8s.io/v1; config-istio.md §5.5 (readiness).
 */
import type { EndpointSlice, ObjectMeta, SliceEndpoint } from '../mesh-resources.ts';
import { type FieldRules, irrelevant, openMessage, readFields } from '../message.ts';
import type { SourceNode } from '../source-node.ts';

const RULES: FieldRules = {
  ...readFields('addressType', 'endpoints', 'ports'),
  ...irrelevant('apiVersion', 'kind', 'metadata'),
};
const ENDPOINT: FieldRules = {
  ...readFields('addresses', 'conditions', 'hostname', 'zone', 'targetRef'),
  ...irrelevant('nodeName', 'hints', 'deprecatedTopology'),
};
const CONDITIONS: FieldRules = {
  ...readFields('ready', 'terminating'),
  ...irrelevant('serving'),
};
const PORT: FieldRules = {
  ...readFields('name', 'port'),
  ...irrelevant('protocol', 'appProtocol'),
};
const SERVICE_LABEL = 'kubernetes.io/service-name';

export function readEndpointSlice(object: SourceNode, meta: ObjectMeta): EndpointSlice | undefined {
  const message = openMessage(object, RULES, 'EndpointSlice', 'absent');
  if (message === undefined) return undefined;
  const service = meta.labels[SERVICE_LABEL];
  if (service === undefined) {
    const text = `EndpointSlice "${meta.name}" has no label ${SERVICE_LABEL}`;
    object.error('MQ-KUBE-001', text);
    return undefined;
  }
  return {
    meta,
    service,
    ports: Object.fromEntries(message.list('ports').flatMap((node) => readPort(node))),
    endpoints: message.list('endpoints').flatMap((node) => readEndpoint(node) ?? []),
  };
}

function readPort(node: SourceNode): [string, number][] {
  const message = openMessage(node, PORT, 'EndpointSlice.ports', 'absent');
  const number = message?.get('port')?.integer(1, 65_535);
  return number === undefined ? [] : [[message?.get('name')?.string() ?? '', number]];
}

function readEndpoint(node: SourceNode): SliceEndpoint | undefined {
  const message = openMessage(node, ENDPOINT, 'EndpointSlice.endpoints', 'absent');
  if (message === undefined) return undefined;
  const conditionsNode = message.get('conditions');
  const conditions =
    conditionsNode === undefined
      ? undefined
      : openMessage(conditionsNode, CONDITIONS, 'conditions', 'absent');
  const target = message.get('targetRef');
  const targetName = target?.get('kind')?.value === 'Pod' ? target.get('name')?.value : undefined;
  const isReady = conditions?.get('ready')?.boolean() ?? true;
  return {
    addresses: message.list('addresses').flatMap((item) => item.string() ?? []),
    isReady,
    // Absent counts as terminating where the endpoint is not ready.
    isTerminating: conditions?.get('terminating')?.boolean() ?? !isReady,
    hostname: message.get('hostname')?.string() ?? '',
    zone: message.get('zone')?.string() ?? '',
    pod: typeof targetName === 'string' ? targetName : '',
  };
}
