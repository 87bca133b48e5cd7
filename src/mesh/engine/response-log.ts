/**
 * Access-log entries: one reused object per engine, filled when a request is over.
 *
 * Called by the responder only. What is cheap is stored; the rest is looked up when a reader asks,
 * which must be before `logRequest` returns, as the contract says.
 */
import type { Head, Ports, RequestLogEntry, Slot } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { FLAG_NAMES, flagNamesOf } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import type { EngineContext } from './context.ts';
import type { DownstreamTable } from './downstream-table.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';

const NO_HEAD = new HttpHead({});
const NO_FLAGS = FLAG_NAMES[0]!;

export class ResponseLog {
  private readonly ports: Ports;
  private readonly entry: LogEntry;

  constructor(context: EngineContext) {
    this.ports = context.ports;
    this.entry = new LogEntry(context);
  }

  /**
   * @param responseHead null = nothing was answered
   * @param isUpstreams whether that head is an upstream's
   */
  log(request: Slot, responseHead: Head | null, isUpstreams: boolean, details: string): void {
    this.entry.fill(request, responseHead, isUpstreams, details);
    this.ports.logRequest(this.entry);
  }
}

class LogEntry implements RequestLogEntry {
  // Times start as fractions, so that V8 keeps them as raw doubles from the start.
  durationNs: Ns = 0.5;
  startNs: Ns = 0.5;
  request: Slot = -1;
  uid = 0;
  cluster = -1;
  status = 0;
  attemptCount = 0;
  flags = NO_FLAGS;
  details = '';
  responseHead: Head | null = null;
  private isUpstreams = false;
  private plan: RequestPlan | null = null;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly downstreams: DownstreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly pools: readonly ConnectionPool[];
  private readonly flagTexts: Map<number, string>;

  constructor(context: EngineContext) {
    this.ports = context.ports;
    this.requests = context.requests;
    this.downstreams = context.downstreams;
    this.clusters = context.clusters;
    this.pools = context.pools;
    this.flagTexts = context.tables.flagTexts;
  }

  fill(request: Slot, responseHead: Head | null, isUpstreams: boolean, details: string): void {
    const { requests } = this;
    const cluster = requests.clusterOf(request);
    const plan = requests.planOf(request);
    this.request = request;
    this.uid = requests.uidOf(request);
    this.cluster = cluster < 0 ? -1 : this.clusters[cluster]!.id;
    this.status = responseHead === null ? 0 : responseHead.status;
    this.attemptCount = requests.attemptsOf(request);
    requests.readTimes(request, this.ports.clock, this);
    this.isUpstreams = isUpstreams;
    // Storing a reference costs more than comparing it, and most requests are like the one before.
    const flags = this.flagsText(requests.flagsOf(request));
    if (this.flags !== flags) this.flags = flags;
    if (this.details !== details) this.details = details;
    if (this.responseHead !== responseHead) this.responseHead = responseHead;
    if (this.plan !== plan) this.plan = plan;
  }

  get listener(): number {
    return this.plan === null ? -1 : this.plan.listenerId;
  }
  get clusterName(): string {
    const cluster = this.requests.clusterOf(this.request);
    return cluster < 0 ? '' : this.clusters[cluster]!.config.name;
  }
  get routeName(): string {
    return this.plan?.route?.config.name ?? '';
  }
  get requestHead(): Head {
    if (this.plan === null) return NO_HEAD;
    // As it went upstream, once it did.
    return this.attemptCount > 0 ? this.plan.firstHead : this.plan.head;
  }
  get upstreamHost(): string | null {
    const pool = this.requests.poolOf(this.request);
    return pool < 0 ? null : this.pools[pool]!.host.endpoint.address;
  }
  get upstreamTransportFailure(): string {
    return this.requests.extraOf(this.request)?.transportFailure ?? '';
  }
  get downstreamRemoteAddress(): string {
    return this.downstreams.peerOf(this.requests.downstreamOf(this.request)).remoteAddress;
  }
  get bytesReceived(): number {
    const extra = this.requests.extraOf(this.request);
    return this.requestHead.bodyBytes + (extra === null ? 0 : extra.bytesReceived);
  }
  get bytesSent(): number {
    const extra = this.requests.extraOf(this.request);
    const whole = this.responseHead === null ? 0 : this.responseHead.bodyBytes;
    return whole + (extra === null ? 0 : extra.bytesSent);
  }
  /** From the end of the request to the upstream's head. */
  get upstreamServiceTimeNs(): Ns {
    if (!this.isUpstreams) return -1;
    const extra = this.requests.extraOf(this.request);
    if (extra === null) return this.durationNs;
    const headNs = extra.upstreamHeadNs < 0 ? this.ports.clock.nowNs : extra.upstreamHeadNs;
    const fromNs = extra.endedNs < 0 ? this.startNs : extra.endedNs;
    return Math.max(0, headNs - fromNs);
  }

  /** Short names joined by ',' in the order they were set. */
  private flagsText(packed: number): string {
    if (packed === 0) return NO_FLAGS;
    const known = this.flagTexts.get(packed);
    if (known !== undefined) return known;
    const text = flagNamesOf(packed).join(',');
    this.flagTexts.set(packed, text);
    return text;
  }
}
