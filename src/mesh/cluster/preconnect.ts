/**
 * Connections made ahead of need, at hosts that the balancer will choose next.
 *
 * A cluster asks for it before each attempt, where that is configured.
 * Source: policy-engine.md §3.4; Envoy, cluster manager (predictive preconnecting).
 */
import type { ConnectionPool } from './connection-pool.ts';
import { wantsConnections } from './pool-settings.ts';

/** Ahead of one request. */
const MOST_PRECONNECTS = 3;

/**
 * @param pools of the cluster
 * @param ratio connections of the cluster per request
 * @param uid of the request
 * @param nextPool of the host that a later pick will choose; null = nobody can say
 */
export function preconnectAhead(
  pools: readonly (ConnectionPool | null)[],
  ratio: number,
  uid: number,
  nextPool: () => ConnectionPool | null,
): void {
  for (let made = 0; made < MOST_PRECONNECTS; made++) {
    let [waiting, active, unused] = [0, 0, 0];
    for (const pool of pools) {
      waiting += pool?.pendingCount ?? 0;
      active += pool?.activeCount ?? 0;
      unused += pool?.unusedCount ?? 0;
    }
    if (!wantsConnections(waiting, active, unused, ratio, 1)) return;
    if (nextPool()?.preconnect(ratio, uid) !== true) return;
  }
}
