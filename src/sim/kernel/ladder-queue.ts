/**
 * The pending-event set: a ladder queue on typed arrays, with exact first-in-first-out ties.
 *
 * `Kernel` extends it and is its only user; `add` says why it is a base class. Invariant: at any
 * moment there is exactly one list that an event of a given time belongs to, so events of equal time
 * always share a list and keep the order they came in; no sequence number is needed.
 *
 *          now                                                          time
 *           |--Bottom--|----------- rung 0 ----------------|---- Top -----→
 *           | sorted   | used | used | b2 | b3 | … | bLast | unsorted
 *                             |                \
 *                             |-- rung 1: one bucket of rung 0, spread over finer buckets
 *
 * Popping takes the head of Bottom. When Bottom is empty the next bucket of the deepest rung is
 * sorted into it, or spread over one more rung when the bucket is large. When all rungs are used
 * up, Top is spread over a new rung 0. A Bottom that grows too long is spread over a rung as well:
 * without that, a few far timers in Top turn the queue into one long sorted list.
 *
 * Every list is circular and doubly linked through a sentinel row, and sentinels live in the same
 * link columns as events, so unlinking an event needs no knowledge of the list it is in.
 *
 * Long loops stand at the end of functions of their own, with nothing after them: V8 compiles a loop
 * while it runs for the first time, what follows it was never executed then, and each later pass
 * would fall back to the interpreter there.
 * Source: Tang, Goh, Thng, "Ladder queue", ACM TOMACS 15(3), 2005; the spill of Bottom, cancelling
 * and the tie rule are ours.
 */
import { AssertionError, assert } from '../../core/assert.ts';
import type { Ns } from '../../core/time.ts';
import { NEVER } from '../../core/time.ts';

/** A row of the event table; -1 = none. Rows are reused as soon as their event fired or was cancelled. */
export type EventId = number;

const MAX_RUNGS = 10;
/** Buckets of rung 0 at most, and of each deeper rung. Sentinels of more would not stay in the cache. */
const TOP_RUNG_BUCKETS = 8192;
const DEEP_RUNG_BUCKETS = 1024;
/** Fewest buckets: a rung of a bucket is at least 2^4 times finer, so few rungs reach down to 1 ns. */
const MIN_BUCKETS = 32;
/** A list of at most so many events is sorted at once; a longer one is spread over a rung. */
const SORT_LIMIT = 48;
/** Bottom may grow to so many events before it is spread over a new rung. */
const BOTTOM_LIMIT = 64;

const TOP = 0;
const BOTTOM = 1;
/** Holds the events that are being moved from one list to others. */
const TRANSIT = 2;
const FIRST_BUCKET = 3;
const FIRST_ROW = FIRST_BUCKET + TOP_RUNG_BUCKETS + (MAX_RUNGS - 1) * DEEP_RUNG_BUCKETS;
/** Position of the link to the row after. */
const NEXT = 1;
/** Positions in a row of `words`; the time takes the first two. */
export const KEY = 2;
export const SLOT = 3;
/** Link before a free row. Links of pending rows and of sentinels are never negative. */
const FREE = -2;

const INITIAL_ROWS = FIRST_ROW + 2048;
/** As start of Top: before every event. */
const EVERYTHING: Ns = -0.5;

/** Events by time, then by insertion. Times are integer ns in [0, `NEVER`]. */
export class LadderQueue {
  // Fields that hold times are initialized here, and with a fraction: V8 then stores them as raw
  // doubles. A field that is declared only starts as undefined, and each store allocates 16 bytes.

  /** Current virtual time, ns. Read it directly; only the kernel writes it. */
  nowNs: Ns = 0.5;
  /** The time that `add` gives to the next event: a parameter in a field, see there. */
  protected dueNs: Ns = 0.5;
  /** Due time by row, at 2 × row. Growing replaces the columns, so never keep them. */
  protected times: Float64Array = new Float64Array(2 * INITIAL_ROWS);
  /** The same memory: at 4 × row, kind and owner as the kernel packs them at +2, the slot at +3. */
  protected words: Int32Array = new Int32Array(this.times.buffer);
  /** Events in the queue. */
  protected size = 0;

  /** The row before, at 2 × row, and the row after, next to it. Sentinels have no more than that. */
  private links: Int32Array = new Int32Array(2 * INITIAL_ROWS);
  private freeRow: EventId = -1;
  private unusedRow: EventId = FIRST_ROW;

  /** Events at or after this instant go to Top. */
  private topStart: Ns = EVERYTHING;
  /** At least the events in Bottom: cancelling does not know which list it takes from. */
  private bottomCount = 0;
  private bottomLimit = BOTTOM_LIMIT;

  private rungCount = 0;
  // By rung. Widths are powers of two and times integers, so bucket numbers are computed exactly.
  private readonly starts = new Float64Array(MAX_RUNGS); // first instant of the first bucket
  private readonly widths = new Float64Array(MAX_RUNGS); // ns per bucket
  private readonly perWidth = new Float64Array(MAX_RUNGS); // buckets per ns
  private readonly bounds = new Float64Array(MAX_RUNGS); // first instant that is not used up
  private readonly firsts = Int32Array.from({ length: MAX_RUNGS }, (_, rung) =>
    firstBucketOf(rung),
  );
  private readonly lasts = new Int32Array(MAX_RUNGS); // sentinel of the last bucket
  private readonly current = new Int32Array(MAX_RUNGS); // sentinel of the first bucket not used up
  private readonly readySentinels = new Int32Array(MAX_RUNGS); // how many have been made

  // What measure() found in a list.
  private measuredCount = 0;
  private measuredMin: Ns = 0.5;
  private measuredMax: Ns = 0.5;

  // Where sortIntoBottom() sorts.
  private readonly sortedTimes = new Float64Array(SORT_LIMIT);
  private readonly sortedRows = new Int32Array(SORT_LIMIT);

  constructor() {
    this.nowNs = 0;
    this.clearList(TOP);
    this.clearList(BOTTOM);
    this.clearList(TRANSIT);
  }

  /**
   * Adds an event at `dueNs`, behind all events of the same time. O(1) amortized.
   *
   * Deliberately one long function, with its time in a field, in a base class. V8 allocates 16 bytes
   * for a double that crosses a call, unless the callee is inlined. It inlines a callee wherever it
   * is used only when that has at most 27 bytes of bytecode, all that V8 inlined into it included.
   * `Kernel.schedule` has 27 as long as `add` is a method of the same object and, with more than 460
   * bytes, too long to be inlined itself.
   */
  protected add(key: number, slot: number): EventId {
    const time = this.dueNs;
    // Written so that NaN fails too.
    if (!(time >= this.nowNs && time <= NEVER)) this.refuseDue();
    let row = this.freeRow;
    if (row < 0) row = 2 * this.unusedRow < this.times.length ? this.unusedRow++ : this.grow();
    else this.freeRow = this.links[2 * row + NEXT]!;
    const { times, words, links } = this;
    times[2 * row] = time;
    words[4 * row + KEY] = key;
    words[4 * row + SLOT] = slot;
    this.size++;

    // Top and the buckets take it at their end: `before` becomes its predecessor.
    let before = -1;
    if (time >= this.topStart) {
      before = links[2 * TOP]!;
    } else {
      const rungs = this.rungCount;
      for (let rung = 0; rung < rungs; rung++) {
        if (time >= this.bounds[rung]!) {
          // As in bucketFor().
          const offset = (time - this.starts[rung]!) * this.perWidth[rung]!;
          const first = this.firsts[rung]!;
          const last = this.lasts[rung]!;
          before = links[2 * (offset < last - first ? first + (offset | 0) : last)]!;
          break;
        }
      }
    }
    // Bottom is sorted: walk to its place from the nearer end. Equal times stay in front of it.
    const isForBottom = before < 0;
    if (isForBottom) {
      before = links[2 * BOTTOM]!;
      if (before !== BOTTOM && time < times[2 * before]!) {
        const head = links[2 * BOTTOM + NEXT]!;
        if (time - times[2 * head]! < times[2 * before]! - time) {
          let after = head;
          // Ends at the tail, which is later.
          while (times[2 * after]! <= time) after = links[2 * after + NEXT]!;
          before = links[2 * after]!;
        } else {
          do before = links[2 * before]!;
          while (before !== BOTTOM && times[2 * before]! > time);
        }
      }
    }
    const after = links[2 * before + NEXT]!;
    links[2 * row] = before;
    links[2 * row + NEXT] = after;
    links[2 * before + NEXT] = row;
    links[2 * after] = row;
    if (isForBottom && ++this.bottomCount > this.bottomLimit) this.spillBottom();
    return row;
  }

  /** The event that is due first, or -1. */
  protected first(): EventId {
    const row = this.links[2 * BOTTOM + NEXT]!;
    return row === BOTTOM ? this.refillBottom() : row;
  }

  /** Removes and frees the event that `first` returned. */
  protected removeFirst(row: EventId): void {
    this.bottomCount--;
    this.remove(row);
  }

  /** Removes a pending event and frees its row, which the next `add` takes. O(1). */
  protected remove(row: EventId): void {
    const { links } = this;
    const before = links[2 * row]!;
    const after = links[2 * row + NEXT]!;
    links[2 * before + NEXT] = after;
    links[2 * after] = before;
    this.size--;
    links[2 * row] = FREE;
    links[2 * row + NEXT] = this.freeRow;
    this.freeRow = row;
  }

  /** Whether `row` is an event in the queue. Cannot tell an old event from a new one in its row. */
  protected isPending(row: EventId): boolean {
    return row >= FIRST_ROW && row < this.unusedRow && this.links[2 * row]! >= 0;
  }

  private append(list: number, row: EventId): void {
    const { links } = this;
    const tail = links[2 * list]!;
    links[2 * row] = tail;
    links[2 * row + NEXT] = list;
    links[2 * tail + NEXT] = row;
    links[2 * list] = row;
  }

  private clearList(list: number): void {
    this.links[2 * list] = list;
    this.links[2 * list + NEXT] = list;
  }

  /** Appends all events of one list to another. O(1). */
  private moveAll(from: number, to: number): void {
    const { links } = this;
    const head = links[2 * from + NEXT]!;
    if (head === from) return;
    const tail = links[2 * from]!;
    const before = links[2 * to]!;
    links[2 * before + NEXT] = head;
    links[2 * head] = before;
    links[2 * tail + NEXT] = to;
    links[2 * to] = tail;
    this.clearList(from);
  }

  private bucketFor(rung: number, time: number): number {
    const offset = (time - this.starts[rung]!) * this.perWidth[rung]!;
    const first = this.firsts[rung]!;
    const last = this.lasts[rung]!;
    // The last bucket also takes what lies beyond the rung; it is spread again when its turn comes.
    return offset < last - first ? first + (offset | 0) : last;
  }

  /** Moves events into the empty Bottom until it has one; returns that one, or -1. */
  private refillBottom(): EventId {
    const { links } = this;
    this.bottomLimit = BOTTOM_LIMIT;
    while (links[2 * BOTTOM + NEXT] === BOTTOM) {
      this.bottomCount = 0;
      if (this.rungCount > 0) {
        const bucket = this.takeNextBucket();
        if (!this.sortIntoBottom(bucket)) this.spread(bucket);
      } else if (links[2 * TOP + NEXT] === TOP) {
        this.topStart = EVERYTHING;
        return -1;
      } else {
        this.emptyTop();
      }
    }
    return links[2 * BOTTOM + NEXT]!;
  }

  private emptyTop(): void {
    if (this.sortIntoBottom(TOP)) {
      this.topStart = this.times[2 * this.links[2 * BOTTOM]!]! + 1;
    } else {
      this.spread(TOP);
      this.topStart = this.measuredMax + 1;
    }
  }

  /** Uses up the deepest rung's next bucket that has events, or its last one, and returns it. */
  private takeNextBucket(): number {
    const rung = this.rungCount - 1;
    const last = this.lasts[rung]!;
    const bucket = this.findUsed(this.current[rung]!, last);
    if (bucket === last) {
      // The rung is gone at once, so that a rung for its last bucket takes its place, not one below.
      this.rungCount = rung;
    } else {
      const usedUp = bucket + 1 - this.firsts[rung]!;
      this.current[rung] = bucket + 1;
      this.bounds[rung] = this.starts[rung]! + usedUp * this.widths[rung]!;
    }
    return bucket;
  }

  /** The first bucket from `bucket` on that has events, or `last`. */
  private findUsed(bucket: number, last: number): number {
    const { links } = this;
    let used = bucket;
    while (used < last && links[2 * used + NEXT] === used) used++;
    return used;
  }

  /**
   * Moves a list into the empty Bottom, sorted, equal times in the order they are in.
   * @returns false, with nothing changed, when the list is longer than `SORT_LIMIT`
   */
  private sortIntoBottom(list: number): boolean {
    const { times, links, sortedTimes, sortedRows } = this;
    const head = links[2 * list + NEXT]!;
    if (head === list || links[2 * head + NEXT] === list) {
      this.moveAll(list, BOTTOM);
      this.bottomCount = 1; // or 0: it only has to be at least the true count
      return true;
    }
    let count = 0;
    for (let row = head; row !== list; row = links[2 * row + NEXT]!) {
      if (count === SORT_LIMIT) return false;
      const time = times[2 * row]!;
      let at = count++;
      for (; at > 0 && sortedTimes[at - 1]! > time; at--) {
        sortedTimes[at] = sortedTimes[at - 1]!;
        sortedRows[at] = sortedRows[at - 1]!;
      }
      sortedTimes[at] = time;
      sortedRows[at] = row;
    }
    this.clearList(list);
    this.linkSortedRows(count);
    return true;
  }

  private linkSortedRows(count: number): void {
    const { links, sortedRows } = this;
    let before = BOTTOM;
    for (let at = 0; at < count; at++) {
      const row = sortedRows[at]!;
      links[2 * before + NEXT] = row;
      links[2 * row] = before;
      before = row;
    }
    links[2 * before + NEXT] = BOTTOM;
    links[2 * BOTTOM] = before;
    this.bottomCount = count;
  }

  /** Empties a long list: into a new rung, or into the empty Bottom when all times are equal. */
  private spread(list: number): void {
    this.measure(list);
    this.moveAll(list, TRANSIT);
    if (this.measuredMax === this.measuredMin) {
      this.moveAll(TRANSIT, BOTTOM);
      this.bottomCount = this.measuredCount;
      this.bottomLimit = 2 * this.measuredCount + BOTTOM_LIMIT;
    } else if (this.rungCount === MAX_RUNGS) {
      this.collapse();
    } else {
      this.fillRung(this.addRung());
    }
  }

  private measure(list: number): void {
    const { times, links } = this;
    this.measuredCount = 0;
    this.measuredMin = NEVER;
    this.measuredMax = 0;
    for (let row = links[2 * list + NEXT]!; row !== list; row = links[2 * row + NEXT]!) {
      const time = times[2 * row]!;
      if (time < this.measuredMin) this.measuredMin = time;
      if (time > this.measuredMax) this.measuredMax = time;
      this.measuredCount++;
    }
  }

  /** A new deepest rung from the earliest to the latest of the measured events. */
  private addRung(): number {
    const rung = this.rungCount++;
    const span = this.measuredMax - this.measuredMin + 1;
    const most = rung === 0 ? TOP_RUNG_BUCKETS : DEEP_RUNG_BUCKETS;
    const wanted = Math.min(most, Math.max(MIN_BUCKETS, this.measuredCount));
    let width = 1;
    while (width * wanted < span) width *= 2;
    const count = Math.ceil(span / width);
    const first = this.firsts[rung]!;
    this.starts[rung] = this.measuredMin;
    this.widths[rung] = width;
    this.perWidth[rung] = 1 / width;
    this.bounds[rung] = this.measuredMin;
    this.current[rung] = first;
    this.lasts[rung] = first + count - 1;
    // Used-up buckets are empty lists again, so a sentinel is made only once.
    const ready = this.readySentinels[rung]!;
    this.readySentinels[rung] = Math.max(count, ready);
    this.makeSentinels(first + ready, first + count);
    return rung;
  }

  private makeSentinels(from: number, end: number): void {
    for (let sentinel = from; sentinel < end; sentinel++) this.clearList(sentinel);
  }

  private fillRung(rung: number): void {
    const { times, links } = this;
    let row = links[2 * TRANSIT + NEXT]!;
    this.clearList(TRANSIT); // the rows stay linked to each other and to it
    while (row !== TRANSIT) {
      const following = links[2 * row + NEXT]!;
      this.append(this.bucketFor(rung, times[2 * row]!), row);
      row = following;
    }
  }

  /** Spreads a Bottom that grew too long, unless most of what was counted has been cancelled. */
  private spillBottom(): void {
    this.measure(BOTTOM);
    this.bottomCount = this.measuredCount;
    if (this.measuredCount <= BOTTOM_LIMIT / 2) return;
    this.bottomCount = 0;
    this.bottomLimit = BOTTOM_LIMIT;
    this.spread(BOTTOM);
  }

  /**
   * Puts all that is in Transit and the rungs back into Top when no rung is left; their times do not
   * overlap with each other's or with Top's, so any order of lists keeps ties in order. Takes ten
   * spills in a row that each narrow the time little, so it costs next to nothing on average.
   */
  private collapse(): void {
    for (let rung = 0; rung < this.rungCount; rung++) {
      const last = this.lasts[rung]!;
      for (let bucket = this.current[rung]!; bucket <= last; bucket++) this.moveAll(bucket, TOP);
    }
    this.moveAll(TRANSIT, TOP);
    this.rungCount = 0;
    this.topStart = EVERYTHING;
  }

  /** Doubles all columns and returns the first of the new rows. */
  private grow(): EventId {
    const length = 2 * this.times.length;
    assert(length <= 0x40000000, 'more than 2^29 pending events');
    this.times = grownFloats(this.times, length);
    this.words = new Int32Array(this.times.buffer);
    this.links = grownInts(this.links, length);
    return this.unusedRow++;
  }

  private refuseDue(): never {
    throw new AssertionError(`an event at ${this.dueNs} ns was scheduled at ${this.nowNs} ns`);
  }
}

/** Rung 0 has the larger block of sentinels. */
function firstBucketOf(rung: number): number {
  if (rung === 0) return FIRST_BUCKET;
  return FIRST_BUCKET + TOP_RUNG_BUCKETS + (rung - 1) * DEEP_RUNG_BUCKETS;
}

function grownInts(column: Int32Array, length: number): Int32Array {
  const grown = new Int32Array(length);
  grown.set(column);
  return grown;
}

function grownFloats(column: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length);
  grown.set(column);
  return grown;
}
