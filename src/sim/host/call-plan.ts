/**
 * The calls that a service makes per request, flattened at set-up.
 *
 * Every single call has a position: it keys the call's uid and its draws, so the calls of a request
 * stay apart whatever their order in time. A step begins some positions together; a position may name
 * the one that follows it (`times` one after another).
 */
import type { Ns } from '../../core/time.ts';
import type { CallStep, CallTo } from '../../workload/call-step.ts';
import type { OutboundTarget } from '../outbound-target.ts';
import { MAX_OPEN_CALLS } from './work-table.ts';

export interface PlannedCall {
  readonly target: OutboundTarget;
  readonly headShape: number;
  /** 0..1; drawn once for all the repetitions of a step, by `sharePosition`. */
  readonly share: number;
  readonly sharePosition: number;
  /** 0 = none. */
  readonly timeoutNs: Ns;
  readonly mustSucceed: boolean;
  /** Position of the next repetition, -1 = it was the last. */
  readonly next: number;
}

export interface PlannedStep {
  /** Positions that begin together. */
  readonly firsts: readonly number[];
  /** Go on after the first success instead of after all have ended. */
  readonly isAny: boolean;
}

export interface CallPlan {
  readonly steps: readonly PlannedStep[];
  /** Indexed by position. */
  readonly calls: readonly PlannedCall[];
}

export const NO_CALLS: CallPlan = { steps: [], calls: [] };

/** What `planCalls` needs to know of a call beyond the step itself. */
export type ResolveCall = (call: CallTo) => { target: OutboundTarget; headShape: number };

/** Flattens the steps of a service. @throws RangeError when a step begins too many calls at once */
export function planCalls(steps: readonly CallStep[], resolve: ResolveCall): CallPlan {
  if (steps.length === 0) return NO_CALLS;
  const calls: PlannedCall[] = [];
  const planned = steps.map((step): PlannedStep => {
    const branches = step.kind === 'parallel' ? step.steps : [step];
    const firsts = branches.flatMap((branch) => addBranch(calls, branch, resolve));
    if (firsts.length > MAX_OPEN_CALLS) {
      throw new RangeError(
        `a step may begin ${MAX_OPEN_CALLS} calls at once, not ${firsts.length}`,
      );
    }
    return { firsts, isAny: step.kind === 'parallel' && step.wait === 'any' };
  });
  return { steps: planned, calls };
}

/** Adds the repetitions of one call; returns the positions that begin at once. */
function addBranch(calls: PlannedCall[], call: CallTo, resolve: ResolveCall): number[] {
  const start = calls.length;
  const { target, headShape } = resolve(call);
  for (let repetition = 0; repetition < call.times; repetition++) {
    const isLast = call.inParallel || repetition === call.times - 1;
    calls.push({
      target,
      headShape,
      share: call.share,
      sharePosition: start,
      timeoutNs: call.timeoutNs,
      mustSucceed: call.onError === 'fail',
      next: isLast ? -1 : calls.length + 1,
    });
  }
  if (call.times === 0) return [];
  return call.inParallel ? calls.slice(start).map((_, index) => start + index) : [start];
}
