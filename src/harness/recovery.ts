/**
 * Whether a system came back after its triggers ended: goodput against its value before the first.
 *
 * A trigger is a fault that `recovery.trigger` names. Judged on the grid of the run's buckets.
 * Source: scenario.md §4 (not-recovered, recoveredAtS, metastable).
 */
import type { FaultWindow, Measurements } from '../core/measurements.ts';
import type { RecoverySummary } from '../core/summary.ts';
import type { Ns } from '../core/time.ts';
import type { RecoverySpec } from './scenario.ts';
import { toSeconds } from './time-ref.ts';

/** How many times its length after a trigger's end a system may take before it counts as stuck. */
const PATIENCE = 10;

export interface RecoveryJudgement {
  readonly summary: RecoverySummary;
  /**
   * none: no trigger with an end. undecided: there was one, but nothing before it to compare with,
   * or too little run after it.
   */
  readonly status: 'none' | 'recovered' | 'not-recovered' | 'undecided';
  /** Why it is undecided; '' otherwise. */
  readonly reason: string;
  /** Start of the first trigger; null without one. */
  readonly firstTriggerNs: Ns | null;
}

/** Judges a finished run. */
export function judgeRecovery(spec: RecoverySpec, measurements: Measurements): RecoveryJudgement {
  const triggers = measurements.faultWindows.filter((window) => spec.triggers.includes(window.id));
  const firstTriggerNs = triggers.length === 0 ? null : Math.min(...triggers.map(startOf));
  const baseline = baselineOf(measurements, firstTriggerNs);
  const endNs = Math.max(0, ...triggers.map((window) => window.endNs));
  const nothing: RecoverySummary = {
    baselineGoodputRps: baseline ?? 0,
    triggerEndS: null,
    recoveredAtS: null,
    metastable: false,
  };
  if (firstTriggerNs === null || endNs >= measurements.toNs) {
    return { summary: nothing, status: 'none', reason: '', firstTriggerNs };
  }
  const ended = { ...nothing, triggerEndS: toSeconds(endNs) };
  if (baseline === null || baseline === 0) {
    const reason = 'nothing succeeded before the first trigger, so there is nothing to return to';
    return { summary: ended, status: 'undecided', reason, firstTriggerNs };
  }
  const lengthNs = activeLength(triggers);
  const recoveredAtNs = findRecovery(spec, measurements, endNs, baseline);
  if (recoveredAtNs !== null) {
    const metastable = recoveredAtNs - endNs > PATIENCE * lengthNs;
    const summary = { ...ended, recoveredAtS: toSeconds(recoveredAtNs), metastable };
    return { summary, status: 'recovered', reason: '', firstTriggerNs };
  }
  return { ...unrecovered(spec, measurements, endNs, lengthNs, ended), firstTriggerNs };
}

function unrecovered(
  spec: RecoverySpec,
  measurements: Measurements,
  endNs: Ns,
  lengthNs: Ns,
  ended: RecoverySummary,
): Omit<RecoveryJudgement, 'firstTriggerNs'> {
  const neededNs = Math.max(spec.forNs, spec.withinNs > 0 ? spec.withinNs : PATIENCE * lengthNs);
  const leftNs = measurements.toNs - endNs;
  if (leftNs < neededNs) {
    const [left, needed] = [toSeconds(leftNs), toSeconds(neededNs)];
    const reason = `the run ends ${left} s after the last trigger; to judge recovery takes ${needed} s`;
    return { summary: ended, status: 'undecided', reason };
  }
  return { summary: { ...ended, metastable: true }, status: 'not-recovered', reason: '' };
}

/** null when nothing was measured before the first trigger. */
function baselineOf(measurements: Measurements, firstTriggerNs: Ns | null): number | null {
  const endNs = firstTriggerNs ?? measurements.toNs;
  if (endNs <= measurements.fromNs) return null;
  return measurements.goodputRps(measurements.fromNs, endNs);
}

/** End of the first bucket from which the mean over the next `forNs` is back; null: never. */
function findRecovery(
  spec: RecoverySpec,
  measurements: Measurements,
  endNs: Ns,
  baseline: number,
): Ns | null {
  const { bucketNs, toNs } = measurements;
  const forNs = Math.ceil(spec.forNs / bucketNs) * bucketNs;
  const wanted = spec.ratio * baseline;
  const firstNs = Math.ceil(endNs / bucketNs) * bucketNs;
  for (let fromNs = firstNs; fromNs + forNs <= toNs; fromNs += bucketNs) {
    if (measurements.goodputRps(fromNs, fromNs + forNs) >= wanted) return fromNs + bucketNs;
  }
  return null;
}

/** How long triggers were active in all; overlaps count once. */
function activeLength(windows: readonly FaultWindow[]): Ns {
  const sorted = [...windows].sort((a, b) => a.startNs - b.startNs || a.endNs - b.endNs);
  let sum = 0;
  let reachedNs = 0;
  for (const { startNs, endNs } of sorted) {
    sum += Math.max(0, endNs - Math.max(startNs, reachedNs));
    reachedNs = Math.max(reachedNs, endNs);
  }
  return sum;
}

function startOf(window: FaultWindow): Ns {
  return window.startNs;
}
