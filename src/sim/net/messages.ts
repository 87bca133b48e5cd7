/**
 * Messages under way on wires: sending, holding while a partition lasts, sending again after it.
 *
 * A wire has at most two at a time: its message (request, response, handshake, or the far side's
 * close) and the near side's close behind it. Each is one kernel event. While a link is cut a message
 * is held: its event is then the instant at which its sender gives up, and after the heal it arrives
 * one trip after the next retransmission. What was under way when the cut began counts as sent then.
 */
import { assert } from '../../core/assert.ts';
import { RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { Commons } from '../commons.ts';
import { EventKind } from '../event-kind.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { CutOverlay, LatencyOverlay, Link, PairSet } from './link.ts';
import type { Network, Persistence } from './network.ts';
import {
  Direction,
  giveUpOffset,
  HANDSHAKE_PERSISTENCE,
  MESSAGE_PERSISTENCE,
  retransmissionOffset,
} from './network.ts';
import type { WireTable } from './wire-table.ts';
import { WireFlag, WirePhase } from './wire-table.ts';

interface HeldMessage {
  readonly wire: number;
  readonly isClose: boolean;
  readonly sentNs: Ns;
}

export class Messages {
  private readonly commons: Commons;
  private readonly kernel: Kernel;
  private readonly network: Network;
  private readonly wires: WireTable;
  /** By `heldKey`, in the order they were held. */
  private readonly held: Map<number, HeldMessage>;
  /** Of `nextTransmission`: how often the message was sent before, in vain. */
  private sentInVain: number;

  constructor(commons: Commons) {
    this.commons = commons;
    this.kernel = commons.kernel;
    this.network = commons.network;
    this.wires = commons.wires;
    this.held = new Map();
    this.sentInVain = 0;
  }

  /**
   * Sends the wire's request or response, or the far side's close, by its phase.
   * @param kind what happens on arrival
   */
  send(wire: number, link: Link, direction: number, kind: number): void {
    if (link.isDisturbed && link.isCut) {
      this.hold(wire, link, this.kernel.nowNs);
      return;
    }
    const network = this.network;
    network.measure(link, this.wires.uidOf(wire), direction);
    if (network.retransmissions > 0) this.recordDelay(link, network.retransmissions);
    const arrival = network.isLost ? EventKind.deliveryFails : kind;
    const afterNs = network.delayNs + this.wires.overheadOf(wire);
    this.wires.setEvent(wire, this.kernel.schedule(this.kernel.nowNs + afterNs, arrival, 0, wire));
  }

  /** Begins the handshake of a wire that is dialing. */
  sendHandshake(wire: number, link: Link): void {
    const back = this.network.reverseOf(link);
    if (link.isCut || back.isCut) {
      this.hold(wire, link.isCut ? link : back, this.kernel.nowNs);
      return;
    }
    this.scheduleHandshake(wire, link, this.kernel.nowNs);
  }

  /** Sends the near side's close, behind whatever is under way to the far side. */
  sendClose(wire: number, link: Link): void {
    if (link.isCut) {
      this.holdClose(wire, link, this.kernel.nowNs);
      return;
    }
    this.scheduleClose(wire, link, this.kernel.nowNs);
  }

  /** Takes back the wire's message, if one is under way or held. */
  cancel(wire: number): void {
    const event = this.wires.eventOf(wire);
    if (event < 0) return;
    this.kernel.cancel(event);
    this.forget(wire);
  }

  /** The wire's event has fired or is void. */
  forget(wire: number): void {
    this.wires.setEvent(wire, -1);
    if (!this.wires.has(wire, WireFlag.messageHeld)) return;
    this.wires.clear(wire, WireFlag.messageHeld);
    this.held.delete(heldKey(wire, false));
  }

  /** Likewise for the near side's close. */
  forgetClose(wire: number): void {
    this.wires.setCloseEvent(wire, -1);
    if (!this.wires.has(wire, WireFlag.closeHeld)) return;
    this.wires.clear(wire, WireFlag.closeHeld);
    this.held.delete(heldKey(wire, true));
  }

  cancelClose(wire: number): void {
    const event = this.wires.closeEventOf(wire);
    if (event < 0) return;
    this.kernel.cancel(event);
    this.forgetClose(wire);
  }

  /** A cut has begun: holds what is under way on its links. */
  holdUnderWay({ pairs }: CutOverlay): void {
    const nowNs = this.kernel.nowNs;
    for (let wire = 0; wire < this.wires.rowCount; wire++) {
      const link = this.linkOfMessage(wire);
      if (link !== null && !this.wires.has(wire, WireFlag.messageHeld)) {
        const cut = this.touched(wire, link, pairs);
        if (cut !== null) {
          this.kernel.cancel(this.wires.eventOf(wire));
          this.hold(wire, cut, nowNs);
        }
      }
      if (!this.hasCloseUnderWay(wire) || this.wires.has(wire, WireFlag.closeHeld)) continue;
      const way = this.network.links[this.wires.linkOf(wire)]!;
      if (!pairs.has(way.from, way.to)) continue;
      this.kernel.cancel(this.wires.closeEventOf(wire));
      this.holdClose(wire, way, nowNs);
    }
  }

  /** A cut has ended: what its links hold and no other cut holds goes on. */
  release(): void {
    for (const [key, message] of [...this.held]) {
      const { wire, isClose } = message;
      const link = this.network.links[this.wires.linkOf(wire)]!;
      if (isClose) {
        if (link.isCut) continue;
        this.kernel.cancel(this.wires.closeEventOf(wire));
        this.wires.clear(wire, WireFlag.closeHeld);
        this.held.delete(key);
        this.scheduleClose(wire, link, this.nextTransmission(message, MESSAGE_PERSISTENCE));
      } else this.releaseMessage(message);
    }
  }

  /** A latency fault has begun: delays what is under way on its links. */
  delayUnderWay(overlay: LatencyOverlay): void {
    for (let wire = 0; wire < this.wires.rowCount; wire++) {
      const link = this.linkOfMessage(wire);
      if (link !== null && !this.wires.has(wire, WireFlag.messageHeld)) {
        this.delayMessage(wire, link, overlay);
      }
      if (!this.hasCloseUnderWay(wire) || this.wires.has(wire, WireFlag.closeHeld)) continue;
      const way = this.network.links[this.wires.linkOf(wire)]!;
      const delays = overlay.pairs.has(way.from, way.to);
      this.moveClose(wire, delays ? this.extraNs(overlay, wire, Direction.close) : 0);
    }
  }

  private delayMessage(wire: number, link: Link, overlay: LatencyOverlay): void {
    let extraNs = 0;
    if (overlay.pairs.has(link.from, link.to)) {
      extraNs += this.extraNs(overlay, wire, this.directionOf(wire));
    }
    const back = this.network.reverseOf(link);
    const isDialing = this.wires.phaseOf(wire) === WirePhase.dialing;
    if (isDialing && overlay.pairs.has(back.from, back.to)) {
      extraNs += this.extraNs(overlay, wire, Direction.syn + 1);
    }
    if (extraNs === 0) return;
    const event = this.wires.eventOf(wire);
    this.wires.setEvent(wire, this.kernel.reschedule(event, this.kernel.timeOf(event) + extraNs));
    overlay.onStrike(1);
  }

  private extraNs(overlay: LatencyOverlay, wire: number, direction: number): Ns {
    return this.network.extraDelay(overlay, this.wires.uidOf(wire), direction);
  }

  /** Keeps a close behind the request that it follows. */
  private moveClose(wire: number, extraNs: Ns): void {
    const event = this.wires.closeEventOf(wire);
    let atNs = this.kernel.timeOf(event) + extraNs;
    const message = this.wires.eventOf(wire);
    if (message >= 0) atNs = Math.max(atNs, this.kernel.timeOf(message));
    this.wires.setCloseEvent(wire, this.kernel.reschedule(event, atNs));
  }

  private hold(wire: number, link: Link, sentNs: Ns): void {
    const how = this.persistenceOf(wire);
    this.wires.set(wire, WireFlag.messageHeld);
    this.held.set(heldKey(wire, false), { wire, isClose: false, sentNs });
    const giveUpNs = sentNs + giveUpOffset(how);
    this.wires.setEvent(wire, this.kernel.schedule(giveUpNs, EventKind.deliveryFails, 0, wire));
    strikeCuts(link);
  }

  private holdClose(wire: number, link: Link, sentNs: Ns): void {
    this.wires.set(wire, WireFlag.closeHeld);
    this.held.set(heldKey(wire, true), { wire, isClose: true, sentNs });
    const giveUpNs = sentNs + giveUpOffset(MESSAGE_PERSISTENCE);
    this.wires.setCloseEvent(wire, this.kernel.schedule(giveUpNs, EventKind.closeArrives, 0, wire));
    strikeCuts(link);
  }

  private releaseMessage(message: HeldMessage): void {
    const { wire } = message;
    const link = this.linkOfMessage(wire);
    assert(link !== null, 'a held message has a link');
    const isDialing = this.wires.phaseOf(wire) === WirePhase.dialing;
    if (link.isCut || (isDialing && this.network.reverseOf(link).isCut)) return;
    this.cancel(wire);
    const sentNs = this.nextTransmission(message, this.persistenceOf(wire));
    if (isDialing) {
      this.scheduleHandshake(wire, link, sentNs);
      return;
    }
    const network = this.network;
    network.measure(link, this.wires.uidOf(wire), this.directionOf(wire));
    this.recordDelay(link, this.sentInVain + network.retransmissions);
    const arrival = network.isLost ? EventKind.deliveryFails : this.arrivalOf(wire);
    const atNs = sentNs + network.delayNs + this.wires.overheadOf(wire);
    this.wires.setEvent(wire, this.kernel.schedule(atNs, arrival, 0, wire));
  }

  /** The first instant, from now on, at which the sender sends the message again. */
  private nextTransmission(message: HeldMessage, how: Persistence): Ns {
    let count = 1;
    while (message.sentNs + retransmissionOffset(how, count) < this.kernel.nowNs) count++;
    this.sentInVain = count;
    return message.sentNs + retransmissionOffset(how, count);
  }

  private scheduleHandshake(wire: number, link: Link, sentNs: Ns): void {
    const network = this.network;
    const roundTrips = this.wires.has(wire, WireFlag.tls) ? 2 : 1;
    network.measureHandshake(link, this.wires.uidOf(wire), roundTrips);
    if (network.retransmissions > 0) this.recordDelay(link, network.retransmissions);
    const arrival = network.isLost ? EventKind.deliveryFails : EventKind.dialEnds;
    const atNs = sentNs + network.delayNs;
    this.wires.setEvent(wire, this.kernel.schedule(atNs, arrival, 0, wire));
  }

  private scheduleClose(wire: number, link: Link, sentNs: Ns): void {
    this.network.measure(link, this.wires.uidOf(wire), Direction.close);
    let atNs = sentNs + this.network.delayNs;
    const message = this.wires.eventOf(wire);
    if (message >= 0) atNs = Math.max(atNs, this.kernel.timeOf(message));
    this.wires.setCloseEvent(wire, this.kernel.schedule(atNs, EventKind.closeArrives, 0, wire));
  }

  /** The link that the wire's message is on, or null. A handshake counts as on its way there. */
  private linkOfMessage(wire: number): Link | null {
    const wires = this.wires;
    const phase = wires.phaseOf(wire);
    if (phase === WirePhase.free || wires.linkOf(wire) < 0 || wires.eventOf(wire) < 0) return null;
    const link = this.network.links[wires.linkOf(wire)]!;
    if (phase === WirePhase.dialing) return link;
    const back = this.network.reverseOf(link);
    if (phase === WirePhase.farClosed) return back;
    if (!this.commons.foldDelays && !wires.has(wire, WireFlag.onLink)) return null;
    return phase === WirePhase.request ? link : back;
  }

  private hasCloseUnderWay(wire: number): boolean {
    return (
      this.wires.phaseOf(wire) !== WirePhase.free &&
      this.wires.linkOf(wire) >= 0 &&
      this.wires.has(wire, WireFlag.nearClosed) &&
      this.wires.closeEventOf(wire) >= 0
    );
  }

  /** Which of a message's links a new cut touches; a handshake needs both directions. */
  private touched(wire: number, link: Link, pairs: PairSet): Link | null {
    if (pairs.has(link.from, link.to)) return link;
    if (this.wires.phaseOf(wire) !== WirePhase.dialing) return null;
    const back = this.network.reverseOf(link);
    return pairs.has(back.from, back.to) ? back : null;
  }

  private directionOf(wire: number): number {
    switch (this.wires.phaseOf(wire)) {
      case WirePhase.dialing:
        return Direction.syn;
      case WirePhase.request:
        return Direction.request;
      case WirePhase.response:
        return Direction.response;
      default:
        return Direction.farClose;
    }
  }

  private arrivalOf(wire: number): number {
    const isFolded = this.commons.foldDelays;
    switch (this.wires.phaseOf(wire)) {
      case WirePhase.request:
        return isFolded ? EventKind.requestArrives : EventKind.requestOffLink;
      case WirePhase.response:
        return isFolded ? EventKind.responseArrives : EventKind.responseOffLink;
      default:
        return EventKind.farCloseArrives;
    }
  }

  private persistenceOf(wire: number): Persistence {
    const isDialing = this.wires.phaseOf(wire) === WirePhase.dialing;
    return isDialing ? HANDSHAKE_PERSISTENCE : MESSAGE_PERSISTENCE;
  }

  private recordDelay(link: Link, count: number): void {
    this.commons.observer.record(RecordKind.messageDelayed, link.from, link.recordId, count, 0);
  }
}

function heldKey(wire: number, isClose: boolean): number {
  return 2 * wire + (isClose ? 1 : 0);
}

function strikeCuts(link: Link): void {
  for (const cut of link.cuts) cut.onStrike(1);
}
