/**
 * Mesh files → the configuration of one real proxy, and whose proxy it is.
 *
 * Where things really listen comes from the files themselves: endpoints of ServiceEntries,
 * WorkloadEntries, EndpointSlices and Pods with an address. Files come as text; nothing here reads.
 */
import { Diagnostics } from '../core/diagnostics.ts';
import { InputError, UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import { importMesh, type MeshFile } from '../importers/index.ts';
import type { MeshResources } from '../importers/mesh-resources.ts';
import { NameIds } from '../importers/name-ids.ts';
import { buildRegistry } from '../importers/registry.ts';
import type { ProxyIdentity } from '../importers/resolve/proxy-identity.ts';
import { resolveMesh } from '../importers/resolve.ts';
import type { EndpointInfo, ServiceInfo } from '../importers/service-info.ts';
import type { MeshConfig } from '../mesh/config/config.ts';

/** A proxy's configuration and what its user should know about it. */
export interface LoadedProxy {
  readonly config: MeshConfig;
  /** Warnings and information about the files, in the order of positions. */
  readonly diagnostics: Diagnostics;
  /** What is only approximated or left out, one line each. */
  readonly limits: readonly string[];
}

/** `namespace/name` of a workload. */
export interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
}

/** A client's proxy: it has no workload behind it. */
const CLIENT: ProxyIdentity = {
  name: 'client',
  namespace: 'default',
  labels: {},
  ip: '',
  serves: [],
};

/**
 * @param workload whose sidecar it is; null = a client in `default`
 * @throws InputError when the files have errors
 * @throws UsageError when there is no such workload
 */
export function loadProxy(files: readonly MeshFile[], workload: WorkloadName | null): LoadedProxy {
  const diagnostics = new Diagnostics();
  const resources = importMesh(files, diagnostics);
  const services = buildRegistry(resources);
  const mesh = resolveMesh(resources, services, new NameIds(), diagnostics);
  if (diagnostics.hasErrors) {
    const sources = new Map(files.map(({ path, text }) => [path, text]));
    throw new InputError(diagnostics.sorted(), sources);
  }
  const identity = workload === null ? CLIENT : identityOf(workload, resources, services);
  return { config: mesh.configOf(identity), diagnostics, limits: mesh.limits };
}

/** @throws UsageError when the text is not `namespace/name` */
export function parseWorkloadName(text: string): WorkloadName {
  const match = /^([^/\s]+)\/([^/\s]+)$/.exec(text);
  if (match === null) {
    throw new UsageError(`"${text}" is not a workload; expected NAMESPACE/NAME`);
  }
  return { namespace: match[1]!, name: match[2]! };
}

interface KnownWorkload {
  readonly namespace: string;
  readonly endpoint: Pick<EndpointInfo, 'name' | 'address' | 'labels' | 'locality'>;
}

function identityOf(
  wanted: WorkloadName,
  resources: MeshResources,
  services: readonly ServiceInfo[],
): ProxyIdentity {
  const known = knownWorkloads(resources, services);
  const found = known.find(
    ({ namespace, endpoint }) => namespace === wanted.namespace && endpoint.name === wanted.name,
  );
  if (found === undefined) throw noSuchWorkload(wanted, known);
  const { name, address, labels, locality } = found.endpoint;
  const serving = services.filter((service) =>
    service.endpoints.some((endpoint) => endpoint.address === address),
  );
  return {
    name,
    namespace: found.namespace,
    labels,
    ip: address,
    locality,
    serves: address === '' ? [] : serving.map((service) => service.host),
  };
}

/** Endpoints of services, then workloads that serve nothing. */
function knownWorkloads(
  resources: MeshResources,
  services: readonly ServiceInfo[],
): KnownWorkload[] {
  const serving = services.flatMap(({ namespace, endpoints }) =>
    endpoints.map((endpoint) => ({ namespace, endpoint })),
  );
  const entries = resources.workloadEntries.map(({ meta, workload }) => ({
    namespace: meta.namespace,
    endpoint: { ...workload, name: meta.name },
  }));
  const others = resources.workloads.map(({ meta, podLabels, podAddress }) => ({
    namespace: meta.namespace,
    endpoint: { name: meta.name, address: podAddress, labels: podLabels, locality: '' },
  }));
  return [...serving, ...entries, ...others];
}

function noSuchWorkload(wanted: WorkloadName, known: readonly KnownWorkload[]): UsageError {
  const names = [
    ...new Set(known.map(({ namespace, endpoint }) => `${namespace}/${endpoint.name}`)),
  ];
  const text = `${wanted.namespace}/${wanted.name}`;
  const nearest = didYouMean(text, names);
  const list =
    names.length === 0 ? 'the files name none' : `known: ${names.slice(0, 10).join(', ')}`;
  return new UsageError(`there is no workload "${text}"${nearest === '' ? `; ${list}` : nearest}`);
}
