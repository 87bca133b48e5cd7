/**
 * A quantity over time that stays, jumps or changes linearly: the rate of arrivals, or the users.
 *
 * Made from a start value and stages; `RateCursor` walks along it by area, which turns unit
 * exponentials (or 1, 1, 1 …) into arrivals at exactly that rate: the instant at which the integral of
 * the rate has grown by the area. Times are ns, values per second.
 * Source: inversion of the integrated rate, Çinlar, Introduction to Stochastic Processes, 1975.
 */
import type { Ns } from '../core/time.ts';
import { SECOND } from '../core/time.ts';
import type { LoadStage } from './load.ts';

/** A piece with a linear course; the last one reaches to the end of time and is level. */
interface Segment {
  readonly startNs: Ns;
  readonly endNs: Ns;
  readonly startValue: number;
  /** Change of the value per ns. */
  readonly slope: number;
}

export class RateProfile {
  readonly segments: readonly Segment[];

  /** @param stages in order of time; a stage that begins inside another one ends it */
  constructor(startValue: number, stages: readonly LoadStage[]) {
    const segments: Segment[] = [];
    let fromNs = 0;
    let value = startValue;
    let slope = 0;
    const extendTo = (endNs: Ns): void => {
      if (endNs <= fromNs) return;
      segments.push({ startNs: fromNs, endNs, startValue: value, slope });
      value += slope * (endNs - fromNs);
      fromNs = endNs;
    };
    for (const [index, stage] of stages.entries()) {
      extendTo(stage.atNs);
      if (stage.overNs > 0) {
        slope = (stage.value - value) / stage.overNs;
        const nextNs = stages[index + 1]?.atNs ?? Infinity;
        const endNs = stage.atNs + stage.overNs;
        extendTo(Math.min(endNs, nextNs));
        if (endNs <= nextNs) value = stage.value; // without the rounding of the slope
      } else value = stage.value;
      slope = 0;
    }
    segments.push({ startNs: fromNs, endNs: Infinity, startValue: value, slope: 0 });
    this.segments = segments;
  }

  /** The value at an instant; at a jump, the one after it. */
  valueAt(ns: Ns): number {
    for (let at = this.segments.length - 1; at >= 0; at--) {
      const segment = this.segments[at]!;
      if (ns >= segment.startNs) return segment.startValue + segment.slope * (ns - segment.startNs);
    }
    return this.segments[0]!.startValue;
  }
}

/** A place on a profile that moves forward only. */
export class RateCursor {
  /**
   * Not rounded; Infinity once the rest of the profile has less area than was asked for. (A fraction
   * first: V8 then keeps the field as a raw double, and a change allocates nothing.)
   */
  atNs = 0.5;
  /** How far `advance` goes: value per second times seconds. A field for the same reason. */
  area = 0.5;
  private readonly profile: RateProfile;
  private segment: number;

  constructor(profile: RateProfile) {
    this.profile = profile;
    this.atNs = 0;
    this.segment = 0;
  }

  /** Moves to an instant, back or forth. */
  moveTo(ns: Ns): void {
    this.atNs = ns;
    this.segment = 0;
    while (this.profile.segments[this.segment]!.endNs <= ns) this.segment++;
  }

  /**
   * Moves on until the integral of the value has grown by `area`.
   * Inside a segment: r x + s x²/2 = a for the smaller x, written so that nothing cancels.
   */
  advance(): void {
    let left = this.area * SECOND;
    while (this.atNs < Infinity) {
      const segment = this.profile.segments[this.segment]!;
      const rate = Math.max(0, segment.startValue + segment.slope * (this.atNs - segment.startNs));
      const roomNs = segment.endNs - this.atNs;
      const whole = roomNs === Infinity ? Infinity : (rate + 0.5 * segment.slope * roomNs) * roomNs;
      if (left < whole && (rate > 0 || segment.slope > 0)) {
        const root = Math.sqrt(Math.max(0, rate * rate + 2 * segment.slope * left));
        this.atNs += (2 * left) / (rate + root);
        return;
      }
      if (roomNs === Infinity) this.atNs = Infinity;
      else {
        left -= Math.max(0, whole);
        this.atNs = segment.endNs;
        this.segment++;
      }
    }
  }
}
