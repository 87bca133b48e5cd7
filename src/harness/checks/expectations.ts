/** Expectations and recovery: faults that must exist, windows that must be windows. */
import type { Ns } from '../../core/time.ts';
import { formatDuration } from '../../core/units.ts';
import type { Expectation, TimeRef } from '../scenario.ts';
import type { CheckContext, Path } from './check-context.ts';

const MAX_WINDOWS = 10_000;

export function checkRecovery(context: CheckContext): void {
  const trigger = context.input.recovery?.trigger;
  const path = ['recovery', 'trigger'];
  if (typeof trigger === 'string') context.knownName(path, 'fault', trigger, context.faultIds);
  else if (trigger !== undefined) {
    for (const [index, id] of trigger.entries()) {
      context.knownName([...path, index], 'fault', id, context.faultIds);
    }
  }
}

/** @param path of the expectation */
export function checkExpectation(context: CheckContext, item: Expectation, path: Path): void {
  const { faultIds } = context;
  const durationNs = context.input.duration;
  if (item.after !== null) context.knownName([...path, 'after'], 'fault', item.after, faultIds);
  for (const [index, time] of [item.during?.from, item.during?.to].entries()) {
    if (time?.anchor == null) continue;
    const isShort = typeof rawDuring(context, path) === 'string';
    const at = isShort ? [...path, 'during'] : [...path, 'during', index];
    context.knownName(at, 'fault', time.anchor.id, faultIds);
  }
  if (item.during !== null) checkWindow(context, item.during.from, item.during.to, path);
  const isWindowed = item.mode !== 'that' || item.withinNs > 0;
  if (isWindowed && item.everyNs > 0 && durationNs / item.everyNs > MAX_WINDOWS) {
    const message = `cuts ${formatDuration(durationNs)} into more than ${MAX_WINDOWS} windows`;
    context.error('MQ-SCENARIO-004', [...path, 'every'], message);
  }
}

function rawDuring(context: CheckContext, path: Path): unknown {
  const item = context.input.expect?.[Number(path[1])];
  return typeof item === 'object' ? item.during : undefined;
}

/** Plain times can be compared before the run; those of faults with a window too. */
function checkWindow(context: CheckContext, from: TimeRef, to: TimeRef, path: Path): void {
  const fromNs = staticTime(context, from);
  const toNs = staticTime(context, to);
  const during = [...path, 'during'];
  if (fromNs !== null && toNs !== null && fromNs >= toNs) {
    const message = `ends at ${formatDuration(toNs)}, not after its start ${formatDuration(fromNs)}`;
    context.error('MQ-SCENARIO-004', during, message);
  }
  const runEndNs = context.input.duration;
  if (toNs !== null && toNs > runEndNs && to.anchor === null) {
    const message = `ends after the run, which takes ${formatDuration(runEndNs)}`;
    context.error('MQ-SCENARIO-004', during, message);
  }
}

function staticTime(context: CheckContext, time: TimeRef): Ns | null {
  if (time.anchor === null) return time.offsetNs;
  const { id, edge } = time.anchor;
  const fault = context.input.faults?.find((candidate) => candidate.id === id);
  const window = fault?.window;
  if (window?.at === undefined) return null;
  const lengthNs = edge === 'end' ? (window.duration ?? 30e9) : 0;
  return window.at + lengthNs + time.offsetNs;
}
