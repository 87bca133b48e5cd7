/**
 * Decides what a run is measured in: rows for clients, edges and services, and which ids mean them.
 *
 * An edge is a pair (caller, service) that traffic can take: what clients and call steps name, and
 * where the routes of those hosts lead. Other clusters of a proxy have no row.
 */

import type { DurationSampler } from '../core/distributions.ts';
import { Draws } from '../core/draws.ts';
import { MILLISECOND } from '../core/time.ts';
import type { NameIds } from '../importers/name-ids.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import type { MetricsPlan, ProxyRow, ServiceRow } from '../trace/metrics-plan.ts';
import { calledServices } from '../workload/call-step.ts';
import { type Machine, serviceHost } from './addresses.ts';
import type { OverheadProfile } from './data-planes/overhead-profiles.ts';
import type { Scenario } from './scenario.ts';

const ADDED_LATENCY_SAMPLES = 20_000;

export class MetricsPlanner {
  private readonly scenario: Scenario;
  private readonly machines: readonly Machine[];
  private readonly edges: { from: string; to: string }[] = [];
  private readonly edgeIndex = new Map<string, number>();
  private readonly serviceByHost: ReadonlyMap<string, string>;
  private readonly proxies: ProxyRow[] = [];

  constructor(scenario: Scenario, machines: readonly Machine[]) {
    this.scenario = scenario;
    this.machines = machines;
    this.serviceByHost = new Map(scenario.services.map((s) => [serviceHost(s), s.name]));
  }

  /** In the order of proxy ids. An inbound proxy has no edges. */
  addProxy(name: string, machine: Machine, outbound: MeshConfig | null): void {
    const edgeOfCluster =
      outbound === null ? new Int32Array(0) : this.edgesOfClusters(machine, outbound);
    const service = machine.service?.name ?? machine.client?.name ?? machine.name;
    this.proxies.push({ name, service, edgeOfCluster });
  }

  plan(ids: NameIds, overhead: DurationSampler | null, profile: OverheadProfile): MetricsPlan {
    const services = this.serviceRows();
    const hostServiceRow = this.machines.map((_, host) =>
      services.findIndex((row) => row.hosts.includes(host)),
    );
    const rowByIp = new Map(this.machines.map((machine, host) => [machine.ip, host]));
    const proxyCount = overhead === null ? 0 : this.proxies.length;
    return {
      clients: this.scenario.clients.map((client) => client.name),
      warmUpNs: this.scenario.warmUpNs,
      edges: this.edges,
      services,
      proxies: this.proxies,
      clusterNames: ids.clusterNames,
      endpoints: ids.endpointNames.map((address) => {
        const host = rowByIp.get(address.slice(0, address.lastIndexOf(':')));
        return {
          name: host === undefined ? address : this.machines[host]!.name,
          serviceRow: host === undefined ? -1 : hostServiceRow[host]!,
        };
      }),
      hostServiceRow,
      addedLatencyMs: overhead === null ? { p50: 0, p99: 0 } : addedLatency(overhead),
      proxyCpuMsPerRequest: overhead === null ? 0 : profile.cpuMsPerRequest,
      proxyMemoryMiB: Math.round(proxyCount * profile.memoryMiB),
    };
  }

  private edgesOfClusters(machine: Machine, config: MeshConfig): Int32Array {
    const from = machine.service?.name ?? machine.client?.name ?? machine.name;
    const reachable = reachableServices(this.calledHosts(machine), config);
    const size = config.clusters.reduce((most, cluster) => Math.max(most, cluster.id + 1), 0);
    const edgeOfCluster = new Int32Array(size).fill(-1);
    for (const cluster of config.clusters) {
      const to = this.serviceByHost.get(cluster.service.host) ?? cluster.service.host;
      if (reachable.has(cluster.name)) edgeOfCluster[cluster.id] = this.edge(from, to);
    }
    return edgeOfCluster;
  }

  private edge(from: string, to: string): number {
    const key = `${from}->${to}`;
    const known = this.edgeIndex.get(key);
    if (known !== undefined) return known;
    this.edgeIndex.set(key, this.edges.length);
    this.edges.push({ from, to });
    return this.edges.length - 1;
  }

  private calledHosts(machine: Machine): Set<string> {
    const names =
      machine.client !== null ? [machine.client.to] : calledServices(machine.version?.calls ?? []);
    const called = this.scenario.services.filter((service) => names.includes(service.name));
    return new Set(called.map(serviceHost));
  }

  private serviceRows(): ServiceRow[] {
    return this.scenario.services.flatMap((service) =>
      service.versions.map((version): ServiceRow => {
        const hosts = this.machines.flatMap((machine, host) =>
          machine.version === version ? [host] : [],
        );
        return { name: service.name, version: version.version, hosts, workers: version.workers };
      }),
    );
  }
}

/** Names of the clusters to which the routes of these hosts lead. */
function reachableServices(hosts: ReadonlySet<string>, config: MeshConfig): Set<string> {
  const clusters = new Set<string>();
  for (const listener of config.listeners) {
    for (const virtualHost of listener.routes.virtualHosts) {
      if (!virtualHost.domains.some((domain) => hosts.has(domain))) continue;
      for (const { action } of virtualHost.routes) {
        if (action.kind !== 'forward') continue;
        for (const { cluster } of action.clusters) clusters.add(cluster);
      }
    }
  }
  return clusters;
}

/** What two proxies on a path add, from the law of one. Sampled with a fixed seed, so it is a constant. */
function addedLatency(overhead: DurationSampler): MetricsPlan['addedLatencyMs'] {
  const draws = new Draws('added latency');
  const stream = draws.stream('path');
  const samples = Float64Array.from({ length: ADDED_LATENCY_SAMPLES }, (_, uid) => {
    return overhead.sample(draws, stream, uid, 0) + overhead.sample(draws, stream, uid, 1);
  }).sort();
  const at = (q: number) =>
    Math.round((samples[Math.floor(q * samples.length)]! / MILLISECOND) * 1000) / 1000;
  return { p50: at(0.5), p99: at(0.99) };
}
