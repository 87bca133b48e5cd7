/**
 * Access-log entries: one reused object, filled with references when a request is over.
 *
 * Called by the responder only. Nothing is formatted here but details that already are text; flags
 * come from a cache by their packed form.
 */
import type { Head, RequestLogEntry, Slot } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { FLAG_NAMES } from '../../core/records.ts';
import type { EngineContext } from './context.ts';

const NO_HEAD = new HttpHead({});

export class ResponseLog {
  private readonly context: EngineContext;
  private readonly entry: RequestLogEntry;
  private readonly flagTexts: Map<number, string>;

  constructor(context: EngineContext) {
    this.context = context;
    this.entry = emptyEntry();
    this.flagTexts = new Map([[0, FLAG_NAMES[0]!]]);
  }

  /**
   * @param responseHead null = nothing was answered
   * @param upstreamAnswered whether that head is an upstream's
   */
  log(request: Slot, responseHead: Head | null, upstreamAnswered: boolean, details: string): void {
    const { requests, ports, clusters, downstreams, listeners, pools } = this.context;
    const entry = this.entry;
    const plan = requests.planOf(request);
    const cluster = requests.clusterOf(request);
    const pool = requests.poolOf(request);
    const down = requests.downstreamOf(request);
    const extra = requests.extraOf(request);
    entry.request = request;
    entry.uid = requests.uidOf(request);
    entry.listener = listeners[downstreams.listenerOf(down)]!.id;
    entry.cluster = cluster < 0 ? -1 : clusters[cluster]!.id;
    entry.clusterName = cluster < 0 ? '' : clusters[cluster]!.config.name;
    entry.routeName = plan.route === null ? '' : plan.route.config.name;
    entry.requestHead = plan.head;
    entry.responseHead = responseHead;
    entry.status = responseHead === null ? 0 : responseHead.status;
    entry.flags = this.flagsText(requests.flagsOf(request));
    entry.details = details;
    entry.attemptCount = requests.attemptsOf(request);
    entry.upstreamHost = pool < 0 ? null : pools[pool]!.host.endpoint.address;
    const startNs = requests.startNsOf(request);
    const durationNs = ports.nowNs() - startNs;
    entry.startNs = startNs;
    entry.durationNs = durationNs;
    entry.downstreamRemoteAddress = downstreams.peerOf(down).remoteAddress;
    entry.upstreamServiceTimeNs = upstreamAnswered ? durationNs : -1;
    if (extra === null) {
      entry.upstreamTransportFailure = '';
      entry.bytesReceived = plan.head.bodyBytes;
      entry.bytesSent = responseHead === null ? 0 : responseHead.bodyBytes;
    } else {
      entry.upstreamTransportFailure = extra.transportFailure;
      entry.bytesReceived = plan.head.bodyBytes + extra.bytesReceived;
      entry.bytesSent = extra.bytesSent;
      if (upstreamAnswered) {
        const headNs = extra.upstreamHeadNs < 0 ? ports.nowNs() : extra.upstreamHeadNs;
        const fromNs = extra.endedNs < 0 ? startNs : extra.endedNs;
        entry.upstreamServiceTimeNs = Math.max(0, headNs - fromNs);
      }
    }
    ports.logRequest(entry);
  }

  /** Short names joined by ',' in the order they were set. */
  private flagsText(packed: number): string {
    const known = this.flagTexts.get(packed);
    if (known !== undefined) return known;
    const names: string[] = [];
    for (let rest = packed; rest !== 0; rest >>>= 5) names.push(FLAG_NAMES[rest & 31]!);
    const text = names.join(',');
    this.flagTexts.set(packed, text);
    return text;
  }
}

/** Times start as fractions, so that V8 keeps them as raw doubles from the start. */
function emptyEntry(): RequestLogEntry {
  return {
    request: -1,
    uid: 0,
    listener: -1,
    cluster: -1,
    clusterName: '',
    routeName: '',
    requestHead: NO_HEAD,
    responseHead: null,
    status: 0,
    flags: '-',
    details: '',
    attemptCount: 0,
    upstreamHost: null,
    upstreamTransportFailure: '',
    startNs: 0.5,
    durationNs: 0.5,
    upstreamServiceTimeNs: 0.5,
    bytesReceived: 0,
    bytesSent: 0,
    downstreamRemoteAddress: '',
  };
}
