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
import { LocalitySchedule } from './locality-schedule.ts';
import {
  choosePriority,
  loadsWithout,
  OVERPROVISIONING_PERCENT,
  type PriorityLoads,
  priorityLoads,
} from './priorities.ts';

/** What `HostSet.changed` returns when the change is already visible to the balancers. */
export const DELIVERED: Ns = -1;

/** The hosts of one priority. */
interface Level {
  readonly hosts: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
  /** Localities by weight; null = the priority is balanced as a whole. */
  readonly healthyByLocality: LocalitySchedule | null;
  readonly degradedByLocality: LocalitySchedule | null;
}

/** Integer in [0, 2^32): where the schedules of localities begin, anew for each generation. */
export type LocalitySeed = (generation: number) => number;

const NO_SEED: LocalitySeed = () => 0;

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
  /** When the collected changes are due; `DELIVERED` = nothing is collected. */
  pendingDeliveryNs: Ns = DELIVERED;
  private all: readonly Host[];
  private levels: readonly Level[] = [];
  private loads: PriorityLoads;
  /** The candidates, when no draw and no schedule decides between several lists. */
  private only: readonly Host[] | null = null;
  private lastDeliveryNs: Ns | null = null;
  private readonly panicThresholdPercent: number;
  private readonly mergeWindowMs: number;
  private readonly localitySeed: LocalitySeed;

  /**
   * @param hosts in cluster order; the set keeps the list, so a new membership is a new list
   * @param panicThresholdPercent 0..100; 0 disables panic
   * @param updateMergeWindowMs 0 = every change is delivered at once
   */
  constructor(
    hosts: readonly Host[],
    panicThresholdPercent: number,
    updateMergeWindowMs: number,
    localitySeed: LocalitySeed = NO_SEED,
  ) {
    this.all = hosts;
    this.panicThresholdPercent = panicThresholdPercent;
    this.mergeWindowMs = updateMergeWindowMs;
    this.localitySeed = localitySeed;
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
    const healths = this.levels.map(healthOf);
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
    const healths = this.levels.map(healthOf);
    const loads = priorityLoads(healths, this.panicThresholdPercent, this.overprovisioning);
    this.needsPercentile = this.levels.length > 1 || loads.degraded[0] !== 0;
    this.isPanicking = loads.panicking[0] === true;
    this.source = 0;
    this.only = this.onlyList();
    return loads;
  }

  private onlyList(): readonly Host[] | null {
    const [level] = this.levels;
    if (this.needsPercentile || level === undefined) return null;
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
      if (!hosts.some((host) => host.endpoint.localityWeight !== undefined)) return null;
      const made = LocalitySchedule.of(hosts, eligible, {
        seed: this.localitySeed(this.generation),
        firstSource: sources,
      });
      sources += made?.count ?? 0;
      return made;
    };
    return lists.map((hosts) => {
      const healthy = hosts.filter((host) => host.isHealthy);
      const degraded = hosts.filter((host) => host.isDegraded);
      return {
        hosts,
        healthy,
        degraded,
        healthyByLocality: schedule(hosts, healthy),
        degradedByLocality: schedule(hosts, degraded),
      };
    });
  }
}

function healthOf({ hosts, healthy, degraded }: Level) {
  return {
    hosts: hosts.length,
    healthy: healthy.length,
    degraded: degraded.length,
    excluded: hosts.filter((host) => host.isExcluded).length,
  };
}
