/** Where the route that a proxy took came from, and what it says about retries. */
import type { MeshConfig, RouteConfig } from '../mesh/config/config.ts';
import type { Origin } from '../mesh/config/origin.ts';

/**
 * The route of a record.
 *
 * @param index the route's place in its table, counted over all virtual hosts
 * @param cluster that it led to; '' = none
 * @returns null when it cannot be told
 */
export function routeOf(config: MeshConfig, index: number, cluster: string): RouteConfig | null {
  for (const { routes } of config.listeners) {
    const all = routes.virtualHosts.flatMap((virtualHost) => virtualHost.routes);
    const route = all[index];
    if (route !== undefined && leadsTo(route, cluster)) return route;
  }
  return null;
}

function leadsTo({ action }: RouteConfig, cluster: string): boolean {
  if (action.kind !== 'forward') return cluster === '';
  return action.clusters.some((target) => target.cluster === cluster);
}

/** `mesh/retries.yaml:12`, or `default of` a product. */
export function routeOrigin({ origins }: RouteConfig): string {
  const origin = origins.get('clusters') ?? origins.get('timeoutMs');
  return origin === undefined ? '' : originText(origin);
}

/** `mesh/retries.yaml:12`, `default of istio-1.28`. */
export function originText(origin: Origin): string {
  return origin.kind === 'explicit'
    ? `${origin.file}:${origin.line}`
    : `default of ${origin.product}`;
}

/** What would make the proxy try again, in words. */
export function retryWords({ action }: RouteConfig): string {
  if (action.kind !== 'forward' || action.retry === null) return 'the route has no retries';
  const { numRetries, retryOn, retriableStatusCodes } = action.retry;
  if (numRetries === 0) return 'the route allows no retry';
  const on = [...retryOn, ...retriableStatusCodes.map(String)].join(', ');
  return `the route retries on ${on}`;
}
