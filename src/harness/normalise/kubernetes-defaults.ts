/**
 * What a scenario leaves unsaid about a service and the mesh files say: ports from its Kubernetes
 * Service; labels, instances and service account from the Deployment behind it.
 *
 * A Service belongs to the scenario service of its name and namespace, a workload to the Service
 * whose selector it matches; with `versions`, to the version that its label `version` names.
 * Source: scenario.md §2.1 (`mesh`); config-istio.md §6.4.
 */
import { Diagnostics } from '../../core/diagnostics.ts';
import { importMesh } from '../../importers/index.ts';
import type { KubernetesService, MeshResources, Workload } from '../../importers/mesh-resources.ts';
import { isHttpPort } from '../../importers/service-info.ts';
import type { SourceText } from '../scenario.ts';
import type { ScenarioInput } from '../scenario-schema.ts';
import type { ServiceInput, VersionInput } from '../schema/service.ts';
import { DEFAULT_NAMESPACE } from './services.ts';

/** The same input with gaps filled in. Mistakes in the files are reported when the world is built. */
export function withKubernetesDefaults(
  input: ScenarioInput,
  mesh: readonly SourceText[],
): ScenarioInput {
  const resources = importMesh(mesh, new Diagnostics());
  if (resources.services.length === 0) return input;
  const services = Object.entries(input.services).map(([name, service]) => {
    const namespace = service.namespace ?? DEFAULT_NAMESPACE;
    const declared = resources.services.find(
      ({ meta }) => meta.name === name && meta.namespace === namespace,
    );
    return [name, declared === undefined ? service : filled(service, declared, resources)] as const;
  });
  return { ...input, services: Object.fromEntries(services) };
}

function filled(
  service: ServiceInput,
  declared: KubernetesService,
  resources: MeshResources,
): ServiceInput {
  const workloads = resources.workloads.filter((workload) => isSelected(workload, declared));
  const ports = Object.fromEntries(
    declared.ports
      .filter((port) => isHttpPort({ ...port, targetPort: port.number }))
      .map((port) => [port.name === '' ? 'http' : port.name, port.number]),
  );
  const withPorts = Object.keys(ports).length === 0 ? service : { ports, ...service };
  const first = workloads[0];
  if (first === undefined) return withPorts;
  if (service.versions !== undefined) {
    return { ...withPorts, versions: filledVersions(service.versions, workloads) };
  }
  return {
    labels: first.podLabels,
    instances: workloads.reduce((sum, workload) => sum + workload.replicas, 0),
    ...(first.serviceAccount === '' ? {} : { serviceAccount: first.serviceAccount }),
    ...withPorts,
  };
}

function filledVersions(
  versions: Readonly<Record<string, VersionInput>>,
  workloads: readonly Workload[],
): Record<string, VersionInput> {
  const entries = Object.entries(versions).map(([name, version]) => {
    const workload = workloads.find(({ podLabels }) => podLabels['version'] === name);
    if (workload === undefined) return [name, version] as const;
    const { podLabels: labels, replicas: instances } = workload;
    return [name, { labels, instances, ...version }] as const;
  });
  return Object.fromEntries(entries);
}

function isSelected(workload: Workload, service: KubernetesService): boolean {
  const { selector, meta } = service;
  if (selector === null || workload.meta.namespace !== meta.namespace) return false;
  return Object.entries(selector).every(([key, value]) => workload.podLabels[key] === value);
}
