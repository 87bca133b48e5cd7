/**
 * What one engine of a simulated world may ask for: the simulator's side of `core/engine.ts`.
 *
 * Every verb only schedules or enters something into this instant's turn queue; nothing here calls
 * an engine. Bodies have no bytes: a message is its head and a length, sent when it is complete.
 */
import type { Draws } from '../core/draws.ts';
import type {
  Clock,
  CloseReason,
  DialPlan,
  Endpoint,
  Head,
  Ports,
  RequestLogEntry,
  ResetReason,
  Side,
  Slot,
  TimerId,
  TimerKind,
} from '../core/engine.ts';
import { RecordKind } from '../core/records.ts';
import type { Ns } from '../core/time.ts';
import type { Answers } from './answers.ts';
import type { ResponseFlags } from './client/response-flags.ts';
import type { Commons } from './commons.ts';
import { FIRST_TIMER_KIND } from './event-kind.ts';
import type { HeadShapes } from './head-shapes.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { Loopbacks } from './loopbacks.ts';
import type { Closing } from './net/closing.ts';
import type { Connector } from './net/connector.ts';
import type { Exchanges } from './net/exchanges.ts';
import type { WireTable } from './net/wire-table.ts';
import { WireFlag } from './net/wire-table.ts';
import type { Observer } from './observer.ts';
import type { SimProxy } from './sim-proxy.ts';

const NS_PER_MS = 1e6;

/** The parts of a world that ports speak to. */
export interface PortParts {
  readonly commons: Commons;
  readonly connector: Connector;
  readonly exchanges: Exchanges;
  readonly closing: Closing;
  readonly answers: Answers;
  readonly loopbacks: Loopbacks;
  readonly flags: ResponseFlags;
  readonly epochMs: number;
}

export class SimPorts implements Ports {
  readonly draws: Draws;
  readonly clock: Clock;
  private readonly proxy: SimProxy;
  private readonly proxyId: number;
  private readonly epochMs: number;
  private readonly commons: Commons;
  private readonly kernel: Kernel;
  private readonly wires: WireTable;
  private readonly heads: HeadShapes;
  private readonly observer: Observer;
  private readonly connector: Connector;
  private readonly exchanges: Exchanges;
  private readonly closing: Closing;
  private readonly answers: Answers;
  private readonly loopbacks: Loopbacks;
  private readonly flags: ResponseFlags;

  constructor(proxy: SimProxy, parts: PortParts) {
    const { commons } = parts;
    this.draws = commons.draws;
    this.proxy = proxy;
    this.proxyId = proxy.id;
    this.epochMs = parts.epochMs;
    this.commons = commons;
    this.kernel = commons.kernel;
    this.clock = commons.kernel;
    this.wires = commons.wires;
    this.heads = commons.heads;
    this.observer = commons.observer;
    this.connector = parts.connector;
    this.exchanges = parts.exchanges;
    this.closing = parts.closing;
    this.answers = parts.answers;
    this.loopbacks = parts.loopbacks;
    this.flags = parts.flags;
  }

  wallMs(): number {
    const { clockOffsetNs } = this.commons.hosts[this.proxy.host]!;
    return this.epochMs + Math.floor((this.kernel.nowNs + clockOffsetNs) / NS_PER_MS);
  }
  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId {
    return this.kernel.schedule(atNs, FIRST_TIMER_KIND + kind, this.proxyId, slot);
  }
  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId {
    const atNs = this.kernel.nowNs + delayMs * NS_PER_MS;
    return this.kernel.schedule(atNs, FIRST_TIMER_KIND + kind, this.proxyId, slot);
  }
  disarm(timer: TimerId): void {
    this.kernel.cancel(timer);
  }

  dial(connection: Slot, endpoint: Endpoint, plan: DialPlan): void {
    this.connector.dial(this.proxy, connection, endpoint, plan);
  }
  openStream(stream: Slot, connection: Slot, uid: number, head: Head, end: boolean): void {
    this.exchanges.open(connection, stream, uid, this.heads.shapeOf(head), end);
  }
  sendBody(stream: Slot, bytes: number, _chunk: Uint8Array | null, end: boolean): void {
    this.exchanges.addToRequest(this.wires.wireOfStream(stream), bytes, end);
  }
  sendTrailers(stream: Slot, _trailers: Head): void {
    this.exchanges.addToRequest(this.wires.wireOfStream(stream), 0, true);
  }
  resetStream(stream: Slot, _reason: ResetReason): void {
    this.closing.resetByNear(stream);
  }
  sendUpstreamData(): void {
    refuseTcp();
  }
  closeUpstream(connection: Slot, _reason: CloseReason): void {
    this.closing.closeByNear(connection);
  }

  /** Not modelled: 1xx responses change nothing in virtual time. */
  respondInformational(_request: Slot, _head: Head): void {}
  respondHead(request: Slot, head: Head, end: boolean): void {
    this.answers.head(request, this.heads.shapeOf(head), end);
  }
  respondBody(request: Slot, bytes: number, _chunk: Uint8Array | null, end: boolean): void {
    this.answers.body(request, bytes, end);
  }
  respondTrailers(request: Slot, _trailers: Head): void {
    this.answers.body(request, 0, true);
  }
  resetRequest(request: Slot, _reason: ResetReason): void {
    this.answers.reset(request);
  }
  sendDownstreamData(): void {
    refuseTcp();
  }
  goAwayDownstream(connection: Slot, _final: boolean): void {
    const wire = this.commons.downstreams.wireOf(connection);
    if (wire >= 0) this.wires.set(wire, WireFlag.goAway);
    else this.loopbacks.retire(connection);
  }
  closeDownstream(connection: Slot): void {
    const { downstreams } = this.commons;
    if (downstreams.isClosing(connection)) return;
    const wire = downstreams.wireOf(connection);
    if (wire >= 0) this.closing.closeByFar(wire);
    else this.loopbacks.retire(connection);
  }
  /** Not modelled: a message arrives whole, and no peer is slow to read. */
  setReading(_side: Side, _slot: Slot, _on: boolean): void {}

  logRequest(entry: RequestLogEntry): void {
    this.observer.requestLogged(this.proxyId, entry);
  }
  record(kind: number, a: number, b: number, c: number): void {
    if (kind === RecordKind.requestDone) this.flags.note(a, c & 0xff);
    this.observer.record(kind, this.proxyId, a, b, c);
  }
}

function refuseTcp(): never {
  throw new RangeError('the simulated network carries HTTP requests, not TCP streams');
}
