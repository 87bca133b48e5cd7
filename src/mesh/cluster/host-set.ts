/**
 * What a cluster's balancers see: its hosts by priority, health and locality, as last delivered.
 *
 * Health changes at once on the host (`Host.isEjected`), but reaches the balancers in deliveries: the
 * first change is delivered at once, further ones within the merge window are collected and
 * delivered together one window after the first of them. So two ejections in quick succession leave
 * the second host in rotation for up to a second. New member lists are never held back.
 * Source: policy-engine.md §4.4 step 9, 6.1 to 6.4, 7.1; Envoy, cluster manager update merging.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Host } from './host.ts';
import { byLocality, inOrder, type LocalityHosts } from './localities.ts';
import { LocalitySchedule } from './locality-schedule.ts';
import {
  choosePriority,
  loadsWithout,
  OVERPROVISIONING_PERCENT,
  type PriorityHealth,
  type PriorityLoads,
  priorityLoads,
} from './priorities.ts';
import type { ZoneHosts } from './zone-routing.ts';

/** What `HostSet.changed` returns when the change is already visible to the balancers. */
export const DELIVERED: Ns = -1;

/** The hosts of one priority. */
interface Level {
  readonly counts: PriorityHealth;
  /** The candidates in panic. */
  readonly hosts: readonly Host[];
  /** Those for the share of healthy hosts. */
  readonly healthy: readonly Host[];
  /** Those for the share of degraded hosts. */
  readonly degraded: readonly Host[];
  /** For hashing balancers, where localities are weighted: the part of each candidate. */
  readonly hostShares: readonly number[] | null;
  readonly healthyShares: readonly number[] | null;
  /** Localities by weight; null = the priority is balanced as a whole. */
  readonly healthyByLocality: LocalitySchedule | null;
  readonly degradedByLocality: LocalitySchedule | null;
}

/** Integer in [0, 2^32): where the schedules of localities begin, anew for each generation. */
export type LocalitySeed = (generation: number) => number;

const NO_SEED: LocalitySeed = () => 0;

/** What a locality weighs among those of its priority. */
export type LocalityWeight = (locality: LocalityHosts) => number;

export interface HostSetOptions {
  readonly localitySeed?: LocalitySeed;
  /** Locality of the proxy; undefined = unknown. */
  readonly ownLocality?: string;
  /** Whether candidates are put on a ring or into a table, all of a priority together. */
  readonly isHashing?: boolean;
  /** Whether the own zone comes first: who picks asks for `source` each time. */
  readonly isZoned?: boolean;
  /** Weights of localities in place of the endpoints' own; null = localities have none. */
  readonly localityWeight?: LocalityWeight | null;
}

function ownWeight({ hosts }: LocalityHosts): number {
  return hosts[0]?.endpoint.localityWeight ?? 0;
}

/** All hosts of a cluster, their delivered health, and which priorities are in panic. */
export class HostSet {
  /** Grows with each delivery. */
  generation = 0;
  /**
   * Whether the last candidates were chosen in panic: too few hosts of their priority are healthy,
   * so that health counts no more.
   */
  isPanicking = false;
  /**
   * Which list the last candidates were: 2 × priority, + 1 for degraded hosts; localities that are
   * balanced on their own follow. Each list has a balancer state of its own.
   */
  source = 0;
  /** Whether a pick needs the percentile of `candidates`: several priorities, or degraded hosts. */
  needsPercentile = false;
  /**
   * For hashing balancers, where localities are weighted: the part of each of the last candidates,
   * adding up to 1 or less. null = by the weights of the hosts.
   */
  shares: readonly number[] | null = null;
  /** Told of each delivery; null = nobody follows. */
  onRefresh: (() => void) | null = null;
  /** When the collected changes are due; `DELIVERED` = nothing is collected. */
  pendingDeliveryNs: Ns = DELIVERED;
  private all: readonly Host[];
  private levels: readonly Level[] = [];
  private loads: PriorityLoads;
  /** The candidates, when no draw and no schedule decides between several lists. */
  private only: readonly Host[] | null = null;
  private lastDeliveryNs: Ns | null = null;
  /** Localities of all schedules. */
  private scheduledCount = 0;
  private readonly panicThresholdPercent: number;
  private readonly mergeWindowMs: number;
  private readonly localitySeed: LocalitySeed;
  private readonly ownLocality: string;
  private readonly isHashing: boolean;
  private readonly isZoned: boolean;
  private readonly localityWeight: LocalityWeight | null;

  /**
   * @param hosts in cluster order; the set keeps the list, so a new membership is a new list
   * @param panicThresholdPercent 0..100; 0 disables panic
   * @param updateMergeWindowMs 0 = every change is delivered at once
   */
  constructor(
    hosts: readonly Host[],
    panicThresholdPercent: number,
    updateMergeWindowMs: number,
    options: HostSetOptions = {},
  ) {
    this.all = hosts;
    this.panicThresholdPercent = panicThresholdPercent;
    this.mergeWindowMs = updateMergeWindowMs;
    this.localitySeed = options.localitySeed ?? NO_SEED;
    this.ownLocality = options.ownLocality ?? '';
    this.isHashing = options.isHashing === true;
    this.isZoned = options.isZoned === true;
    const { localityWeight } = options;
    this.localityWeight = localityWeight === undefined ? ownWeight : localityWeight;
    this.loads = this.refresh();
  }

  /** All hosts, whatever their health, in cluster order. */
  get hosts(): readonly Host[] {
    return this.all;
  }

  /** Whether a pick would find a host. */
  get hasCandidates(): boolean {
    return this.levels.some(({ hosts, healthy, degraded }, priority) =>
      this.loads.panicking[priority] === true
        ? hosts.length > 0
        : healthy.length + degraded.length > 0,
    );
  }

  /**
   * The hosts one pick may choose from. Without localities of weights: one and the same list until
   * the next delivery.
   *
   * @param percentile integer 0..99, a uniform draw; asked for only if `needsPercentile`
   * @returns empty = no healthy upstream
   */
  candidates(percentile = 0): readonly Host[] {
    if (this.only !== null) return this.only;
    const chosen = choosePriority(this.loads, percentile);
    const level = this.levels[chosen >> 1]!;
    this.source = chosen;
    this.isPanicking = this.loads.panicking[chosen >> 1] === true;
    if (this.isHashing) {
      this.source = chosen & ~1;
      this.shares = this.isPanicking ? level.hostShares : level.healthyShares;
    }
    if (this.isPanicking) return level.hosts;
    const isDegraded = (chosen & 1) === 1;
    const localities = isDegraded ? level.degradedByLocality : level.healthyByLocality;
    if (localities === null) return isDegraded ? level.degraded : level.healthy;
    const locality = localities.pick();
    this.source = 2 * this.levels.length + localities.firstSource + locality;
    return localities.hostsOf(locality);
  }

  /**
   * The health of a host changed.
   *
   * @returns `DELIVERED` when the balancer sees it from now on (a timer for an earlier due time is
   *   void), else the instant at which to call `deliver`, which is the same for all changes collected
   */
  changed(nowNs: Ns): Ns {
    if (this.isOutsideWindow(nowNs)) {
      this.deliver(nowNs);
      return DELIVERED;
    }
    if (this.pendingDeliveryNs === DELIVERED) {
      this.pendingDeliveryNs = nowNs + this.mergeWindowMs * MILLISECOND;
    }
    return this.pendingDeliveryNs;
  }

  /** Of the first priority, as last delivered. */
  get zoneHosts(): ZoneHosts {
    const { counts, hosts, healthy, degraded } = this.levels[0]!;
    return { hosts, healthy, degraded, excludedCount: counts.excluded };
  }

  /** For hashing balancers: what stands in the table of a priority. Sets `shares`. */
  tableHosts(priority: number): readonly Host[] {
    const level = this.levels[priority]!;
    const isPanicking = this.loads.panicking[priority] === true;
    this.shares = isPanicking ? level.hostShares : level.healthyShares;
    return isPanicking ? level.hosts : level.healthy;
  }

  /** First number that no list of the set itself has as its `source`. */
  get firstFreeSource(): number {
    return 2 * this.levels.length + this.scheduledCount;
  }

  get priorityCount(): number {
    return this.levels.length;
  }

  /** Percent: how far a host counts for more than itself. */
  private get overprovisioning(): number {
    return this.all[0]?.endpoint.overprovisioningPercent ?? OVERPROVISIONING_PERCENT;
  }

  /**
   * As `candidates`, but without some priorities.
   *
   * @param excluded by priority; changed in place when nothing would be left: then all count again
   * @returns null when the usual candidates apply
   */
  candidatesWithout(excluded: boolean[], percentile: number): readonly Host[] | null {
    const healths = this.levels.map(({ counts }) => counts);
    const loads = loadsWithout(healths, excluded, this.overprovisioning);
    if (loads === null) return null;
    const chosen = choosePriority(loads, percentile);
    const level = this.levels[chosen >> 1]!;
    this.source = chosen;
    this.isPanicking = this.loads.panicking[chosen >> 1] === true;
    if (this.isPanicking) return level.hosts;
    return (chosen & 1) === 1 ? level.degraded : level.healthy;
  }

  /** Shows the balancer the health of this moment. Nothing stays collected. */
  deliver(nowNs: Ns): void {
    this.pendingDeliveryNs = DELIVERED;
    this.lastDeliveryNs = nowNs;
    this.loads = this.refresh();
  }

  /** As `replace`, but before anything counts as delivered. */
  restart(): void {
    this.loads = this.refresh();
  }

  /** A new membership of a set whose deliveries follow another one's. */
  renew(hosts: readonly Host[]): void {
    this.all = hosts;
    this.restart();
  }

  /** A new membership, delivered at once with whatever was collected. */
  replace(hosts: readonly Host[], nowNs: Ns): void {
    this.all = hosts;
    this.deliver(nowNs);
  }

  /** Whole milliseconds decide, and the window's last millisecond still belongs to it. */
  private isOutsideWindow(nowNs: Ns): boolean {
    if (this.mergeWindowMs === 0 || this.lastDeliveryNs === null) return true;
    return Math.trunc((nowNs - this.lastDeliveryNs) / MILLISECOND) > this.mergeWindowMs;
  }

  private refresh(): PriorityLoads {
    this.generation += 1;
    this.levels = this.makeLevels();
    const healths = this.levels.map(({ counts }) => counts);
    const loads = priorityLoads(healths, this.panicThresholdPercent, this.overprovisioning);
    this.needsPercentile = this.levels.length > 1 || loads.degraded[0] !== 0;
    this.isPanicking = loads.panicking[0] === true;
    this.source = 0;
    this.only = this.onlyList();
    this.onRefresh?.();
    return loads;
  }

  private onlyList(): readonly Host[] | null {
    const [level] = this.levels;
    if (this.needsPercentile || this.isZoned || level === undefined) return null;
    this.shares = this.isPanicking ? level.hostShares : level.healthyShares;
    if (this.isPanicking) return level.hosts;
    return level.healthyByLocality === null ? level.healthy : null;
  }

  private makeLevels(): Level[] {
    const count = this.all.reduce((most, { endpoint }) => Math.max(most, endpoint.priority + 1), 1);
    const lists = Array.from({ length: count }, (_, priority) =>
      count === 1 ? this.all : this.all.filter((host) => host.endpoint.priority === priority),
    );
    let sources = 0;
    const schedule = (hosts: readonly Host[], eligible: readonly Host[]) => {
      const made = this.scheduleOf(hosts, eligible, sources);
      sources += made?.count ?? 0;
      return made;
    };
    const levels = lists.map((hosts) =>
      this.isHashing ? this.hashingLevel(hosts) : levelOf(hosts, schedule),
    );
    this.scheduledCount = sources;
    return levels;
  }

  private scheduleOf(
    hosts: readonly Host[],
    eligible: readonly Host[],
    firstSource: number,
  ): LocalitySchedule | null {
    const { localityWeight } = this;
    if (localityWeight === null || !hosts.some(isWeighted)) return null;
    const seed = this.localitySeed(this.generation);
    const localities = byLocality(hosts);
    return LocalitySchedule.of(localities, eligible, {
      seed,
      firstSource,
      weightOf: localityWeight,
    });
  }

  /** Degraded hosts are on no ring: whoever is meant for them finds the healthy ones. */
  private hashingLevel(hosts: readonly Host[]): Level {
    const healthy = hosts.filter((host) => host.isHealthy);
    const level = {
      counts: countsOf(
        hosts,
        healthy,
        hosts.filter((host) => host.isDegraded),
      ),
      healthyByLocality: null,
      degradedByLocality: null,
    };
    const { localityWeight } = this;
    if (localityWeight === null || !hosts.some(isWeighted)) {
      const shares = { hostShares: null, healthyShares: null };
      return { ...level, hosts, healthy, degraded: healthy, ...shares };
    }
    const localities = inOrder(hosts, this.ownLocality);
    const all = hashShares(localities, localityWeight, () => true);
    const able = hashShares(localities, localityWeight, (host) => host.isHealthy);
    return {
      ...level,
      hosts: all.hosts,
      hostShares: all.shares,
      healthy: able.hosts,
      degraded: able.hosts,
      healthyShares: able.shares,
    };
  }
}

function isWeighted({ endpoint }: Host): boolean {
  return endpoint.localityWeight !== undefined;
}

type MakeSchedule = (hosts: readonly Host[], eligible: readonly Host[]) => LocalitySchedule | null;

function levelOf(hosts: readonly Host[], schedule: MakeSchedule): Level {
  const healthy = hosts.filter((host) => host.isHealthy);
  const degraded = hosts.filter((host) => host.isDegraded);
  return {
    counts: countsOf(hosts, healthy, degraded),
    hosts,
    healthy,
    degraded,
    hostShares: null,
    healthyShares: null,
    healthyByLocality: schedule(hosts, healthy),
    degradedByLocality: schedule(hosts, degraded),
  };
}

function countsOf(
  hosts: readonly Host[],
  healthy: readonly Host[],
  degraded: readonly Host[],
): PriorityHealth {
  const excluded = hosts.filter((host) => host.isExcluded);
  const counts = {
    hosts: hosts.length,
    healthy: healthy.length,
    degraded: degraded.length,
    excluded: excluded.length,
  };
  if (hosts[0]?.endpoint.weightsPriorities !== true) return counts;
  const counted = weightOf(hosts) - weightOf(excluded);
  return {
    ...counts,
    weights: { healthy: weightOf(healthy), degraded: weightOf(degraded), counted },
  };
}

function weightOf(hosts: readonly Host[]): number {
  return hosts.reduce((sum, { endpoint }) => sum + endpoint.weight, 0);
}

/** Each host has its part of its locality's part; localities without weight are left out. */
function hashShares(
  localities: readonly LocalityHosts[],
  weightOfLocality: LocalityWeight,
  isEligible: (host: Host) => boolean,
): { readonly hosts: readonly Host[]; readonly shares: readonly number[] } {
  const total = localities.reduce((sum, locality) => sum + weightOfLocality(locality), 0);
  const hosts: Host[] = [];
  const shares: number[] = [];
  for (const locality of localities) {
    const part = weightOfLocality(locality) / total;
    if (!(part > 0)) continue;
    const eligible = locality.hosts.filter(isEligible);
    const sum = weightOf(eligible);
    for (const host of eligible) {
      hosts.push(host);
      shares.push((host.endpoint.weight / sum) * part);
    }
  }
  return { hosts, shares };
}
