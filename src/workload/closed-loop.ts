/**
 * Users that think, ask, and wait for the answer: how many there are at each instant, and when each
 * asks.
 *
 * Used by the simulated clients and by the real load generator. Users are numbered; at any instant
 * those below the target are active, so fewer users means that the highest numbers stop after the
 * answer they wait for. Every draw is keyed by user and iteration.
 */
import { DurationSampler } from '../core/distributions.ts';
import type { Draws, StreamKey } from '../core/draws.ts';
import { childUid } from '../core/draws.ts';
import type { Ns } from '../core/time.ts';
import { NEVER } from '../core/time.ts';
import type { ClosedLoad } from './load.ts';
import { RateProfile } from './rate-profile.ts';

export class ClosedLoop {
  private readonly load: ClosedLoad;
  private readonly draws: Draws;
  private readonly stream: StreamKey;
  private readonly word: number;
  private readonly thinkTime: DurationSampler;
  private readonly profile: RateProfile;
  /** Requests begun, indexed by user. */
  private readonly iterations: number[];
  private factor: number;

  /** @param label names the client's draws, e.g. `client/shoppers` */
  constructor(load: ClosedLoad, draws: Draws, label: string) {
    this.load = load;
    this.draws = draws;
    this.stream = draws.stream(`${label}/think`);
    this.word = draws.int32(this.stream, 0, -1);
    this.thinkTime = new DurationSampler(load.thinkTime);
    this.profile = new RateProfile(load.users, load.stages);
    this.iterations = [];
    this.factor = 1;
  }

  /** Users that should be active at an instant. */
  targetAt(nowNs: Ns): number {
    return Math.max(0, Math.round(this.profile.valueAt(nowNs) * this.factor));
  }

  setFactor(factor: number): void {
    this.factor = factor;
  }

  /**
   * The next instant after `nowNs` at which the target may differ, `NEVER` = none. On a slope: when
   * the rounded number changes by one.
   */
  nextChange(nowNs: Ns): Ns {
    for (const segment of this.profile.segments) {
      if (segment.endNs <= nowNs) continue;
      if (segment.startNs > nowNs) return segment.startNs;
      if (segment.slope === 0) continue;
      const stepNs = Math.max(1, Math.floor(1 / Math.abs(segment.slope * this.factor)));
      const atNs = nowNs + stepNs;
      return Math.min(atNs, segment.endNs);
    }
    return NEVER;
  }

  /** Waiting time of user number `index` of `count` that begin together: spread over one think time. */
  startOffset(index: number, count: number): Ns {
    const meanNs = this.thinkTime.meanNs < Infinity ? this.thinkTime.meanNs : 0;
    return Math.floor((meanNs * index) / count);
  }

  /** Whether a user may ask once more. */
  mayAsk(user: number): boolean {
    return this.load.iterations === 0 || (this.iterations[user] ?? 0) < this.load.iterations;
  }

  /** Begins a user's next request. @returns its uid */
  nextUid(user: number): number {
    const iteration = this.iterations[user] ?? 0;
    this.iterations[user] = iteration + 1;
    return childUid(childUid(this.word, user), iteration);
  }

  /** How long the user of a request thinks after its answer. */
  thinkNs(uid: number): Ns {
    return this.thinkTime.sample(this.draws, this.stream, uid, 0);
  }
}
