/**
 * The downstream side of a request's answer: heads, bodies, local replies, resets and the end.
 *
 * Router, filters and inputs answer through it; it is the only one that calls the `respond…` ports
 * and it closes a request's books exactly once (`finish`): timers, filters, log, counters, row.
 * Invariant: nothing goes downstream before one head or after the end.
 * Source: policy-engine.md §0.3, 1.4, 11, 12.4.
 */
import type { Head, HeaderList, Ports, Slot } from '../../core/engine.ts';
import { CloseReason, NO_TIMER, ResetReason as Reset } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import type { Flag } from '../../core/records.ts';
import { RecordKind } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DirectResponseAction } from '../config/config.ts';
import type { ReplyFormat } from '../config/local-replies.ts';
import type { HeaderContext } from '../route/header-value.ts';
import type { EngineContext } from './context.ts';
import type { DownstreamTable } from './downstream-table.ts';
import { DownstreamBit } from './downstream-table.ts';
import type { LocalReplies } from './local-reply.ts';
import { LocalReplyMapper } from './local-reply-mapper.ts';
import type { OverloadManager } from './overload.ts';
import type { PlanListener } from './plan-input.ts';
import { compileReplyFormat, type ReplyPrinter } from './reply-format.ts';
import type { RequestPlan } from './request-plan.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import { ResponseLog } from './response-log.ts';
import { ResponsePace } from './response-pace.ts';

/** Details of direct responses and redirects. */
export const DIRECT_RESPONSE = 'direct_response';

/** For answers whose bodies are made, of listeners that map none. */
const FRAMING_ONLY = new LocalReplyMapper({ mappers: [], format: null });

export class Responder {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly downstreams: DownstreamTable;
  private readonly clusters: readonly Cluster[];
  private readonly replies: LocalReplies;
  private readonly responseLog: ResponseLog;
  /** Routes share their configuration objects. */
  private readonly printers = new Map<ReplyFormat, ReplyPrinter>();

  constructor(context: EngineContext) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.downstreams = context.downstreams;
    this.clusters = context.clusters;
    this.replies = context.tables.replies;
    this.responseLog = new ResponseLog(context);
  }

  /** The upstream's final head goes down; with `end` the request is over. */
  respondHead(request: Slot, head: Head, end: boolean): void {
    const { requests, ports } = this;
    const plan = requests.planOf(request);
    if (plan.isCounted) plan.stats.countStatus(head.status);
    this.beforeHead(request);
    const own = plan.hasFilters ? this.withAdditions(request, head) : head;
    const sent = plan.listener.tail === null ? own : this.withTail(request, plan, own, true);
    ports.respondHead(request, sent, end);
    if (end) {
      this.complete(request, sent, true, 'via_upstream');
      return;
    }
    const extra = requests.needExtra(request);
    extra.responseHead = sent;
    extra.upstreamHeadNs = ports.clock.nowNs;
    this.touch(request);
  }

  private withTail(request: Slot, plan: RequestPlan, head: Head, isUpstreams: boolean): Head {
    const { ports, requests } = this;
    const id = plan.firstHead.get('x-request-id');
    if (!isUpstreams) return plan.listener.tail!.addedTo(head, id, -1);
    const endedNs = requests.extraOf(request)?.endedNs ?? -1;
    const fromNs = endedNs < 0 ? requests.startNsOf(request) : endedNs;
    const tookMs = Math.floor((ports.clock.nowNs - fromNs) / MILLISECOND);
    return plan.listener.tail!.addedTo(head, id, tookMs);
  }

  respondBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const extra = this.requests.needExtra(request);
    if (extra.pace === null) {
      this.sendBody(request, bytes, chunk, end);
      return;
    }
    if (end) this.stopRouteTimer(request);
    extra.pace.push(bytes, chunk, end);
  }

  private sendBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const extra = this.requests.needExtra(request);
    extra.bytesSent += bytes;
    this.ports.respondBody(request, bytes, chunk, end);
    if (end) this.complete(request, extra.responseHead!, true, 'via_upstream');
    else this.touch(request);
  }

  respondTrailers(request: Slot, trailers: Head): void {
    const extra = this.requests.needExtra(request);
    if (extra.pace === null) {
      this.sendTrailers(request, trailers);
      return;
    }
    this.stopRouteTimer(request);
    extra.pace.pushTrailers(trailers);
  }

  /** From now on the body of the response goes down at this pace. */
  paceResponse(request: Slot, bytesPerSecond: number): void {
    const pace = new ResponsePace(this.ports, request, bytesPerSecond, {
      write: (bytes, chunk, end) => this.sendBody(request, bytes, chunk, end),
      writeTrailers: (trailers) => this.sendTrailers(request, trailers),
    });
    this.requests.needExtra(request).pace = pace;
  }

  private sendTrailers(request: Slot, trailers: Head): void {
    const extra = this.requests.needExtra(request);
    this.ports.respondTrailers(request, trailers);
    this.complete(request, extra.responseHead!, true, 'via_upstream');
  }

  /** Answers in place of the upstream. If a head went down already, the stream is reset instead. */
  respondLocally(request: Slot, status: number, body: string, flag: Flag, details: string): void {
    this.sendReply(request, status, body, '', null, flag, details);
  }

  /** As `respondLocally`, with one more header of the value `true`. */
  respondWithHeader(
    request: Slot,
    status: number,
    body: string,
    header: string,
    flag: Flag,
    details: string,
  ): void {
    this.sendReply(request, status, body, header, null, flag, details);
  }

  /** As `respondLocally`, with a gRPC status that does not follow from the HTTP one. */
  respondGrpc(
    request: Slot,
    status: number,
    body: string,
    grpcStatus: number | null,
    flag: Flag,
    details: string,
  ): void {
    this.sendReply(request, status, body, '', grpcStatus, flag, details);
  }

  /** A direct response whose route makes the body: its type stands above those of headers. */
  respondFormatted(request: Slot, action: DirectResponseAction, format: ReplyFormat): void {
    const plan = this.requests.planOf(request);
    let printer = this.printers.get(format);
    if (printer === undefined) this.printers.set(format, (printer = compileReplyFormat(format)));
    const unanswered = { ...this.aboutOf(request, plan, null), details: '', flags: '-' };
    const text = printer.print({ ...unanswered, body: action.body });
    const bare = new HttpHead({ status: action.status });
    const edited = plan.changesReplies ? this.editedReply(request, bare, DIRECT_RESPONSE) : bare;
    const head = edited.with({ set: [['content-type', printer.contentType]] });
    this.sendMapped(request, plan, head, text, null, DIRECT_RESPONSE);
  }

  /** The response cannot go on: HTTP/1 stops writing and closes after a while. */
  reset(request: Slot, flag: Flag, details: string): void {
    const { requests, ports } = this;
    requests.addFlag(request, flag);
    const listener = this.listenerOf(request);
    listener.stats.rqTxReset++;
    // The codec tells of every reset as if it had come from the client.
    listener.stats.rqRxReset++;
    const down = requests.downstreamOf(request);
    ports.resetRequest(request, Reset.localReset);
    this.closeLater(down, listener);
    requests.set(request, Bit.requestEnded);
    this.finish(request, this.headSent(request), true, details);
  }

  /** The downstream peer is gone: nothing can be answered any more. */
  gone(request: Slot, flag: Flag, details: string): void {
    const { requests } = this;
    requests.addFlag(request, flag);
    this.listenerOf(request).stats.rqRxReset++;
    requests.set(request, Bit.requestEnded);
    this.finish(request, this.headSent(request), true, details);
  }

  listenerOf(request: Slot): PlanListener {
    return this.requests.planOf(request).listener;
  }

  private headSent(request: Slot): Head | null {
    const extra = this.requests.extraOf(request);
    return extra === null ? null : extra.responseHead;
  }

  private sendReply(
    request: Slot,
    status: number,
    body: string,
    header: string,
    grpcStatus: number | null,
    flag: Flag,
    details: string,
  ): void {
    const { requests } = this;
    if (requests.has(request, Bit.headSent)) {
      this.reset(request, flag, details);
      return;
    }
    if (flag !== 0) requests.addFlag(request, flag);
    if (status === 400) this.drainAfterBad(request);
    const plan = requests.planOf(request);
    if (plan.listener.replyMapper !== null) {
      const headers: HeaderList = header === '' ? [] : [[header, 'true']];
      const bare = new HttpHead({ status, headers });
      const draft = plan.changesReplies ? this.editedReply(request, bare, details) : bare;
      this.sendMapped(request, plan, draft, body, grpcStatus, details);
      return;
    }
    const reply = this.replies.of(plan, status, body, header, grpcStatus);
    const head = plan.changesReplies ? this.editedReply(request, reply.head, details) : reply.head;
    this.send(request, plan, head, reply.body, details);
  }

  /** Through the mappers of the listener, if it has any. @param head says nothing of a body yet */
  private sendMapped(
    request: Slot,
    plan: RequestPlan,
    head: Head,
    text: string,
    grpcStatus: number | null,
    details: string,
  ): void {
    const about = this.aboutOf(request, plan, head);
    const flags = this.requests.flagsOf(request);
    const draft = { head, text, grpcStatus, details, flags, about };
    const mapper = plan.listener.replyMapper ?? FRAMING_ONLY;
    const mapped = mapper.map(plan, draft);
    this.send(request, plan, mapped.head, mapped.body, details);
  }

  /** What the commands of formats and headers speak about. */
  private aboutOf(request: Slot, plan: RequestPlan, response: Head | null): HeaderContext {
    const { requests, downstreams } = this;
    const cluster = requests.clusterOf(request);
    return {
      request: requests.attemptsOf(request) > 0 ? plan.firstHead : plan.head,
      response,
      responseCode: response === null ? 0 : response.status,
      routeName: plan.route?.config.name ?? '',
      clusterName: cluster < 0 ? '' : this.clusters[cluster]!.config.name,
      peer: downstreams.peerOf(requests.downstreamOf(request)),
    };
  }

  private send(
    request: Slot,
    plan: RequestPlan,
    head: Head,
    body: Uint8Array | null,
    details: string,
  ): void {
    if (plan.isCounted) plan.stats.countStatus(head.status);
    this.beforeHead(request);
    const own = plan.hasFilters ? this.withAdditions(request, head) : head;
    const sent = plan.listener.tail === null ? own : this.withTail(request, plan, own, false);
    this.write(request, sent, body);
    this.complete(request, sent, false, details);
  }

  /** An answer without body but with these headers. */
  respondBare(request: Slot, status: number, headers: HeaderList, details: string): void {
    const plan = this.requests.planOf(request);
    if (status === 400) this.drainAfterBad(request);
    const { head, body } = this.replies.of(plan, status, '', '', null);
    const edited = plan.changesReplies ? this.editedReply(request, head, details) : head;
    const given = headers.length === 0 ? edited : edited.with({ append: headers });
    if (plan.listener.replyMapper !== null) {
      this.sendMapped(request, plan, given, '', null, details);
      return;
    }
    this.send(request, plan, given, body, details);
  }

  /** A request that we call bad is its connection's last. */
  private drainAfterBad(request: Slot): void {
    const { requests, downstreams } = this;
    const down = requests.downstreamOf(request);
    if (downstreams.peerOf(down).protocol !== 'http1') return;
    downstreams.set(down, DownstreamBit.draining);
  }

  private editedReply(request: Slot, head: Head, details: string): Head {
    const { requests } = this;
    const made = requests.attemptsOf(request);
    const attempt = isRouters(details) ? made : 0;
    const plan = requests.planOf(request);
    return plan.replyHead(head, details === DIRECT_RESPONSE, attempt, made > 0);
  }

  /** What filters add to answers. */
  private withAdditions(request: Slot, head: Head): Head {
    const additions = this.requests.extraOf(request)?.responseAdditions;
    if (additions === undefined || additions.length === 0) return head;
    return this.requests.planOf(request).answerWith(head, additions);
  }

  private write(request: Slot, head: Head, body: Uint8Array | null): void {
    const { ports, requests } = this;
    if (body === null) {
      ports.respondHead(request, head, true);
      return;
    }
    requests.needExtra(request).bytesSent = body.length;
    ports.respondHead(request, head, false);
    ports.respondBody(request, body.length, body, true);
  }

  /** HTTP/1 cannot go on after an answer to half a request, nor while it drains. */
  private beforeHead(request: Slot): void {
    const { requests, downstreams, ports } = this;
    requests.set(request, Bit.headSent);
    const down = requests.downstreamOf(request);
    const isEarly = !requests.has(request, Bit.requestEnded);
    if (isEarly) this.beginEarly(request);
    const isDraining = this.context.isDraining || downstreams.has(down, DownstreamBit.draining);
    const { overload } = this.context;
    const isCutShort = overload !== null && !isDraining && this.endsEarly(request, overload);
    if (!isEarly && !isDraining && !isCutShort) return;
    if (downstreams.peerOf(down).protocol !== 'http1') return;
    downstreams.set(down, DownstreamBit.draining);
    ports.goAwayDownstream(down, true);
  }

  /** The response begins while the request is still arriving, whose time limit ends by that. */
  private beginEarly(request: Slot): void {
    this.listenerOf(request).stats.rqBeforeComplete++;
    const extra = this.requests.extraOf(request);
    if (extra === null || extra.requestTimer === NO_TIMER) return;
    this.ports.disarm(extra.requestTimer);
    extra.requestTimer = NO_TIMER;
  }

  /** An overloaded proxy keeps no connections. */
  private endsEarly(request: Slot, overload: OverloadManager): boolean {
    const isStruck = overload.strikes('disable_http_keepalive', this.requests.uidOf(request));
    if (isStruck) this.listenerOf(request).stats.cxOverloadDisableKeepalive++;
    return isStruck;
  }

  /** The answer is out. */
  private complete(request: Slot, head: Head, isUpstreams: boolean, details: string): void {
    const { requests } = this;
    requests.set(request, Bit.responseEnded);
    const plan = requests.planOf(request);
    if (!requests.has(request, Bit.requestEnded)) {
      // Envoy's stream ends by a reset, and all of them count as the client's.
      plan.stats.rqRxReset++;
      this.closeLater(requests.downstreamOf(request), plan.listener);
    }
    this.finish(request, head, isUpstreams, details);
  }

  /** An HTTP/1 connection whose exchange broke off; others carry on. */
  private closeLater(down: Slot, listener: PlanListener): void {
    const { downstreams, ports } = this;
    if (downstreams.peerOf(down).protocol !== 'http1') return;
    if (downstreams.has(down, DownstreamBit.closing)) return;
    downstreams.set(down, DownstreamBit.closing);
    const lingerNs = listener.config.delayedCloseTimeoutMs * MILLISECOND;
    ports.closeDownstream(down, 'linger', lingerNs, CloseReason.local);
  }

  /** Closes the books. The row stays taken until the request's own end has come. */
  private finish(request: Slot, head: Head | null, isUpstreams: boolean, details: string): void {
    const { requests, ports, clusters, downstreams } = this;
    const plan = requests.planOf(request);
    this.stopTimers(request, plan);
    if (plan.hasFilters) {
      const isWhole = head !== null && requests.has(request, Bit.responseEnded);
      plan.filters.onRequestDone(request, isWhole ? head.status : 0);
    }
    this.responseLog.log(request, head, isUpstreams && head !== null, details);
    const cluster = requests.clusterOf(request);
    const status = head === null ? 0 : head.status;
    const outcome = status * 256 + (requests.flagsOf(request) & 31);
    const clusterId = cluster < 0 ? -1 : clusters[cluster]!.id;
    if (cluster >= 0 && plan.retry !== null) {
      clusters[cluster]!.retryTokens?.deposit(ports.clock.nowNs);
    }
    ports.record(RecordKind.requestDone, requests.uidOf(request), clusterId, outcome);
    plan.stats.rqActive--;
    const down = requests.downstreamOf(request);
    downstreams.addRequests(down, -1);
    if (plan.marksIdle) downstreams.markIdle(down, ports.clock);
    requests.set(request, Bit.finished);
    if (requests.has(request, Bit.requestEnded)) requests.free(request);
  }

  /** The response was a redirect that is followed: its books are closed, the client waits on. */
  turnOver(request: Slot, head: Head): void {
    const { requests, ports, clusters } = this;
    const plan = requests.planOf(request);
    this.stopTimers(request, plan);
    if (plan.hasFilters) plan.filters.onRequestDone(request, 0);
    this.responseLog.log(request, head, true, 'internal_redirect');
    const { id } = clusters[requests.clusterOf(request)]!;
    const outcome = head.status * 256 + (requests.flagsOf(request) & 31);
    ports.record(RecordKind.requestDone, requests.uidOf(request), id, outcome);
    plan.stats.rqActive--;
    this.downstreams.addRequests(requests.downstreamOf(request), -1);
  }

  /** Something moved in either direction: the stream's idle time starts again. */
  touch(request: Slot): void {
    this.requests.planOf(request).idle?.touch(request);
  }

  stopRouteTimer(request: Slot): void {
    const { requests } = this;
    const timer = requests.routeTimerOf(request);
    if (timer === NO_TIMER) return;
    this.ports.disarm(timer);
    requests.setRouteTimer(request, NO_TIMER);
  }

  private stopTimers(request: Slot, plan: RequestPlan): void {
    const { requests } = this;
    const routeTimer = requests.routeTimerOf(request);
    if (routeTimer !== NO_TIMER) {
      this.ports.disarm(routeTimer);
      requests.setRouteTimer(request, NO_TIMER);
    }
    const waitTimer = requests.waitTimerOf(request);
    if (waitTimer !== NO_TIMER) {
      this.ports.disarm(waitTimer);
      requests.setWaitTimer(request, NO_TIMER);
    }
    if (plan.idle !== null) plan.idle.leave(request);
    const extra = requests.extraOf(request);
    if (extra === null) return;
    if (extra.serviceCall !== null) extra.serviceCall.abandon();
    if (extra.pace !== null) extra.pace.stop();
    if (extra.shadows !== null) for (const copy of extra.shadows) copy.abandon();
    if (extra.requestTimer !== NO_TIMER) this.ports.disarm(extra.requestTimer);
    extra.requestTimer = NO_TIMER;
    if (extra.durationTimer !== NO_TIMER) this.ports.disarm(extra.durationTimer);
    extra.durationTimer = NO_TIMER;
  }
}

/** Answers that tell of attempts; connection manager and filters know of none. */
function isRouters(details: string): boolean {
  return (
    details.startsWith('upstream_') ||
    details === 'response_timeout' ||
    details === 'no_healthy_upstream' ||
    details === 'request_payload_exceeded_retry_buffer_limit'
  );
}
