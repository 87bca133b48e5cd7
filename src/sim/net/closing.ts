/**
 * How wires end: by the near engine, by the far side, by a crash, or because nothing gets through.
 *
 * HTTP/1 has no way to give up one exchange but closing the connection, so a reset of either side
 * closes the wire. Each side hears of the other's close one trip later, in order behind what was
 * sent before; the wire's slot is given back to the near engine when both know. Every way ends in
 * exactly one `onConnectionClosed`, after `onStreamReset` if an exchange was open.
 */
import { CloseReason, ConnectFailure, ResetReason } from '../../core/engine.ts';
import type { Commons } from '../commons.ts';
import { EventKind, TurnKind } from '../event-kind.ts';
import { RequestKind } from '../request-table.ts';
import type { Applications } from './applications.ts';
import type { Messages } from './messages.ts';
import { Direction } from './network.ts';
import type { WireTable } from './wire-table.ts';
import { WireFlag, WirePhase } from './wire-table.ts';

export class Closing {
  private readonly commons: Commons;
  private readonly wires: WireTable;
  private readonly messages: Messages;
  private readonly applications: Applications;

  constructor(commons: Commons, messages: Messages, applications: Applications) {
    this.commons = commons;
    this.wires = commons.wires;
    this.messages = messages;
    this.applications = applications;
  }

  /** Port `resetStream`: ends the exchange, and with it the connection. */
  resetByNear(stream: number): void {
    this.closeNear(this.wires.wireOfStream(stream));
  }

  /** Port `closeUpstream`: a stream still open is reset in this turn. */
  closeByNear(wire: number): void {
    if (this.wires.has(wire, WireFlag.nearClosed)) return;
    const stream = this.wires.streamOf(wire);
    if (stream >= 0) this.commons.turns.push(TurnKind.streamReset, stream);
    this.closeNear(wire);
  }

  /** Port `resetRequest` of an inbound engine: the request is over, and its connection with it. */
  resetByFar(wire: number): void {
    this.wires.setPeer(wire, -1);
    this.closeFar(wire);
  }

  /** Port `closeDownstream` of an inbound engine: a request still open is reset in this turn. */
  closeByFar(wire: number): void {
    const { wires } = this;
    const request = wires.peerOf(wire);
    if (wires.phaseOf(wire) === WirePhase.serving && request >= 0) {
      this.commons.requests.setKind(request, RequestKind.doomed);
      this.commons.turns.push(TurnKind.requestReset, request);
      wires.setPeer(wire, -1);
    }
    this.closeFar(wire);
  }

  /** The far side closes, after what it has sent. Calls no engine, so ports may use it. */
  closeFar(wire: number): void {
    const { wires } = this;
    this.releaseDownstream(wire);
    const phase = wires.phaseOf(wire);
    if (phase === WirePhase.free || phase === WirePhase.farClosed) return;
    if (phase === WirePhase.response) {
      wires.set(wire, WireFlag.closeAfterResponse);
      return;
    }
    this.messages.cancel(wire);
    wires.setPhase(wire, WirePhase.farClosed);
    if (wires.has(wire, WireFlag.nearClosed)) return;
    const network = this.commons.network;
    const back = network.reverseOf(network.links[wires.linkOf(wire)]!);
    wires.setOverhead(wire, 0);
    this.messages.send(wire, back, Direction.farClose, EventKind.farCloseArrives);
  }

  /** The near side's close has arrived at the far side. */
  onCloseArrives(wire: number): void {
    const { wires } = this;
    this.messages.forgetClose(wire);
    const message = wires.eventOf(wire);
    if (wires.phaseOf(wire) === WirePhase.request && message >= 0) {
      // The request is still inside a proxy on the way: the close stays behind it.
      const atNs = this.commons.kernel.timeOf(message);
      const event = this.commons.kernel.schedule(atNs, EventKind.closeArrives, 0, wire);
      wires.setCloseEvent(wire, event);
      return;
    }
    this.tellFar(wire, CloseReason.remoteEnd);
    this.finish(wire, CloseReason.local);
  }

  /** Turn entry: an inbound engine's close has come to its application. */
  onCloseReachesApp(wire: number): void {
    if (!this.wires.has(wire, WireFlag.nearClosed)) return;
    this.tellFar(wire, CloseReason.remoteEnd);
    this.finish(wire, CloseReason.local);
  }

  /** The far side's close has arrived at the near side. */
  onFarCloseArrives(wire: number): void {
    const { wires } = this;
    this.messages.forget(wire);
    if (wires.has(wire, WireFlag.nearClosed)) return; // the engine closed it too: `onClosed` follows
    const reason = wires.streamOf(wire) < 0 ? CloseReason.remoteEnd : CloseReason.remoteReset;
    this.resetStreams(wire, ResetReason.connectionTermination);
    if (!wires.has(wire, WireFlag.nearClosed)) this.finish(wire, reason);
  }

  /** Turn entry: both sides know. */
  onClosed(wire: number): void {
    this.finish(wire, CloseReason.local);
  }

  /** Turn entry: the engine closed a connection under this stream. */
  onStreamReset(stream: number): void {
    const proxy = this.commons.proxyOfWire(this.wires.wireOfStream(stream));
    proxy.engine.onStreamReset(stream, ResetReason.localReset, '');
  }

  /** Turn entry: the engine closed a connection under this request. */
  onRequestReset(request: number): void {
    const { requests } = this.commons;
    if (requests.kindOf(request) !== RequestKind.doomed) return;
    const proxy = this.commons.proxyOfDownstream(requests.connectionOf(request));
    requests.free(request);
    proxy.engine.onRequestReset(request, ResetReason.localReset);
  }

  /** Turn entry. */
  onDownstreamClosed(connection: number): void {
    const proxy = this.commons.proxyOfDownstream(connection);
    this.commons.downstreams.free(connection);
    proxy.engine.onDownstreamClosed(connection, CloseReason.local);
  }

  /** Ends a wire on both sides at this instant: a crash of the near host, or nothing gets through. */
  drop(wire: number, reason: CloseReason, streamReason: ResetReason): void {
    const { wires } = this;
    this.messages.cancel(wire);
    if (wires.phaseOf(wire) === WirePhase.dialing) {
      const { engine } = this.commons.proxyOfWire(wire);
      wires.free(wire);
      engine.onConnectFailed(wire, 'tcp', ConnectFailure.closed, 'the host went down');
      return;
    }
    this.tellFar(wire, reason);
    wires.setPhase(wire, WirePhase.farClosed);
    if (wires.has(wire, WireFlag.nearClosed)) this.messages.cancelClose(wire);
    else this.resetStreams(wire, streamReason);
    // Closed in reaction to the reset: its own entry gives the slot back in this turn.
    if (wires.has(wire, WireFlag.nearClosed) && wires.closeEventOf(wire) === CLOSE_PENDING) return;
    this.finish(wire, reason);
  }

  private closeNear(wire: number): void {
    const { wires } = this;
    if (wires.has(wire, WireFlag.nearClosed)) return;
    const phase = wires.phaseOf(wire);
    wires.set(wire, WireFlag.nearClosed);
    wires.setCloseEvent(wire, -1);
    if (phase === WirePhase.dialing || phase === WirePhase.farClosed) {
      this.messages.cancel(wire);
      wires.setCloseEvent(wire, CLOSE_PENDING);
      this.commons.turns.push(TurnKind.closed, wire);
      return;
    }
    const link = wires.linkOf(wire);
    if (link < 0) {
      this.commons.turns.push(TurnKind.closeReachesApp, wire);
      return;
    }
    if (phase === WirePhase.response) {
      // Nobody waits for the response any more.
      this.messages.cancel(wire);
      const isFarClosed = wires.has(wire, WireFlag.closeAfterResponse);
      wires.setPhase(wire, isFarClosed ? WirePhase.farClosed : WirePhase.idle);
    }
    this.messages.sendClose(wire, this.commons.network.links[link]!);
  }

  /** Ends whatever the far side still has of this wire. */
  private tellFar(wire: number, reason: CloseReason): void {
    const { wires, commons } = this;
    const peer = wires.peerOf(wire);
    const isServing = wires.phaseOf(wire) === WirePhase.serving && peer >= 0;
    wires.setPeer(wire, -1);
    const inbound = wires.linkOf(wire) < 0 ? null : commons.farHostOf(wire).inbound;
    if (inbound === null) {
      if (isServing) this.applications.onCallerGone(peer);
      return;
    }
    if (isServing) {
      commons.requests.free(peer);
      inbound.engine.onRequestReset(peer, ResetReason.connectionTermination);
    }
    const connection = wires.downstreamOf(wire);
    if (connection < 0 || wires.phaseOf(wire) === WirePhase.dialing) return;
    wires.setDownstream(wire, -1);
    if (commons.downstreams.isClosing(connection)) return;
    commons.downstreams.free(connection);
    inbound.engine.onDownstreamClosed(connection, reason);
  }

  /** Tells the far engine, in this turn, that its side of the connection is closed. */
  private releaseDownstream(wire: number): void {
    const connection = this.wires.downstreamOf(wire);
    if (connection < 0) return;
    this.wires.setDownstream(wire, -1);
    this.commons.downstreams.setClosing(connection);
    this.commons.turns.push(TurnKind.downstreamClosed, connection);
  }

  /** An engine may open another stream in reaction to a reset; on a dead wire that one is lost too. */
  private resetStreams(wire: number, reason: ResetReason): void {
    const { wires } = this;
    const engine = this.commons.proxyOfWire(wire).engine;
    while (!wires.has(wire, WireFlag.nearClosed) && wires.streamOf(wire) >= 0) {
      const stream = wires.streamOf(wire);
      wires.setStream(wire, -1);
      engine.onStreamReset(stream, reason, '');
    }
  }

  private finish(wire: number, reason: CloseReason): void {
    const engine = this.commons.proxyOfWire(wire).engine;
    this.wires.free(wire);
    engine.onConnectionClosed(wire, reason);
  }
}

/** `closeEvent` of a wire whose `closed` entry stands in the turn queue. */
const CLOSE_PENDING = -2;
