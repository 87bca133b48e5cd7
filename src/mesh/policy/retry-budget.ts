/**
 * How many retries of a cluster may be outstanding at once.
 *
 * Either a constant or a share of the load, so that retries cannot multiply an overload.
 * Source: policy-engine.md §2.6; Envoy, retry budget.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Thresholds } from '../config/config.ts';

/**
 * Retries that may be outstanding in a cluster and priority; one more is admitted while fewer are.
 *
 * @param activeRequests requests attached to a connection, retries among them; with a budget
 *   interval the count of its window
 * @param pendingRequests requests that wait for a connection; with a budget interval 0
 */
export function retryLimit(
  thresholds: Thresholds,
  activeRequests: number,
  pendingRequests: number,
): number {
  const budget = thresholds.retryBudget;
  if (budget === null) return thresholds.maxRetries;
  const share = Math.trunc((budget.percent / 100) * (activeRequests + pendingRequests));
  return Math.max(share, budget.minConcurrency);
}

const SLOTS = 10;

/**
 * Attempts attached to connections within about the last interval, for budgets with an interval.
 *
 * Time is cut into slots of a tenth of the interval; the ten youngest are kept, so that an attempt
 * counts for nine to ten slots:
 *
 *     slot  0 1 2 3 4 5 6 7 8 [9]   ← now; when slot 10 begins, slot 0's count is dropped
 */
export class BudgetWindow {
  private readonly slotNs: Ns;
  /** Ring indexed by slot number modulo `SLOTS`. */
  private readonly counts = new Float64Array(SLOTS);
  private newestSlot = 0;
  private total = 0;

  /** @param intervalMs more than 0 */
  constructor(intervalMs: number) {
    this.slotNs = (intervalMs * MILLISECOND) / SLOTS;
  }

  /** An attempt was attached to a connection. */
  add(nowNs: Ns): void {
    const at = this.advance(nowNs);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.total += 1;
  }

  count(nowNs: Ns): number {
    this.advance(nowNs);
    return this.total;
  }

  /** Drops what is too old and returns the ring index of the current slot. */
  private advance(nowNs: Ns): number {
    const slot = Math.floor(nowNs / this.slotNs);
    const first = Math.max(this.newestSlot + 1, slot - SLOTS + 1);
    for (let young = first; young <= slot; young++) {
      const at = young % SLOTS;
      this.total -= this.counts[at] ?? 0;
      this.counts[at] = 0;
    }
    if (slot > this.newestSlot) this.newestSlot = slot;
    return slot % SLOTS;
  }
}
