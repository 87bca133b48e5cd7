/**
 * No mesh: applications connect by themselves, an endpoint is chosen at random, nothing is retried,
 * limited or ejected. The baseline that theory and overhead reports compare with.
 */
import type { ClusterConfig, ListenerConfig, RouteConfig } from '../../mesh/config/config.ts';
import { NO_LIMITS } from '../../mesh/config/defaults.ts';
import type { DataPlane } from './data-plane.ts';

export const none: DataPlane = {
  kind: 'none',
  hasInbound: false,
  policyOf: () => (config) => ({
    ...config,
    listeners: config.listeners.map(withoutPolicy),
    clusters: config.clusters.map(plainCluster),
  }),
  limits: [
    'data plane "none": each request goes to a random endpoint of its service; no policy acts',
  ],
};

function withoutPolicy(listener: ListenerConfig): ListenerConfig {
  const virtualHosts = listener.routes.virtualHosts.map((host) => ({
    ...host,
    routes: host.routes.map(plainRoute),
  }));
  return { ...listener, filters: [], routes: { ...listener.routes, virtualHosts } };
}

function plainRoute(route: RouteConfig): RouteConfig {
  if (route.action.kind !== 'forward') return route;
  return { ...route, fault: null, action: { ...route.action, timeoutMs: 0, retry: null } };
}

function plainCluster(cluster: ClusterConfig): ClusterConfig {
  return {
    ...cluster,
    tls: null,
    lb: { kind: 'random' },
    circuitBreakers: { default: NO_LIMITS, high: NO_LIMITS },
    outlier: null,
  };
}
