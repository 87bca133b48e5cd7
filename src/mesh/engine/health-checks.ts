/**
 * Which clusters have their hosts checked, and by what.
 *
 * The engine starts it with each configuration. A checker follows the members of its cluster and
 * hears of hosts that say in a response that they must not be used. Source: policy-engine.md §5.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { VisitStat } from '../cluster/cluster-gauges.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { EngineContext } from './context.ts';
import { HealthChecker } from './health-checker.ts';

export class HealthChecks {
  private readonly context: EngineContext;
  private readonly checkers: Map<Cluster, HealthChecker>;

  constructor(context: EngineContext) {
    this.context = context;
    this.checkers = new Map();
  }

  /** Clusters that are checked already go on as they are. */
  start(clusters: readonly ClusterConfig[]): void {
    const { context, checkers } = this;
    for (const { name, healthCheck } of clusters) {
      if (healthCheck === undefined) continue;
      const cluster = context.directory.find(name);
      if (cluster === null || checkers.has(cluster)) continue;
      const checker = new HealthChecker(context, cluster, healthCheck);
      checkers.set(cluster, checker);
      cluster.onPassiveFailure = (host) => checker.onPassiveFailure(host);
      cluster.onMembers = (hosts) => checker.follow(hosts);
      checker.follow(cluster.allHosts);
      cluster.healthKnown();
    }
  }

  /** Whether every host that is checked has had its first result. */
  get isReady(): boolean {
    for (const checker of this.checkers.values()) if (!checker.isReady) return false;
    return true;
  }

  visitStats(visit: VisitStat): void {
    for (const [{ config }, checker] of this.checkers) {
      const prefix = `cluster.${config.name}.health_check.`;
      checker.visitStats((name, kind, value) => visit(prefix + name, kind, value));
    }
  }
}
