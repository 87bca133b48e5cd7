/**
 * What a cluster's balancer sees: the hosts of one priority as they were last delivered.
 *
 * Health changes at once on the host (`Host.isEjected`), but reaches the balancer in deliveries: the
 * first change is delivered at once, further ones within the merge window are collected and
 * delivered together one window after the first of them. So two ejections in quick succession leave
 * the second host in rotation for up to a second. New member lists are never held back.
 * Source: policy-engine.md §4.4 step 9, 6.1, 6.3, 7.1; Envoy, cluster manager update merging.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Host } from './host.ts';
import { choosePriority, type PriorityLoads, priorityLoads } from './priorities.ts';

/** What `HostSet.changed` returns when the change is already visible to the balancer. */
export const DELIVERED: Ns = -1;

/** One priority's hosts, their delivered health and whether they are in panic. */
export class HostSet {
  /** Grows with each delivery. */
  generation = 0;
  /** Whether too few hosts are healthy, so that health counts no more. */
  isPanicking = false;
  /** When the collected changes are due; `DELIVERED` = nothing is collected. */
  pendingDeliveryNs: Ns = DELIVERED;
  private all: readonly Host[];
  private healthy: readonly Host[] = [];
  private degraded: readonly Host[] = [];
  private loads: PriorityLoads;
  /** The candidates, when no draw decides between several lists. */
  private only: readonly Host[] | null = null;
  private lastDeliveryNs: Ns | null = null;
  private readonly panicThresholdPercent: number;
  private readonly mergeWindowMs: number;

  /**
   * @param hosts in cluster order; the set keeps the list, so a new membership is a new list
   * @param panicThresholdPercent 0..100; 0 disables panic
   * @param updateMergeWindowMs 0 = every change is delivered at once
   */
  constructor(hosts: readonly Host[], panicThresholdPercent: number, updateMergeWindowMs: number) {
    this.all = hosts;
    this.panicThresholdPercent = panicThresholdPercent;
    this.mergeWindowMs = updateMergeWindowMs;
    this.loads = this.refresh();
  }

  /** All hosts, whatever their health, in cluster order. */
  get hosts(): readonly Host[] {
    return this.all;
  }

  /** Hosts that are healthy now, delivered or not: the gauge `membership_healthy`. */
  countHealthy(): number {
    let count = 0;
    for (const host of this.all) if (host.isHealthy) count += 1;
    return count;
  }

  /**
   * The hosts one pick may choose from: one and the same list until the next delivery.
   *
   * @param percentile integer 0..99, a uniform draw; only clusters with degraded endpoints need one
   * @returns empty = no healthy upstream
   */
  candidates(percentile = 0): readonly Host[] {
    if (this.only !== null) return this.only;
    return choosePriority(this.loads, percentile) === 0 ? this.healthy : this.degraded;
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

  /** Shows the balancer the health of this moment. Nothing stays collected. */
  deliver(nowNs: Ns): void {
    this.pendingDeliveryNs = DELIVERED;
    this.lastDeliveryNs = nowNs;
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
    this.healthy = this.all.filter((host) => host.isHealthy);
    this.degraded = this.all.filter(
      (host) => !host.isEjected && host.endpoint.health === 'degraded',
    );
    const level = {
      hosts: this.all.length,
      healthy: this.healthy.length,
      degraded: this.degraded.length,
      excluded: this.all.filter((host) => host.endpoint.health === 'draining').length,
    };
    const loads = priorityLoads([level], this.panicThresholdPercent);
    this.isPanicking = loads.panicking[0] === true;
    const isSplit = loads.degraded[0] !== 0;
    this.only = this.isPanicking ? this.all : isSplit ? null : this.healthy;
    return loads;
  }
}
