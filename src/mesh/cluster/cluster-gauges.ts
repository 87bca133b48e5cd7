/**
 * Gauges of a cluster under Envoy's names: its members by health, and what its breakers hold.
 *
 * Source: policy-engine.md §12.1 to 12.3.
 */
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { Host } from './host.ts';

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
export function visitBreakers(breakers: readonly CircuitBreakers[], visit: Visit): void {
  const [normal, high] = [breakers[0]!, breakers[1]!];
  visit('upstream_rq_active', normal.requests + high.requests);
  visit('upstream_rq_pending_active', normal.pending + high.pending);
  visit('upstream_cx_active', normal.connections + high.connections);
  normal.visitGauges((name, value) => visit(`circuit_breakers.default.${name}`, value));
  high.visitGauges((name, value) => visit(`circuit_breakers.high.${name}`, value));
}
