/**
 * Virtual hosts of one outbound HTTP listener: names, domains, and whose routes they have.
 *
 * VirtualServices come first, in order; the first to claim a host or a domain keeps it. Services
 * without one get their default route. Whatever is left falls to the catch-all.
 * Source: config-istio.md §2.1, 2.12.
 */
import type { RouteConfig, VirtualHostConfig } from '../../mesh/config/config.ts';
import { ISTIO } from '../../mesh/config/defaults.ts';
import { isIpAddress, isWildcard } from '../istio/names.ts';
import type { VirtualService } from '../mesh-resources.ts';
import { compareText } from '../object-meta.ts';
import { isHttpPort, portByNumber, type ServiceInfo } from '../service-info.ts';
import type { NamespaceView } from './namespace-view.ts';
import { type ClientContext, type Destinations, defaultRoute, routesFor } from './routes.ts';

const ORIGINS: RouteConfig['origins'] = new Map();

/** In istiod's order: sorted by name, the catch-all last. */
export function virtualHostsOn(
  port: number,
  view: NamespaceView,
  client: ClientContext,
): VirtualHostConfig[] {
  const builder = new Builder(port, view, client);
  const claimed = builder.addVirtualServices();
  builder.addDefaults(claimed);
  return [...builder.hosts.sort((a, b) => compareText(a.name, b.name)), catchAll()];
}

class Builder {
  readonly hosts: VirtualHostConfig[] = [];
  readonly #port: number;
  readonly #view: NamespaceView;
  readonly #client: ClientContext;
  readonly #destinations: Destinations;
  /** Services that have the port, by host. */
  readonly #services: ReadonlyMap<string, ServiceInfo>;
  readonly #names = new Set<string>();
  readonly #domains = new Set<string>();

  constructor(port: number, view: NamespaceView, client: ClientContext) {
    this.#port = port;
    this.#view = view;
    this.#client = client;
    this.#destinations = {
      hostOf: (host) => view.aliasTarget(host, port) ?? host,
      hashOf: (host, on, subset) => view.hashOf(host, on, subset),
    };
    const onPort = view.services.filter((service) => portByNumber(service, port) !== undefined);
    this.#services = new Map(onPort.map((service) => [service.host.toLowerCase(), service]));
  }

  /** @returns hosts of services that have their routes now */
  addVirtualServices(): ReadonlySet<string> {
    const claimed = new Set<string>();
    for (const virtualService of this.#view.virtualServices) {
      if (!this.#concerns(virtualService)) continue;
      const routes = this.#routes(virtualService);
      if (routes.length === 0) continue;
      const { services, others } = this.#split(virtualService);
      if (services.length === 0 && this.#port !== 80) continue;
      for (const host of others) this.#addUnknown(host, routes);
      for (const service of services) {
        claimed.add(service.host);
        this.#addService(service, routes);
      }
    }
    return claimed;
  }

  addDefaults(claimed: ReadonlySet<string>): void {
    for (const service of this.#services.values()) {
      if (claimed.has(service.host) || !this.#isHttp(service)) continue;
      const route = defaultRoute(service.host, this.#port, this.#destinations);
      this.#addService(service, [route]);
    }
  }

  /** On port 80 every VirtualService counts, elsewhere only those of a service with the port. */
  #concerns(virtualService: VirtualService): boolean {
    if (this.#port === 80) return true;
    const hosts = [...this.#services.keys()];
    return virtualService.hosts.some(({ value }) => {
      if (!isWildcard(value)) return this.#services.has(value.toLowerCase());
      return hosts.some((host) => host.endsWith(value.slice(1)));
    });
  }

  #routes(virtualService: VirtualService): RouteConfig[] {
    return routesFor(virtualService, this.#client, this.#port, this.#destinations);
  }

  /** Its hosts that are services with this port, and the rest. */
  #split(virtualService: VirtualService): { services: ServiceInfo[]; others: string[] } {
    const services: ServiceInfo[] = [];
    const others: string[] = [];
    for (const { value } of virtualService.hosts) {
      if (isWildcard(value)) this.#addCovered(virtualService, value, services, others);
      else {
        const service = this.#services.get(value.toLowerCase());
        if (service === undefined) others.push(value);
        else if (this.#isHttp(service)) services.push(service);
      }
    }
    return { services, others };
  }

  /** Services that a wildcard covers and that no more specific host is for. */
  #addCovered(
    virtualService: VirtualService,
    pattern: string,
    services: ServiceInfo[],
    others: string[],
  ): void {
    let isKnown = false;
    for (const [host, service] of this.#services) {
      if (!host.endsWith(pattern.slice(1))) continue;
      isKnown = true;
      const owner = this.#view.ownerOf(service.host);
      if (owner === virtualService && this.#isHttp(service)) services.push(service);
    }
    if (!isKnown) others.push(pattern);
  }

  #isHttp(service: ServiceInfo): boolean {
    const port = portByNumber(service, this.#port);
    return port !== undefined && isHttpPort(port);
  }

  #addUnknown(host: string, routes: readonly RouteConfig[]): void {
    this.#add(host.toLowerCase(), [host.toLowerCase()], routes);
  }

  #addService(service: ServiceInfo, routes: readonly RouteConfig[]): void {
    const aliases = (service.aliases ?? []).filter((alias) => alias.ports.includes(this.#port));
    const names = [service.host, ...aliases.map((alias) => alias.host)];
    const domains = names.flatMap((name) => [name, ...this.#otherNames(name)]);
    const perPod = service.isHeadless === true ? domains.map((domain) => `*.${domain}`) : [];
    const addresses = (service.addresses ?? []).map((ip) => (ip.includes(':') ? `[${ip}]` : ip));
    this.#add(service.host, [...domains, ...perPod, ...addresses], routes);
  }

  /** Shorter forms of a service's name, as seen from the client's namespace. */
  #otherNames(host: string): string[] {
    if (isIpAddress(host)) return [];
    const others = [`${host}.`];
    const suffix = `.svc.${this.#view.names.clusterDomain}`;
    if (!host.endsWith(suffix)) return others;
    const short = host.slice(0, -suffix.length);
    const [name = '', namespace, ...rest] = short.split('.');
    if (namespace === undefined || rest.length > 0) return others;
    if (namespace === this.#client.namespace) others.push(name);
    others.push(`${short}.svc`, short);
    // A longer name that is itself a service's full name is left to that service.
    return others.filter((domain) => !this.#services.has(domain));
  }

  /** Adds a virtual host for those of its domains that nobody has yet. */
  #add(host: string, domains: readonly string[], routes: readonly RouteConfig[]): void {
    const name = `${host}:${this.#port}`;
    if (this.#names.has(name)) return;
    this.#names.add(name);
    const free = [...new Set(domains)].filter((domain) => !this.#domains.has(domain.toLowerCase()));
    if (free.length === 0) return;
    for (const domain of free) this.#domains.add(domain.toLowerCase());
    this.hosts.push(virtualHost(name, free, routes));
  }
}

function virtualHost(
  name: string,
  domains: readonly string[],
  routes: readonly RouteConfig[],
): VirtualHostConfig {
  return {
    name,
    domains,
    routes,
    includeRequestAttemptCount: ISTIO.virtualHost.includeRequestAttemptCount.value,
    includeAttemptCountInResponse: false,
    includeIsTimeoutRetryHeader: false,
  };
}

/** Requests to hosts that nobody has; istiod would let them pass to where they were going. */
function catchAll(): VirtualHostConfig {
  const route: RouteConfig = {
    name: 'allow_any',
    match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
    action: { kind: 'direct-response', status: 502, body: '' },
    origins: ORIGINS,
  };
  return virtualHost('allow_any', ['*'], [route]);
}
