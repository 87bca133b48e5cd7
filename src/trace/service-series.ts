/**
 * What each service (and version) did, bucket by bucket, read from its machines' own integrals.
 */
import type { ServiceSummary } from '../core/summary.ts';
import type { HostFigures, ServiceRow } from './metrics-plan.ts';

/** One service row in one bucket. */
export interface ServiceBucket {
  readonly lengthNs: number;
  readonly served: number;
  readonly wasted: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly busyNs: number;
  readonly computeNs: number;
  readonly queueNs: number;
  readonly queueMax: number;
  readonly readyMin: number;
  readonly readyMax: number;
  /** Endpoints ejected by at least one proxy at the end of the bucket. */
  readonly ejected: number;
}

interface HostSnapshot {
  served: number;
  wasted: number;
  cacheHits: number;
  cacheMisses: number;
  busyNs: number;
  computeNs: number;
  queueNs: number;
}

export class ServiceSeries {
  readonly row: ServiceRow;
  readonly buckets: ServiceBucket[] = [];
  private readonly hosts: readonly HostFigures[];
  private readonly last: HostSnapshot[];
  private readonly ejectedBy = new Map<number, number>();
  private up: number;
  private readyMin: number;
  private readyMax: number;

  constructor(row: ServiceRow, hosts: readonly HostFigures[]) {
    this.row = row;
    this.hosts = hosts;
    this.last = hosts.map(() => ({ ...NOTHING }));
    this.up = hosts.length;
    this.readyMin = this.up;
    this.readyMax = this.up;
  }

  hostChanged(isUp: boolean): void {
    this.up += isUp ? 1 : -1;
    this.readyMin = Math.min(this.readyMin, this.up);
    this.readyMax = Math.max(this.readyMax, this.up);
  }

  endpointEjected(endpoint: number, by: 1 | -1): void {
    const count = (this.ejectedBy.get(endpoint) ?? 0) + by;
    if (count > 0) this.ejectedBy.set(endpoint, count);
    else this.ejectedBy.delete(endpoint);
  }

  rotate(nowNs: number, lengthNs: number): void {
    const sum = { ...NOTHING };
    let queueMax = 0;
    this.hosts.forEach((host, index) => {
      host.settle(nowNs);
      const last = this.last[index]!;
      for (const key of SUMMED) {
        sum[key] += host[key] - last[key];
        last[key] = host[key];
      }
      queueMax = Math.max(queueMax, host.queueMax);
      host.resetQueueMax();
    });
    this.buckets.push({
      lengthNs,
      ...sum,
      queueMax,
      readyMin: this.readyMin,
      readyMax: this.readyMax,
      ejected: this.ejectedBy.size,
    });
    this.readyMin = this.up;
    this.readyMax = this.up;
  }
}

const NOTHING: Readonly<HostSnapshot> = {
  served: 0,
  wasted: 0,
  cacheHits: 0,
  cacheMisses: 0,
  busyNs: 0,
  computeNs: 0,
  queueNs: 0,
};
const SUMMED = Object.keys(NOTHING) as readonly (keyof HostSnapshot)[];

/** Worker capacity of one row over a time; Infinity when workers are unlimited. */
function capacityNs(row: ServiceRow, lengthNs: number): number {
  return row.workers === 0 ? Number.POSITIVE_INFINITY : row.workers * row.hosts.length * lengthNs;
}

/** Mean share of the workers that were held; 0 when they are unlimited. */
export function workerUtilisation(row: ServiceRow, bucket: ServiceBucket): number {
  return bucket.busyNs / capacityNs(row, bucket.lengthNs);
}

/** Sums over buckets (and, for a total, over the versions' rows). */
export function summariseService(
  version: string,
  parts: readonly { readonly row: ServiceRow; readonly buckets: readonly ServiceBucket[] }[],
): ServiceSummary {
  let served = 0;
  let wasted = 0;
  let hits = 0;
  let asked = 0;
  let busyNs = 0;
  let computeNs = 0;
  let capacity = 0;
  let queueMax = 0;
  let instances = 0;
  let readyMin = 0;
  let readyMax = 0;
  for (const { row, buckets } of parts) {
    instances += row.hosts.length;
    readyMin += Math.min(row.hosts.length, ...buckets.map((bucket) => bucket.readyMin));
    readyMax += Math.max(0, ...buckets.map((bucket) => bucket.readyMax));
    for (const bucket of buckets) {
      served += bucket.served;
      wasted += bucket.wasted;
      hits += bucket.cacheHits;
      asked += bucket.cacheHits + bucket.cacheMisses;
      busyNs += bucket.busyNs;
      computeNs += bucket.computeNs;
      capacity += capacityNs(row, bucket.lengthNs);
      queueMax = Math.max(queueMax, bucket.queueMax);
    }
  }
  return {
    name: parts[0]?.row.name ?? '',
    version,
    instances,
    served,
    wastedWorkRatio: ratio(wasted, served),
    cpuUtilisation: ratio(computeNs, capacity),
    workerUtilisation: ratio(busyNs, capacity),
    queueMax,
    cacheHitRatio: ratio(hits, asked),
    ready: { min: readyMin, max: readyMax },
  };
}

/** `a / b` to six digits; 0 when there is nothing to divide by. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : Math.round((a / b) * 1_000_000) / 1_000_000;
}
