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
  private readonly checkers: Map<Cluster, readonly HealthChecker[]>;

  constructor(context: EngineContext) {
    this.context = context;
    this.checkers = new Map();
  }

  /** Clusters that are checked already go on as they are. */
  start(clusters: readonly ClusterConfig[]): void {
    const { context, checkers } = this;
    for (const { name, healthChecks } of clusters) {
      if (healthChecks === undefined) continue;
      const cluster = context.directory.find(name);
      if (cluster === null || checkers.has(cluster)) continue;
      const all: HealthChecker[] = [];
      for (const check of healthChecks) all.push(new HealthChecker(context, cluster, check, all));
      checkers.set(cluster, all);
      // As in Envoy, the last one hears of it.
      cluster.onPassiveFailure = (host) => all.at(-1)?.onPassiveFailure(host);
      cluster.onMembers = (hosts) => {
        for (const checker of all) checker.follow(hosts);
      };
      cluster.onMembers(cluster.allHosts);
      cluster.healthKnown();
    }
  }

  /** Whether every host that is checked has had its first result. */
  get isReady(): boolean {
    for (const all of this.checkers.values()) if (!all.every(hasFirstResults)) return false;
    return true;
  }

  visitStats(visit: VisitStat): void {
    for (const [cluster, all] of this.checkers) {
      const prefix = `cluster.${cluster.config.name}.`;
      for (const checker of all) {
        const own = prefix + checker.statPrefix;
        checker.visitStats((name, kind, value) => visit(own + name, kind, value));
      }
      if (all.length > 1) visitTogether(cluster, `${prefix}health_check.`, visit);
    }
  }
}

function hasFirstResults(checker: HealthChecker): boolean {
  return checker.isReady;
}

/** What all checkers of a cluster say. */
function visitTogether({ allHosts }: Cluster, prefix: string, visit: VisitStat): void {
  const passing = allHosts.filter(({ failsChecks }) => !failsChecks);
  const degraded = allHosts.filter(({ isMarkedDegraded }) => isMarkedDegraded);
  visit(`${prefix}healthy`, 'gauge', passing.length);
  visit(`${prefix}degraded`, 'gauge', degraded.length);
}
