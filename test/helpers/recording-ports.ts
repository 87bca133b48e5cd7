/**
 * The only double of the tests: ports over a tiny virtual clock that remember what they were asked.
 *
 * A test creates an engine on them, feeds inputs, reads `calls`, `log` and `records`, and moves time
 * with `advance`, which fires timers in order of time and arming. Like a real driver it insists on
 * the contract: timers are disarmed at most once, heads go down once, and nothing calls back.
 */
import { Draws } from '../../src/core/draws.ts';
import type {
  Clock,
  CloseReason,
  DialPlan,
  Endpoint,
  Engine,
  Head,
  Ports,
  RequestLogEntry,
  ResetReason,
  Slot,
  TimerId,
} from '../../src/core/engine.ts';
import { Side, TimerKind } from '../../src/core/engine.ts';
import { RecordKind } from '../../src/core/records.ts';
import type { Ns } from '../../src/core/time.ts';
import { MILLISECOND } from '../../src/core/time.ts';

/** A decision that the engine recorded. */
export interface RecordedDecision {
  readonly atNs: Ns;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

interface Timer {
  readonly id: TimerId;
  readonly atNs: Ns;
  readonly kind: TimerKind;
  readonly slot: Slot;
}

const SIDE_NAMES = Object.keys(Side);
const TIMER_NAMES = Object.keys(TimerKind);
const RECORD_NAMES = new Map(Object.entries(RecordKind).map(([name, kind]) => [kind, name]));

export class RecordingPorts implements Ports {
  readonly draws: Draws;
  /** One line per call that goes to a peer, such as `respondHead 0 200 end`. */
  readonly calls: string[] = [];
  readonly log: RequestLogEntry[] = [];
  readonly records: RecordedDecision[] = [];
  /** Heads by the stream they were sent on, newest last. */
  readonly sentHeads: { readonly stream: Slot; readonly uid: number; readonly head: Head }[] = [];
  /** What went downstream, by request slot, newest last. */
  readonly answers: { readonly request: Slot; readonly head: Head; body: string }[] = [];
  /** Connections that were asked for and have neither come up nor failed. */
  readonly dialling = new Map<Slot, { readonly endpoint: Endpoint; readonly plan: DialPlan }>();
  /** Upstream connections that the engine closed and the driver has not confirmed. */
  readonly closing = new Set<Slot>();
  /** The connection of each stream that is open. */
  readonly openStreams = new Map<Slot, Slot>();
  /** Text of each stream's request body. */
  readonly sentBodies = new Map<Slot, string>();
  /** Streams whose request went out whole: the end of the response is the end of the stream. */
  readonly sentStreams = new Set<Slot>();
  nowValue: Ns = 0;
  readonly clock: Clock;
  /** Called after each timer, when its input is over: a test's peers may react. */
  afterTimer: () => void = () => {};
  private timers: Timer[] = [];
  private nextTimer = 0;
  private engine: Engine | null = null;

  constructor(seed = 'test') {
    this.draws = new Draws(seed);
    this.clock = clockOf(this);
  }

  attach(engine: Engine): void {
    this.engine = engine;
  }

  /** Moves time and fires what is due, each timer as an input of its own. */
  advance(ms: number): void {
    const untilNs = this.nowValue + Math.round(ms * MILLISECOND);
    for (;;) {
      const due = this.firstTimer();
      if (due === undefined || due.atNs > untilNs) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.nowValue = due.atNs;
      this.engine?.onTimer(due.kind, due.slot);
      this.afterTimer();
    }
    this.nowValue = untilNs;
  }

  /** The lines of `calls` since the last time it was asked. */
  takeCalls(): string[] {
    return this.calls.splice(0);
  }

  /** Names of the recorded decisions since the last time it was asked. */
  takeRecords(): string[] {
    return this.records.splice(0).map(({ kind, a, b, c }) => `${nameOf(kind)} ${a} ${b} ${c}`);
  }

  /** The timers that run, as `routeTimeout@1000` (kind and milliseconds). */
  get armed(): string[] {
    const byTime = [...this.timers].sort((a, b) => a.atNs - b.atNs || a.id - b.id);
    return byTime.map(({ kind, atNs }) => `${TIMER_NAMES[kind]}@${atNs / MILLISECOND}`);
  }

  wallMs(): number {
    return Math.floor(this.nowValue / MILLISECOND);
  }
  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    if (!(atNs >= this.nowValue)) throw new Error(`a timer at ${atNs} lies in the past`);
    const id = this.nextTimer++;
    this.timers.push({ id, atNs, kind, slot });
    return id;
  }
  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId {
    if (!Number.isInteger(delayMs)) throw new Error(`${delayMs} is not a whole millisecond`);
    return this.arm(this.nowValue + delayMs * MILLISECOND, kind, slot);
  }
  disarm(id: TimerId): void {
    if (!this.timers.some((timer) => timer.id === id)) throw new Error(`timer ${id} does not run`);
    this.timers = this.timers.filter((timer) => timer.id !== id);
  }

  dial(connection: Slot, endpoint: Endpoint, plan: DialPlan): void {
    this.dialling.set(connection, { endpoint, plan });
    this.calls.push(`dial ${connection} ${endpoint.address}`);
  }
  openStream(stream: Slot, connection: Slot, uid: number, head: Head, end: boolean): void {
    this.openStreams.set(stream, connection);
    this.sentStreams.delete(stream);
    this.noteSent(stream, end);
    this.sentBodies.set(stream, '');
    this.sentHeads.push({ stream, uid, head });
    this.calls.push(`openStream ${stream} ${connection} ${head.method} ${head.path}${tail(end)}`);
  }
  sendBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.mustBeOpen(stream);
    this.noteSent(stream, end);
    this.sentBodies.set(stream, this.sentBodies.get(stream) + textOf(chunk));
    this.calls.push(`sendBody ${stream} ${bytes}${tail(end)}`);
  }
  sendTrailers(stream: Slot, _trailers: Head): void {
    this.mustBeOpen(stream);
    this.noteSent(stream, true);
    this.calls.push(`sendTrailers ${stream}`);
  }
  resetStream(stream: Slot, _reason: ResetReason): void {
    this.closing.add(this.mustBeOpen(stream));
    this.openStreams.delete(stream);
    this.calls.push(`resetStream ${stream}`);
  }
  sendUpstreamData(connection: Slot, bytes: number, _chunk: Uint8Array | null, end: boolean): void {
    this.calls.push(`sendUpstreamData ${connection} ${bytes}${tail(end)}`);
  }
  closeUpstream(connection: Slot, _reason: CloseReason): void {
    this.dialling.delete(connection);
    this.closing.add(connection);
    this.calls.push(`closeUpstream ${connection}`);
  }

  respondInformational(request: Slot, head: Head): void {
    this.calls.push(`respondInformational ${request} ${head.status}`);
  }
  respondHead(request: Slot, head: Head, end: boolean): void {
    this.answers.push({ request, head, body: '' });
    this.calls.push(`respondHead ${request} ${head.status}${tail(end)}`);
  }
  respondBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const answer = this.answers.findLast((one) => one.request === request);
    if (answer === undefined) throw new Error('a body without a head');
    answer.body += textOf(chunk);
    this.calls.push(`respondBody ${request} ${bytes}${tail(end)}`);
  }
  respondTrailers(request: Slot, _trailers: Head): void {
    this.calls.push(`respondTrailers ${request}`);
  }
  resetRequest(request: Slot, _reason: ResetReason): void {
    this.calls.push(`resetRequest ${request}`);
  }
  sendDownstreamData(
    connection: Slot,
    bytes: number,
    _chunk: Uint8Array | null,
    end: boolean,
  ): void {
    this.calls.push(`sendDownstreamData ${connection} ${bytes}${tail(end)}`);
  }
  goAwayDownstream(connection: Slot, _final: boolean): void {
    this.calls.push(`goAwayDownstream ${connection}`);
  }
  closeDownstream(connection: Slot, how: string, lingerNs: Ns, _reason: CloseReason): void {
    this.calls.push(`closeDownstream ${connection} ${how} ${lingerNs / MILLISECOND}ms`);
  }
  setReading(side: Side, slot: Slot, on: boolean): void {
    this.calls.push(`setReading ${SIDE_NAMES[side]} ${slot} ${on ? 'on' : 'off'}`);
  }
  logRequest(entry: RequestLogEntry): void {
    this.log.push(copyOf(entry));
  }
  record(kind: number, a: number, b: number, c: number): void {
    this.records.push({ atNs: this.nowValue, kind, a, b, c });
  }

  private firstTimer(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) {
      if (first === undefined || timer.atNs < first.atNs) first = timer;
    }
    return first;
  }

  /** The response of a stream is over; the stream itself only when the request is. */
  noteAnswered(stream: Slot): void {
    if (this.sentStreams.has(stream)) this.openStreams.delete(stream);
  }

  private noteSent(stream: Slot, end: boolean): void {
    if (end) this.sentStreams.add(stream);
  }

  private mustBeOpen(stream: Slot): Slot {
    const connection = this.openStreams.get(stream);
    if (connection === undefined) throw new Error(`stream ${stream} is not open`);
    return connection;
  }
}

/** Field by field: an engine may look some of them up only when they are read. */
function copyOf(entry: RequestLogEntry): RequestLogEntry {
  return {
    request: entry.request,
    uid: entry.uid,
    listener: entry.listener,
    cluster: entry.cluster,
    clusterName: entry.clusterName,
    routeName: entry.routeName,
    requestHead: entry.requestHead,
    responseHead: entry.responseHead,
    status: entry.status,
    flags: entry.flags,
    details: entry.details,
    attemptCount: entry.attemptCount,
    upstreamHost: entry.upstreamHost,
    upstreamTransportFailure: entry.upstreamTransportFailure,
    startNs: entry.startNs,
    durationNs: entry.durationNs,
    upstreamServiceTimeNs: entry.upstreamServiceTimeNs,
    bytesReceived: entry.bytesReceived,
    bytesSent: entry.bytesSent,
    downstreamRemoteAddress: entry.downstreamRemoteAddress,
  };
}

function clockOf(ports: { readonly nowValue: Ns }): Clock {
  return {
    get nowNs() {
      return ports.nowValue;
    },
  };
}

function nameOf(kind: number): string {
  return RECORD_NAMES.get(kind as RecordKind) ?? String(kind);
}

function tail(end: boolean): string {
  return end ? ' end' : '';
}

function textOf(chunk: Uint8Array | null): string {
  return chunk === null ? '' : new TextDecoder().decode(chunk);
}
