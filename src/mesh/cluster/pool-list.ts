/**
 * The pools of a cluster: one per host and priority, made on first use, in the order of hosts.
 */
import type { ConnectionPool } from './connection-pool.ts';
import type { Host } from './host.ts';

/** Default and high. */
export const PRIORITIES = 2;

export function emptyPools(hostCount: number): (ConnectionPool | null)[] {
  return new Array<ConnectionPool | null>(hostCount * PRIORITIES).fill(null);
}

/** Both priorities of a host. */
export function drainPools(pools: readonly (ConnectionPool | null)[], host: Host): void {
  for (let p = 0; p < PRIORITIES; p++) pools[host.index * PRIORITIES + p]?.drain();
}
