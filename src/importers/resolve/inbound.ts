/**
 * The inbound side of a sidecar: a listener and a cluster for each port of its workload.
 *
 * The connection limits of the service's DestinationRule hold here, too, as the service's own
 * namespace sees the rule; subsets, balancing and outlier detection do not.
 * Source: config-istio.md §2.7 (inbound retry), §12.
 */
import type { Endpoint } from '../../core/engine.ts';
import type { ClusterConfig, ListenerConfig } from '../../mesh/config/config.ts';
import type { DestinationRule } from '../mesh-resources.ts';
import type { NameIds } from '../name-ids.ts';
import { isHttpPort, type ServiceInfo, type ServicePortInfo } from '../service-info.ts';
import { type ClusterPolicy, inboundPolicy } from './cluster.ts';
import { hostAndPort } from './endpoints.ts';
import { inboundListener } from './listeners.ts';
import { getOrCreate } from './memo.ts';
import { effectivePolicy } from './policy.ts';
import type { ProxyIdentity } from './proxy-identity.ts';
import type { InboundSecurity } from './security.ts';

/** One inbound port. */
export interface InboundPort {
  readonly listener: ListenerConfig;
  readonly cluster: ClusterConfig;
}

/** How the mesh looks up what an inbound port needs. */
export interface InboundLookups {
  serviceOf(host: string): ServiceInfo | undefined;
  ruleOf(namespace: string, service: ServiceInfo): DestinationRule | undefined;
  securityOf(proxy: ProxyIdentity): InboundSecurity;
}

/** Makes inbound ports; listeners and policies that are equal for several proxies are shared. */
export class InboundPorts {
  readonly #ids: NameIds;
  readonly #lookups: InboundLookups;
  readonly #listeners = new Map<string, ListenerConfig>();
  readonly #policies = new Map<DestinationRule | null, Map<number, ClusterPolicy>>();

  constructor(ids: NameIds, lookups: InboundLookups) {
    this.#ids = ids;
    this.#lookups = lookups;
  }

  /** Of several services on one port of the workload, the first decides. */
  of(proxy: ProxyIdentity): InboundPort[] {
    const ports = new Map<number, InboundPort>();
    for (const host of proxy.serves) {
      const service = this.#lookups.serviceOf(host);
      for (const port of service?.ports.filter(isHttpPort) ?? []) {
        if (service === undefined) continue;
        const number = targetPortOf(service, port, proxy);
        getOrCreate(ports, number, () => this.#port(proxy, service, port, number));
      }
    }
    return [...ports.values()];
  }

  #port(
    proxy: ProxyIdentity,
    service: ServiceInfo,
    port: ServicePortInfo,
    number: number,
  ): InboundPort {
    const name = `inbound|${number}||`;
    const rule = this.#lookups.ruleOf(proxy.namespace, service);
    const security = this.#lookups.securityOf(proxy);
    const listener = getOrCreate(this.#listeners, `${number} ${port.number} ${security.key}`, () =>
      inboundListener(
        { port: number, servicePort: port.number, cluster: name },
        security,
        this.#ids,
      ),
    );
    const cluster: ClusterConfig = {
      ...this.#policy(rule, port.number),
      id: this.#ids.cluster(name),
      name,
      service: { host: service.host, port: port.number, subset: '' },
      endpoints: { version: 0, members: [this.#application(proxy, number)] },
    };
    return { listener, cluster };
  }

  #policy(rule: DestinationRule | undefined, port: number): ClusterPolicy {
    const byPort = getOrCreate(
      this.#policies,
      rule ?? null,
      () => new Map<number, ClusterPolicy>(),
    );
    return getOrCreate(byPort, port, () => inboundPolicy(effectivePolicy(rule, port, undefined)));
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
