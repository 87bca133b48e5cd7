/**
 * Gauges of a cluster under Envoy's names: its members by health, and what its breakers hold.
 *
 * Source: policy-engine.md §12.1 to 12.3.
 */
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { EjectionStats } from './ejection.ts';
import type { Host } from './host.ts';
import { countPools } from './pool-list.ts';

export type VisitStat = (name: string, kind: 'counter' | 'gauge', value: number) => void;
type Visit = (name: string, value: number) => void;

export function visitMembership(hosts: readonly Host[], visit: Visit): void {
  const count = (holds: (host: Host) => boolean) => hosts.filter(holds).length;
  visit('membership_total', hosts.length);
  visit(
    'membership_healthy',
    count((host) => host.isHealthy),
  );
  visit(
    'membership_degraded',
    count((host) => host.isDegraded),
  );
  visit(
    'membership_excluded',
    count((host) => host.isExcluded),
  );
}

/** @param breakers of the priorities default and high */
export function visitBreakers(
  breakers: readonly CircuitBreakers[],
  visit: Visit,
  pools: readonly (ConnectionPool | null)[],
): void {
  const [normal, high] = [breakers[0]!, breakers[1]!];
  visit('upstream_rq_active', normal.requests + high.requests);
  visit('upstream_rq_pending_active', normal.pending + high.pending);
  visit('upstream_cx_active', normal.connections + high.connections);
  ['default', 'high'].forEach((name, priority) => {
    const used = countPools(pools, priority);
    breakers[priority]!.visitGauges(used, (gauge, value) =>
      visit(`circuit_breakers.${name}.${gauge}`, value),
    );
  });
}

export function visitCluster(cluster: string, stats: ClusterStats, visit: VisitStat): void {
  stats.visit((name, value) => visit(`cluster.${cluster}.${name}`, 'counter', value));
}

export function visitDetector(cluster: string, stats: EjectionStats, visit: VisitStat): void {
  const prefix = `cluster.${cluster}.outlier_detection.`;
  stats.visit((name, kind, value) => visit(prefix + name, kind, value));
}
