/**
 * The members of a cluster: which endpoints of a service, in which order and priority.
 *
 * Endpoints are grouped by locality, as istiod sends them; within one they keep the registry's
 * order. `localities.ts` says which of them come first and what a locality weighs.
 * Source: config-istio.md §4.3 (subsets), §5.4 (failover), §5.5 (not-ready endpoints).
 */
import type { Endpoint, EndpointSet } from '../../core/engine.ts';
import { hasLabels } from '../istio/names.ts';
import type { Labels } from '../mesh-resources.ts';
import type { NameIds } from '../name-ids.ts';
import { compareText } from '../object-meta.ts';
import type { EndpointInfo, ServiceInfo, ServicePortInfo } from '../service-info.ts';
import { type LocalityRule, type Standing, standingsOf } from './localities.ts';
import { offersTls } from './security.ts';

/** What decides about the members of one cluster, besides the service. */
export interface MemberRules {
  /** Empty = all. */
  readonly subsetLabels: Labels;
  readonly localities: LocalityRule;
  /** Whether endpoints that are not ready are left out instead of marked unhealthy. */
  readonly onlyReady: boolean;
}

export function membersOf(
  service: ServiceInfo,
  port: ServicePortInfo,
  rules: MemberRules,
  ids: NameIds,
  version: number,
): EndpointSet {
  const chosen = service.endpoints.filter((endpoint) => isMember(endpoint, rules));
  const standings = standingsOf(chosen, rules.localities);
  const localities = [...new Set(chosen.map((endpoint) => endpoint.locality))].sort(compareText);
  const members = localities.flatMap((locality) =>
    chosen.flatMap((endpoint, index) => {
      const standing = standings[index] ?? null;
      if (endpoint.locality !== locality || standing === null) return [];
      return [toEndpoint(endpoint, port, standing, ids)];
    }),
  );
  members.sort((a, b) => a.priority - b.priority);
  return { version, members };
}

function isMember(endpoint: EndpointInfo, rules: MemberRules): boolean {
  if (rules.onlyReady && endpoint.health === 'unhealthy') return false;
  return hasLabels(endpoint.labels, rules.subsetLabels);
}

function toEndpoint(
  endpoint: EndpointInfo,
  port: ServicePortInfo,
  { priority, weight }: Standing,
  ids: NameIds,
): Endpoint {
  const number = endpoint.ports?.[port.name] ?? port.targetPort;
  const address = hostAndPort(endpoint.address, number);
  return {
    id: ids.endpoint(address),
    address,
    hostname: endpoint.name === '' ? address : endpoint.name,
    labels: endpoint.labels,
    locality: endpoint.locality,
    weight: endpoint.weight,
    priority,
    ...(weight === undefined ? {} : { localityWeight: weight }),
    health: endpoint.health,
    ...(offersTls(endpoint) ? { offersTls: true } : {}),
  };
}

/** `ip:port`, with brackets around IPv6. */
export function hostAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
