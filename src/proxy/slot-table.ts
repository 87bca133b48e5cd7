/**
 * Slots: small integers that stand for objects across the boundary to the engine.
 *
 * The driver takes them for downstream connections and requests; the engine chooses the numbers of
 * upstream ones. A slot is reused as soon as it was freed.
 */
import { assert } from '../core/assert.ts';
import type { Slot } from '../core/engine.ts';

/** Objects by slot. */
export class SlotTable<T> {
  private readonly what: string;
  private readonly items: (T | undefined)[] = [];
  private readonly freed: Slot[] = [];

  /** @param what for messages of assertions, e.g. `request` */
  constructor(what: string) {
    this.what = what;
  }

  /** Stores `item` under the lowest slot freed last, or a new one. */
  take(item: T): Slot {
    const slot = this.freed.pop() ?? this.items.length;
    this.items[slot] = item;
    return slot;
  }

  /** Stores `item` under a slot that the other side chose. */
  put(slot: Slot, item: T): void {
    assert(this.items[slot] === undefined, `${this.what} slot ${slot} is taken`);
    this.items[slot] = item;
  }

  /** @throws AssertionError when the slot is free */
  get(slot: Slot): T {
    const item = this.items[slot];
    assert(item !== undefined, `${this.what} slot ${slot} is free`);
    return item;
  }

  find(slot: Slot): T | undefined {
    return this.items[slot];
  }

  /** Frees a slot of `take`. */
  free(slot: Slot): void {
    this.remove(slot);
    this.freed.push(slot);
  }

  /** Frees a slot of `put`. */
  remove(slot: Slot): void {
    assert(this.items[slot] !== undefined, `${this.what} slot ${slot} was freed twice`);
    this.items[slot] = undefined;
  }

  /** Taken slots. */
  get size(): number {
    return this.all().length;
  }

  all(): readonly T[] {
    return this.items.filter((item): item is T => item !== undefined);
  }
}
