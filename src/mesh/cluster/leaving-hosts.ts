/**
 * Hosts that left their cluster and pass their health checks all the same: they stay until one fails.
 *
 * Source: policy-engine.md §6.1; Envoy, BaseDynamicClusterImpl.
 */
import type { Endpoint, EndpointSet } from '../../core/engine.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { Host } from './host.ts';

/** @returns the endpoints of such hosts, in their order */
export function stayingBeside(
  { members }: EndpointSet,
  hosts: readonly Host[],
  { healthChecks, dropsHealthyHosts }: ClusterConfig,
): Endpoint[] {
  if (healthChecks === undefined || dropsHealthyHosts === true) return [];
  const present = new Set(members.map(({ id }) => id));
  return hosts.flatMap(({ endpoint, failsChecks }) => {
    const isDropped = present.has(endpoint.id) || failsChecks || endpoint.check?.isOff === true;
    return isDropped || endpoint.health === 'unhealthy' ? [] : [endpoint];
  });
}
