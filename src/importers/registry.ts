/**
 * The service registry: one list of services from everything that mesh files declare.
 *
 * Kubernetes Services get their endpoints from EndpointSlices and WorkloadEntries, ServiceEntries
 * from their own lists or by selector. A service that the scenario supplies replaces one of the
 * same host from the files, because the scenario is what runs.
 * Source: config-istio.md §6.1, 6.2, 6.4, 5.5.
 */
import {
  DEFAULT_MESH_NAMES,
  hasLabels,
  isIpAddress,
  type MeshNames,
  serviceHost,
} from './istio/names.ts';
import type {
  EndpointSlice,
  KubernetesService,
  Labels,
  MeshResources,
  ServiceEntry,
  ServicePort,
  Workload,
  WorkloadAddress,
  WorkloadEntry,
} from './mesh-resources.ts';
import type {
  EndpointInfo,
  ServiceAlias,
  ServiceInfo,
  ServicePortInfo,
  WorldServices,
} from './service-info.ts';

/**
 * All services, those of Kubernetes first; several may have the same host in different namespaces.
 */
export function buildRegistry(
  resources: MeshResources,
  world: WorldServices = { services: [] },
  names: MeshNames = DEFAULT_MESH_NAMES,
): ServiceInfo[] {
  const index = new WorkloadIndex(resources);
  const kubernetes = resources.services
    .filter((service) => service.type !== 'external-name')
    .map((service) => fromKubernetes(service, index, names));
  const entries = resources.serviceEntries.flatMap((entry) => fromEntry(entry, index));
  const supplied = new Set(world.services.map((service) => service.host));
  const declared = [...kubernetes, ...entries].filter((service) => !supplied.has(service.host));
  return withAliases([...world.services, ...declared], resources.services, names);
}

/** Lookups by namespace that would otherwise be repeated for each service. */
class WorkloadIndex {
  readonly #workloads: ReadonlyMap<string, readonly Workload[]>;
  readonly #entries: ReadonlyMap<string, readonly WorkloadEntry[]>;
  readonly #slices: ReadonlyMap<string, readonly EndpointSlice[]>;

  constructor(resources: MeshResources) {
    this.#workloads = groupBy(resources.workloads, (item) => item.meta.namespace);
    this.#entries = groupBy(resources.workloadEntries, (item) => item.meta.namespace);
    this.#slices = groupBy(
      resources.endpointSlices,
      (item) => `${item.meta.namespace}/${item.service}`,
    );
  }

  slices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.get(`${namespace}/${service}`) ?? [];
  }

  workloads(namespace: string, selector: Labels): readonly Workload[] {
    const all = this.#workloads.get(namespace) ?? [];
    return all.filter((workload) => hasLabels(workload.podLabels, selector));
  }

  entries(namespace: string, selector: Labels): readonly WorkloadEntry[] {
    const all = this.#entries.get(namespace) ?? [];
    return all.filter((entry) => hasLabels(entry.workload.labels, selector));
  }

  /** The Pod of an address, for its labels and identity. */
  pod(namespace: string, name: string, address: string): Workload | undefined {
    const all = this.#workloads.get(namespace) ?? [];
    return all.find(
      (workload) =>
        workload.meta.kind === 'Pod' &&
        (name === '' ? workload.podAddress === address : workload.meta.name === name),
    );
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function fromKubernetes(
  service: KubernetesService,
  index: WorkloadIndex,
  names: MeshNames,
): ServiceInfo {
  const { meta, selector } = service;
  const workloads = selector === null ? [] : index.workloads(meta.namespace, selector);
  const selected = selector === null ? [] : index.entries(meta.namespace, selector);
  return {
    host: serviceHost(meta.name, meta.namespace, names),
    namespace: meta.namespace,
    location: 'mesh-internal',
    ports: service.ports.map((port) => withTargetNumber(port, workloads)),
    endpoints: [
      ...index.slices(meta.namespace, meta.name).flatMap((slice) => fromSlice(slice, index)),
      ...selected.map((entry) => fromAddress(entry.workload, entry.meta.name)),
    ],
    addresses: service.addresses,
    isHeadless: service.type === 'headless',
    exportTo: service.exportTo,
  };
}

/** A named target port is the port of that name of the first workload that has one. */
function withTargetNumber(port: ServicePort, workloads: readonly Workload[]): ServicePortInfo {
  const { targetPort } = port;
  if (typeof targetPort === 'number') return { ...port, targetPort };
  const owner = workloads.find((workload) => Object.hasOwn(workload.portsByName, targetPort));
  return { ...port, targetPort: owner?.portsByName[targetPort] ?? port.number };
}

/** Endpoints that are not ready stay, marked unhealthy, unless they are about to go. */
function fromSlice(slice: EndpointSlice, index: WorkloadIndex): EndpointInfo[] {
  const { namespace } = slice.meta;
  return slice.endpoints.flatMap((endpoint) => {
    if (!endpoint.isReady && endpoint.isTerminating) return [];
    return endpoint.addresses.map((address): EndpointInfo => {
      const pod = index.pod(namespace, endpoint.pod, address);
      return {
        name: endpoint.pod || endpoint.hostname || address,
        address,
        ports: slice.ports,
        labels: pod?.podLabels ?? {},
        locality: endpoint.zone === '' ? '' : `/${endpoint.zone}`,
        weight: 1,
        health: endpoint.isReady ? 'healthy' : 'unhealthy',
        serviceAccount: pod?.serviceAccount ?? '',
      };
    });
  });
}

function fromAddress(workload: WorkloadAddress, name: string): EndpointInfo {
  const { address, ports, labels, locality, weight, serviceAccount } = workload;
  return { name, address, ports, labels, locality, weight, serviceAccount, health: 'healthy' };
}

/** One service per host. */
function fromEntry(entry: ServiceEntry, index: WorkloadIndex): ServiceInfo[] {
  const { meta, location, exportTo, addresses } = entry;
  const ports = entry.ports.map((port) => withTargetNumber(port, []));
  return entry.hosts.map((host) => ({
    host: host.value,
    namespace: meta.namespace,
    location,
    ports,
    endpoints: entryEndpoints(entry, host.value, index),
    addresses: addresses.filter(isIpAddress),
    exportTo,
  }));
}

function entryEndpoints(entry: ServiceEntry, host: string, index: WorkloadIndex): EndpointInfo[] {
  const { namespace } = entry.meta;
  const { workloadSelector } = entry;
  if (workloadSelector !== null) {
    const pods = index
      .workloads(namespace, workloadSelector)
      .filter((pod) => pod.podAddress !== '');
    const selected = index.entries(namespace, workloadSelector);
    return [
      ...selected.map((item) => fromAddress(item.workload, item.meta.name)),
      ...pods.map(fromPod),
    ];
  }
  if (entry.endpoints.length > 0 || entry.resolution === 'static') {
    return entry.endpoints.map((endpoint) => fromAddress(endpoint, endpoint.address));
  }
  const looksUp = { name: host, address: host, labels: {}, locality: '', weight: 1 };
  return [{ ...looksUp, health: 'healthy', serviceAccount: '' }];
}

function fromPod(pod: Workload): EndpointInfo {
  return {
    name: pod.meta.name,
    address: pod.podAddress,
    labels: pod.podLabels,
    locality: '',
    weight: 1,
    health: 'healthy',
    serviceAccount: pod.serviceAccount,
  };
}

/** Adds the names of ExternalName services to the services they name. */
function withAliases(
  services: readonly ServiceInfo[],
  declared: readonly KubernetesService[],
  names: MeshNames,
): ServiceInfo[] {
  const aliases = new Map<string, ServiceAlias[]>();
  for (const service of declared) {
    if (service.type !== 'external-name') continue;
    const host = serviceHost(service.meta.name, service.meta.namespace, names);
    const alias = { host, ports: service.ports.map((port) => port.number) };
    aliases.set(service.externalName, [...(aliases.get(service.externalName) ?? []), alias]);
  }
  if (aliases.size === 0) return [...services];
  return services.map((service) => {
    const own = aliases.get(service.host);
    return own === undefined ? service : { ...service, aliases: own };
  });
}
