/**
 * First-in-first-out queue of slots on a ring of int32, with removal from the middle.
 *
 * A pool's pending requests wait in one. It allocates nothing until its first use, so an idle pool
 * stays small. Removal searches from the oldest: requests time out roughly in the order they came.
 */
import type { Slot } from '../../core/engine.ts';

const INITIAL_LENGTH = 8;

export class SlotQueue {
  private ring: Int32Array | null;
  private head: number;
  /** Slots in the queue. */
  count: number;

  constructor() {
    this.ring = null;
    this.head = 0;
    this.count = 0;
  }

  push(slot: Slot): void {
    let ring = this.ring;
    if (ring === null || this.count === ring.length) ring = this.grow();
    ring[(this.head + this.count++) & (ring.length - 1)] = slot;
  }

  /** The oldest one. The queue must not be empty. */
  first(): Slot {
    return this.ring![this.head]!;
  }

  /** Takes out the oldest one. The queue must not be empty. */
  shift(): Slot {
    const ring = this.ring!;
    const slot = ring[this.head]!;
    this.head = (this.head + 1) & (ring.length - 1);
    this.count--;
    return slot;
  }

  /** Takes out one slot. O(position). @returns whether it was there */
  remove(slot: Slot): boolean {
    const ring = this.ring;
    if (ring === null) return false;
    const mask = ring.length - 1;
    let at = 0;
    while (at < this.count && ring[(this.head + at) & mask] !== slot) at++;
    if (at === this.count) return false;
    for (; at > 0; at--) ring[(this.head + at) & mask] = ring[(this.head + at - 1) & mask]!;
    this.shift();
    return true;
  }

  private grow(): Int32Array {
    const old = this.ring;
    const grown = new Int32Array(old === null ? INITIAL_LENGTH : 2 * old.length);
    for (let i = 0; i < this.count; i++) grown[i] = old![(this.head + i) & (old!.length - 1)]!;
    this.ring = grown;
    this.head = 0;
    return grown;
  }
}
