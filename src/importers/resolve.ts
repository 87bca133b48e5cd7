/**
 * Mesh resources + services → the configuration of each proxy, as istiod would hand it out.
 *
 * Proxies share whatever is equal for them: clusters by the rule in force, listeners by namespace
 * and by the outcome of the `sourceLabels` conditions. Ten thousand sidecars therefore cost little
 * more than the few kinds of sidecar there are. Ask `diagnostics.hasErrors` before using a result.
 * Source: config-istio.md §1 to 5, §12.
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import type { EndpointSet } from '../core/engine.ts';
import type { ClusterConfig, ListenerConfig, MeshConfig } from '../mesh/config/config.ts';
import { checkReferences } from './check-references.ts';
import { checkPeerAuthentications } from './check-security.ts';
import { DEFAULT_MESH_NAMES, hasLabels, type MeshNames } from './istio/names.ts';
import type { DestinationRule, Labels, MeshResources, Subset } from './mesh-resources.ts';
import type { NameIds } from './name-ids.ts';
import { outboundPolicy } from './resolve/cluster.ts';
import { DestinationRuleIndex } from './resolve/destination-rules.ts';
import { type MemberRules, membersOf } from './resolve/endpoints.ts';
import { InboundPorts } from './resolve/inbound.ts';
import { limitsOf } from './resolve/limits.ts';
import { outboundListeners } from './resolve/listeners.ts';
import { decidingLabels, type LocalityRule } from './resolve/localities.ts';
import { getOrCreate } from './resolve/memo.ts';
import { NamespaceView } from './resolve/namespace-view.ts';
import { effectivePolicy } from './resolve/policy.ts';
import type { ProxyIdentity } from './resolve/proxy-identity.ts';
import { clusterName } from './resolve/routes.ts';
import { SecurityPolicies } from './resolve/security.ts';
import { isTcpPort, portByNumber, type ServiceInfo, type ServicePortInfo } from './service-info.ts';

/** What localities are compared with. */
type ProxyPlace = Pick<LocalityRule, 'locality' | 'labels'>;

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
  checkPeerAuthentications(resources, diagnostics);
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
  readonly #rules: DestinationRuleIndex;
  /** Conditions on the client that some VirtualService has. */
  readonly #sourceLabels: readonly Labels[];
  /** Whether some DestinationRule compares labels of proxies and endpoints. */
  readonly #labelsMatter: boolean;
  readonly #views = new Map<string, NamespaceView>();
  readonly #listeners = new Map<string, readonly ListenerConfig[]>();
  readonly #outbound = new Map<string, Outbound>();
  readonly #clusters = new Map<string, ClusterConfig>();
  readonly #memberRules = new WeakMap<ClusterConfig, MemberRules>();
  readonly #security: SecurityPolicies;
  readonly #inbound: InboundPorts;
  readonly #ruleNumbers = new Map<DestinationRule, number>();

  constructor(
    resources: MeshResources,
    services: readonly ServiceInfo[],
    ids: NameIds,
    names: MeshNames,
  ) {
    this.#resources = resources;
    this.#services = services;
    this.#ids = ids;
    this.#names = names;
    this.#rules = new DestinationRuleIndex(resources.destinationRules, names.rootNamespace);
    this.#sourceLabels = distinctSourceLabels(resources);
    this.#labelsMatter = resources.destinationRules.some(comparesLabels);
    this.limits = limitsOf(services, resources);
    this.#security = new SecurityPolicies(resources, names);
    const byHost = new Map(services.map((service) => [service.host, service]));
    this.#inbound = new InboundPorts(ids, {
      serviceOf: (host) => byHost.get(host),
      ruleOf: (namespace, service) => this.#view(namespace).ruleFor(service),
      securityOf: ({ namespace, labels }) => this.#security.inboundOf(namespace, labels),
    });
  }

  /** What one proxy is given. The result is immutable and shares most of itself with others. */
  configOf(proxy: ProxyIdentity): MeshConfig {
    const { listeners, clusters } = this.#outboundOf(proxy);
    const identity = { version: 1, proxyName: `sidecar~${proxy.name}.${proxy.namespace}` };
    const inbound = this.#inbound.of(proxy);
    if (inbound.length === 0) return { ...identity, listeners, clusters };
    return {
      ...identity,
      listeners: [...listeners, ...inbound.map((port) => port.listener)],
      clusters: [...clusters, ...inbound.map((port) => port.cluster)],
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
    const labels = this.#labelsMatter ? JSON.stringify(Object.entries(proxy.labels).sort()) : '';
    return getOrCreate(this.#outbound, `${kind}\0${locality}\0${labels}`, () => {
      const view = this.#view(proxy.namespace);
      const listeners = getOrCreate(this.#listeners, kind, () =>
        outboundListeners(view, proxy, this.#ids),
      );
      const clusters = view.services.flatMap((service) => {
        return this.#clustersOf(service, view, { locality, labels: proxy.labels });
      });
      return { listeners, clusters };
    });
  }

  #view(namespace: string): NamespaceView {
    return getOrCreate(this.#views, namespace, () => {
      const { virtualServices } = this.#resources;
      const names = this.#names;
      return new NamespaceView(namespace, names, this.#services, virtualServices, this.#rules);
    });
  }

  /** For each port: the whole service, then each subset. HTTP routes may name TCP ports, too. */
  #clustersOf(service: ServiceInfo, view: NamespaceView, place: ProxyPlace): ClusterConfig[] {
    const rule = view.ruleFor(service);
    return service.ports.filter(isTcpPort).flatMap((port) => {
      const subsets = [undefined, ...(rule?.subsets ?? [])];
      return subsets.map((subset) => this.#cluster(service, port, rule, subset, place));
    });
  }

  #cluster(
    service: ServiceInfo,
    port: ServicePortInfo,
    rule: DestinationRule | undefined,
    subset: Subset | undefined,
    place: ProxyPlace,
  ): ClusterConfig {
    const blocks = effectivePolicy(rule, port.number, subset);
    const settings = blocks.locality ?? null;
    const hasOutlierDetection = blocks.outlierDetection !== undefined;
    const isAlike = settings === null && !hasOutlierDetection;
    const where = isAlike ? '-' : `${place.locality}\0${decidingLabels(settings, place.labels)}`;
    const subsetName = subset?.name.value ?? '';
    const name = clusterName(port.number, subsetName, service.host);
    const key = `${name}\0${service.namespace}\0${this.#ruleNumber(rule)}\0${where}`;
    return getOrCreate(this.#clusters, key, () => {
      const policy = outboundPolicy(blocks);
      const rules: MemberRules = {
        subsetLabels: subset?.labels ?? {},
        localities: { ...place, settings, hasOutlierDetection },
        onlyReady: policy.panicThresholdPercent > 0,
      };
      const cluster: ClusterConfig = {
        ...policy,
        tls: this.#security.upstreamTls(service, blocks.tls, name),
        id: this.#ids.cluster(name),
        name,
        service: { host: service.host, port: port.number, subset: subsetName },
        endpoints: membersOf(service, port, rules, this.#ids, 0),
      };
      this.#memberRules.set(cluster, rules);
      return cluster;
    });
  }

  /** -1 for no rule; rules are told apart by identity. */
  #ruleNumber(rule: DestinationRule | undefined): number {
    if (rule === undefined) return -1;
    return getOrCreate(this.#ruleNumbers, rule, () => this.#ruleNumbers.size);
  }
}

function comparesLabels({ policy, subsets }: DestinationRule): boolean {
  const policies = [policy, ...subsets.map((subset) => subset.policy)];
  return policies.some((item) =>
    [item, ...(item?.ports.values() ?? [])].some(
      (blocks) => (blocks?.locality?.failoverPriority.length ?? 0) > 0,
    ),
  );
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
