/**
 * Requests and responses on wires, from the engine that opened a stream to the far side and back.
 *
 * Ports call `open`, `sendBody` and `respond…`, which only schedule; `world.ts` calls the `on…`
 * methods when something arrives, and only those speak to engines and applications.
 *
 *   engine ─openStream→ [out/2 + link + in/2] → inbound engine ─openStream→ application
 *
 * With folded delays the bracket is one event. Without an inbound engine the application is reached
 * directly. From an inbound engine to its application no time passes.
 */
import type { Draws } from '../../core/draws.ts';
import { CloseReason, ConnectFailure, ResetReason } from '../../core/engine.ts';
import type { Commons } from '../commons.ts';
import { EventKind, TurnKind } from '../event-kind.ts';
import type { Host } from '../host/host.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RequestObserver } from '../request-observer.ts';
import { RequestKind, type RequestTable } from '../request-table.ts';
import type { TurnQueue } from '../turn-queue.ts';
import type { Applications } from './applications.ts';
import type { Closing } from './closing.ts';
import type { Link } from './link.ts';
import type { Messages } from './messages.ts';
import { Direction } from './network.ts';
import type { WireTable } from './wire-table.ts';
import { WireFlag, WirePhase } from './wire-table.ts';

export class Exchanges {
  private readonly commons: Commons;
  private readonly kernel: Kernel;
  private readonly draws: Draws;
  private readonly wires: WireTable;
  private readonly requests: RequestTable;
  private readonly turns: TurnQueue;
  private readonly links: Link[];
  private readonly hosts: Host[];
  private readonly foldDelays: boolean;
  private readonly messages: Messages;
  private readonly closing: Closing;
  private readonly applications: Applications;

  constructor(commons: Commons, messages: Messages, closing: Closing, applications: Applications) {
    this.commons = commons;
    this.kernel = commons.kernel;
    this.draws = commons.draws;
    this.wires = commons.wires;
    this.requests = commons.requests;
    this.turns = commons.turns;
    this.links = commons.network.links;
    this.hosts = commons.hosts;
    this.foldDelays = commons.foldDelays;
    this.messages = messages;
    this.closing = closing;
    this.applications = applications;
  }

  /** Port `openStream`. */
  open(wire: number, stream: number, uid: number, shape: number, isComplete: boolean): void {
    this.wires.begin(wire, stream, uid, shape);
    if (isComplete) this.sendRequest(wire);
    else this.wires.set(wire, WireFlag.composing);
  }

  /** Ports `sendBody` and `sendTrailers`: the request leaves when it is complete. */
  addToRequest(wire: number, bytes: number, isComplete: boolean): void {
    const { wires } = this;
    if (!wires.has(wire, WireFlag.composing)) return;
    wires.setShape(wire, this.commons.heads.withBody(wires.shapeOf(wire), bytes));
    if (!isComplete) return;
    wires.clear(wire, WireFlag.composing);
    this.sendRequest(wire);
  }

  /**
   * The far side answers. From an inbound engine's port, which only schedules; from an application
   * behind one it arrives at once, so an application never calls this inside an engine's input.
   */
  sendResponse(wire: number, shape: number): void {
    const { wires } = this;
    if (wires.phaseOf(wire) !== WirePhase.serving) return;
    wires.setPeer(wire, -1);
    if (wires.has(wire, WireFlag.nearClosed)) {
      wires.setPhase(wire, WirePhase.idle);
      return;
    }
    wires.setShape(wire, shape);
    wires.setPhase(wire, WirePhase.response);
    const link = wires.linkOf(wire);
    if (link < 0) {
      this.onResponseArrives(wire);
      return;
    }
    if (this.foldDelays) {
      const back = this.links[link ^ 1]!;
      this.messages.send(wire, back, Direction.response, EventKind.responseArrives);
    } else this.afterProxy(wire, this.farHalf(wire), EventKind.responseOnLink);
    if (wires.has(wire, WireFlag.goAway)) this.closing.closeFar(wire);
  }

  onRequestArrives(wire: number): void {
    const { wires } = this;
    this.messages.forget(wire);
    wires.setPhase(wire, WirePhase.serving);
    const host = this.farHost(wire);
    const inbound = host.inbound;
    if (inbound === null) {
      this.applications.onRequest(wire, host);
      return;
    }
    const connection = wires.downstreamOf(wire);
    const request = this.requests.allocate(RequestKind.fromWire, wire, connection);
    wires.setPeer(wire, request);
    const head = this.commons.heads.headOf(wires.shapeOf(wire));
    inbound.engine.onRequest(request, connection, wires.uidOf(wire), head, true);
  }

  /** Turn entry: an inbound proxy's request has come to its application. */
  onRequestReachesApp(wire: number): void {
    if (this.wires.phaseOf(wire) !== WirePhase.request) return;
    this.wires.setPhase(wire, WirePhase.serving);
    this.applications.onRequest(wire, this.farHost(wire));
  }

  onResponseArrives(wire: number): void {
    const { wires } = this;
    this.messages.forget(wire);
    const engine = this.commons.proxyOfWire(wire).engine;
    const stream = wires.streamOf(wire);
    const head = this.commons.heads.headOf(wires.shapeOf(wire));
    const closes = wires.has(wire, WireFlag.closeAfterResponse);
    wires.setStream(wire, -1);
    wires.setPhase(wire, closes ? WirePhase.farClosed : WirePhase.idle);
    if (wires.has(wire, WireFlag.goAway)) engine.onGoAway(wire);
    engine.onResponseHead(stream, head, true);
    if (closes) this.closing.onFarCloseArrives(wire);
  }

  onDeliveryFails(wire: number): void {
    const { wires } = this;
    this.messages.forget(wire);
    const proxy = this.commons.proxyOfWire(wire);
    if (wires.phaseOf(wire) === WirePhase.dialing) {
      wires.free(wire);
      const { unreachable } = ConnectFailure;
      proxy.engine.onConnectFailed(wire, 'tcp', unreachable, 'connection timed out');
      return;
    }
    this.closing.drop(wire, CloseReason.hostFailure, ResetReason.connectionTermination);
  }

  // Only without folded delays: proxy, link and proxy are an event each.

  onRequestOnLink(wire: number): void {
    this.wires.set(wire, WireFlag.onLink);
    const link = this.links[this.wires.linkOf(wire)]!;
    this.messages.send(wire, link, Direction.request, EventKind.requestOffLink);
  }

  onRequestOffLink(wire: number): void {
    this.messages.forget(wire);
    this.wires.clear(wire, WireFlag.onLink);
    this.afterProxy(wire, this.farHalf(wire), EventKind.requestArrives);
  }

  onResponseOnLink(wire: number): void {
    this.wires.set(wire, WireFlag.onLink);
    const link = this.links[this.wires.linkOf(wire) ^ 1]!;
    this.messages.send(wire, link, Direction.response, EventKind.responseOffLink);
  }

  onResponseOffLink(wire: number): void {
    this.messages.forget(wire);
    this.wires.clear(wire, WireFlag.onLink);
    this.afterProxy(wire, this.nearHalf(wire), EventKind.responseArrives);
  }

  private sendRequest(wire: number): void {
    const { wires } = this;
    // The far side may have closed already; the news is on its way and will reset the stream.
    if (wires.phaseOf(wire) !== WirePhase.idle) return;
    wires.setPhase(wire, WirePhase.request);
    const link = wires.linkOf(wire);
    if (link < 0) {
      this.turns.push(TurnKind.requestReachesApp, wire);
      return;
    }
    if (this.commons.requestObserver !== null) this.tellSent(wire, this.commons.requestObserver);
    if (this.foldDelays) {
      if (wires.has(wire, WireFlag.hasOverhead)) {
        wires.setOverhead(wire, this.nearHalf(wire) + this.farHalf(wire));
      }
      this.messages.send(wire, this.links[link]!, Direction.request, EventKind.requestArrives);
    } else this.afterProxy(wire, this.nearHalf(wire), EventKind.requestOnLink);
  }

  private tellSent(wire: number, observer: RequestObserver): void {
    const { wires } = this;
    const proxyNs = this.nearHalf(wire) + this.farHalf(wire);
    observer.requestSent(wires.proxyOf(wire), wires.uidOf(wire), wires.farHostOf(wire), proxyNs);
  }

  private afterProxy(wire: number, halfNs: number, kind: number): void {
    const atNs = this.kernel.nowNs + halfNs;
    this.wires.setEvent(wire, this.kernel.schedule(atNs, kind, 0, wire));
  }

  private nearHalf(wire: number): number {
    return this.commons.proxyOfWire(wire).halfOverhead(this.draws, this.wires.uidOf(wire));
  }

  private farHalf(wire: number): number {
    const inbound = this.farHost(wire).inbound;
    return inbound === null ? 0 : inbound.halfOverhead(this.draws, this.wires.uidOf(wire));
  }

  private farHost(wire: number): Host {
    return this.hosts[this.wires.farHostOf(wire)]!;
  }
}
