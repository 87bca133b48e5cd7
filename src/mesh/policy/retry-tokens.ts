/**
 * Linkerd's budget of retries: what ended pays in, what is retried pays out, and both are forgotten.
 *
 * Time is cut into tenths of the ttl. The balance is a reserve, the current slot and the ten before;
 * a withdrawal is a negative entry of its slot, so it ages out like a deposit does.
 * Source: config-other-meshes.md §1.9; tower, tps budget.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { RetryTokensConfig } from '../config/linkerd.ts';
import { SlotWindow } from './slot-window.ts';

/** The current slot and ten past ones. */
const SLOTS = 11;
const PAST_SLOTS = 10;

export class RetryTokens {
  /** Paid in by each request that is over, and out by each retry. */
  private readonly depositAmount: number;
  private readonly withdrawAmount: number;
  private readonly reserve: number;
  private readonly entries: SlotWindow;

  constructor({ retryRatio, minRetriesPerSecond, ttlMs }: RetryTokensConfig) {
    [this.depositAmount, this.withdrawAmount] = amountsOf(retryRatio);
    this.reserve = minRetriesPerSecond * Math.floor(ttlMs / 1_000) * this.withdrawAmount;
    this.entries = new SlotWindow((ttlMs * MILLISECOND) / PAST_SLOTS, SLOTS);
  }

  /** A request is over, with success or without, and is not retried. */
  deposit(nowNs: Ns): void {
    this.entries.add(this.depositAmount, nowNs);
  }

  /** @returns whether a retry may be made; it is paid for then */
  withdraw(nowNs: Ns): boolean {
    const balance = this.reserve + this.entries.total(nowNs);
    if (balance < this.withdrawAmount) return false;
    this.entries.add(-this.withdrawAmount, nowNs);
    return true;
  }
}

/** Whole amounts, so that fractions of a retry add up: [deposit, withdrawal]. */
function amountsOf(retryRatio: number): readonly [number, number] {
  if (retryRatio === 0) return [0, 1];
  // The division is one of single precision there.
  if (retryRatio <= 1) return [1, Math.trunc(Math.fround(1 / Math.fround(retryRatio)))];
  return [1_000, Math.trunc(Math.fround(1_000 / Math.fround(retryRatio)))];
}
