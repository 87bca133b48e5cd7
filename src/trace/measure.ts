/**
 * A finished run as `Measurements`: sums of the recorder's buckets for any window of them.
 */

import { Histogram } from '../core/histogram.ts';
import type { FaultWindow, Measurements, WindowDocument } from '../core/measurements.ts';
import type {
  ClientSummary,
  EdgeSummary,
  FaultSummary,
  ProxiesSummary,
  ServiceSummary,
} from '../core/summary.ts';
import { type Ns, SECOND } from '../core/time.ts';
import type {
  ClientTimeline,
  EdgeTimeline,
  IdentityTimeline,
  ServiceTimeline,
  Timeline,
} from '../core/timeline.ts';
import { IdentityCount } from './identity-ledger.ts';
import { CLIENT_COUNTS, ClientCount, EDGE_COUNTS, EdgeCount, type Recorder } from './recorder.ts';
import { ratio, summariseService, workerUtilisation } from './service-series.ts';
import { type Bucket, byCode, byFlag, latencyMs, sumBuckets, toMs } from './tally.ts';

/** What `measure` needs to know besides the recorder. */
export interface MeasureOptions {
  readonly bucketNs: Ns;
  readonly fromNs: Ns;
  /** End of the measured run; buckets after it hold what was drained. */
  readonly toNs: Ns;
  readonly faultWindows: readonly FaultWindow[];
}

export function measure(recorder: Recorder, options: MeasureOptions): Measurements {
  return new RecordedRun(recorder, options);
}

class RecordedRun implements Measurements {
  readonly faultWindows: readonly FaultWindow[];
  readonly bucketNs: Ns;
  readonly fromNs: Ns;
  readonly toNs: Ns;
  readonly timeline: Timeline;
  private readonly recorder: Recorder;

  constructor(recorder: Recorder, options: MeasureOptions) {
    this.recorder = recorder;
    this.faultWindows = options.faultWindows;
    this.bucketNs = options.bucketNs;
    this.fromNs = options.fromNs;
    this.toNs = options.toNs;
    this.timeline = timelineOf(recorder, options.toNs);
  }

  window(fromNs: Ns, toNs: Ns): WindowDocument {
    const [first, last] = this.bucketRange(fromNs, toNs);
    // Requests that ended after the run's end belong to the windows that reach the end.
    const drained = toNs >= this.toNs ? this.recorder.edgesNs.length - 1 : last;
    const clients = this.clientsIn(first, last, drained, toNs - fromNs);
    return {
      clients,
      edges: this.edgesIn(first, drained),
      services: this.servicesIn(first, last),
      proxies: this.proxies(first, last, toNs - fromNs),
      ejections: this.recorder.ejections.list(fromNs, toNs),
      ...this.identityIn(first, drained),
      faults: this.faultWindows.map(faultSummary),
      samples: clients.reduce((sum, client) => sum + client.succeeded + client.failed, 0),
    };
  }

  goodputRps(fromNs: Ns, toNs: Ns): number {
    const [first, last] = this.bucketRange(fromNs, toNs);
    let succeeded = 0;
    for (const buckets of this.recorder.clientBuckets) {
      for (let i = first; i < last; i++) succeeded += buckets[i]!.counts[ClientCount.succeeded]!;
    }
    return perSecond(succeeded, toNs - fromNs);
  }

  private bucketRange(fromNs: Ns, toNs: Ns): [first: number, last: number] {
    const edges = this.recorder.edgesNs;
    let first = 0;
    while (first < edges.length - 1 && edges[first]! < fromNs) first++;
    let last = first;
    while (last < edges.length - 1 && edges[last + 1]! <= toNs) last++;
    return [first, last];
  }

  private clientsIn(first: number, last: number, drained: number, lengthNs: Ns): ClientSummary[] {
    return this.recorder.plan.clients.map((name, client) => {
      const buckets = this.recorder.clientBuckets[client]!;
      const totals = sumBuckets(buckets.slice(first, drained), CLIENT_COUNTS);
      const succeeded = totals.counts[ClientCount.succeeded]!;
      const failed = totals.counts[ClientCount.failed]!;
      const inTime = countIn(buckets, first, last, ClientCount.succeeded);
      return {
        name,
        offered: totals.counts[ClientCount.offered]!,
        succeeded,
        failed,
        goodputRps: perSecond(inTime, lengthNs),
        successRatio: ratio(succeeded, succeeded + failed),
        latencyMs: latencyMs(totals.latency),
        byCode: byCode(totals.codes),
        byFlag: byFlag(totals.flags),
      };
    });
  }

  private edgesIn(first: number, last: number): EdgeSummary[] {
    return this.recorder.plan.edges.map(({ from, to }, edge) => {
      const buckets = this.recorder.edgeBuckets[edge]!.slice(first, last);
      const totals = sumBuckets(buckets, EDGE_COUNTS);
      const of = (count: number) => totals.counts[count]!;
      const requests = of(EdgeCount.requests);
      return {
        from,
        to,
        requests,
        attempts: of(EdgeCount.attempts),
        amplification: ratio(of(EdgeCount.attempts), requests),
        successRatio: ratio(of(EdgeCount.successes), requests),
        firstTrySuccessRatio: ratio(of(EdgeCount.firstTrySuccesses), requests),
        retries: of(EdgeCount.retries),
        retriesRefused: {
          budget: of(EdgeCount.refusedBudget),
          breaker: of(EdgeCount.refusedBreaker),
          max: of(EdgeCount.refusedMax),
        },
        latencyMs: latencyMs(totals.latency),
        byFlag: byFlag(totals.flags),
      };
    });
  }

  private servicesIn(first: number, last: number): ServiceSummary[] {
    const parts = this.recorder.services.map((series) => ({
      row: series.row,
      buckets: series.buckets.slice(first, last),
    }));
    const names = [...new Set(parts.map((part) => part.row.name))];
    return names.flatMap((name) => {
      const versions = parts.filter((part) => part.row.name === name);
      const total = summariseService('', versions);
      if (versions.length === 1 && versions[0]!.row.version === '') return [total];
      return [total, ...versions.map((part) => summariseService(part.row.version, [part]))];
    });
  }

  private identityIn(first: number, last: number): Pick<WindowDocument, 'identity'> {
    const { identity } = this.recorder;
    return identity.isUsed ? { identity: identity.summary(first, last) } : {};
  }

  private proxies(first: number, last: number, lengthNs: Ns): ProxiesSummary {
    const { plan } = this.recorder;
    let attempts = 0;
    for (const buckets of this.recorder.edgeBuckets) {
      attempts += countIn(buckets, first, last, EdgeCount.attemptsStarted);
    }
    const cpuMs = attempts * 2 * plan.proxyCpuMsPerRequest;
    return {
      addedLatencyMs: plan.addedLatencyMs,
      cpuCores: ratio(cpuMs / 1000, lengthNs / SECOND),
      memoryMiB: plan.proxyMemoryMiB,
    };
  }
}

function faultSummary(fault: FaultWindow): FaultSummary {
  const { id, kind, startNs, endNs, strikes } = fault;
  return { id, kind, startS: startNs / SECOND, endS: endNs / SECOND, strikes };
}

function countIn(buckets: readonly Bucket[], first: number, last: number, count: number): number {
  let sum = 0;
  for (let i = first; i < last; i++) sum += buckets[i]!.counts[count]!;
  return sum;
}

function perSecond(count: number, lengthNs: Ns): number {
  return lengthNs <= 0 ? 0 : Math.round((count * SECOND * 1000) / lengthNs) / 1000;
}

function timelineOf(recorder: Recorder, toNs: Ns): Timeline {
  // The first edge at the end: what follows was drained, if only for an instant.
  const end = recorder.edgesNs.findIndex((edge) => edge >= toNs);
  const edgesNs = end < 0 ? recorder.edgesNs : recorder.edgesNs.slice(0, end + 1);
  const count = edgesNs.length - 1;
  const rates = (buckets: readonly Bucket[], kind: number) =>
    buckets
      .slice(0, count)
      .map((bucket, i) => perSecond(bucket.counts[kind]!, edgesNs[i + 1]! - edgesNs[i]!));
  return {
    edgesS: edgesNs.map((edge) => edge / SECOND),
    clients: recorder.plan.clients.map((name, client): ClientTimeline => {
      const buckets = recorder.clientBuckets[client]!;
      return {
        name,
        offeredRps: rates(buckets, ClientCount.offered),
        goodputRps: rates(buckets, ClientCount.succeeded),
        failedRps: rates(buckets, ClientCount.failed),
        latencyMsP50: quantiles(buckets, count, 0.5),
        latencyMsP90: quantiles(buckets, count, 0.9),
        latencyMsP99: quantiles(buckets, count, 0.99),
      };
    }),
    edges: recorder.plan.edges.map(({ from, to }, edge): EdgeTimeline => {
      const buckets = recorder.edgeBuckets[edge]!;
      const requests = rates(buckets, EdgeCount.requests);
      const successes = rates(buckets, EdgeCount.successes);
      return {
        from,
        to,
        requestsRps: requests,
        attemptsRps: rates(buckets, EdgeCount.attemptsStarted),
        retriesRps: rates(buckets, EdgeCount.retriesScheduled),
        failedRps: requests.map((value, i) => Math.round((value - successes[i]!) * 1000) / 1000),
        latencyMsP50: quantiles(buckets, count, 0.5),
        latencyMsP99: quantiles(buckets, count, 0.99),
      };
    }),
    services: recorder.services.map(({ row, buckets }): ServiceTimeline => {
      const measured = buckets.slice(0, count);
      return {
        name: row.name,
        version: row.version,
        queueLength: measured.map((bucket) => ratio(bucket.queueNs, bucket.lengthNs)),
        workerUtilisation: measured.map((bucket) => ratio(workerUtilisation(row, bucket), 1)),
        ejected: measured.map((bucket) => bucket.ejected),
      };
    }),
    ...(recorder.identity.isUsed ? { identity: identityTimeline(recorder, edgesNs) } : {}),
  };
}

function identityTimeline(recorder: Recorder, edgesNs: readonly Ns[]): IdentityTimeline {
  const buckets = recorder.identity.buckets.slice(0, edgesNs.length - 1);
  const rates = (kind: number) =>
    buckets.map(({ counts }, i) => perSecond(counts[kind]!, edgesNs[i + 1]! - edgesNs[i]!));
  return {
    handshakesFailedRps: rates(IdentityCount.failed),
    renewalsFailedRps: rates(IdentityCount.renewalsFailed),
  };
}

function quantiles(buckets: readonly Bucket[], count: number, q: number): (number | null)[] {
  return buckets
    .slice(0, count)
    .map(({ latency }) =>
      latency.count === 0 ? null : toMs(Histogram.fromJSON(latency).quantile(q)),
    );
}
