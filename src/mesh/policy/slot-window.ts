/**
 * A sum over about the last while, of whole amounts that are forgotten when they are old.
 *
 * Time is cut into slots, and only the youngest ones are kept:
 *
 *     slot  0 1 2 3 4 5 6 7 8 [9]   ← now; when slot 10 begins, slot 0's sum is dropped
 */
import type { Ns } from '../../core/time.ts';

export class SlotWindow {
  private readonly slotNs: Ns;
  /** Ring indexed by slot number modulo its length. */
  private readonly sums: Float64Array;
  private newestSlot = 0;
  private sum = 0;

  /**
   * @param slotNs more than 0
   * @param slots how many are kept, the current one included
   */
  constructor(slotNs: Ns, slots: number) {
    this.slotNs = slotNs;
    this.sums = new Float64Array(slots);
  }

  /**
   * @param amount an integer, negative ones included, so that the sum stays exact
   * @param nowNs never earlier than before, as in `total`
   */
  add(amount: number, nowNs: Ns): void {
    const at = this.advance(nowNs);
    this.sums[at] = this.sums[at]! + amount;
    this.sum += amount;
  }

  total(nowNs: Ns): number {
    this.advance(nowNs);
    return this.sum;
  }

  clear(): void {
    this.sums.fill(0);
    this.sum = 0;
  }

  /** Drops what is too old and returns the ring index of the current slot. */
  private advance(nowNs: Ns): number {
    const { sums } = this;
    const slot = Math.floor(nowNs / this.slotNs);
    const first = Math.max(this.newestSlot + 1, slot - sums.length + 1);
    for (let young = first; young <= slot; young++) {
      const at = young % sums.length;
      this.sum -= sums[at]!;
      sums[at] = 0;
    }
    this.newestSlot = slot;
    return slot % sums.length;
  }
}
