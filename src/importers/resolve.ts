/**
 * Mesh resources + services → the configuration of each proxy, as istiod would hand it out.
 *
 * Proxies share whatever is equal for them: clusters by the rule in force, listeners by namespace
 * and by the outcome of the `sourceLabels` conditions. Ten thousand sidecars therefore cost little
 * more than the few kinds of sidecar there are. Ask `diagnostics.hasErrors` before using a result.
 * Source: config-istio.md §1 to 5, §12.
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import type { Endpoint, EndpointSet } from '../core/engine.ts';
import type { ClusterConfig, ListenerConfig, MeshConfig } from '../mesh/config/config.ts';
import { checkReferences } from './check-references.ts';
import { DEFAULT_MESH_NAMES, hasLabels, type MeshNames } from './istio/names.ts';
import type { DestinationRule, Labels, MeshResources, Subset } from './mesh-resources.ts';
import type { NameIds } from './name-ids.ts';
import { inboundPolicy, outboundPolicy } from './resolve/cluster.ts';
import { DestinationRuleIndex } from './resolve/destination-rules.ts';
import { hostAndPort, type MemberRules, membersOf } from './resolve/endpoints.ts';
import { limitsOf } from './resolve/limits.ts';
import { inboundListener, outboundListeners } from './resolve/listeners.ts';
import { NamespaceView } from './resolve/namespace-view.ts';
import { effectivePolicy } from './resolve/policy.ts';
import { clusterName } from './resolve/routes.ts';
import {
  isHttpPort,
  isTcpPort,
  portByNumber,
  type ServiceInfo,
  type ServicePortInfo,
} from './service-info.ts';

/** Whose configuration is wanted. */
export interface ProxyIdentity {
  /** Of the workload's instance: `orders-1`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  /** Of the workload; inbound requests are passed on to it. */
  readonly ip: string;
  /** Full names of the services that the workload is an endpoint of. */
  readonly serves: readonly string[];
  /** region/zone/subzone; absent = unknown. */
  readonly locality?: string;
}

/** What proxies of one kind have in common. */
interface Outbound {
  readonly listeners: readonly ListenerConfig[];
  readonly clusters: readonly ClusterConfig[];
}

/**
 * Prepares a mesh for any number of proxies and reports references that lead nowhere.
 *
 * @param services from `buildRegistry`
 * @param ids shared by all meshes of a run, also those of later configurations
 */
export function resolveMesh(
  resources: MeshResources,
  services: readonly ServiceInfo[],
  ids: NameIds,
  diagnostics: Diagnostics,
  names: MeshNames = DEFAULT_MESH_NAMES,
): ResolvedMesh {
  checkReferences(resources, services, diagnostics);
  return new ResolvedMesh(resources, services, ids, names);
}

/** The configurations of all proxies of one mesh; whatever is equal for several is shared. */
export class ResolvedMesh {
  /** What is only approximated or left out, one line each. */
  readonly limits: readonly string[];
  readonly #resources: MeshResources;
  readonly #services: readonly ServiceInfo[];
  readonly #ids: NameIds;
  readonly #names: MeshNames;
  readonly #servicesByHost: ReadonlyMap<string, ServiceInfo>;
  readonly #rules: DestinationRuleIndex;
  /** Conditions on the client that some VirtualService has. */
  readonly #sourceLabels: readonly Labels[];
  readonly #views = new Map<string, NamespaceView>();
  readonly #listeners = new Map<string, readonly ListenerConfig[]>();
  readonly #outbound = new Map<string, Outbound>();
  readonly #clusters = new Map<string, ClusterConfig>();
  readonly #memberRules = new WeakMap<ClusterConfig, MemberRules>();
  readonly #inbound = new Map<string, ListenerConfig>();
  readonly #ruleNumbers = new Map<DestinationRule, number>();

  constructor(
    resources: MeshResources,
    services: readonly ServiceInfo[],
    ids: NameIds,
    names: MeshNames,
  ) {
    this.#resources = resources;
    this.#services = services;
    this.#servicesByHost = new Map(services.map((service) => [service.host, service]));
    this.#ids = ids;
    this.#names = names;
    this.#rules = new DestinationRuleIndex(resources.destinationRules, names.rootNamespace);
    this.#sourceLabels = distinctSourceLabels(resources);
    this.limits = limitsOf(services);
  }

  /** What one proxy is given. The result is immutable and shares most of itself with others. */
  configOf(proxy: ProxyIdentity): MeshConfig {
    const outbound = this.#outboundOf(proxy);
    const inbound = this.#inboundOf(proxy);
    const isClient = inbound.listeners.length === 0;
    return {
      version: 1,
      proxyName: `sidecar~${proxy.name}.${proxy.namespace}`,
      listeners: isClient ? outbound.listeners : [...outbound.listeners, ...inbound.listeners],
      clusters: isClient ? outbound.clusters : [...outbound.clusters, ...inbound.clusters],
    };
  }

  /**
   * The members of a cluster after its service has changed: instances come, go, or turn unready.
   *
   * @param cluster as this resolver made it
   * @param service the new state of the service that `cluster.service` names
   * @returns null for inbound clusters and for a port that the service no longer has
   */
  members(cluster: ClusterConfig, service: ServiceInfo, version: number): EndpointSet | null {
    const rules = this.#memberRules.get(cluster);
    const port = portByNumber(service, cluster.service.port);
    if (rules === undefined || port === undefined) return null;
    return membersOf(service, port, rules, this.#ids, version);
  }

  #outboundOf(proxy: ProxyIdentity): Outbound {
    const conditions = this.#sourceLabels.map((labels) =>
      hasLabels(proxy.labels, labels) ? 1 : 0,
    );
    const kind = `${proxy.namespace}\0${conditions.join('')}`;
    const locality = proxy.locality ?? '';
    const key = `${kind}\0${locality}`;
    const known = this.#outbound.get(key);
    if (known !== undefined) return known;
    const view = this.#view(proxy.namespace);
    const listeners = this.#listeners.get(kind) ?? outboundListeners(view, proxy, this.#ids);
    this.#listeners.set(kind, listeners);
    const clusters = view.services.flatMap((service) => {
      return this.#clustersOf(service, view, locality);
    });
    const created = { listeners, clusters };
    this.#outbound.set(key, created);
    return created;
  }

  #view(namespace: string): NamespaceView {
    const known = this.#views.get(namespace);
    if (known !== undefined) return known;
    const { virtualServices } = this.#resources;
    const view = new NamespaceView(
      namespace,
      this.#names,
      this.#services,
      virtualServices,
      this.#rules,
    );
    this.#views.set(namespace, view);
    return view;
  }

  /** For each port: the whole service, then each subset. HTTP routes may name TCP ports, too. */
  #clustersOf(service: ServiceInfo, view: NamespaceView, locality: string): ClusterConfig[] {
    const rule = view.ruleFor(service);
    return service.ports.filter(isTcpPort).flatMap((port) => {
      const subsets = [undefined, ...(rule?.subsets ?? [])];
      return subsets.map((subset) => this.#cluster(service, port, rule, subset, locality));
    });
  }

  #cluster(
    service: ServiceInfo,
    port: ServicePortInfo,
    rule: DestinationRule | undefined,
    subset: Subset | undefined,
    locality: string,
  ): ClusterConfig {
    const blocks = effectivePolicy(rule, port.number, subset);
    const nearTo = blocks.outlierDetection === undefined ? null : locality;
    const subsetName = subset?.name.value ?? '';
    const name = clusterName(port.number, subsetName, service.host);
    const key = `${name}\0${service.namespace}\0${this.#ruleNumber(rule)}\0${nearTo ?? '-'}`;
    const known = this.#clusters.get(key);
    if (known !== undefined) return known;
    const policy = outboundPolicy(blocks);
    const rules: MemberRules = {
      subsetLabels: subset?.labels ?? {},
      nearTo,
      onlyReady: policy.panicThresholdPercent > 0,
    };
    const cluster: ClusterConfig = {
      ...policy,
      id: this.#ids.cluster(name),
      name,
      service: { host: service.host, port: port.number, subset: subsetName },
      endpoints: membersOf(service, port, rules, this.#ids, 0),
    };
    this.#clusters.set(key, cluster);
    this.#memberRules.set(cluster, rules);
    return cluster;
  }

  #ruleNumber(rule: DestinationRule | undefined): number {
    if (rule === undefined) return -1;
    const known = this.#ruleNumbers.get(rule) ?? this.#ruleNumbers.size;
    this.#ruleNumbers.set(rule, known);
    return known;
  }

  /** Of several services on one port of the workload, the first decides. */
  #inboundOf(proxy: ProxyIdentity): Outbound {
    const listeners: ListenerConfig[] = [];
    const clusters: ClusterConfig[] = [];
    const taken = new Set<number>();
    for (const host of proxy.serves) {
      const service = this.#servicesByHost.get(host);
      if (service === undefined) continue;
      for (const port of service.ports.filter(isHttpPort)) {
        const number = targetPortOf(service, port, proxy);
        if (taken.has(number)) continue;
        taken.add(number);
        const cluster = this.#inboundCluster(proxy, service, port, number);
        clusters.push(cluster);
        listeners.push(this.#inboundListener(number, port.number, cluster.name));
      }
    }
    return { listeners, clusters };
  }

  #inboundListener(number: number, servicePort: number, cluster: string): ListenerConfig {
    const key = `${number}\0${servicePort}`;
    const known = this.#inbound.get(key);
    if (known !== undefined) return known;
    const created = inboundListener(number, servicePort, cluster, this.#ids);
    this.#inbound.set(key, created);
    return created;
  }

  /** Limits as the service's own namespace sees them; no subset, no outlier detection. */
  #inboundCluster(
    proxy: ProxyIdentity,
    service: ServiceInfo,
    port: ServicePortInfo,
    number: number,
  ): ClusterConfig {
    const rule = this.#view(proxy.namespace).ruleFor(service);
    const name = `inbound|${number}||`;
    return {
      ...inboundPolicy(effectivePolicy(rule, port.number, undefined)),
      id: this.#ids.cluster(name),
      name,
      service: { host: service.host, port: port.number, subset: '' },
      endpoints: { version: 0, members: [this.#application(proxy, number)] },
    };
  }

  #application(proxy: ProxyIdentity, port: number): Endpoint {
    const address = hostAndPort(proxy.ip, port);
    return {
      id: this.#ids.endpoint(address),
      address,
      hostname: proxy.name,
      labels: proxy.labels,
      locality: proxy.locality ?? '',
      weight: 1,
      priority: 0,
      health: 'healthy',
    };
  }
}

/** Where this workload listens for a service's port. */
function targetPortOf(service: ServiceInfo, port: ServicePortInfo, proxy: ProxyIdentity): number {
  const own = service.endpoints.find((endpoint) => endpoint.address === proxy.ip);
  return own?.ports?.[port.name] ?? port.targetPort;
}

function distinctSourceLabels(resources: MeshResources): Labels[] {
  const distinct = new Map<string, Labels>();
  for (const virtualService of resources.virtualServices) {
    for (const rule of virtualService.http) {
      for (const { sourceLabels } of rule.matches) {
        if (Object.keys(sourceLabels).length === 0) continue;
        distinct.set(JSON.stringify(Object.entries(sourceLabels).sort()), sourceLabels);
      }
    }
  }
  return [...distinct.values()];
}
