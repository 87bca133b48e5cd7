/**
 * Which host of a cluster a request goes to: its subset, then a host of that by health and balancer.
 *
 * Made by the cluster, which asks it for each pick and tells it of members and health.
 * Source: policy-engine.md §6.3, 7.1, 7.10.
 */
import type { Ns } from '../../core/time.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';
import type { HostGroup } from './host-group.ts';
import type { HostWish } from './host-wish.ts';
import { SubsetTable } from './subset-table.ts';

export class HostPicker {
  /** All hosts. */
  readonly group: HostGroup;
  private readonly stats: ClusterStats;
  private readonly failsOnPanic: boolean;
  private readonly onPanic: (uid: number) => void;
  /** null = requests do not choose between subsets. */
  private readonly subsets: SubsetTable<HostGroup> | null;

  /** @param onPanic told of each pick in panic */
  constructor(
    config: ClusterConfig,
    groupOf: (hosts: readonly Host[]) => HostGroup,
    hosts: readonly Host[],
    stats: ClusterStats,
    onPanic: (uid: number) => void,
  ) {
    this.group = groupOf(hosts);
    this.stats = stats;
    this.failsOnPanic = config.failsOnPanic === true;
    this.onPanic = onPanic;
    this.subsets = config.subsets === undefined ? null : new SubsetTable(config.subsets, groupOf);
    this.subsets?.replace(hosts);
  }

  /** @returns null = no healthy upstream */
  pick(choice: HostChoice, wish: HostWish | null): Host | null {
    if (this.subsets === null) return this.pickIn(this.group, choice, wish);
    const { group, isFallback } = this.subsets.find(wish === null ? null : wish.criteria);
    const host = group === null ? null : this.pickIn(group, choice, wish);
    if (host !== null) {
      if (isFallback) this.stats.lbSubsetsFallback++;
      else this.stats.lbSubsetsSelected++;
      return host;
    }
    const { lastResort } = this.subsets;
    if (!isFallback || lastResort === null) return null;
    this.stats.lbSubsetsFallbackPanic++;
    return this.pickIn(lastResort, choice, wish);
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

  /** A host reports its load. */
  beforeReport(): void {
    this.group.beforeReport();
    if (this.subsets !== null) for (const group of this.subsets.groups) group.beforeReport();
  }

  private pickIn(group: HostGroup, choice: HostChoice, wish: HostWish | null): Host | null {
    const candidates = group.candidates(choice, wish);
    if (candidates.length === 0) return null;
    if (group.set.isPanicking) {
      this.stats.lbHealthyPanic++;
      this.onPanic(choice.uid);
      if (this.failsOnPanic) return null;
    }
    return group.pick(choice, candidates);
  }
}
