/**
 * The members of a cluster: which endpoints of a service, in which order and priority.
 *
 * Endpoints are grouped by locality, as istiod sends them; within one they keep the registry's
 * order. With outlier detection, localities nearer to the proxy come first.
 * Source: config-istio.md §4.3 (subsets), §5.4 (failover), §5.5 (not-ready endpoints).
 */
import type { Endpoint, EndpointSet } from '../../core/engine.ts';
import { hasLabels } from '../istio/names.ts';
import type { Labels } from '../mesh-resources.ts';
import type { NameIds } from '../name-ids.ts';
import { compareText } from '../object-meta.ts';
import type { EndpointInfo, ServiceInfo, ServicePortInfo } from '../service-info.ts';

/** What decides about the members of one cluster, besides the service. */
export interface MemberRules {
  /** Empty = all. */
  readonly subsetLabels: Labels;
  /** Of the proxy, when nearer localities are preferred; null = they are not. */
  readonly nearTo: string | null;
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
  const localities = [...new Set(chosen.map((endpoint) => endpoint.locality))].sort(compareText);
  const priorities = priorityByLocality(localities, rules.nearTo);
  const members = localities.flatMap((locality) => {
    const priority = priorities.get(locality) ?? 0;
    return chosen
      .filter((endpoint) => endpoint.locality === locality)
      .map((endpoint) => toEndpoint(endpoint, port, priority, ids));
  });
  if (rules.nearTo !== null) members.sort((a, b) => a.priority - b.priority);
  return { version, members };
}

function isMember(endpoint: EndpointInfo, rules: MemberRules): boolean {
  if (rules.onlyReady && endpoint.health === 'unhealthy') return false;
  return hasLabels(endpoint.labels, rules.subsetLabels);
}

function toEndpoint(
  endpoint: EndpointInfo,
  port: ServicePortInfo,
  priority: number,
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
    health: endpoint.health,
  };
}

/** `ip:port`, with brackets around IPv6. */
export function hostAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** 0 = same subzone, 1 = same zone, 2 = same region, 3 = elsewhere; then without gaps. */
function priorityByLocality(
  localities: readonly string[],
  nearTo: string | null,
): ReadonlyMap<string, number> {
  if (nearTo === null) return new Map();
  const distances = localities.map((locality) => distance(nearTo, locality));
  const ranks = [...new Set(distances)].sort((a, b) => a - b);
  return new Map(localities.map((name, index) => [name, ranks.indexOf(distances[index] ?? 0)]));
}

function distance(from: string, to: string): number {
  const a = from.split('/');
  const b = to.split('/');
  const differing = [0, 1, 2].find((level) => (a[level] ?? '') !== (b[level] ?? ''));
  return differing === undefined ? 0 : 3 - differing;
}
