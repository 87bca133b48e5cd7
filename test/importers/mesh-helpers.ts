/** Builders for tests of importers: YAML in, objects and short texts of diagnostics out. */
import { Diagnostics } from '../../src/core/diagnostics.ts';
import { importMesh } from '../../src/importers/index.ts';
import { DEFAULT_MESH_NAMES, type MeshNames } from '../../src/importers/istio/names.ts';
import type { MeshResources } from '../../src/importers/mesh-resources.ts';
import { NameIds } from '../../src/importers/name-ids.ts';
import { buildRegistry } from '../../src/importers/registry.ts';
import { type ResolvedMesh, resolveMesh } from '../../src/importers/resolve.ts';
import type { EndpointInfo, ServiceInfo } from '../../src/importers/service-info.ts';
import type {
  ClusterConfig,
  ForwardAction,
  MeshConfig,
  RouteConfig,
  VirtualHostConfig,
} from '../../src/mesh/config/config.ts';

export interface Imported {
  readonly resources: MeshResources;
  readonly diagnostics: Diagnostics;
  /** `severity CODE message`, in order of position. */
  readonly found: readonly string[];
}

export function importText(text: string, ...more: readonly string[]): Imported {
  return importFiles([text, ...more], DEFAULT_MESH_NAMES);
}

function importFiles(texts: readonly string[], names: MeshNames): Imported {
  const diagnostics = new Diagnostics();
  const files = texts.map((item, index) => ({ path: `f${index}.yaml`, text: item }));
  const resources = importMesh(files, diagnostics, names);
  return { resources, diagnostics, found: textsOf(diagnostics) };
}

export function textsOf(diagnostics: Diagnostics): string[] {
  return diagnostics.sorted().map((item) => `${item.severity} ${item.code} ${item.message}`);
}

const ISTIO = 'apiVersion: networking.istio.io/v1';

/** One object of networking.istio.io in namespace default. */
export function istio(kind: string, spec: string, name = 'x', namespace = 'default'): string {
  return `---\n${ISTIO}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
}

export const ROUTE = 'route: [{destination: {host: a}}]';

/** A VirtualService for host `a` with one http entry. */
export function virtualService(http: string): string {
  return istio('VirtualService', `{hosts: [a], http: [${http}]}`);
}

/** A VirtualService whose only entry has this one match. */
export function withMatch(match: string): string {
  return virtualService(`{match: [${match}], ${ROUTE}}`);
}

/** A DestinationRule for host `a` with this trafficPolicy. */
export function destinationRule(policy: string): string {
  return istio('DestinationRule', `{host: a, trafficPolicy: ${policy}}`);
}

export function fullName(name: string, namespace = 'default'): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

export function anEndpoint(
  partial: Partial<EndpointInfo> & { readonly address: string },
): EndpointInfo {
  const { address } = partial;
  const common = { name: address, labels: {}, locality: '', weight: 1, serviceAccount: '' };
  return { ...common, health: 'healthy', ...partial };
}

/** A service of the scenario, HTTP on the given ports. */
export function aService(
  name: string,
  partial: Partial<ServiceInfo> & { readonly on?: readonly number[] } = {},
): ServiceInfo {
  const { on = [80], ...rest } = partial;
  const namespace = rest.namespace ?? 'default';
  return {
    host: fullName(name, namespace),
    namespace,
    location: 'mesh-internal',
    ports: on.map((number) => ({ number, name: 'http', protocol: 'http', targetPort: number })),
    endpoints: [],
    ...rest,
  };
}

export interface Resolved {
  readonly mesh: ResolvedMesh;
  readonly ids: NameIds;
  readonly found: readonly string[];
  proxy(partial?: Partial<Parameters<ResolvedMesh['configOf']>[0]>): MeshConfig;
}

/** Files and scenario services, resolved. */
export function resolve(
  text: string,
  services: readonly ServiceInfo[] = [],
  names: MeshNames = DEFAULT_MESH_NAMES,
): Resolved {
  const { resources, diagnostics } = importFiles([text], names);
  const ids = new NameIds();
  const registry = buildRegistry(resources, { services });
  const mesh = resolveMesh(resources, registry, ids, diagnostics, names);
  const someone = { name: 'p', namespace: 'default', labels: {}, ip: '10.0.0.1', serves: [] };
  const proxy: Resolved['proxy'] = (partial) => mesh.configOf({ ...someone, ...partial });
  return { mesh, ids, found: textsOf(diagnostics), proxy };
}

export function cluster(config: MeshConfig, name: string): ClusterConfig {
  const found = config.clusters.find((item) => item.name === name);
  if (found === undefined) throw new Error(`no cluster ${name}`);
  return found;
}

/** Virtual hosts of one outbound port, without the catch-all. */
export function virtualHosts(config: MeshConfig, port = 80): readonly VirtualHostConfig[] {
  const listener = config.listeners.find(
    (item) => item.direction === 'outbound' && item.port === port,
  );
  return (listener?.routes.virtualHosts ?? []).filter((host) => host.name !== 'allow_any');
}

/** Routes that requests to `domain` on a port get; none when nobody has that domain. */
export function routesTo(config: MeshConfig, domain: string, port = 80): readonly RouteConfig[] {
  const host = virtualHosts(config, port).find((item) => item.domains.includes(domain));
  return host?.routes ?? [];
}

export function forward(route: RouteConfig | undefined): ForwardAction {
  if (route?.action.kind !== 'forward') throw new Error('not a forwarding route');
  return route.action;
}
