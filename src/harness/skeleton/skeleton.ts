/**
 * Mesh files → what a scenario can know from them: services, versions, ports, replicas, an entrance.
 *
 * What the files do not say (how long work takes, who calls whom, how much load there is) stays
 * open and is marked in the text. Called by `meshquake import`; `skeleton-text.ts` writes it down.
 */

import type {
  KubernetesService,
  MeshResources,
  Subset,
  Workload,
} from '../../importers/mesh-resources.ts';
import { isHttpPort, type ServicePortInfo } from '../../importers/service-info.ts';

export interface SkeletonVersion {
  readonly name: string;
  /** null = the files do not say. */
  readonly instances: number | null;
  /** Besides `version: <name>`. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface SkeletonService {
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly { readonly name: string; readonly number: number }[];
  /** Of a service without versions; null = the files do not say. */
  readonly instances: number | null;
  readonly versions: readonly SkeletonVersion[];
  /** Where it was found: `Service and 2 workloads`. */
  readonly from: string;
}

export interface Skeleton {
  readonly services: readonly SkeletonService[];
  /** Name of the service that gets the load; '' without services. */
  readonly entrance: string;
  /** What is in the files and not in the scenario, one sentence each. */
  readonly leftOut: readonly string[];
}

const SUFFIX = '.svc.cluster.local';

/** @returns a skeleton without services when the files name none */
export function makeSkeleton(resources: MeshResources): Skeleton {
  const leftOut: string[] = [];
  const found = new Map<string, SkeletonService>();
  const add = (service: SkeletonService): void => {
    const known = found.get(service.name);
    if (known === undefined) found.set(service.name, service);
    else if (known.namespace !== service.namespace) {
      leftOut.push(
        `service ${service.name} of namespace ${service.namespace}: ` +
          `namespace ${known.namespace} has one of that name, and names are unique in a scenario`,
      );
    }
  };
  for (const service of resources.services) addKubernetes(service, resources, add, leftOut);
  addExternal(resources, leftOut);
  for (const [name, namespace] of namedHosts(resources)) {
    if (isDeclared(name, namespace, resources)) continue;
    add(fromRules(name, namespace, resources));
  }
  const services = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { services, entrance: entranceOf(resources, services), leftOut };
}

function addKubernetes(
  service: KubernetesService,
  resources: MeshResources,
  add: (service: SkeletonService) => void,
  leftOut: string[],
): void {
  const { name, namespace } = service.meta;
  if (service.type === 'external-name') {
    leftOut.push(`service ${name}: a name for ${service.externalName}`);
    return;
  }
  const isHttp = (port: KubernetesService['ports'][number]): boolean =>
    isHttpPort({ ...port, targetPort: port.number } satisfies ServicePortInfo);
  const ports = service.ports.filter(isHttp);
  for (const port of service.ports) {
    if (isHttp(port)) continue;
    leftOut.push(`port ${port.number} of ${name}: it speaks ${port.protocol}, not HTTP`);
  }
  if (ports.length === 0) {
    leftOut.push(`service ${name}: it has no port that speaks HTTP`);
    return;
  }
  const workloads = resources.workloads.filter((workload) => isBehind(workload, service));
  add({
    name,
    namespace,
    ports: ports.map((port) => ({ name: portName(port.name, port.number), number: port.number })),
    ...sizeOf(workloads, endpointCount(service, resources), subsetsOf(name, namespace, resources)),
    from: `Service, ${count(workloads.length, 'workload')}`,
  });
}

function isBehind(workload: Workload, { selector, meta }: KubernetesService): boolean {
  if (selector === null || workload.meta.namespace !== meta.namespace) return false;
  return Object.entries(selector).every(([key, value]) => workload.podLabels[key] === value);
}

/** Endpoints that slices list; null without a slice. */
function endpointCount(service: KubernetesService, resources: MeshResources): number | null {
  const slices = resources.endpointSlices.filter(
    (slice) =>
      slice.service === service.meta.name && slice.meta.namespace === service.meta.namespace,
  );
  if (slices.length === 0) return null;
  return slices.reduce((sum, slice) => sum + slice.endpoints.length, 0);
}

/** Versions from workloads, else from the subsets of DestinationRules. */
function sizeOf(
  workloads: readonly Workload[],
  endpoints: number | null,
  subsets: readonly Subset[],
): Pick<SkeletonService, 'instances' | 'versions'> {
  const only = workloads.length === 1 && subsets.length === 0 ? workloads[0] : undefined;
  if (only !== undefined) return { instances: only.replicas, versions: [] };
  if (workloads.length > 0) return { instances: null, versions: versionsOf(workloads) };
  const versions = subsets
    .filter((subset) => Object.keys(subset.labels).length > 0)
    .map((subset) => {
      const { version = subset.name.value, ...labels } = subset.labels;
      return { name: version, instances: null, labels };
    });
  return { instances: endpoints, versions: distinct(versions) };
}

function versionsOf(workloads: readonly Workload[]): SkeletonVersion[] {
  const names = new Set(workloads.map(({ podLabels }) => podLabels['version'] ?? ''));
  const areNamed = names.size === workloads.length && !names.has('');
  return workloads.map((workload) => {
    const { version, ...labels } = workload.podLabels;
    // Labels of named versions come from the files themselves when the scenario is read.
    if (areNamed) return { name: version ?? '', instances: workload.replicas, labels: {} };
    return { name: workload.meta.name, instances: workload.replicas, labels };
  });
}

function distinct(versions: readonly SkeletonVersion[]): SkeletonVersion[] {
  return [...new Map(versions.map((version) => [version.name, version])).values()];
}

function subsetsOf(name: string, namespace: string, resources: MeshResources): readonly Subset[] {
  const host = `${name}.${namespace}${SUFFIX}`;
  return resources.destinationRules
    .filter((rule) => rule.host.value === host)
    .flatMap((rule) => rule.subsets);
}

/** Hosts outside the cluster answer nothing in a simulation. */
function addExternal(resources: MeshResources, leftOut: string[]): void {
  for (const entry of resources.serviceEntries) {
    const hosts = entry.hosts.map((host) => host.value).join(', ');
    leftOut.push(
      `ServiceEntry ${entry.meta.name} (${hosts}): nothing answers at its addresses in a run`,
    );
  }
}

/** Services that only rules and routes speak of, as name and namespace. */
function namedHosts(resources: MeshResources): readonly (readonly [string, string])[] {
  const hosts = [
    ...resources.virtualServices.flatMap((item) => [
      ...item.http.flatMap((rule) => rule.destinations.map(({ host }) => host.value)),
      ...item.hosts.map((host) => host.value),
    ]),
    ...resources.destinationRules.map((rule) => rule.host.value),
  ];
  const names = [...new Set(hosts)]
    .filter((host) => host.endsWith(SUFFIX) && !host.startsWith('*'))
    .map((host) => host.slice(0, -SUFFIX.length).split('.'));
  return names.flatMap((parts) => (parts.length === 2 ? [[parts[0] ?? '', parts[1] ?? '']] : []));
}

function isDeclared(name: string, namespace: string, resources: MeshResources): boolean {
  const host = `${name}.${namespace}${SUFFIX}`;
  const isEntry = resources.serviceEntries.some((entry) =>
    entry.hosts.some(({ value }) => value === host),
  );
  return (
    isEntry ||
    resources.services.some(({ meta }) => meta.name === name && meta.namespace === namespace)
  );
}

function fromRules(name: string, namespace: string, resources: MeshResources): SkeletonService {
  const host = `${name}.${namespace}${SUFFIX}`;
  const named = resources.virtualServices
    .flatMap((item) => item.http.flatMap((rule) => rule.destinations))
    .filter((destination) => destination.host.value === host)
    .flatMap((destination) => destination.port?.value ?? []);
  const numbers = [...new Set(named)].sort((a, b) => a - b);
  const ports = (numbers.length === 0 ? [80] : numbers).map((number, index) => {
    return { name: index === 0 ? 'http' : `http-${number}`, number };
  });
  const size = sizeOf([], null, subsetsOf(name, namespace, resources));
  return { name, namespace, ports, ...size, from: 'rules and routes only' };
}

/** Where routes lead that only gateways use, else the first service. */
function entranceOf(resources: MeshResources, services: readonly SkeletonService[]): string {
  const hosts = resources.virtualServices
    .filter((item) => !item.appliesToMesh)
    .flatMap((item) =>
      item.http.flatMap((rule) => rule.destinations.map(({ host }) => host.value)),
    );
  const entrance = hosts
    .map((host) => services.find((item) => `${item.name}.${item.namespace}${SUFFIX}` === host))
    .find((service) => service !== undefined);
  return (entrance ?? services[0])?.name ?? '';
}

/** A scenario's ports are named; the beginning of the name gives the protocol. */
function portName(name: string, number: number): string {
  if (name === '') return 'http';
  return /^(http|http2|grpc)(-|$)/.test(name) ? name : `http-${number}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
