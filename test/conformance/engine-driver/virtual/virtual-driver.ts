/**
 * The virtual driver: `Ports` on the simulator's kernel, with bodies in chunks and back-pressure.
 *
 * The simulator proper carries whole bodies; the stories need pieces of them, pauses and early
 * answers, so this small driver stands beside it. Invariant: every input comes from a kernel event.
 */
import type { Draws } from '../../../../src/core/draws.ts';
import type {
  Clock,
  CloseReason,
  DialPlan,
  Endpoint,
  Head,
  Ports,
  RequestLogEntry,
  Slot,
  TimerId,
  TimerKind,
} from '../../../../src/core/engine.ts';
import { Side } from '../../../../src/core/engine.ts';
import { MILLISECOND, type Ns } from '../../../../src/core/time.ts';
import type { DecisionLog } from '../decision-log.ts';
import type { VirtualContext } from './context.ts';
import { VirtualConnection, VirtualStream } from './upstream.ts';

const EPOCH_MS = Date.UTC(2026, 0, 1);

export class VirtualDriver implements Ports {
  readonly draws: Draws;
  readonly clock: Clock;
  private readonly context: VirtualContext;
  private readonly log: DecisionLog;

  constructor(context: VirtualContext, draws: Draws, log: DecisionLog) {
    this.context = context;
    this.clock = context.time;
    this.draws = draws;
    this.log = log;
  }

  wallMs(): number {
    return EPOCH_MS + this.clock.nowNs / MILLISECOND;
  }

  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    const { context } = this;
    return context.time.at(atNs, () => context.input((engine) => engine.onTimer(kind, slot)));
  }

  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId {
    return this.arm(this.clock.nowNs + delayMs * MILLISECOND, kind, slot);
  }

  disarm(timer: TimerId): void {
    this.context.time.cancel(timer);
  }

  dial(slot: Slot, endpoint: Endpoint, plan: DialPlan): void {
    const { context } = this;
    const made = new VirtualConnection(context, slot, endpoint, plan.bufferLimitBytes);
    context.connections.put(slot, made);
  }

  openStream(slot: Slot, connectionSlot: Slot, _uid: number, head: Head, end: boolean): void {
    const { context } = this;
    const connection = context.connections.get(connectionSlot);
    const stream = new VirtualStream(context, slot, connection, head);
    connection.stream = stream;
    context.streams.put(slot, stream);
    if (end) stream.endRequest([]);
  }

  sendBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.context.streams.get(stream).requestBody(bytes, chunk, end);
  }

  sendTrailers(stream: Slot, trailers: Head): void {
    this.context.streams.get(stream).endRequest(trailers.headers);
  }

  resetStream(stream: Slot): void {
    this.context.streams.get(stream).reset();
  }

  sendUpstreamData(): void {
    throw new Error('no story proxies TCP');
  }

  closeUpstream(connection: Slot, reason: CloseReason): void {
    this.context.connections.find(connection)?.closeAfter(0, reason);
  }

  respondInformational(request: Slot, head: Head): void {
    this.context.requests.get(request).respondInformational(head);
  }

  respondHead(request: Slot, head: Head, end: boolean): void {
    this.context.requests.get(request).respondHead(head, end);
  }

  respondBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.context.requests.get(request).respondBody(bytes, chunk, end);
  }

  respondTrailers(request: Slot, trailers: Head): void {
    this.context.requests.get(request).respondTrailers(trailers);
  }

  resetRequest(request: Slot): void {
    this.context.requests.get(request).reset();
  }

  sendDownstreamData(): void {
    throw new Error('no story proxies TCP');
  }

  goAwayDownstream(connection: Slot): void {
    this.context.downstreams.get(connection).isGoingAway = true;
  }

  closeDownstream(
    connection: Slot,
    how: 'abort' | 'flush' | 'linger',
    lingerNs: Ns,
    reason: CloseReason,
  ): void {
    const delayNs = how === 'linger' ? lingerNs : 0;
    this.context.downstreams.find(connection)?.closeAfter(delayNs, reason);
  }

  setReading(side: Side, slot: Slot, on: boolean): void {
    if (side === Side.request) this.context.requests.find(slot)?.setRequestReading(on);
    else if (side === Side.stream) this.context.streams.find(slot)?.setResponseReading(on);
  }

  logRequest(entry: RequestLogEntry): void {
    this.log.logRequest(entry);
  }

  record(kind: number, a: number, b: number, c: number): void {
    this.log.record(kind, a, b, c);
  }
}
