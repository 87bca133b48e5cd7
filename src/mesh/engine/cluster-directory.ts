/**
 * The clusters of an engine: from a name to run-time state, made when it is first asked for.
 *
 * Invariant: a cluster keeps its place in `all` for good, so requests may hold its index; a cluster
 * whose configuration changed is another cluster at another place.
 * Source: policy-engine.md §2.3 (look-up before each retry); Envoy, cluster manager.
 */
import type { EndpointSet } from '../../core/engine.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterSurroundings } from '../cluster/cluster-surroundings.ts';
import type { ClusterConfig, MeshConfig } from '../config/config.ts';

export class ClusterDirectory {
  /** Indexed by `Cluster.index`; removed ones included. */
  readonly all: Cluster[];
  private configs: readonly ClusterConfig[];
  /** Members that came apart from the configuration, by cluster id. */
  private readonly members: [id: number, set: EndpointSet][];
  private readonly surroundings: ClusterSurroundings;

  constructor(config: MeshConfig, surroundings: ClusterSurroundings) {
    this.all = [];
    this.configs = config.clusters;
    this.members = [];
    this.surroundings = surroundings;
  }

  /** @returns null when the configuration has no such cluster. O(clusters) */
  find(name: string): Cluster | null {
    const config = this.configs.find((cluster) => cluster.name === name);
    return config === undefined ? null : (this.running(config.id) ?? this.create(config));
  }

  /** The present cluster of an id, if it was ever used. O(clusters in use) */
  running(id: number): Cluster | null {
    return this.all.find((cluster) => cluster.id === id && !cluster.isRemoved) ?? null;
  }

  /** What a request's cluster is now: the same, its successor, or null when it is gone. */
  current(cluster: Cluster): Cluster | null {
    return cluster.isRemoved ? this.find(cluster.config.name) : cluster;
  }

  setEndpoints(id: number, members: EndpointSet): void {
    const known = this.members.find(([other]) => other === id);
    if (known === undefined) this.members.push([id, members]);
    else known[1] = members;
    this.running(id)?.setMembers(members);
  }

  /** Unchanged clusters stay; changed and missing ones are removed and drain. */
  apply(config: MeshConfig): void {
    this.configs = config.clusters;
    for (const cluster of this.all) {
      if (cluster.isRemoved) continue;
      const next = config.clusters.find(({ id }) => id === cluster.id);
      if (next === undefined || !isSamePolicy(cluster.config, next)) cluster.remove();
      else if (next.endpoints.version > cluster.endpoints.version) {
        cluster.setMembers(next.endpoints);
      }
    }
  }

  private create(config: ClusterConfig): Cluster {
    const sent = this.members.find(([id]) => id === config.id)?.[1];
    const isNewer = sent !== undefined && sent.version >= config.endpoints.version;
    const members = isNewer ? sent : config.endpoints;
    const predecessor = this.all.findLast((cluster) => cluster.id === config.id);
    const stats = predecessor?.stats ?? null;
    const cluster = new Cluster(config, members, this.all.length, stats, this.surroundings);
    this.all.push(cluster);
    return cluster;
  }
}

/** Endpoints and origins apart: they change without making another cluster of it. */
function isSamePolicy(a: ClusterConfig, b: ClusterConfig): boolean {
  return a === b || policyText(a) === policyText(b);
}

function policyText(config: ClusterConfig): string {
  const { endpoints: _endpoints, origins: _origins, ...policy } = config;
  return JSON.stringify(policy);
}
