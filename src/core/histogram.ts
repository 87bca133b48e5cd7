/**
 * Log-linear latency histogram: 128 buckets for each power of two.
 *
 * One per edge, service or client, in the simulator, the real proxy and reports. A value's bucket is
 * read from the bits of the double: the exponent and the top 7 bits of the fraction. So every
 * bucket is at most 1/128 of its values wide, and a quantile is at most 0.4 % off. Counts are exact
 * and merging is adding, in any order.
 */
import { doubleView, HIGH_WORD, wordView } from './math.ts';
import type { Ns } from './time.ts';

const SUB_BITS = 7;
const BUCKETS_PER_POWER = 1 << SUB_BITS;
/** Drops all but exponent and the top `SUB_BITS` of the fraction from a double's high word. */
const SHIFT = 20 - SUB_BITS;
/** What that leaves of 1.0; bucket 0 takes whatever is below 1 ns. */
const OFFSET = (1023 << SUB_BITS) - 1;
/** Values up to 2^53 ns. */
const BUCKET_COUNT = 53 * BUCKETS_PER_POWER + 1;

/** What `toJSON` writes; `buckets` is [index, count, index, count, …] of the buckets in use. */
export interface HistogramData {
  readonly count: number;
  readonly sumNs: Ns;
  readonly minNs: Ns;
  readonly maxNs: Ns;
  readonly buckets: readonly number[];
}

/** Counts of durations, ns. Takes 27 KB, most of it untouched memory. */
export class Histogram {
  /** Values recorded. */
  count = 0;
  // Initialized here and with a fraction, so that V8 stores raw doubles; otherwise each store allocates.
  private sumNs: Ns = 0.5;
  private minNs: Ns = 0.5;
  private maxNs: Ns = 0.5;
  private readonly counts = new Uint32Array(BUCKET_COUNT);

  constructor() {
    this.sumNs = 0;
    this.minNs = Infinity;
    this.maxNs = -Infinity;
  }

  /**
   * @param valueNs 0 .. 2^53 - 1
   * @throws RangeError when it is negative, too large or not a number
   */
  record(valueNs: Ns): void {
    if (!(valueNs >= 0 && valueNs <= Number.MAX_SAFE_INTEGER)) refuse(valueNs);
    doubleView[0] = valueNs;
    const index = (wordView[HIGH_WORD]! >>> SHIFT) - OFFSET;
    this.counts[Math.max(index, 0)]!++;
    this.count++;
    this.sumNs += valueNs;
    if (valueNs < this.minNs) this.minNs = valueNs;
    if (valueNs > this.maxNs) this.maxNs = valueNs;
  }

  /** Exact as long as the sum of all values stays below 2^53 ns (104 days); NaN when empty. */
  get mean(): Ns {
    return this.sumNs / this.count;
  }

  /** Exact; NaN when empty. */
  get min(): Ns {
    return this.count > 0 ? this.minNs : Number.NaN;
  }

  /** Exact; NaN when empty. */
  get max(): Ns {
    return this.count > 0 ? this.maxNs : Number.NaN;
  }

  /**
   * The smallest value that at least the share `q` of all values does not exceed (nearest rank).
   * @param q 0..1; 0 gives the minimum, 1 the maximum, both exactly
   * @returns within 0.4 % of the exact one, and exact below 256 ns; NaN when empty
   */
  quantile(q: number): Ns {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    if (rank === 1) return this.minNs;
    if (rank >= this.count) return this.maxNs;
    let seen = 0;
    let index = -1;
    while (seen < rank) seen += this.counts[++index]!;
    return Math.min(this.maxNs, Math.max(this.minNs, middleOf(index)));
  }

  /** Adds all values of another histogram. */
  add(other: Histogram): void {
    for (let index = 0; index < BUCKET_COUNT; index++) {
      this.counts[index]! += other.counts[index]!;
    }
    this.count += other.count;
    this.sumNs += other.sumNs;
    this.minNs = Math.min(this.minNs, other.minNs);
    this.maxNs = Math.max(this.maxNs, other.maxNs);
  }

  /** Forgets everything. */
  reset(): void {
    this.counts.fill(0);
    this.count = 0;
    this.sumNs = 0;
    this.minNs = Infinity;
    this.maxNs = -Infinity;
  }

  /** Everything, as plain data for `fromJSON`. An empty histogram writes 0 for minimum and maximum. */
  toJSON(): HistogramData {
    const buckets: number[] = [];
    const isEmpty = this.count === 0;
    // Many a second of a quiet edge is empty, and looking through all counts takes longest here.
    for (let index = 0; index < (isEmpty ? 0 : BUCKET_COUNT); index++) {
      const count = this.counts[index]!;
      if (count > 0) buckets.push(index, count);
    }
    return {
      count: this.count,
      sumNs: this.sumNs,
      minNs: isEmpty ? 0 : this.minNs,
      maxNs: isEmpty ? 0 : this.maxNs,
      buckets,
    };
  }

  /** Adds all values of a histogram that `toJSON` wrote. */
  addData(data: HistogramData): void {
    if (data.count === 0) return;
    for (let at = 0; at + 1 < data.buckets.length; at += 2) {
      this.counts[data.buckets[at]!]! += data.buckets[at + 1]!;
    }
    this.count += data.count;
    this.sumNs += data.sumNs;
    this.minNs = Math.min(this.minNs, data.minNs);
    this.maxNs = Math.max(this.maxNs, data.maxNs);
  }

  /** The histogram that `toJSON` wrote. */
  static fromJSON(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.addData(data);
    return histogram;
  }
}

/** The middle of the integers that fall into a bucket. */
function middleOf(index: number): Ns {
  if (index === 0) return 0;
  const lower = lowerEdgeOf(index);
  return lower + Math.max(0, lowerEdgeOf(index + 1) - lower - 1) / 2;
}

function lowerEdgeOf(index: number): Ns {
  wordView[1 - HIGH_WORD] = 0;
  wordView[HIGH_WORD] = (index + OFFSET) << SHIFT;
  return doubleView[0]!;
}

function refuse(valueNs: Ns): never {
  throw new RangeError(`a histogram takes 0 to 2^53 - 1 ns, got ${valueNs}`);
}
