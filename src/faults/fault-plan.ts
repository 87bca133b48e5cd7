/**
 * When a fault happens: its windows, worked out before the run by draws of its own.
 *
 * A window or a schedule gives the candidates; probability and correlation drop some; `maxActive` and
 * `overlap` delay or drop those that would overlap. Nothing depends on the run, so measurements can
 * be cut at the edges, and a fault taken from a plan changes no other.
 * Source: surface.md §5 (envelope).
 */
import { DurationSampler } from '../core/distributions.ts';
import type { Draws, StreamKey } from '../core/draws.ts';
import type { Ns } from '../core/time.ts';
import type { FaultEnvelope } from './envelope.ts';

/** One occurrence of a fault. */
export interface FaultOccurrence {
  /** Counts the candidates, dropped ones included; keys the occurrence's draws. */
  readonly occurrence: number;
  readonly startNs: Ns;
  readonly endNs: Ns;
}

/** Which of an occurrence's draws it is. */
const Draw = { happens: 0, repeats: 1, gap: 2, length: 3 } as const;

/** The windows of one fault that begin before `untilNs`, in order of time. */
export function planFault(
  envelope: FaultEnvelope,
  draws: Draws,
  untilNs: Ns,
): readonly FaultOccurrence[] {
  const stream = draws.stream(`fault/${envelope.id}/windows`);
  const candidates = candidatesOf(envelope, draws, stream, untilNs);
  const happening = dropByChance(envelope, draws, stream, candidates);
  return spread(envelope, happening).filter(({ startNs }) => startNs < untilNs);
}

function candidatesOf(
  envelope: FaultEnvelope,
  draws: Draws,
  stream: StreamKey,
  untilNs: Ns,
): FaultOccurrence[] {
  const { schedule } = envelope;
  const { atNs, durationNs } = envelope.window;
  const found: FaultOccurrence[] = [];
  const add = (startNs: Ns, lengthNs: Ns): void => {
    found.push({ occurrence: found.length, startNs, endNs: startNs + lengthNs });
  };
  switch (schedule?.kind) {
    case undefined:
      add(atNs, durationNs);
      break;
    case 'every':
      for (let at = schedule.firstNs; at < untilNs; at += schedule.periodNs) add(at, durationNs);
      break;
    case 'burst':
      for (let count = 0; count < schedule.count; count++) {
        add(schedule.atNs + count * schedule.gapNs, durationNs);
      }
      break;
    case 'poisson': {
      // Up for a while, down for a while: both exponential, so ends and starts never overlap.
      const gap = new DurationSampler({ kind: 'exponential', meanNs: schedule.meanBetweenNs });
      const length = new DurationSampler({ kind: 'exponential', meanNs: schedule.meanLengthNs });
      let at = gap.sample(draws, stream, 0, Draw.gap);
      while (at < untilNs) {
        const lengthNs = Math.max(1, length.sample(draws, stream, found.length, Draw.length));
        add(at, lengthNs);
        at += lengthNs + gap.sample(draws, stream, found.length, Draw.gap);
      }
    }
  }
  return found;
}

/** With `correlation`, a window does what the one before it did; otherwise it draws for itself. */
function dropByChance(
  envelope: FaultEnvelope,
  draws: Draws,
  stream: StreamKey,
  candidates: readonly FaultOccurrence[],
): FaultOccurrence[] {
  const { probability, correlation } = envelope;
  let happened = false;
  return candidates.filter(({ occurrence }, index) => {
    const repeats =
      index > 0 && correlation > 0 && draws.unit(stream, occurrence, Draw.repeats) < correlation;
    if (!repeats) {
      happened = probability > 0 && draws.unit(stream, occurrence, Draw.happens) < probability;
    }
    return happened;
  });
}

/** Keeps at most `maxActive` at a time: by waiting, or by dropping. `forbid` allows none to overlap. */
function spread(
  { maxActive, overlap }: FaultEnvelope,
  windows: readonly FaultOccurrence[],
): FaultOccurrence[] {
  const limit = overlap === 'forbid' ? 1 : Math.max(1, maxActive);
  const kept: FaultOccurrence[] = [];
  for (const window of windows) {
    const ends = kept
      .map(({ endNs }) => endNs)
      .filter((endNs) => endNs > window.startNs)
      .sort((one, other) => one - other);
    if (ends.length < limit) kept.push(window);
    else if (overlap === 'queue') {
      const waitNs = ends[ends.length - limit]! - window.startNs;
      kept.push({
        ...window,
        startNs: window.startNs + waitNs,
        endNs: window.endNs + waitNs,
      });
    }
  }
  return kept;
}
