/**
 * What proxies of one namespace see: services, VirtualServices, DestinationRules.
 *
 * Made once per namespace and shared by all its proxies.
 * Source: config-istio.md §0.7 (visibility, most specific host), §2.1, §4.1.
 */
import { isVisible } from '../istio/export-to.ts';
import { isWildcard, type MeshNames, mostSpecific } from '../istio/names.ts';
import type { ConsistentHash, DestinationRule, VirtualService } from '../mesh-resources.ts';
import type { ServiceInfo } from '../service-info.ts';
import type { DestinationRuleIndex } from './destination-rules.ts';

/** See the file's comment. */
export class NamespaceView {
  readonly namespace: string;
  readonly names: MeshNames;
  /** One per host, in the order of hosts' first appearance. */
  readonly services: readonly ServiceInfo[];
  /** For the mesh, in istiod's order. */
  readonly virtualServices: readonly VirtualService[];
  readonly #rules: DestinationRuleIndex;
  readonly #byHost: ReadonlyMap<string, ServiceInfo>;
  readonly #exactOwners = new Map<string, VirtualService>();
  readonly #wildcardOwners = new Map<string, VirtualService>();
  readonly #aliases = new Map<
    string,
    { readonly target: string; readonly ports: readonly number[] }
  >();

  constructor(
    namespace: string,
    names: MeshNames,
    services: readonly ServiceInfo[],
    virtualServices: readonly VirtualService[],
    rules: DestinationRuleIndex,
  ) {
    this.namespace = namespace;
    this.names = names;
    this.services = visibleServices(services, namespace);
    this.virtualServices = visibleVirtualServices(virtualServices, namespace);
    this.#rules = rules;
    this.#byHost = new Map(this.services.map((service) => [service.host, service]));
    this.#indexOwners();
    for (const service of this.services) {
      for (const { host, ports } of service.aliases ?? []) {
        this.#aliases.set(host, { target: service.host, ports });
      }
    }
  }

  #indexOwners(): void {
    for (const virtualService of this.virtualServices) {
      for (const { value } of virtualService.hosts) {
        const owners = isWildcard(value) ? this.#wildcardOwners : this.#exactOwners;
        if (!owners.has(value)) owners.set(value, virtualService);
      }
    }
  }

  /** The VirtualService with the most specific host for a service. */
  ownerOf(host: string): VirtualService | undefined {
    const exact = this.#exactOwners.get(host);
    if (exact !== undefined) return exact;
    const pattern = mostSpecific(host, this.#wildcardOwners.keys(), (name) => name);
    return pattern === undefined ? undefined : this.#wildcardOwners.get(pattern);
  }

  /** The rule in force for a service. */
  ruleFor(service: ServiceInfo): DestinationRule | undefined {
    return this.#rules.find(this.namespace, service.host, service.namespace);
  }

  /**
   * The key by which routes to a destination hash: the first that its subset, or else its service,
   * gives for the port or for all ports, even where the balancer in force does not hash.
   */
  hashOf(host: string, port: number, subset: string): ConsistentHash | undefined {
    const service = this.#byHost.get(host);
    const rule = service === undefined ? undefined : this.ruleFor(service);
    const own = rule?.subsets.find(({ name }) => name.value === subset);
    for (const policy of [own?.policy, rule?.policy]) {
      for (const level of [policy?.ports.get(port), policy]) {
        const hashing = level?.loadBalancer?.value.hashing;
        if (hashing !== undefined) return hashing;
      }
    }
    return undefined;
  }

  /** The service that `host` is only another name for, on that port. */
  aliasTarget(host: string, port: number): string | undefined {
    const alias = this.#aliases.get(host);
    return alias?.ports.includes(port) ? alias.target : undefined;
  }
}

/** Of several services with one host: the client's own namespace's, else the first. */
function visibleServices(services: readonly ServiceInfo[], namespace: string): ServiceInfo[] {
  const byHost = new Map<string, ServiceInfo>();
  for (const service of services) {
    if (service.exportTo !== undefined && !isVisible(service.exportTo, namespace)) continue;
    const known = byHost.get(service.host);
    const isOwn = service.namespace === namespace && known?.namespace !== namespace;
    if (known === undefined || isOwn) byHost.set(service.host, service);
  }
  return [...byHost.values()];
}

/** Private ones first, then those exported to this namespace by name, then public ones. */
function visibleVirtualServices(
  all: readonly VirtualService[],
  namespace: string,
): VirtualService[] {
  const forMesh = all.filter((item) => item.appliesToMesh);
  const isPublic = (item: VirtualService) => item.exportTo.includes('*');
  const named = forMesh.filter((item) => !isPublic(item) && item.exportTo.includes(namespace));
  return [
    ...named.filter((item) => item.meta.namespace === namespace),
    ...named.filter((item) => item.meta.namespace !== namespace),
    ...forMesh.filter(isPublic),
  ];
}
