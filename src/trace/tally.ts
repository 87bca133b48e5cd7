/**
 * Counting one row (a client, an edge) bucket by bucket.
 *
 * `Tally` is what the hot path increments; `rotate` turns it into an immutable `Bucket` and starts
 * the next one; `sumBuckets` adds any run of buckets up again, exactly, percentiles included.
 */

import { Histogram, type HistogramData } from '../core/histogram.ts';
import { FLAG_NAMES } from '../core/records.ts';
import type { CountByName, LatencyMs } from '../core/summary.ts';
import { MILLISECOND } from '../core/time.ts';

const STATUS_COUNT = 1000;

/** One finished bucket of one row. Sparse lists hold [index, count, index, count, …]. */
export interface Bucket {
  readonly counts: Float64Array;
  readonly codes: readonly number[];
  readonly flags: readonly number[];
  readonly latency: HistogramData;
}

/** Sum of several buckets. */
export interface Totals {
  readonly counts: Float64Array;
  readonly codes: Float64Array;
  readonly flags: Float64Array;
  readonly latency: Histogram;
}

export class Tally {
  /** Indexed by the constants of the row's kind. */
  readonly counts: Float64Array;
  readonly latency = new Histogram();
  private readonly codes = new Uint32Array(STATUS_COUNT);
  private readonly flags = new Uint32Array(FLAG_NAMES.length);

  constructor(countKinds: number) {
    this.counts = new Float64Array(countKinds);
  }

  /** @param status 0 = nothing was answered */
  countOutcome(status: number, flag: number): void {
    this.codes[status]!++;
    if (flag > 0) this.flags[flag]!++;
  }

  rotate(): Bucket {
    const bucket = {
      counts: this.counts.slice(),
      codes: sparse(this.codes),
      flags: sparse(this.flags),
      latency: this.latency.toJSON(),
    };
    this.counts.fill(0);
    this.codes.fill(0);
    this.flags.fill(0);
    this.latency.reset();
    return bucket;
  }
}

export function sumBuckets(buckets: readonly Bucket[], countKinds: number): Totals {
  const counts = new Float64Array(countKinds);
  const codes = new Float64Array(STATUS_COUNT);
  const flags = new Float64Array(FLAG_NAMES.length);
  const latency = new Histogram();
  for (const bucket of buckets) {
    for (let i = 0; i < countKinds; i++) counts[i]! += bucket.counts[i]!;
    addSparse(codes, bucket.codes);
    addSparse(flags, bucket.flags);
    latency.addData(bucket.latency);
  }
  return { counts, codes, flags, latency };
}

/** By status code, ascending; `0` = nothing was answered. */
export function byCode(codes: Float64Array): CountByName {
  const result: Record<string, number> = {};
  codes.forEach((count, status) => {
    if (count > 0) result[String(status)] = count;
  });
  return result;
}

/** By the first response flag; requests without one are not listed. */
export function byFlag(flags: Float64Array): CountByName {
  const result: Record<string, number> = {};
  flags.forEach((count, flag) => {
    if (count > 0) result[FLAG_NAMES[flag]!] = count;
  });
  return result;
}

/** Milliseconds with microsecond resolution; zeros when nothing was recorded. */
export function latencyMs(histogram: Histogram): LatencyMs {
  const at = (q: number) => (histogram.count === 0 ? 0 : toMs(histogram.quantile(q)));
  return {
    mean: histogram.count === 0 ? 0 : toMs(histogram.mean),
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: histogram.count === 0 ? 0 : toMs(histogram.max),
  };
}

export function toMs(ns: number): number {
  return Math.round(ns / 1000) / (MILLISECOND / 1000);
}

function sparse(counts: Uint32Array): number[] {
  const list: number[] = [];
  counts.forEach((count, index) => {
    if (count > 0) list.push(index, count);
  });
  return list;
}

function addSparse(into: Float64Array, list: readonly number[]): void {
  for (let i = 0; i + 1 < list.length; i += 2) into[list[i]!]! += list[i + 1]!;
}
