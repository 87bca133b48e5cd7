/**
 * A followed request as rows of bars: one row an attempt, calls below the attempt that makes them.
 *
 * What to draw where, in shares of the request's duration; the panel makes markup of it.
 */
import type { AttemptTrace, CallTrace, RequestTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';
import { type SliceKind, slicesOfAttempt } from '../trace/time-slices.ts';
import { serviceOf } from './cause-chain.ts';

/** A stretch of a row; `wasted` = the server worked on for nobody. */
export interface Bar {
  readonly kind: SliceKind | 'wasted';
  /** 0..1 of the request's duration. */
  readonly from: number;
  readonly to: number;
  readonly ns: Ns;
}

export interface WaterfallRow {
  /** 0 = the client's own call. */
  readonly depth: number;
  readonly label: string;
  readonly outcome: string;
  readonly isGood: boolean;
  readonly bars: readonly Bar[];
}

/** The rows of a request, parents first; empty when nothing was sent. */
export function waterfallRows({ sample, call }: RequestTrace): readonly WaterfallRow[] {
  if (call === null) return [];
  return rowsOfCall(call, 0, new Scale(sample.startNs, sample.endNs));
}

class Scale {
  readonly startNs: Ns;
  readonly endNs: Ns;

  constructor(startNs: Ns, endNs: Ns) {
    this.startNs = startNs;
    this.endNs = endNs;
  }

  bar(kind: Bar['kind'], fromNs: Ns, toNs: Ns): readonly Bar[] {
    const startNs = Math.max(fromNs, this.startNs);
    const endNs = Math.min(toNs, this.endNs);
    if (endNs <= startNs) return [];
    const length = this.endNs - this.startNs;
    const from = (startNs - this.startNs) / length;
    return [{ kind, from, to: (endNs - this.startNs) / length, ns: toNs - fromNs }];
  }
}

function rowsOfCall(call: CallTrace, depth: number, scale: Scale): readonly WaterfallRow[] {
  const isOnly = call.attempts.length === 1;
  if (call.attempts.length === 0) return [rowWithoutTry(call, depth, scale)];
  return call.attempts.flatMap((attempt, index) => {
    const next = call.attempts[index + 1];
    const isLast = next === undefined;
    const fromNs = index === 0 ? call.startNs : attempt.startNs;
    const waits = call.waits.filter(({ startNs }) => {
      const isBefore = index === 0 && startNs < attempt.startNs;
      return isBefore || (startNs >= fromNs && (isLast || startNs < next.startNs));
    });
    const bars = [
      ...waits.flatMap(({ kind, startNs, endNs }) =>
        scale.bar(kind, startNs, endNs ?? scale.endNs),
      ),
      ...barsOfAttempt(attempt, scale),
    ];
    const label = isOnly ? attempt.endpoint : `try ${attempt.number}: ${attempt.endpoint}`;
    const { outcome, isGood } = attempt;
    const row = { depth, label, outcome: outcome === '' ? 'runs on' : outcome, isGood, bars };
    return [row, ...attempt.calls.flatMap((below) => rowsOfCall(below, depth + 1, scale))];
  });
}

function rowWithoutTry(call: CallTrace, depth: number, scale: Scale): WaterfallRow {
  const bars = call.waits.flatMap(({ kind, startNs, endNs }) => {
    return scale.bar(kind, startNs, endNs ?? scale.endNs);
  });
  const outcome = call.status === 0 ? 'no answer' : String(call.status);
  return { depth, label: `no try at ${serviceOf(call)}`, outcome, isGood: call.status < 400, bars };
}

function barsOfAttempt(attempt: AttemptTrace, scale: Scale): readonly Bar[] {
  const { endNs, doneNs, arrivedNs } = attempt;
  const slices = slicesOfAttempt(attempt, scale.endNs);
  const bars = slices.flatMap(({ kind, startNs, endNs: toNs }) => scale.bar(kind, startNs, toNs));
  if (endNs === null || arrivedNs === null || attempt.isRejected) return bars;
  const goesOn = doneNs === null || doneNs > endNs;
  return goesOn ? [...bars, ...scale.bar('wasted', endNs, doneNs ?? scale.endNs)] : bars;
}
