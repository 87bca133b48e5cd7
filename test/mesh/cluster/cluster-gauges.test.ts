import { describe, expect, it } from 'vitest';
import { CircuitBreakers } from '../../../src/mesh/cluster/circuit-breakers.ts';
import {
  visitBreakers,
  visitCluster,
  visitDetector,
  visitMembership,
} from '../../../src/mesh/cluster/cluster-gauges.ts';
import { ClusterStats } from '../../../src/mesh/cluster/cluster-stats.ts';
import { EjectionStats } from '../../../src/mesh/cluster/ejection.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { envoyThresholds } from '../../../src/mesh/config/complete.ts';
import { anEndpoint } from '../../helpers/hosts.ts';

type Visit = (name: string, value: number) => void;

function gauges(of: (visit: Visit) => void): Record<string, number> {
  const found: Record<string, number> = {};
  of((name, value) => {
    found[name] = value;
  });
  return found;
}

describe('gauges of a cluster', () => {
  it('count members by health', () => {
    const healths = ['healthy', 'healthy', 'healthy', 'degraded', 'draining', 'draining'] as const;
    const hosts = healths.map((health, i) => new Host(anEndpoint(i, { health }), i));
    hosts[0]!.isEjected = true;
    expect(gauges((visit) => visitMembership(hosts, visit))).toEqual({
      membership_total: 6,
      membership_healthy: 2,
      membership_degraded: 1,
      membership_excluded: 2,
    });
  });

  it('add up both priorities, and show the breakers of each', () => {
    const [normal, high] = [2, 1].map((maxConnections) => {
      return new CircuitBreakers(envoyThresholds({ maxConnections }));
    });
    for (const breakers of [normal!, normal!, normal!, high!]) {
      breakers.addRequest(0);
      breakers.addPending();
    }
    high!.addConnection();
    const found = gauges((visit) => visitBreakers([normal!, high!], visit, []));
    expect(found).toMatchObject({
      upstream_rq_active: 4,
      upstream_rq_pending_active: 4,
      upstream_cx_active: 1,
      'circuit_breakers.default.cx_open': 0,
      'circuit_breakers.high.cx_open': 1,
    });
  });

  it('bear the name of their cluster, and say what they are', () => {
    const seen: string[] = [];
    const visit = (name: string, kind: string) => seen.push(`${kind} ${name}`);
    visitCluster('shop', new ClusterStats(), visit);
    expect(seen).toContain('counter cluster.shop.upstream_rq_total');
    seen.length = 0;
    visitDetector('shop', new EjectionStats(), visit);
    expect(seen).toContain('gauge cluster.shop.outlier_detection.ejections_active');
    expect(seen).toContain('counter cluster.shop.outlier_detection.ejections_overflow');
  });
});
