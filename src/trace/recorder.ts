/**
 * The recorder of a run: folds every record into the digest and counts what the summary needs.
 *
 * The simulator calls it through `sim/observer.ts`; `harness/run.ts` rotates it at bucket edges and
 * reads it through `core/measurements.ts`. Nothing of it feeds back into the run.
 */
import { Digest } from '../core/digest.ts';
import type { RequestLogEntry } from '../core/engine.ts';
import { FLAG_NAMES, RecordKind, RetryRefusal } from '../core/records.ts';
import type { Ns } from '../core/time.ts';
import { EjectionLedger } from './ejection-ledger.ts';
import { IdentityCount, IdentityLedger } from './identity-ledger.ts';
import type { HostFigures, MetricsPlan } from './metrics-plan.ts';
import { RequestSampler } from './request-sampler.ts';
import { ServiceSeries } from './service-series.ts';
import { type Bucket, Tally } from './tally.ts';

/** Counts of a client's row. */
export const ClientCount = { offered: 0, succeeded: 1, failed: 2 } as const;
export const CLIENT_COUNTS = 3;

/** Counts of an edge's row; those without "started" or "scheduled" are of finished requests. */
export const EdgeCount = {
  requests: 0,
  attempts: 1,
  successes: 2,
  firstTrySuccesses: 3,
  retries: 4,
  refusedMax: 5,
  refusedBreaker: 6,
  refusedBudget: 7,
  attemptsStarted: 8,
  retriesScheduled: 9,
} as const;
export const EDGE_COUNTS = 10;

/** Reading the current virtual time without a call that boxes it. */
export interface Clock {
  readonly nowNs: Ns;
}

const NO_EDGE = -1;

const EMPTY_PLAN: MetricsPlan = {
  clients: [],
  warmUpNs: 0,
  edges: [],
  services: [],
  proxies: [],
  clusterNames: [],
  endpoints: [],
  hostServiceRow: [],
  addedLatencyMs: { p50: 0, p99: 0 },
  proxyCpuMsPerRequest: 0,
  proxyMemoryMiB: 0,
};

export class Recorder {
  readonly digest = new Digest();
  /** Finished buckets by client id. */
  clientBuckets: readonly Bucket[][] = [];
  /** Finished buckets by edge row. */
  edgeBuckets: readonly Bucket[][] = [];
  services: readonly ServiceSeries[] = [];
  /** Bucket i lies in [edgesNs[i], edgesNs[i + 1]). */
  readonly edgesNs: Ns[] = [0];
  /** Requests of clients that ended so far. */
  requestsDone = 0;
  plan: MetricsPlan = EMPTY_PLAN;
  ejections = new EjectionLedger(EMPTY_PLAN);
  identity = new IdentityLedger(EMPTY_PLAN);
  /** Which requests deserve a closer look. */
  sampler = new RequestSampler([], 0);
  private clock: Clock = { nowNs: 0 };
  private clients: readonly Tally[] = [];
  private edges: readonly Tally[] = [];
  private readonly flagIds = new Map<string, number>(FLAG_NAMES.map((name, id) => [name, id]));

  /** To be called once, when the world stands and before it runs. */
  begin(plan: MetricsPlan, clock: Clock, hosts: readonly HostFigures[]): void {
    this.plan = plan;
    this.clock = clock;
    this.ejections = new EjectionLedger(plan);
    this.identity = new IdentityLedger(plan);
    this.sampler = new RequestSampler(plan.clients, plan.warmUpNs);
    this.services = plan.services.map(
      (row) =>
        new ServiceSeries(
          row,
          row.hosts.map((id) => hosts[id]!),
        ),
    );
    this.clients = plan.clients.map(() => new Tally(CLIENT_COUNTS));
    this.edges = plan.edges.map(() => new Tally(EDGE_COUNTS));
    this.clientBuckets = plan.clients.map(() => []);
    this.edgeBuckets = plan.edges.map(() => []);
  }

  record(kind: number, owner: number, a: number, b: number, c: number): void {
    this.digest.fold(kind, this.clock, a, b ^ Math.imul(owner, 0x61c88647), c);
    switch (kind) {
      case RecordKind.attemptStarted:
        this.countOnEdge(owner, b, EdgeCount.attemptsStarted);
        break;
      case RecordKind.retryScheduled:
        this.countOnEdge(owner, b, EdgeCount.retriesScheduled);
        break;
      case RecordKind.retryRefused:
        this.countOnEdge(owner, b, refusalCount(c));
        break;
      case RecordKind.ejected:
      case RecordKind.ejectionRefused:
      case RecordKind.unejected:
        this.recordEjection(kind, owner, a, b, c);
        break;
      case RecordKind.hostDown:
      case RecordKind.hostUp:
        this.serviceOfHost(a)?.hostChanged(kind === RecordKind.hostUp);
        break;
      case RecordKind.connectFailed:
        this.identity.connectFailed(this.clock.nowNs, owner, b, c);
        break;
      case RecordKind.handshakeRefused:
        this.identity.handshakeRefused(this.clock.nowNs, owner, b);
        break;
      case RecordKind.connectionRefused:
        this.identity.connectionRefused(this.clock.nowNs, owner, b);
        break;
      case RecordKind.accessDenied:
        this.identity.count(IdentityCount.denied);
        break;
      case RecordKind.certificateIssued:
        this.identity.count(IdentityCount.issued);
        break;
      case RecordKind.renewalFailed:
        this.identity.count(IdentityCount.renewalsFailed);
        break;
      default:
    }
  }

  requestLogged(proxy: number, entry: RequestLogEntry): void {
    const edge = this.edgeOf(proxy, entry.cluster);
    if (edge === NO_EDGE) return;
    const tally = this.edges[edge]!;
    const counts = tally.counts;
    const attempts = entry.attemptCount;
    counts[EdgeCount.requests]!++;
    counts[EdgeCount.attempts]! += attempts;
    if (attempts > 1) counts[EdgeCount.retries]! += attempts - 1;
    if (entry.status > 0 && entry.status < 500) {
      counts[EdgeCount.successes]!++;
      if (attempts === 1) counts[EdgeCount.firstTrySuccesses]!++;
    }
    tally.countOutcome(entry.status, this.firstFlag(entry.flags));
    tally.latency.record(entry.durationNs);
  }

  clientStarted(client: number): void {
    this.clients[client]!.counts[ClientCount.offered]!++;
  }

  clientDone(
    client: number,
    status: number,
    ok: boolean,
    latencyNs: Ns,
    flag: number,
    uid: number,
  ): void {
    const tally = this.clients[client]!;
    tally.counts[ok ? ClientCount.succeeded : ClientCount.failed]!++;
    tally.countOutcome(status, flag);
    tally.latency.record(latencyNs);
    this.requestsDone++;
    this.sampler.ended(client, uid, ok, latencyNs, status * 256 + flag, this.clock.nowNs);
  }

  /** Ends the current bucket at `nowNs`. */
  rotate(nowNs: Ns): void {
    const lengthNs = nowNs - this.edgesNs[this.edgesNs.length - 1]!;
    this.clients.forEach((tally, client) => {
      this.clientBuckets[client]!.push(tally.rotate());
    });
    this.edges.forEach((tally, edge) => {
      this.edgeBuckets[edge]!.push(tally.rotate());
    });
    for (const series of this.services) series.rotate(nowNs, lengthNs);
    this.identity.rotate();
    this.edgesNs.push(nowNs);
  }

  private edgeOf(proxy: number, cluster: number): number {
    return cluster < 0 ? NO_EDGE : (this.plan.proxies[proxy]!.edgeOfCluster[cluster] ?? NO_EDGE);
  }

  private countOnEdge(proxy: number, cluster: number, count: number): void {
    const edge = this.edgeOf(proxy, cluster);
    if (edge !== NO_EDGE) this.edges[edge]!.counts[count]!++;
  }

  private recordEjection(kind: number, proxy: number, a: number, b: number, c: number): void {
    const nowNs = this.clock.nowNs;
    const service = this.services[this.plan.endpoints[a]?.serviceRow ?? NO_EDGE];
    if (kind === RecordKind.ejectionRefused) {
      this.ejections.refused(nowNs, proxy, a, b, c);
    } else if (kind === RecordKind.ejected) {
      this.ejections.ejected(nowNs, proxy, a, b, c);
      service?.endpointEjected(a, 1);
    } else {
      this.ejections.unejected(nowNs, proxy, a, b);
      service?.endpointEjected(a, -1);
    }
  }

  private serviceOfHost(host: number): ServiceSeries | undefined {
    return this.services[this.plan.hostServiceRow[host] ?? NO_EDGE];
  }

  /** `URX,UF` → the id of URX. Flags come from a small set of strings that the engine reuses. */
  private firstFlag(flags: string): number {
    if (flags === '-') return 0;
    const known = this.flagIds.get(flags);
    if (known !== undefined) return known;
    const id = this.flagIds.get(flags.slice(0, flags.indexOf(','))) ?? 0;
    this.flagIds.set(flags, id);
    return id;
  }
}

function refusalCount(refusal: number): number {
  if (refusal === RetryRefusal.budget) return EdgeCount.refusedBudget;
  return refusal === RetryRefusal.breaker ? EdgeCount.refusedBreaker : EdgeCount.refusedMax;
}
