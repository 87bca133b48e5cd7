/**
 * Earliest-deadline-first scheduler: picks entries in proportion to their weights, evenly spread.
 *
 * Each entry's deadline is one over its weight after the moment it was last picked; the earliest
 * deadline is picked next. With weights 2 and 1:
 *
 *     time    0.5  1    1    1.5  2    2   …
 *     picked  a    b    a    a    b    a   …     (of equal deadlines the earlier insertion first)
 *
 * Used by the weighted variants of round robin and least request. Typed columns and a binary heap of
 * indices, so that a pick allocates nothing.
 * Source: policy-engine.md §7.2; Envoy, EDF scheduler.
 */

/** Exclusive bound of the picks a scheduler starts with. Source: policy-engine.md §7.2. */
const PRE_PICK_BOUND = 429_496_729;

/** Keeps a weight of 0 from dividing by zero while the starting state is computed. */
const WEIGHT_NUDGE = 1e-13;

/** Picks a scheduler of this seed starts with, so that many proxies do not all begin at one host. */
export function prePicks(seed: number): number {
  return seed % PRE_PICK_BOUND;
}

/** A scheduler over entries 0 … n − 1; alternate `take` and `putBack`. O(log n) each. */
export class EdfScheduler {
  /**
   * Weight of each entry, more than 0, indexed by entry. The owner writes an entry's present weight
   * here between `take` and `putBack`.
   */
  readonly weights: Float64Array;
  private readonly deadlines: Float64Array;
  /** Breaks ties: the number of the insertion. */
  private readonly insertions: Float64Array;
  /** Binary heap of entries by (deadline, insertion). */
  private readonly heap: Int32Array;
  private size: number;
  /** Columns of one: the time of the last pick, and the insertions so far. */
  private readonly clock = new Float64Array(2);

  /**
   * A scheduler as it stands after `picks` picks with constant weights.
   *
   * @param weights one per entry, more than 0; kept
   * @param picks 0 or more; they cost O(entries), not O(picks)
   */
  constructor(weights: Float64Array, picks: number) {
    const count = weights.length;
    this.weights = weights;
    this.deadlines = new Float64Array(count);
    this.insertions = new Float64Array(count);
    this.heap = new Int32Array(count);
    this.size = 0;
    const done = this.start(picks);
    for (let i = done; i < picks; i++) this.putBack(this.take());
  }

  /** Removes and returns the entry whose turn it is; the owner puts it back at once. */
  take(): number {
    const heap = this.heap;
    const taken = heap[0]!;
    this.clock[0] = this.deadlines[taken]!;
    this.size -= 1;
    heap[0] = heap[this.size]!;
    this.sink();
    return taken;
  }

  /** Schedules an entry by its present weight, counted from the last `take`. */
  putBack(entry: number): void {
    this.deadlines[entry] = this.clock[0]! + 1 / this.weights[entry]!;
    this.insert(entry);
  }

  /**
   * Jumps to the state after about `picks` picks and returns how many that really were: each entry
   * gets the whole turns its share of the picks has room for, rounded so that none comes too early.
   */
  private start(picks: number): number {
    const weights = this.weights;
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i]! + WEIGHT_NUDGE;
    let done = 0;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]! + WEIGHT_NUDGE;
      let turns = Math.trunc((weight * picks) / total);
      if (turns > 0 && turns / weight >= picks / total) turns -= 1;
      this.deadlines[i] = (turns + 1) / weight;
      this.insert(i);
      done += turns;
    }
    return done;
  }

  /** Adds an entry whose deadline is set. */
  private insert(entry: number): void {
    this.insertions[entry] = this.clock[1]!;
    this.clock[1] = this.clock[1]! + 1;
    const heap = this.heap;
    let at = this.size;
    this.size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Moves the root down to its place. */
  private sink(): void {
    const heap = this.heap;
    const entry = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!this.isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  private isBefore(a: number, b: number): boolean {
    const earlier = this.deadlines[a]! - this.deadlines[b]!;
    return earlier < 0 || (earlier === 0 && this.insertions[a]! < this.insertions[b]!);
  }
}
