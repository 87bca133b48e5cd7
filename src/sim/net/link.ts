/**
 * One direction between two hosts: its law, and what faults add to it at this moment.
 *
 * `network.ts` makes one per pair of hosts that ever speak, on first use. Overlays are shared by all
 * links that a fault touches; a link holds references to those that touch it. Links come in pairs:
 * the opposite direction of link number n is number n ^ 1.
 */
import type { DurationSampler } from '../../core/distributions.ts';
import type { StreamKey } from '../../core/draws.ts';
import type { LinkPair } from '../../core/fault-target.ts';
import type { Ns } from '../../core/time.ts';
import type { LinkModel } from '../world-spec.ts';

/** Directed pairs of hosts; -1 in a pair means any. */
export class PairSet {
  private readonly exact: Set<number>;
  private readonly fromAny: Set<number>;
  private readonly toAny: Set<number>;
  private isEverything: boolean;

  constructor(pairs: readonly LinkPair[]) {
    this.exact = new Set();
    this.fromAny = new Set();
    this.toAny = new Set();
    this.isEverything = false;
    for (const { from, to } of pairs) {
      if (from < 0 && to < 0) this.isEverything = true;
      else if (from < 0) this.fromAny.add(to);
      else if (to < 0) this.toAny.add(from);
      else this.exact.add(pairKey(from, to));
    }
  }

  /** A host's link to itself is not part of the network: never. */
  has(from: number, to: number): boolean {
    if (from === to) return false;
    return (
      this.isEverything ||
      this.toAny.has(from) ||
      this.fromAny.has(to) ||
      this.exact.has(pairKey(from, to))
    );
  }
}

/** One number for an ordered pair of host ids. */
export function pairKey(from: number, to: number): number {
  return from * 0x1000000 + to;
}

/** Extra latency on some links while a fault lasts. */
export interface LatencyOverlay {
  readonly kind: 'latency';
  readonly pairs: PairSet;
  readonly delay: DurationSampler;
  readonly stream: StreamKey;
  readonly onStrike: (count: number) => void;
  /** 0..1 of the delay; below 1 while a fault ramps up. */
  share: number;
}

/** Extra loss on some links while a fault lasts. */
export interface LossOverlay {
  readonly kind: 'loss';
  readonly pairs: PairSet;
  /** 0..1 of the transmissions. */
  readonly ratio: number;
  /** Transmissions from this instant on are not lost to it. */
  readonly untilNs: Ns;
  readonly stream: StreamKey;
  readonly onStrike: (count: number) => void;
}

/** A partition. */
export interface CutOverlay {
  readonly kind: 'cut';
  readonly pairs: PairSet;
  readonly onStrike: (count: number) => void;
}

export type Overlay = LatencyOverlay | LossOverlay | CutOverlay;

/** A directed link. */
export class Link {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly latency: DurationSampler;
  /** Its own ratio of lost transmissions. */
  readonly loss: number;
  readonly latencies: LatencyOverlay[];
  readonly losses: LossOverlay[];
  readonly cuts: CutOverlay[];
  /** Some fault touches it, or its own law loses. */
  isDisturbed: boolean;
  /** Connections opened over it so far; keys their draws. */
  dialCount: number;

  constructor(index: number, from: number, to: number, model: LinkModel) {
    this.index = index;
    this.from = from;
    this.to = to;
    this.latency = model.latency;
    this.loss = model.loss;
    this.latencies = [];
    this.losses = [];
    this.cuts = [];
    this.isDisturbed = model.loss > 0;
    this.dialCount = 0;
  }

  get isCut(): boolean {
    return this.cuts.length > 0;
  }

  /** What records call it: the same in every run of a scenario. */
  get recordId(): number {
    return (this.from << 16) ^ this.to;
  }

  add(overlay: Overlay): void {
    switch (overlay.kind) {
      case 'latency':
        this.latencies.push(overlay);
        break;
      case 'loss':
        this.losses.push(overlay);
        break;
      case 'cut':
        this.cuts.push(overlay);
        break;
    }
    this.isDisturbed = true;
  }

  /** @returns whether the link had it */
  remove(overlay: Overlay): boolean {
    const list: Overlay[] =
      overlay.kind === 'latency'
        ? this.latencies
        : overlay.kind === 'loss'
          ? this.losses
          : this.cuts;
    const at = list.indexOf(overlay);
    if (at < 0) return false;
    list.splice(at, 1);
    this.isDisturbed =
      this.loss > 0 || this.latencies.length + this.losses.length + this.cuts.length > 0;
    return true;
  }
}
