/**
 * What keeps requests out of a cluster before any host is chosen.
 *
 * Source: policy-engine.md §3.3; Envoy, router (maintenance mode, drop overload).
 */
import type { EndpointSet } from '../../core/engine.ts';
import type { ClusterConfig } from '../config/config.ts';

/** A denominator of shares. */
export const MILLION = 1_000_000;

/** Shares of requests that are refused. */
export interface ClusterGate {
  /** 0..100. */
  readonly maintenancePercent: number;
  /** 0..1,000,000. */
  readonly dropMillionths: number;
}

/** null = everybody is let in. */
export function gateOf(config: ClusterConfig, { members }: EndpointSet): ClusterGate | null {
  const maintenancePercent = config.maintenancePercent ?? 0;
  const dropMillionths = members[0]?.dropMillionths ?? 0;
  if (maintenancePercent <= 0 && dropMillionths === 0) return null;
  return { maintenancePercent, dropMillionths };
}
