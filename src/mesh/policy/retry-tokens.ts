/**
 * Linkerd's budget of retries: what ended pays in, what is retried pays out, and both are forgotten.
 *
 * Time is cut into tenths of the ttl. The balance is a reserve, the current slot and the ten before;
 * a withdrawal is a negative entry of its slot, so it ages out like a deposit does.
 * Source: config-other-meshes.md §1.9; tower, tps budget.
 */
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { RetryTokensConfig } from '../config/linkerd.ts';

/** The current slot and ten past ones. */
const SLOTS = 11;
const PAST_SLOTS = 10;

export class RetryTokens {
  /** Paid in by each request that is over, and out by each retry. */
  private readonly depositAmount: number;
  private readonly withdrawAmount: number;
  private readonly reserve: number;
  private readonly slotNs: Ns;
  /** Ring by slot number modulo `SLOTS`. */
  private readonly entries = new Float64Array(SLOTS);
  private newest = 0;

  constructor({ retryRatio, minRetriesPerSecond, ttlMs }: RetryTokensConfig) {
    [this.depositAmount, this.withdrawAmount] = amountsOf(retryRatio);
    this.reserve = minRetriesPerSecond * Math.floor(ttlMs / 1_000) * this.withdrawAmount;
    this.slotNs = (ttlMs * MILLISECOND) / PAST_SLOTS;
  }

  /** A request is over, with success or without, and is not retried. */
  deposit(nowNs: Ns): void {
    this.enter(this.depositAmount, nowNs);
  }

  /** @returns whether a retry may be made; it is paid for then */
  withdraw(nowNs: Ns): boolean {
    this.advance(nowNs);
    const balance = this.entries.reduce((sum, entry) => sum + entry, this.reserve);
    if (balance < this.withdrawAmount) return false;
    this.enter(-this.withdrawAmount, nowNs);
    return true;
  }

  private enter(amount: number, nowNs: Ns): void {
    const at = this.advance(nowNs);
    this.entries[at] = this.entries[at]! + amount;
  }

  /** @returns where the current slot is */
  private advance(nowNs: Ns): number {
    const slot = Math.floor(nowNs / this.slotNs);
    const first = Math.max(this.newest + 1, slot - SLOTS + 1);
    for (let young = first; young <= slot; young++) this.entries[young % SLOTS] = 0;
    if (slot > this.newest) this.newest = slot;
    return slot % SLOTS;
  }
}

/** Whole amounts, so that fractions of a retry add up: [deposit, withdrawal]. */
function amountsOf(retryRatio: number): readonly [number, number] {
  if (retryRatio === 0) return [0, 1];
  // The division is one of single precision there.
  if (retryRatio <= 1) return [1, Math.trunc(Math.fround(1 / Math.fround(retryRatio)))];
  return [1_000, Math.trunc(Math.fround(1_000 / Math.fround(retryRatio)))];
}
