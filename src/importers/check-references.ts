/**
 * References between objects that lead nowhere: unknown services, ports and subsets.
 *
 * istiod accepts them and answers with 503 at run time; here they are errors, because hardly
 * anybody means it.
 * Source: config-istio.md §2.5 (missing clusters), §18 (IST0101, IST0173, IST0174, IST0109).
 */
import type { Diagnostics } from '../core/diagnostics.ts';
import { didYouMean } from '../core/suggest.ts';
import { covers, hasLabels, hostsOverlap, isWildcard } from './istio/names.ts';
import type {
  Destination,
  DestinationRule,
  HttpRule,
  MeshResources,
  Subset,
  VirtualService,
} from './mesh-resources.ts';
import { isHttpPort, type ServiceInfo } from './service-info.ts';

export function checkReferences(
  resources: MeshResources,
  services: readonly ServiceInfo[],
  diagnostics: Diagnostics,
): void {
  const checker = new Checker(resources, services, diagnostics);
  for (const virtualService of resources.virtualServices) {
    checker.checkVirtualService(virtualService);
  }
  for (const rule of resources.destinationRules) checker.checkDestinationRule(rule);
  checker.checkHidden();
  checker.checkMerged();
}

class Checker {
  readonly #resources: MeshResources;
  readonly #diagnostics: Diagnostics;
  readonly #services: ReadonlyMap<string, ServiceInfo>;

  constructor(
    resources: MeshResources,
    services: readonly ServiceInfo[],
    diagnostics: Diagnostics,
  ) {
    this.#resources = resources;
    this.#diagnostics = diagnostics;
    const byHost = new Map<string, ServiceInfo>();
    for (const service of services) {
      byHost.set(service.host, service);
      for (const alias of service.aliases ?? []) byHost.set(alias.host, service);
    }
    this.#services = byHost;
  }

  checkVirtualService(virtualService: VirtualService): void {
    for (const { value, at } of virtualService.hosts) {
      if (!virtualService.appliesToMesh || this.#isKnown(value)) continue;
      const message = `no service has the host "${value}"${this.#nearest(value)}`;
      this.#diagnostics.warning('MQ-REF-004', at, message, this.#fixFor(value));
    }
    for (const rule of virtualService.http) {
      for (const destination of rule.destinations) {
        this.#checkDestination(virtualService, rule, destination);
      }
      for (const { destination } of rule.mirrors ?? []) {
        this.#checkDestination(virtualService, rule, destination);
      }
    }
  }

  checkDestinationRule(rule: DestinationRule): void {
    const { value, at } = rule.host;
    if (!this.#isKnown(value)) {
      const message = `no service has the host "${value}"${this.#nearest(value)}`;
      this.#diagnostics.warning('MQ-REF-003', at, message, this.#fixFor(value));
      return;
    }
    const service = this.#services.get(value);
    for (const subset of rule.subsets) this.#checkSubset(service, subset);
  }

  /** VirtualServices that never get a request because an older one has the same host. */
  checkHidden(): void {
    const owners = new Map<string, VirtualService>();
    for (const virtualService of this.#resources.virtualServices) {
      if (!virtualService.appliesToMesh) continue;
      for (const { value, at } of virtualService.hosts) {
        const earlier = owners.get(value);
        if (earlier === undefined) owners.set(value, virtualService);
        else if (earlier !== virtualService && haveCommonReaders(earlier, virtualService)) {
          const { namespace, name } = earlier.meta;
          const message = `host "${value}" already has VirtualService ${namespace}/${name}`;
          this.#diagnostics.warning('MQ-ROUTE-016', at, message);
        }
      }
    }
  }

  /** What merging DestinationRules for one host leaves out. */
  checkMerged(): void {
    const earlier = new Map<string, DestinationRule[]>();
    for (const rule of this.#resources.destinationRules) {
      const key = `${rule.meta.namespace} ${rule.host.value} ${rule.declaredExportTo.join()}`;
      const others = earlier.get(key) ?? [];
      for (const other of others) this.#checkPair(other, rule);
      earlier.set(key, [...others, rule]);
    }
  }

  #checkPair(earlier: DestinationRule, later: DestinationRule): void {
    const name = `DestinationRule ${earlier.meta.namespace}/${earlier.meta.name}`;
    if (earlier.policy !== undefined && later.policy !== undefined) {
      const message = `this trafficPolicy is not used: ${name} has one for the same host`;
      this.#diagnostics.warning('MQ-DEST-009', later.policy.at, message);
    }
    const taken = new Set(earlier.subsets.map((subset) => subset.name.value));
    for (const { name: subset } of later.subsets) {
      if (!taken.has(subset.value)) continue;
      const message = `subset "${subset.value}" is not used: ${name} has one of that name`;
      this.#diagnostics.warning('MQ-DEST-009', subset.at, message);
    }
  }

  #checkDestination(
    virtualService: VirtualService,
    rule: HttpRule,
    destination: Destination,
  ): void {
    const { value, at } = destination.host;
    const service = this.#services.get(value);
    if (service === undefined) {
      const message = `destination "${value}" is no service${this.#nearest(value)}`;
      this.#diagnostics.error('MQ-REF-001', at, message, this.#fixFor(value));
      return;
    }
    this.#checkPort(virtualService, rule, destination, service);
    const subset = destination.subset;
    if (subset === undefined) return;
    const known = this.#subsetsOf(value);
    if (known.includes(subset.value)) return;
    const hint = didYouMean(subset.value, known);
    const message = `no DestinationRule defines subset "${subset.value}" of ${value}${hint}`;
    const fix = known.length === 0 ? {} : { fix: `subsets of ${value}: ${known.join(', ')}` };
    this.#diagnostics.error('MQ-REF-002', subset.at, message, fix);
  }

  #checkPort(
    virtualService: VirtualService,
    rule: HttpRule,
    destination: Destination,
    service: ServiceInfo,
  ): void {
    const ports = service.ports.map((port) => port.number);
    const list = `ports of ${service.host}: ${ports.join(', ')}`;
    const { port } = destination;
    if (port !== undefined && !ports.includes(port.value)) {
      const message = `${service.host} has no port ${port.value}`;
      this.#diagnostics.error('MQ-REF-005', port.at, message, { fix: list });
    }
    if (port !== undefined) return;
    const missing = this.#listenerPorts(virtualService, rule).find((item) => !ports.includes(item));
    if (missing === undefined) return;
    const message = `${service.host} has no port ${missing}, where this route's requests arrive`;
    this.#diagnostics.warning('MQ-REF-006', destination.host.at, message, {
      fix: `name the port; ${list}`,
    });
  }

  /** Ports on which requests can reach a rule, as far as its services tell. */
  #listenerPorts(virtualService: VirtualService, rule: HttpRule): number[] {
    const wanted = rule.matches.map((match) => match.port);
    const services = virtualService.hosts.flatMap(({ value }) => this.#services.get(value) ?? []);
    const ports = services.flatMap((service) => {
      return service.ports.filter(isHttpPort).map((port) => port.number);
    });
    return ports.filter((port) => {
      return wanted.length === 0 || wanted.includes(0) || wanted.includes(port);
    });
  }

  #checkSubset(service: ServiceInfo | undefined, subset: Subset): void {
    if (service === undefined || service.endpoints.length === 0) return;
    if (service.endpoints.some((endpoint) => hasLabels(endpoint.labels, subset.labels))) return;
    const labels = Object.entries(subset.labels).map(([key, value]) => `${key}: ${value}`);
    const message = `subset "${subset.name.value}" selects no endpoint of ${service.host}`;
    const fix = `endpoints need the labels ${labels.join(', ')}`;
    this.#diagnostics.warning('MQ-REF-007', subset.name.at, message, { fix });
  }

  #subsetsOf(host: string): string[] {
    const rules = this.#resources.destinationRules.filter((rule) => covers(rule.host.value, host));
    return rules.flatMap((rule) => rule.subsets.map((subset) => subset.name.value));
  }

  #isKnown(host: string): boolean {
    if (!isWildcard(host)) return this.#services.has(host);
    return [...this.#services.keys()].some((known) => hostsOverlap(host, known));
  }

  /** Compares the first parts too, because full names are long and alike. */
  #nearest(host: string): string {
    const hosts = [...this.#services.keys()];
    const first = (name: string) => name.split('.', 1)[0] ?? '';
    return didYouMean(first(host), hosts.map(first)) || didYouMean(host, hosts);
  }

  /** A dotted short name is taken literally, which surprises many. */
  #fixFor(host: string): { readonly fix?: string } {
    const full = [...this.#services.keys()].find((known) => known.startsWith(`${host}.svc.`));
    return full === undefined ? {} : { fix: `a name with a dot is not expanded; write ${full}` };
  }
}

function haveCommonReaders(a: VirtualService, b: VirtualService): boolean {
  if (a.exportTo.includes('*') || b.exportTo.includes('*')) return true;
  return a.exportTo.some((namespace) => b.exportTo.includes(namespace));
}
