/**
 * The pools of a cluster: one per host and priority, made on first use, in the order of hosts.
 */
import type { ClusterConfig } from '../config/config.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { Host } from './host.ts';

/** Default and high. */
export const PRIORITIES = 2;

export function emptyPools(hostCount: number): (ConnectionPool | null)[] {
  return new Array<ConnectionPool | null>(hostCount * PRIORITIES).fill(null);
}

/** Both priorities of a host. @param isForGood whether the host is gone */
export function drainPools(
  pools: readonly (ConnectionPool | null)[],
  host: Host,
  isForGood = false,
): void {
  for (let p = 0; p < PRIORITIES; p++) pools[host.index * PRIORITIES + p]?.drain(isForGood);
}

/** Hosts that have connections of a priority, or requests that wait for one. */
export function countPools(pools: readonly (ConnectionPool | null)[], priority: number): number {
  let count = 0;
  for (let at = priority; at < pools.length; at += PRIORITIES) {
    if (pools[at]?.isIdle === false) count++;
  }
  return count;
}

export function limitsPools({ default: normal, high }: ClusterConfig['circuitBreakers']): boolean {
  return normal.maxConnectionPools !== undefined || high.maxConnectionPools !== undefined;
}

/** Whether a host has a pool in use, or may have one. */
export function hasRoom(
  pools: readonly (ConnectionPool | null)[],
  host: Host,
  priority: number,
  maxPools: number,
): boolean {
  if (pools[host.index * PRIORITIES + priority]?.isIdle === false) return true;
  return countPools(pools, priority) < maxPools;
}
