/** What this project makes of a case, ready to be compared. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Diagnostics } from '../../../src/core/diagnostics.ts';
import { importMesh } from '../../../src/importers/index.ts';
import type { MeshResources } from '../../../src/importers/mesh-resources.ts';
import { NameIds } from '../../../src/importers/name-ids.ts';
import { buildRegistry } from '../../../src/importers/registry.ts';
import type { ProxyIdentity } from '../../../src/importers/resolve/proxy-identity.ts';
import { resolveMesh } from '../../../src/importers/resolve.ts';
import type { ServiceInfo } from '../../../src/importers/service-info.ts';
import type {
  ClusterConfig,
  HeaderMatch,
  RouteConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../../../src/mesh/config/config.ts';
import type { HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import type { IstioCase } from './case.ts';
import type {
  Comparable,
  ComparableCluster,
  ComparableHost,
  ComparableRoute,
} from './comparable.ts';
import { simplest } from './rbac.ts';

export interface HereAnswer {
  readonly comparable: Comparable;
  readonly diagnostics: Diagnostics;
  readonly limits: readonly string[];
}

export function answerHere(item: IstioCase): HereAnswer {
  const diagnostics = new Diagnostics();
  const files = item.files.map((path) => ({
    path: basename(path),
    text: readFileSync(path, 'utf8'),
  }));
  const resources = importMesh(files, diagnostics);
  const services = buildRegistry(resources);
  const mesh = resolveMesh(resources, services, new NameIds(), diagnostics);
  const config = mesh.configOf(identityOf(item, resources, services));
  const outbound = config.listeners.filter((listener) => listener.direction === 'outbound');
  const inbound = config.listeners.filter((listener) => listener.direction === 'inbound');
  const hosts = outbound.flatMap((listener) =>
    listener.routes.virtualHosts
      .filter((host) => host.name !== 'allow_any')
      .map((host): [string, ComparableHost] => [`${listener.port}/${host.name}`, toHost(host)]),
  );
  const comparable: Comparable = {
    outbound: Object.fromEntries(
      outbound.map(({ port, streamIdleTimeoutMs }) => [String(port), { streamIdleTimeoutMs }]),
    ),
    virtualHosts: Object.fromEntries(hosts),
    inbound: Object.fromEntries(
      inbound.map(({ port, routes, mtls, filters }) => [
        String(port),
        {
          mtls: mtls?.mode ?? 'permissive',
          access: filters.flatMap((filter) =>
            filter.kind === 'rbac' ? [simplest(filter.config)] : [],
          ),
          routes: (routes.virtualHosts[0]?.routes ?? []).map(toRoute),
        },
      ]),
    ),
    clusters: Object.fromEntries(config.clusters.map((item) => [item.name, toCluster(item)])),
    unknown: [],
  };
  return { comparable, diagnostics, limits: mesh.limits };
}

/** The Pod that the case names, or the proxy that it describes. */
function identityOf(
  item: IstioCase,
  resources: MeshResources,
  services: readonly ServiceInfo[],
): ProxyIdentity {
  const { pod: wanted, locality } = item.proxy;
  const pod = resources.workloads.find(({ meta }) => `${meta.namespace}/${meta.name}` === wanted);
  if (wanted !== '' && pod === undefined) throw new Error(`no Pod ${wanted} in ${item.name}`);
  const ip = pod?.podAddress ?? item.proxy.ip;
  const serves = services
    .filter((service) => service.endpoints.some((endpoint) => endpoint.address === ip))
    .map((service) => service.host);
  return {
    name: pod?.meta.name ?? 'proxy',
    namespace: pod?.meta.namespace ?? item.proxy.namespace,
    labels: pod?.podLabels ?? item.proxy.labels,
    ip,
    serves,
    locality,
  };
}

function toHost(host: VirtualHostConfig): ComparableHost {
  return { domains: [...host.domains].sort(), routes: host.routes.map(toRoute) };
}

function toRoute(route: RouteConfig): ComparableRoute {
  return {
    name: route.name,
    path: route.match.path,
    headers: [...route.match.headers].sort(byText),
    query: [...route.match.query].sort(byText),
    action: withoutStatus(route.action),
    fault: route.fault ?? null,
    requestHeaders: sortedMutations(route.requestHeaders),
    responseHeaders: sortedMutations(route.responseHeaders),
  };
}

export function byText(a: Pick<HeaderMatch, 'name'>, b: Pick<HeaderMatch, 'name'>): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Istiod leaves the status for a missing cluster to Envoy. */
function withoutStatus(action: RouteConfig['action']): ComparableRoute['action'] {
  if (action.kind !== 'forward') return action;
  const { clusterNotFoundStatus: _status, clusters, ...rest } = action;
  return { ...rest, clusters: clusters.map(toWeighted) };
}

function toWeighted(cluster: WeightedCluster): WeightedCluster {
  const { requestHeaders, responseHeaders } = cluster;
  return {
    ...cluster,
    requestHeaders: sortedMutations(requestHeaders),
    responseHeaders: sortedMutations(responseHeaders),
  };
}

/** Istiod takes them from maps, so their order says nothing. */
export function sortedMutations(given: HeaderMutations = { remove: [], add: [] }): HeaderMutations {
  return { remove: [...given.remove].sort(), add: [...given.add].sort(byText) };
}

function detailsOf(lb: ClusterConfig['lb']): ComparableCluster['lbDetails'] {
  if (lb.kind === 'ring-hash') return { minimumRingSize: lb.minimumRingSize };
  if (lb.kind === 'maglev') return { tableSize: lb.tableSize };
  return 'slowStart' in lb && lb.slowStart !== undefined ? { ...lb.slowStart } : {};
}

function toCluster(cluster: ClusterConfig): ComparableCluster {
  const isInbound = cluster.name.startsWith('inbound|');
  return {
    lb: isInbound ? '' : cluster.lb.kind,
    lbDetails: isInbound ? {} : detailsOf(cluster.lb),
    limits: cluster.circuitBreakers.default,
    connectTimeoutMs: cluster.connectTimeoutMs,
    outlier: cluster.outlier,
    panicThresholdPercent: isInbound ? null : cluster.panicThresholdPercent,
    maxRequestsPerConnection: cluster.maxRequestsPerConnection,
    idleTimeoutMs: cluster.idleTimeoutMs,
    maxConnectionDurationMs: cluster.maxConnectionDurationMs,
    endpoints: isInbound
      ? null
      : cluster.endpoints.members
          .map(({ address, locality, weight, priority, health }) => {
            return { address, locality, weight, priority, health };
          })
          .sort((a, b) => (a.address < b.address ? -1 : 1)),
  };
}
