/**
 * One active health checker of a cluster: a probe per host, again and again.
 *
 * `health-checks.ts` makes one for each check of each cluster, when the engine starts. A host is
 * healthy once all checkers of its cluster say so.
 * Source: policy-engine.md §5; Envoy, health_checker_base.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import type { HealthCheckConfig } from '../config/config.ts';
import type { EngineContext } from './context.ts';
import { Probe } from './health-probe.ts';

/** Counters below `cluster.<name>.health_check.`. */
export interface CheckStats {
  attempt: number;
  success: number;
  failure: number;
  passive_failure: number;
  network_failure: number;
  verify_cluster: number;
}

export class HealthChecker {
  readonly stats: CheckStats;
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly config: HealthCheckConfig;
  private readonly probes: Map<Host, Probe>;
  /** All of the cluster, this one included. */
  private readonly siblings: readonly HealthChecker[];
  private wasReady: boolean;
  /** Times that a host became degraded: as in Envoy, it does not go down when they are over. */
  degradedCount: number;

  constructor(
    context: EngineContext,
    cluster: Cluster,
    config: HealthCheckConfig,
    siblings: readonly HealthChecker[],
  ) {
    this.siblings = siblings;
    this.stats = {
      attempt: 0,
      success: 0,
      failure: 0,
      passive_failure: 0,
      network_failure: 0,
      verify_cluster: 0,
    };
    this.context = context;
    this.cluster = cluster;
    this.config = config;
    this.probes = new Map();
    this.wasReady = false;
    this.degradedCount = 0;
  }

  /** Probes hosts that came and forgets those that left. */
  follow(hosts: readonly Host[]): void {
    for (const [host, probe] of this.probes) {
      if (hosts.includes(host)) continue;
      probe.stop();
      this.probes.delete(host);
      if (host.isMarkedDegraded) this.degradedCount--;
    }
    for (const host of hosts) {
      if (this.probes.has(host)) continue;
      if (host.endpoint.check?.isOff === true) continue;
      host.failsChecks = true;
      host.isUnchecked = this.cluster.config.excludesUnchecked === true;
      const probe = new Probe(this.context, this.cluster, this.config, host, this);
      this.probes.set(host, probe);
      probe.begin();
    }
  }

  /** What its counters begin with, below the cluster's name. */
  get statPrefix(): string {
    const { name } = this.config;
    return name === undefined ? 'health_check.' : `health_check.name.${name}.`;
  }

  /** Whether any checker of the cluster has not passed a host. */
  failsAnywhere(host: Host): boolean {
    return this.siblings.some((checker) => checker.probes.get(host)?.isFailing === true);
  }

  isDegradedAnywhere(host: Host): boolean {
    return this.siblings.some((checker) => checker.probes.get(host)?.isDegrading === true);
  }

  /** Whether the hosts of the beginning have had their first results. Once it is, it stays so. */
  get isReady(): boolean {
    if (!this.wasReady) this.wasReady = ![...this.probes.values()].some(isUnsettled);
    return this.wasReady;
  }

  /** A host said in a response that it must not be used. */
  onPassiveFailure(host: Host): void {
    const probe = this.probes.get(host);
    if (probe === undefined) return;
    this.stats.failure++;
    this.stats.passive_failure++;
    probe.failPassively();
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const [name, value] of Object.entries(this.stats)) visit(name, 'counter', value as number);
    visit('healthy', 'gauge', [...this.probes.values()].filter(isPassing).length);
    visit('degraded', 'gauge', this.degradedCount);
  }
}

function isPassing(probe: Probe): boolean {
  return !probe.isFailing;
}

function isUnsettled(probe: Probe): boolean {
  return probe.isFirstPending;
}
