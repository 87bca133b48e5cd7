/**
 * The network between hosts: which law holds for a pair, and how long one message takes.
 *
 * It models what a user of TCP sees. A lost transmission is sent again after 200 ms, then 400 ms,
 * 800 ms … up to 120 s; of a handshake after 1 s, 2 s, 4 s …; the message arrives late, it never
 * vanishes. After 15 (handshake: 6) further transmissions the sender gives up and the connection is
 * reset. A fault's loss strikes the transmissions of its window only. Every draw is keyed by the
 * attempt's uid and the direction, so what a fault does to one link changes no draw of another.
 * Sources: RFC 6298 (doubling); Linux tcp(7), tcp_retries2 15, tcp_syn_retries 6, minimum RTO 200 ms.
 */
import { DurationSampler } from '../../core/distributions.ts';
import type { Draws, StreamKey } from '../../core/draws.ts';
import type { Clock } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND, SECOND } from '../../core/time.ts';
import type { LinkModel } from '../world-spec.ts';
import type { Overlay } from './link.ts';
import { Link, pairKey } from './link.ts';

/** Which message of an exchange, for keying its draws. */
export const Direction = {
  request: 0,
  response: 1,
  close: 2,
  farClose: 3,
  syn: 4,
  tls: 6,
} as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/** How often a kind of message is sent, and how far apart. */
export interface Persistence {
  readonly firstNs: Ns;
  readonly longestNs: Ns;
  readonly retransmissions: number;
}
export const MESSAGE_PERSISTENCE: Persistence = {
  firstNs: 200 * MILLISECOND,
  longestNs: 120 * SECOND,
  retransmissions: 15,
};
export const HANDSHAKE_PERSISTENCE: Persistence = {
  firstNs: SECOND,
  longestNs: 120 * SECOND,
  retransmissions: 6,
};

/** From the first transmission to retransmission number `count` (0 = the first itself). */
export function retransmissionOffset(how: Persistence, count: number): Ns {
  let offset = 0;
  let gap = how.firstNs;
  for (let sent = 0; sent < count; sent++) {
    offset += gap;
    gap = Math.min(2 * gap, how.longestNs);
  }
  return offset;
}

/** From the first transmission until the sender gives up. */
export function giveUpOffset(how: Persistence): Ns {
  return retransmissionOffset(how, how.retransmissions + 1);
}

interface Rule {
  readonly from: ReadonlySet<number> | null;
  readonly to: ReadonlySet<number> | null;
  readonly link: LinkModel;
}

const RETRANSMISSION_SHIFT = 4; // the low bits of a draw's index hold the direction

export class Network {
  /** Result of `measure`: from sending to arriving, ns. A fraction first: V8 keeps a raw double. */
  delayNs: Ns = 0.5;
  /** Result of `measure`: transmissions lost before the one that arrived. */
  retransmissions: number;
  /** Result of `measure`: the sender gives up after `delayNs`; nothing arrives. */
  isLost: boolean;
  readonly links: Link[];
  private readonly draws: Draws;
  private readonly clock: Clock;
  private readonly latencyStream: StreamKey;
  private readonly lossStream: StreamKey;
  private readonly rules: Rule[];
  private readonly byPair: Map<number, number>;
  private readonly overlays: Overlay[];
  private readonly ownLink: LinkModel;
  private fallback: LinkModel;

  constructor(draws: Draws, clock: Clock) {
    this.delayNs = 0;
    this.retransmissions = 0;
    this.isLost = false;
    this.links = [];
    this.draws = draws;
    this.clock = clock;
    this.latencyStream = draws.stream('network/latency');
    this.lossStream = draws.stream('network/loss');
    this.rules = [];
    this.byPair = new Map();
    this.overlays = [];
    this.ownLink = { latency: new DurationSampler({ kind: 'constant', valueNs: 0 }), loss: 0 };
    this.fallback = this.ownLink;
  }

  /** For every pair that no rule matches; 0 latency until it is called. Before the run. */
  setDefault(link: LinkModel): void {
    this.fallback = link;
  }

  /** Host ids; null = any. Later rules win. A host's way to itself always takes no time. Before the run. */
  addRule(
    fromHosts: readonly number[] | null,
    toHosts: readonly number[] | null,
    link: LinkModel,
  ): void {
    this.rules.push({
      from: fromHosts === null ? null : new Set(fromHosts),
      to: toHosts === null ? null : new Set(toHosts),
      link,
    });
  }

  /** The link for a pair of hosts; made on first use, with its opposite. For dialling, not per message. */
  linkBetween(from: number, to: number): Link {
    const known = this.byPair.get(pairKey(from, to));
    if (known !== undefined) return this.links[known]!;
    const link = this.make(from, to);
    this.make(to, from);
    this.byPair.set(pairKey(from, to), link.index);
    this.byPair.set(pairKey(to, from), link.index ^ (from === to ? 0 : 1));
    return link;
  }

  reverseOf(link: Link): Link {
    return this.links[link.index ^ 1]!;
  }

  /** Enters an overlay into every link it touches, made or still to be made. */
  addOverlay(overlay: Overlay): void {
    this.overlays.push(overlay);
    for (const link of this.links) if (overlay.pairs.has(link.from, link.to)) link.add(overlay);
  }

  removeOverlay(overlay: Overlay): void {
    this.overlays.splice(this.overlays.indexOf(overlay), 1);
    for (const link of this.links) link.remove(overlay);
  }

  /** How long a message takes; leaves the result in fields, which costs no allocation. */
  measure(link: Link, uid: number, direction: number): void {
    const latencyNs = link.latency.sample(this.draws, this.latencyStream, uid, direction);
    this.delayNs = latencyNs;
    this.retransmissions = 0;
    this.isLost = false;
    if (link.isDisturbed) this.disturb(link, uid, direction, MESSAGE_PERSISTENCE);
  }

  /** As `measure`, for a handshake: one trip there and one back, `roundTrips` times. */
  measureHandshake(link: Link, uid: number, roundTrips: number): void {
    const back = this.reverseOf(link);
    let delayNs = 0;
    let retransmissions = 0;
    let isLost = false;
    for (let trip = 0; trip < 2 * roundTrips; trip++) {
      const way = (trip & 1) === 0 ? link : back;
      const direction = Direction.syn + trip;
      this.delayNs = way.latency.sample(this.draws, this.latencyStream, uid, direction);
      this.retransmissions = 0;
      this.isLost = false;
      const how = trip < 2 ? HANDSHAKE_PERSISTENCE : MESSAGE_PERSISTENCE;
      if (way.isDisturbed) this.disturb(way, uid, direction, how);
      delayNs += this.delayNs;
      retransmissions += this.retransmissions;
      isLost ||= this.isLost;
    }
    this.delayNs = delayNs;
    this.retransmissions = retransmissions;
    this.isLost = isLost;
  }

  /** The delay that an overlay adds to one message. */
  extraDelay(overlay: LatencyShare, uid: number, direction: number): Ns {
    const wholeNs = overlay.delay.sample(this.draws, overlay.stream, uid, direction);
    return overlay.share === 1 ? wholeNs : Math.round(wholeNs * overlay.share);
  }

  private disturb(link: Link, uid: number, direction: number, how: Persistence): void {
    for (const overlay of link.latencies) {
      this.delayNs += this.extraDelay(overlay, uid, direction);
      overlay.onStrike(1);
    }
    if (link.loss === 0 && link.losses.length === 0) return;
    let lost = 0;
    let atNs = this.clock.nowNs;
    while (lost <= how.retransmissions && this.loses(link, uid, direction, lost, atNs)) {
      lost++;
      atNs = this.clock.nowNs + retransmissionOffset(how, lost);
    }
    if (lost === 0) return;
    this.isLost = lost > how.retransmissions;
    this.retransmissions = this.isLost ? how.retransmissions : lost;
    this.delayNs = (this.isLost ? 0 : this.delayNs) + retransmissionOffset(how, lost);
  }

  /** Whether the transmission of this instant is lost, after `sent` others. */
  private loses(link: Link, uid: number, direction: number, sent: number, atNs: Ns): boolean {
    const index = direction | (sent << RETRANSMISSION_SHIFT);
    const own = link.loss;
    let isLost = own > 0 && this.draws.unit(this.lossStream, uid, index) < own;
    for (const overlay of link.losses) {
      // Each fault draws for itself, so that it strikes the same messages with or without others.
      if (atNs >= overlay.untilNs) continue;
      if (this.draws.unit(overlay.stream, uid, index) >= overlay.ratio) continue;
      isLost = true;
      overlay.onStrike(1);
    }
    return isLost;
  }

  private make(from: number, to: number): Link {
    const link = new Link(this.links.length, from, to, this.modelFor(from, to));
    this.links.push(link);
    for (const overlay of this.overlays) if (overlay.pairs.has(from, to)) link.add(overlay);
    return link;
  }

  private modelFor(from: number, to: number): LinkModel {
    if (from === to) return this.ownLink;
    for (let at = this.rules.length - 1; at >= 0; at--) {
      const rule = this.rules[at]!;
      const matches =
        (rule.from === null || rule.from.has(from)) && (rule.to === null || rule.to.has(to));
      if (matches) return rule.link;
    }
    return this.fallback;
  }
}

interface LatencyShare {
  readonly delay: DurationSampler;
  readonly stream: StreamKey;
  readonly share: number;
}
