/**
 * The pending-event set: a ladder queue on typed arrays, with exact first-in-first-out ties.
 *
 * Only `kernel.ts` talks to it. Invariant: at any moment there is exactly one list that an event of
 * a given time belongs to, so events of equal time always share a list and keep the order they
 * came in; no sequence number is needed.
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
 * Source: Tang, Goh, Thng, "Ladder queue", ACM TOMACS 15(3), 2005; the spill of Bottom, cancelling
 * and the tie rule are ours.
 */
import { assert } from '../../core/assert.ts';
import { NEVER } from '../../core/time.ts';

/** A row of the event table; -1 = none. Rows are reused as soon as their event fired or was cancelled. */
export type EventId = number;

/** Most buckets of one rung. More makes the sentinels spill out of the cache, fewer makes more rungs. */
const MAX_BUCKETS = 1024;
/** Fewest buckets: a rung narrows its parent by at least 2^5, so few rungs reach down to 1 ns. */
const MIN_BUCKETS = 64;
const MAX_RUNGS = 10;
/** A bucket of at most so many events is sorted at once; a longer one gets a rung of its own. */
const SORT_LIMIT = 48;
/** Bottom may grow to so many events before it is spread over a new rung. */
const BOTTOM_LIMIT = 128;

const TOP = 0;
const BOTTOM = 1;
/** Holds the events that are being moved from one list to others. */
const TRANSIT = 2;
const FIRST_BUCKET = 3;
const FIRST_ROW = FIRST_BUCKET + MAX_RUNGS * MAX_BUCKETS;
/** `previous` of a free row. Links of pending rows and of sentinels are never negative. */
const FREE = -2;

const INITIAL_EVENTS = 2048;

/** Events by time, then by insertion. Times are integer ns in [0, `NEVER`]. */
export class LadderQueue {
  /** Due time in ns by row. Grows, so never keep the array. */
  times: Float64Array;
  /** What the kernel packs into one word: kind and owner. Carried, not read, here. */
  keys: Int32Array;
  /** The event's slot. Carried, not read, here. */
  slots: Int32Array;
  /** Events in the queue. */
  size: number;

  private previous: Int32Array;
  private next: Int32Array;
  private freeRow: EventId;
  private unusedRow: EventId;

  /** Events at or after this instant go to Top. */
  private topStart: number;
  private bottomCount: number;
  private bottomLimit: number;

  private rungCount: number;
  // By rung. Widths are powers of two and times integers, so bucket numbers are computed exactly.
  private readonly starts: Float64Array;
  private readonly perWidth: Float64Array; // buckets per ns = 1 / width
  private readonly bounds: Float64Array; // first instant of the first bucket that is not used up
  private readonly current: Int32Array; // sentinel of that bucket
  private readonly lasts: Int32Array; // sentinel of the last bucket
  private readonly readySentinels: Int32Array; // sentinels of this rung that have been made

  // What measureTransit() found.
  private transitCount: number;
  private transitMin: number;
  private transitMax: number;

  constructor() {
    const rows = FIRST_ROW + INITIAL_EVENTS;
    this.times = new Float64Array(rows);
    this.keys = new Int32Array(rows);
    this.slots = new Int32Array(rows);
    this.size = 0;
    this.previous = new Int32Array(rows);
    this.next = new Int32Array(rows);
    this.freeRow = -1;
    this.unusedRow = FIRST_ROW;
    // Fields that hold times start as fractions: V8 then stores them as raw doubles from the start.
    this.topStart = -0.5;
    this.bottomCount = 0;
    this.bottomLimit = BOTTOM_LIMIT;
    this.rungCount = 0;
    this.starts = new Float64Array(MAX_RUNGS);
    this.perWidth = new Float64Array(MAX_RUNGS);
    this.bounds = new Float64Array(MAX_RUNGS);
    this.current = new Int32Array(MAX_RUNGS);
    this.lasts = new Int32Array(MAX_RUNGS);
    this.readySentinels = new Int32Array(MAX_RUNGS);
    this.transitCount = 0;
    this.transitMin = 0.5;
    this.transitMax = 0.5;
    this.clearList(TOP);
    this.clearList(BOTTOM);
    this.clearList(TRANSIT);
  }

  /**
   * Takes a free row for a new event; the caller sets its columns and then calls `insert`.
   * Never passes a time: V8 allocates 16 bytes for each double that crosses a call.
   */
  take(): EventId {
    const row = this.freeRow;
    if (row >= 0) {
      this.freeRow = this.next[row]!;
      return row;
    }
    if (this.unusedRow === this.times.length) this.grow();
    return this.unusedRow++;
  }

  /** Puts a row whose time is set behind all events of the same time. O(1) amortized. */
  insert(row: EventId): void {
    this.size++;
    const time = this.times[row]!;
    if (time >= this.topStart) {
      this.append(TOP, row);
      return;
    }
    const rungs = this.rungCount;
    for (let rung = 0; rung < rungs; rung++) {
      if (time >= this.bounds[rung]!) {
        this.append(this.bucketFor(rung, time), row);
        return;
      }
    }
    this.insertIntoBottom(row);
    if (++this.bottomCount > this.bottomLimit) this.spillBottom();
  }

  /** The event that is due first, or -1. */
  first(): EventId {
    const row = this.next[BOTTOM]!;
    return row === BOTTOM ? this.refillBottom() : row;
  }

  /** Removes and frees the event that `first` returned. */
  removeFirst(row: EventId): void {
    this.bottomCount--;
    this.remove(row);
  }

  /** Removes a pending event and frees its row. O(1). */
  remove(row: EventId): void {
    this.unlink(row);
    this.previous[row] = FREE;
    this.next[row] = this.freeRow;
    this.freeRow = row;
  }

  /** Removes a pending event but keeps its row, to be inserted again. O(1). */
  unlink(row: EventId): void {
    const before = this.previous[row]!;
    const after = this.next[row]!;
    this.next[before] = after;
    this.previous[after] = before;
    this.size--;
  }

  /** Whether `row` is an event in the queue. Cannot tell an old event from a new one in its row. */
  isPending(row: EventId): boolean {
    return row >= FIRST_ROW && row < this.unusedRow && this.previous[row]! >= 0;
  }

  private append(sentinel: number, row: EventId): void {
    const tail = this.previous[sentinel]!;
    this.previous[row] = tail;
    this.next[row] = sentinel;
    this.next[tail] = row;
    this.previous[sentinel] = row;
  }

  private clearList(sentinel: number): void {
    this.next[sentinel] = sentinel;
    this.previous[sentinel] = sentinel;
  }

  private bucketFor(rung: number, time: number): number {
    const offset = (time - this.starts[rung]!) * this.perWidth[rung]!;
    const last = this.lasts[rung]!;
    const first = FIRST_BUCKET + rung * MAX_BUCKETS;
    // The last bucket also takes what lies beyond the rung; it is spread again when its turn comes.
    return offset < last - first ? first + (offset | 0) : last;
  }

  /** Linked-list insertion, walking from the nearer end. Equal times: behind those present. */
  private insertIntoBottom(row: EventId): void {
    const { times, next, previous } = this;
    const time = times[row]!;
    let before = previous[BOTTOM]!;
    if (before !== BOTTOM && time < times[before]!) {
      const head = next[BOTTOM]!;
      if (time - times[head]! < times[before]! - time) {
        let after = head;
        while (times[after]! <= time) after = next[after]!; // ends at the tail, which is later
        before = previous[after]!;
      } else {
        do before = previous[before]!;
        while (before !== BOTTOM && times[before]! > time);
      }
    }
    const after = next[before]!;
    previous[row] = before;
    next[row] = after;
    next[before] = row;
    previous[after] = row;
  }

  /** Moves events into the empty Bottom until it has one; returns that one, or -1. */
  private refillBottom(): EventId {
    const { next } = this;
    this.bottomCount = 0;
    this.bottomLimit = BOTTOM_LIMIT;
    while (next[BOTTOM] === BOTTOM) {
      if (this.rungCount > 0) {
        if (!this.takeNextBucket()) continue;
        this.measureTransit();
      } else {
        if (next[TOP] === TOP) {
          this.topStart = -0.5;
          return -1;
        }
        this.moveToTransit(TOP);
        this.measureTransit();
        this.topStart = this.transitMax + 1;
      }
      if (this.transitCount > SORT_LIMIT) this.spread();
      else this.sortIntoBottom();
    }
    return next[BOTTOM]!;
  }

  /** Moves the next used bucket of the deepest rung to Transit; drops the rung when it has none. */
  private takeNextBucket(): boolean {
    const { next } = this;
    const rung = this.rungCount - 1;
    const last = this.lasts[rung]!;
    let bucket = this.current[rung]!;
    while (bucket < last && next[bucket] === bucket) bucket++;
    // A rung whose last bucket is taken is gone at once, so that the bucket's own rung replaces it.
    if (bucket === last) this.rungCount = rung;
    else {
      const first = FIRST_BUCKET + rung * MAX_BUCKETS;
      this.current[rung] = bucket + 1;
      this.bounds[rung] = this.starts[rung]! + (bucket + 1 - first) / this.perWidth[rung]!;
    }
    if (next[bucket] === bucket) return false;
    this.moveToTransit(bucket);
    return true;
  }

  private moveToTransit(sentinel: number): void {
    const { next, previous } = this;
    const head = next[sentinel]!;
    const tail = previous[sentinel]!;
    next[TRANSIT] = head;
    previous[TRANSIT] = tail;
    previous[head] = TRANSIT;
    next[tail] = TRANSIT;
    this.clearList(sentinel);
  }

  private measureTransit(): void {
    const { times, next } = this;
    let count = 0;
    let min = NEVER;
    let max = 0;
    for (let row = next[TRANSIT]!; row !== TRANSIT; row = next[row]!) {
      const time = times[row]!;
      if (time < min) min = time;
      if (time > max) max = time;
      count++;
    }
    this.transitCount = count;
    this.transitMin = min;
    this.transitMax = max;
  }

  private sortIntoBottom(): void {
    const { next } = this;
    let row = next[TRANSIT]!;
    while (row !== TRANSIT) {
      const following = next[row]!;
      this.insertIntoBottom(row);
      row = following;
    }
    this.clearList(TRANSIT);
    this.bottomCount += this.transitCount;
  }

  /** Spreads Transit over a new rung; events of one and the same time go to Bottom as they are. */
  private spread(): void {
    if (this.transitMax === this.transitMin) {
      this.sortIntoBottom();
      this.bottomLimit = 2 * this.bottomCount + BOTTOM_LIMIT;
      return;
    }
    if (this.rungCount === MAX_RUNGS) {
      this.collapse();
      return;
    }
    const rung = this.addRung();
    const { times, next } = this;
    let row = next[TRANSIT]!;
    while (row !== TRANSIT) {
      const following = next[row]!;
      this.append(this.bucketFor(rung, times[row]!), row);
      row = following;
    }
    this.clearList(TRANSIT);
  }

  /** A new deepest rung from the earliest to the latest event in Transit. */
  private addRung(): number {
    const rung = this.rungCount++;
    const span = this.transitMax - this.transitMin + 1;
    const wanted = Math.min(MAX_BUCKETS, Math.max(MIN_BUCKETS, this.transitCount));
    let width = 1;
    while (width * wanted < span) width *= 2;
    const count = Math.ceil(span / width);
    const first = FIRST_BUCKET + rung * MAX_BUCKETS;
    this.starts[rung] = this.transitMin;
    this.perWidth[rung] = 1 / width;
    this.bounds[rung] = this.transitMin;
    this.current[rung] = first;
    this.lasts[rung] = first + count - 1;
    // Used-up buckets are empty lists again, so a sentinel is made only once.
    for (let made = this.readySentinels[rung]!; made < count; made++) this.clearList(first + made);
    this.readySentinels[rung] = Math.max(count, this.readySentinels[rung]!);
    return rung;
  }

  /** Spreads a Bottom that grew too long, unless most of what was counted has been cancelled. */
  private spillBottom(): void {
    this.moveToTransit(BOTTOM);
    this.measureTransit();
    this.bottomCount = 0;
    this.bottomLimit = BOTTOM_LIMIT;
    if (this.transitCount > BOTTOM_LIMIT / 2) this.spread();
    else this.sortIntoBottom();
  }

  /**
   * Puts everything back into Top, in order, when no rung is left. Needs ten spills in a row that
   * each narrow the time little, so it costs next to nothing on average.
   */
  private collapse(): void {
    const { next } = this;
    const all = this.next[TRANSIT]!;
    assert(all !== TRANSIT && next[BOTTOM] === BOTTOM, 'collapse() needs an empty Bottom');
    for (let rung = this.rungCount - 1; rung >= 0; rung--) {
      for (let bucket = this.current[rung]!; bucket <= this.lasts[rung]!; bucket++) {
        this.appendAllToTransit(bucket);
      }
    }
    this.appendAllToTransit(TOP);
    this.next[TOP] = all;
    this.previous[TOP] = this.previous[TRANSIT]!;
    this.previous[all] = TOP;
    this.next[this.previous[TOP]!] = TOP;
    this.clearList(TRANSIT);
    this.rungCount = 0;
    this.topStart = -0.5;
  }

  private appendAllToTransit(sentinel: number): void {
    const { next, previous } = this;
    const head = next[sentinel]!;
    if (head === sentinel) return;
    const tail = previous[TRANSIT]!;
    next[tail] = head;
    previous[head] = tail;
    previous[TRANSIT] = previous[sentinel]!;
    next[previous[sentinel]!] = TRANSIT;
    this.clearList(sentinel);
  }

  private grow(): void {
    const rows = 2 * this.times.length;
    assert(rows <= 0x40000000, 'more than 2^30 pending events');
    this.times = grownFloats(this.times, rows);
    this.keys = grownInts(this.keys, rows);
    this.slots = grownInts(this.slots, rows);
    this.previous = grownInts(this.previous, rows);
    this.next = grownInts(this.next, rows);
  }
}

function grownInts(column: Int32Array, rows: number): Int32Array {
  const grown = new Int32Array(rows);
  grown.set(column);
  return grown;
}

function grownFloats(column: Float64Array, rows: number): Float64Array {
  const grown = new Float64Array(rows);
  grown.set(column);
  return grown;
}
