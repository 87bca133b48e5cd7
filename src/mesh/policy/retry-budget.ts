/**
 * How many retries of a cluster may be outstanding at once.
 *
 * Either a constant or a share of the load, so that retries cannot multiply an overload.
 * Source: policy-engine.md §2.6; Envoy, retry budget.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { Thresholds } from '../config/config.ts';
import { SlotWindow } from './slot-window.ts';

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
 * Attempts attached to connections within about the last interval, for budgets with an interval: of
 * ten slots, so that an attempt counts for nine to ten of them.
 */
export class BudgetWindow {
  private readonly attempts: SlotWindow;

  /** @param intervalMs more than 0 */
  constructor(intervalMs: number) {
    this.attempts = new SlotWindow((intervalMs * MILLISECOND) / SLOTS, SLOTS);
  }

  /** An attempt was attached to a connection. */
  add(nowNs: Ns): void {
    this.attempts.add(1, nowNs);
  }

  count(nowNs: Ns): number {
    return this.attempts.total(nowNs);
  }
}
