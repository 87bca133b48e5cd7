/**
 * Which host of a cluster a request goes to: its subset, then a host of that by health and balancer.
 *
 * Made by the cluster, which asks it for each pick and tells it of members and health.
 * Source: policy-engine.md §6.3, 7.1, 7.10.
 */
import type { LbMetadata } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';
import type { HostGroup } from './host-group.ts';
import type { HostWish } from './host-wish.ts';
import { SubsetTable } from './subset-table.ts';

/**
 * @param all null = the group is the whole cluster; else it is a subset of these
 */
export type MakeGroup = (hosts: readonly Host[], all: readonly Host[] | null) => HostGroup;

export class HostPicker {
  /** All hosts. */
  readonly group: HostGroup;
  private readonly stats: ClusterStats;
  private readonly failsOnPanic: boolean;
  private readonly isHashing: boolean;
  private readonly onPanic: (uid: number) => void;
  /** null = requests do not choose between subsets. */
  private readonly subsets: SubsetTable<HostGroup> | null;

  /**
   * @param isHashing whether picks follow the hash of `choice`
   * @param onPanic told of each pick in panic
   */
  constructor(
    config: ClusterConfig,
    groupOf: MakeGroup,
    hosts: readonly Host[],
    stats: ClusterStats,
    isHashing: boolean,
    onPanic: (uid: number) => void,
  ) {
    this.group = groupOf(hosts, null);
    this.stats = stats;
    this.isHashing = isHashing;
    this.failsOnPanic = config.failsOnPanic === true && !isHashing;
    this.onPanic = onPanic;
    this.subsets = config.subsets === undefined ? null : subsetsOf(config.subsets, hosts, groupOf);
  }

  /** @returns null = no healthy upstream */
  pick(choice: HostChoice, wish: HostWish | null): Host | null {
    if (this.subsets === null) return this.pickIn(this.group, choice, wish);
    const criteria = wish === null ? null : wish.criteria;
    const alternatives = this.subsets.alternatives(criteria);
    if (alternatives === null) return this.pickFor(this.subsets, criteria, choice, wish);
    for (const alternative of alternatives) {
      const host = this.pickFor(this.subsets, alternative, choice, wish);
      if (host !== null) return host;
    }
    return null;
  }

  /** The host that a pick behind the last one will choose; null = nobody can say. */
  peek(choice: HostChoice): Host | null {
    return this.subsets === null ? this.group.peek(choice) : null;
  }

  /** New members, delivered at once. */
  replace(hosts: readonly Host[], nowNs: Ns): void {
    this.group.set.replace(hosts, nowNs);
    this.subsets?.replace(hosts);
  }

  /** Checks have begun: nothing of what is known now counts as delivered. */
  restart(): void {
    this.group.set.restart();
    if (this.subsets !== null) for (const { set } of this.subsets.groups) set.restart();
  }

  /** What all hosts show now, subsets show too. */
  deliverToSubsets(nowNs: Ns): void {
    if (this.subsets !== null) for (const { set } of this.subsets.groups) set.deliver(nowNs);
  }

  /** The cluster is gone. */
  close(): void {
    this.group.close();
    if (this.subsets !== null) for (const group of this.subsets.groups) group.close();
  }

  /** A host reports its load. */
  beforeReport(): void {
    this.group.beforeReport();
    if (this.subsets !== null) for (const group of this.subsets.groups) group.beforeReport();
  }

  visitStats(visit: (name: string, value: number) => void): void {
    this.group.visitStats(visit);
    if (this.subsets === null) return;
    // Envoy counts those of its main thread too.
    visit('lb_subsets_active', THREADS * this.subsets.count);
    visit('lb_subsets_created', THREADS * this.subsets.created);
    visit('lb_subsets_removed', THREADS * this.subsets.removed);
    visit('lb_subsets_single_host_per_subset_duplicate', this.subsets.duplicates);
  }

  /** The subset of some criteria, or whatever takes its place. */
  private pickFor(
    subsets: SubsetTable<HostGroup>,
    criteria: LbMetadata | null,
    choice: HostChoice,
    wish: HostWish | null,
  ): Host | null {
    const hit = subsets.find(criteria);
    if (hit !== null) {
      if (choice.repick === 0) this.stats.lbSubsetsSelected++;
      if (hit.isSingleHost) return hit.group.set.hosts[0]!;
      return this.pickIn(hit.group, choice, wish);
    }
    const fallback = subsets.fallback(criteria);
    if (fallback.kind === 'fewer-keys') {
      return this.pickFor(subsets, fallback.criteria, choice, wish);
    }
    if (fallback.group === null) return null;
    const host = this.pickIn(fallback.group, choice, wish);
    if (fallback.kind === 'own') return host;
    if (host !== null) {
      if (choice.repick === 0) this.stats.lbSubsetsFallback++;
      return host;
    }
    const { lastResort } = subsets;
    const last = lastResort === null ? null : this.pickIn(lastResort, choice, wish);
    if (last !== null) this.stats.lbSubsetsFallbackPanic++;
    return last;
  }

  private pickIn(group: HostGroup, choice: HostChoice, wish: HostWish | null): Host | null {
    const candidates = group.candidates(choice, wish);
    if (group.set.isPanicking) {
      // A table is looked up again without choosing a priority again.
      if (choice.repick === 0 || !this.isHashing) {
        this.stats.lbHealthyPanic++;
        this.onPanic(choice.uid);
      }
      if (this.failsOnPanic) return null;
    }
    return candidates.length === 0 ? null : group.pick(choice, candidates);
  }
}

/** A main thread and one worker. */
const THREADS = 2;

function subsetsOf(
  config: NonNullable<ClusterConfig['subsets']>,
  hosts: readonly Host[],
  groupOf: MakeGroup,
): SubsetTable<HostGroup> {
  return new SubsetTable(config, hosts, {
    make: (members, all) => groupOf(members, all),
    update: (group, members, all) => group.follow(members, all),
    close: (group) => group.close(),
  });
}
