/**
 * The simulator's side of `core/fault-target.ts`: what faults may do to a world.
 *
 * Every verb is a push that a matching pop undoes, in any order. Verbs are called between events, from
 * `World.at` actions, never from inside an engine's input. What strikes message by message is counted
 * where it happens and reported to the target that started it.
 */
import type { DurationSampler } from '../core/distributions.ts';
import type { StreamKey } from '../core/draws.ts';
import type {
  CacheFlush,
  ClockVerbs,
  FaultTarget,
  HostVerbs,
  IdentityVerbs,
  LinkPair,
  LinkVerbs,
  LoadVerbs,
} from '../core/fault-target.ts';
import type { RenewalFailure } from '../core/records.ts';
import type { Ns } from '../core/time.ts';
import type { Clients } from './client/clients.ts';
import type { Commons } from './commons.ts';
import type { Crashes } from './crashes.ts';
import type { Host } from './host/host.ts';
import type { ServiceModel } from './host/service-model.ts';
import type { Pki, RenewalBlock, StrikeHandler } from './identity/pki.ts';
import type { CutOverlay, LatencyOverlay, LossOverlay, Overlay } from './net/link.ts';
import { PairSet } from './net/link.ts';
import type { Messages } from './net/messages.ts';

/** The parts of a world that faults act on. */
export interface FaultParts {
  readonly commons: Commons;
  readonly messages: Messages;
  readonly services: ServiceModel;
  readonly crashes: Crashes;
  readonly clients: Clients;
  /** null = nobody has a certificate. */
  readonly pki: Pki | null;
}

/** The verbs for one fault. */
export class WorldFaultTarget implements FaultTarget {
  readonly links: LinkVerbs;
  readonly hosts: HostVerbs;
  readonly load: LoadVerbs;
  readonly identity: IdentityVerbs;
  readonly clock: ClockVerbs;
  private readonly onStrike: (count: number) => void;

  constructor(parts: FaultParts, onStrike: (count: number) => void) {
    this.links = new WorldLinks(parts, onStrike);
    this.hosts = new WorldHosts(parts);
    this.load = new WorldLoad(parts);
    this.identity = new WorldIdentity(parts.pki, onStrike);
    this.clock = new WorldClock(parts.commons);
    this.onStrike = onStrike;
  }

  strike(count: number): void {
    this.onStrike(count);
  }
}

class WorldLinks implements LinkVerbs {
  private readonly commons: Commons;
  private readonly messages: Messages;
  private readonly onStrike: (count: number) => void;
  /** By handle. */
  private readonly overlays: (Overlay | null)[];

  constructor(parts: FaultParts, onStrike: (count: number) => void) {
    this.commons = parts.commons;
    this.messages = parts.messages;
    this.onStrike = onStrike;
    this.overlays = [];
  }

  addLatency(
    pairs: readonly LinkPair[],
    delay: DurationSampler,
    stream: StreamKey,
    share: number,
  ): number {
    const overlay: LatencyOverlay = {
      kind: 'latency',
      pairs: new PairSet(pairs),
      delay,
      stream,
      onStrike: this.onStrike,
      share,
    };
    const handle = this.add(overlay);
    this.messages.delayUnderWay(overlay);
    return handle;
  }

  scaleLatency(handle: number, share: number): void {
    const overlay = this.overlays[handle];
    if (overlay?.kind === 'latency') overlay.share = share;
  }

  removeLatency(handle: number): void {
    this.remove(handle);
  }

  addLoss(pairs: readonly LinkPair[], ratio: number, untilNs: Ns, stream: StreamKey): number {
    const overlay: LossOverlay = {
      kind: 'loss',
      pairs: new PairSet(ratio > 0 ? pairs : []),
      ratio,
      untilNs,
      stream,
      onStrike: this.onStrike,
    };
    return this.add(overlay);
  }

  removeLoss(handle: number): void {
    this.remove(handle);
  }

  cut(pairs: readonly LinkPair[]): number {
    const overlay: CutOverlay = {
      kind: 'cut',
      pairs: new PairSet(pairs),
      onStrike: this.onStrike,
    };
    const handle = this.add(overlay);
    this.messages.holdUnderWay(overlay);
    return handle;
  }

  heal(handle: number): void {
    this.remove(handle);
    this.messages.release();
  }

  private add(overlay: Overlay): number {
    this.commons.network.addOverlay(overlay);
    return this.overlays.push(overlay) - 1;
  }

  private remove(handle: number): void {
    const overlay = this.overlays[handle];
    if (overlay === undefined || overlay === null) return;
    this.commons.network.removeOverlay(overlay);
    this.overlays[handle] = null;
  }
}

class WorldHosts implements HostVerbs {
  private readonly parts: FaultParts;

  constructor(parts: FaultParts) {
    this.parts = parts;
  }

  slow(host: number, factor: number): void {
    const found = this.hostOf(host);
    found.slowFactors.push(factor);
    found.slowFactor = product(found.slowFactors);
    this.parts.services.stretch(found, factor, false);
  }

  unslow(host: number, factor: number): void {
    const found = this.hostOf(host);
    removeOne(found.slowFactors, factor);
    found.slowFactor = product(found.slowFactors);
    this.parts.services.stretch(found, factor, true);
  }

  crash(host: number): void {
    const found = this.hostOf(host);
    if (found.crashes++ === 0) this.parts.crashes.crash(found);
  }

  restart(host: number): void {
    const found = this.hostOf(host);
    if (found.crashes > 0 && --found.crashes === 0) this.parts.crashes.restart(found);
  }

  flushCache(host: number, how: CacheFlush, stream: StreamKey, occurrence: number): number {
    const cache = this.hostOf(host).cacheUser?.cache;
    return cache?.flush(this.parts.commons.kernel.nowNs, how, stream, occurrence) ?? 0;
  }

  holdCache(host: number): void {
    const cache = this.hostOf(host).cacheUser?.cache;
    if (cache !== undefined) cache.holds++;
  }

  releaseCache(host: number): void {
    const cache = this.hostOf(host).cacheUser?.cache;
    if (cache !== undefined) cache.holds--;
  }

  private hostOf(id: number): Host {
    return this.parts.commons.hosts[id]!;
  }
}

class WorldLoad implements LoadVerbs {
  private readonly parts: FaultParts;

  constructor(parts: FaultParts) {
    this.parts = parts;
  }

  scale(client: number, factor: number): void {
    this.change(client, (factors) => {
      factors.push(factor);
    });
  }

  unscale(client: number, factor: number): void {
    this.change(client, (factors) => {
      removeOne(factors, factor);
    });
  }

  private change(id: number, edit: (factors: number[]) => void): void {
    const client = this.parts.clients.list[id]!;
    edit(client.factors);
    this.parts.clients.setFactor(client, product(client.factors));
  }
}

class WorldIdentity implements IdentityVerbs {
  private readonly pki: Pki | null;
  private readonly onStrike: StrikeHandler;
  /** By handle. */
  private readonly blocked: { readonly hosts: readonly number[]; readonly block: RenewalBlock }[];

  constructor(pki: Pki | null, onStrike: StrikeHandler) {
    this.pki = pki;
    this.onStrike = onStrike;
    this.blocked = [];
  }

  blockRenewal(hosts: readonly number[], why: RenewalFailure): number {
    const block = { why, onStrike: this.onStrike };
    for (const host of hosts) this.pki?.blockRenewal(host, block);
    return this.blocked.push({ hosts, block }) - 1;
  }
  unblockRenewal(handle: number): void {
    const { hosts, block } = this.blocked[handle]!;
    for (const host of hosts) this.pki?.unblockRenewal(host, block);
  }
  expire(host: number): boolean {
    return this.pki?.expire(host) ?? false;
  }
  unexpire(host: number): void {
    this.pki?.unexpire(host);
  }
}

class WorldClock implements ClockVerbs {
  private readonly commons: Commons;

  constructor(commons: Commons) {
    this.commons = commons;
  }

  skew(host: number, byNs: number): void {
    this.commons.hosts[host]!.clockOffsetNs += byNs;
  }
}

/** Of the factors in force; exactly 1 again when none is left, whatever the order of removal. */
function product(factors: readonly number[]): number {
  return factors.reduce((all, factor) => all * factor, 1);
}

function removeOne(factors: number[], factor: number): void {
  const at = factors.indexOf(factor);
  if (at >= 0) factors.splice(at, 1);
}
