/**
 * What has to happen at this instant, once the current engine input has returned.
 *
 * Ports never call back inline: they push (kind, slot) here, and `world.ts` takes the entries out one
 * by one before the next kernel event. First in, first out; empty between two kernel events.
 */

const INITIAL_ENTRIES = 256;

/** A ring of pairs of integers that grows by doubling. */
export class TurnQueue {
  /** Entries waiting. */
  length: number;
  /** Slot of the entry that `take` returned last. */
  slot: number;
  private entries: Int32Array;
  private first: number;
  private mask: number;

  constructor() {
    this.length = 0;
    this.slot = -1;
    this.entries = new Int32Array(2 * INITIAL_ENTRIES);
    this.first = 0;
    this.mask = INITIAL_ENTRIES - 1;
  }

  push(kind: number, slot: number): void {
    if (this.length > this.mask) this.grow();
    const at = 2 * ((this.first + this.length) & this.mask);
    this.entries[at] = kind;
    this.entries[at + 1] = slot;
    this.length++;
  }

  /** Removes the oldest entry: returns its kind and leaves its slot in `slot`. Never when empty. */
  take(): number {
    const at = 2 * this.first;
    this.first = (this.first + 1) & this.mask;
    this.length--;
    this.slot = this.entries[at + 1]!;
    return this.entries[at]!;
  }

  private grow(): void {
    const old = this.entries;
    const start = 2 * this.first;
    const grown = new Int32Array(2 * old.length);
    grown.set(old.subarray(start));
    grown.set(old.subarray(0, start), old.length - start);
    this.entries = grown;
    this.first = 0;
    this.mask = 2 * this.mask + 1;
  }
}
