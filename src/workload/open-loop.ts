/**
 * Arrivals that do not wait for answers: Poisson, constant, or bursts, along a rate profile.
 *
 * Used by the simulated clients and by the real load generator. The base arrivals never depend on
 * load faults. A factor above 1 adds arrivals of their own at (factor - 1) times the rate, a factor
 * below 1 drops some: for Poisson both are exact (superposition and thinning), and outside the time
 * of the factor every arrival keeps its instant, number and uid.
 */
import { DurationSampler } from '../core/distributions.ts';
import type { Draws, StreamKey } from '../core/draws.ts';
import { childUid } from '../core/draws.ts';
import type { Ns } from '../core/time.ts';
import { NEVER, SECOND } from '../core/time.ts';
import type { OpenLoad } from './load.ts';
import { RateCursor, RateProfile } from './rate-profile.ts';

/** What both kinds of arrivals share. */
interface Source {
  readonly load: OpenLoad;
  readonly profile: RateProfile;
  readonly draws: Draws;
  readonly stream: StreamKey;
  /** Mean 1 s: divided by a second, the area between two Poisson arrivals. */
  readonly unitArea: DurationSampler;
}

/** The requests of one open-loop client in order of time, without load faults. */
class BaseArrivals {
  /** `NEVER` after the last. (A fraction first, as in `RateCursor`.) */
  nextNs: Ns = 0.5;
  /** Requests at that instant. */
  nextCount: number;
  /** Requests before that instant. */
  number: number;
  private readonly source: Source;
  private readonly cursor: RateCursor;

  constructor(source: Source) {
    this.nextNs = 0;
    this.nextCount = 0;
    this.number = 0;
    this.source = source;
    this.cursor = new RateCursor(source.profile);
    if (source.load.arrivals === 'bursts') this.nextCount = this.burstSize();
    else this.advance();
  }

  advance(): void {
    this.number += this.nextCount;
    if (this.source.load.arrivals === 'bursts') {
      this.nextNs += this.source.load.burstEveryNs;
      this.nextCount = this.burstSize();
      return;
    }
    const { unitArea, draws, stream } = this.source;
    const { cursor } = this;
    if (this.source.load.arrivals === 'constant') {
      // In the middle of their interval: so whole intervals hold whole numbers of arrivals.
      cursor.area = this.nextCount === 0 ? 0.5 : 1;
    } else cursor.area = unitArea.sample(draws, stream, this.number, 0) / SECOND;
    cursor.advance();
    this.nextNs = Math.round(Math.min(cursor.atNs, NEVER));
    this.nextCount = 1;
  }

  private burstSize(): number {
    const { load, profile } = this.source;
    if (load.stages.length === 0) return load.burstSize;
    return Math.round((profile.valueAt(this.nextNs) * load.burstEveryNs) / SECOND);
  }
}

/** What a factor above 1 adds; begins anew whenever the factor changes. */
class ExtraArrivals {
  nextNs: Ns = 0.5;
  private readonly source: Source;
  private readonly cursor: RateCursor;
  private share: number;
  private count: number;
  private era: number;

  constructor(source: Source) {
    this.nextNs = NEVER;
    this.source = source;
    this.cursor = new RateCursor(source.profile);
    this.share = 0;
    this.count = 0;
    this.era = 0;
  }

  /** @param share of the base rate to add, from `nowNs` on */
  restart(nowNs: Ns, share: number): void {
    this.share = share;
    this.count = 0;
    // The instant itself keys the draws: a fault changes no draw of one at another time.
    this.era = childUid(Math.floor(nowNs / 0x100000000) | 0, nowNs | 0);
    this.cursor.moveTo(nowNs);
    if (share > 0 && this.source.load.arrivals !== 'bursts') this.advance();
    else this.nextNs = NEVER;
  }

  advance(): void {
    const { load, unitArea, draws, stream } = this.source;
    const isConstant = load.arrivals === 'constant';
    const area = isConstant ? 1 : unitArea.sample(draws, stream, this.era, 1 + this.count) / SECOND;
    this.count++;
    this.cursor.area = area / this.share;
    this.cursor.advance();
    this.nextNs = Math.round(Math.min(this.cursor.atNs, NEVER));
  }

  /** Keys the request of the arrival that is due. */
  uid(): number {
    return childUid(this.era, this.count);
  }
}

/**
 * The arrivals of one open-loop client. Per due instant: read `uid`, then move on. A burst is as many
 * arrivals at one instant.
 */
export class OpenLoop {
  private readonly base: BaseArrivals;
  private readonly extra: ExtraArrivals;
  private readonly source: Source;
  private readonly word: number;
  private readonly extraWord: number;
  private factor: number;

  /** @param label names the client's draws, e.g. `client/shoppers` */
  constructor(load: OpenLoad, draws: Draws, label: string) {
    this.source = {
      load,
      profile: new RateProfile(load.rateRps, load.stages),
      draws,
      stream: draws.stream(`${label}/arrivals`),
      unitArea: new DurationSampler({ kind: 'exponential', meanNs: SECOND }),
    };
    this.base = new BaseArrivals(this.source);
    this.extra = new ExtraArrivals(this.source);
    this.word = draws.int32(this.source.stream, 0, -1);
    this.extraWord = draws.int32(this.source.stream, 0, -2);
    this.factor = 1;
  }

  /** When the next base arrivals are due; `NEVER` = no more. */
  get nextNs(): Ns {
    return this.base.nextNs;
  }

  /** When the next arrival that a load fault adds is due; `NEVER` = none. */
  get nextExtraNs(): Ns {
    return this.extra.nextNs;
  }

  /** Requests of the base arrival that is due, before `keeps` drops some. */
  get dueCount(): number {
    return this.base.nextCount;
  }

  /** Number of the first request of the base arrival that is due. */
  get dueNumber(): number {
    return this.base.number;
  }

  /** Requests that a factor above 1 adds to the burst that is due. */
  get extraInBurst(): number {
    if (this.source.load.arrivals !== 'bursts' || this.factor <= 1) return 0;
    return Math.round(this.base.nextCount * (this.factor - 1));
  }

  /** Bijective in the number: two requests of a client never share a uid. */
  uidOf(number: number): number {
    return childUid(this.word, number);
  }

  /** @param index of several at one instant */
  extraUid(index: number): number {
    const era = this.source.load.arrivals === 'bursts' ? this.base.number : this.extra.uid();
    return childUid(childUid(this.extraWord, era), index);
  }

  /** Whether a request happens in spite of a factor below 1. */
  keeps(number: number): boolean {
    const { factor } = this;
    if (factor >= 1) return true;
    if (this.source.load.arrivals !== 'poisson') {
      return Math.floor((number + 1) * factor) > Math.floor(number * factor);
    }
    return this.source.draws.unit(this.source.stream, number, 1) < factor;
  }

  /** Goes on to the next base arrival. */
  advance(): void {
    this.base.advance();
  }

  /** Goes on to the next added arrival. */
  advanceExtra(): void {
    this.extra.advance();
  }

  /** Multiplies the rate from now on; 1 = as specified. `nextExtraNs` changes. */
  setFactor(nowNs: Ns, factor: number): void {
    this.factor = factor;
    this.extra.restart(nowNs, Math.max(0, factor - 1));
  }
}
