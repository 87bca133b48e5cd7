/**
 * What runs: Deployment, StatefulSet, DaemonSet and ReplicaSet of apps/v1, and Pod.
 *
 * Only what concerns a mesh is read: how many, with which labels, ports and identity. Everything
 * else in a Pod's description is its own business and not checked.
 * Source: Kubernetes API, apps/v1 and core/v1.
 */
import { readLabels } from '../istio/names.ts';
import type { ObjectMeta, Workload } from '../mesh-resources.ts';
import type { SourceNode } from '../source-node.ts';

/** For kinds with a Pod template. */
export function readWorkload(spec: SourceNode, meta: ObjectMeta): Workload | undefined {
  const template = given(spec.get('template'));
  if (!spec.expectMap()) return undefined;
  if (template === undefined) {
    spec.error('MQ-FIELD-003', `${meta.kind} "${meta.name}" has no spec.template`);
    return undefined;
  }
  if (!template.expectMap()) return undefined;
  const replicas = given(spec.get('replicas'))?.integer(0) ?? 1;
  const podSpec = given(template.get('spec'));
  const podLabels = readLabels(template.at(['metadata', 'labels']));
  return { meta, replicas, podLabels, podAddress: '', ...readPodSpec(podSpec) };
}

export function readPod(spec: SourceNode, meta: ObjectMeta): Workload | undefined {
  if (!spec.expectMap()) return undefined;
  const address = spec.parent?.at(['status', 'podIP'])?.value;
  const podAddress = typeof address === 'string' ? address : '';
  return { meta, replicas: 1, podLabels: meta.labels, podAddress, ...readPodSpec(spec) };
}

function readPodSpec(
  spec: SourceNode | undefined,
): Pick<Workload, 'serviceAccount' | 'portsByName'> {
  const account = given(spec?.get('serviceAccountName'))?.string() ?? 'default';
  const ports: [string, number][] = [];
  for (const container of spec?.get('containers')?.items() ?? []) {
    for (const port of container.get('ports')?.items() ?? []) {
      const name = port.get('name')?.value;
      const number = given(port.get('containerPort'))?.integer(1, 65_535);
      if (typeof name === 'string' && number !== undefined) ports.push([name, number]);
    }
  }
  return { serviceAccount: account, portsByName: Object.fromEntries(ports) };
}

function given(node: SourceNode | undefined): SourceNode | undefined {
  return node === undefined || node.kind === 'null' ? undefined : node;
}
