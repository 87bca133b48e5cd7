/**
 * Which windows of a run an expectation looks at, and where a run must be cut so that it can.
 * Source: scenario.md §3 (during, always, eventually, within … after).
 */
import type { Ns } from '../core/time.ts';
import type { FaultEnvelope } from '../faults/envelope.ts';
import type { Expectation, Scenario } from './scenario.ts';
import { resolveTime, type Span } from './time-ref.ts';

/** Half-open. */
export interface Window {
  readonly fromNs: Ns;
  readonly toNs: Ns;
}

/** What the windows hang on: known before the run for faults with fixed times, after it for all. */
export interface RunTimes {
  /** The measured run. */
  readonly fromNs: Ns;
  readonly toNs: Ns;
  /** First start and last end of a fault; null when it did not happen, or is not known yet. */
  spanOf(id: string): Span | null;
  /** Start of the next fault at or after an instant; the run's end when there is none. */
  nextStart(afterNs: Ns): Ns;
}

/** The window that an expectation is about; null when what it hangs on did not happen. */
export function outerWindow(item: Expectation, times: RunTimes): Window | null {
  if (item.after !== null) return afterWindow(item, item.after, times);
  if (item.during === null) return { fromNs: times.fromNs, toNs: times.toNs };
  const fromNs = resolveTime(item.during.from, (id) => times.spanOf(id));
  const toNs = resolveTime(item.during.to, (id) => times.spanOf(id));
  if (fromNs === null || toNs === null) return null;
  return clip({ fromNs, toNs }, times);
}

/** From the end of `after` to the next fault or the end of the run. */
function afterWindow(item: Expectation, after: string, times: RunTimes): Window | null {
  const span = times.spanOf(after);
  if (span === null) return null;
  const nextNs = times.nextStart(span.endNs);
  const limitNs = item.forNs > 0 ? span.endNs + item.withinNs + item.forNs : nextNs;
  return clip({ fromNs: span.endNs, toNs: Math.min(nextNs, limitNs) }, times);
}

function clip(window: Window, times: RunTimes): Window {
  const fromNs = Math.max(window.fromNs, times.fromNs);
  return { fromNs, toNs: Math.max(fromNs, Math.min(window.toNs, times.toNs)) };
}

/** Whether an expectation looks at many small windows rather than at one. */
export function isWindowed(item: Expectation): boolean {
  return item.mode === 'always' || item.mode === 'eventually' || item.after !== null;
}

/** The window in steps of `everyNs`; what is left at the end belongs to the last step. */
export function cutWindow(window: Window, everyNs: Ns): readonly Window[] {
  const count = Math.max(1, Math.floor((window.toNs - window.fromNs) / everyNs));
  return Array.from({ length: count }, (_, index) => ({
    fromNs: window.fromNs + index * everyNs,
    toNs: index === count - 1 ? window.toNs : window.fromNs + (index + 1) * everyNs,
  }));
}

/** Steps of `within` are never longer than the time allowed. */
export function stepOf(item: Expectation): Ns {
  return item.after === null ? item.everyNs : Math.min(item.everyNs, item.withinNs);
}

/** The window of the same length before; null when it would begin before the measured run. */
export function windowBefore(window: Window, times: RunTimes): Window | null {
  const fromNs = window.fromNs - (window.toNs - window.fromNs);
  return fromNs < times.fromNs ? null : { fromNs, toNs: window.fromNs };
}

/** Instants at which a run's measurements must be cut for its expectations; sorted, unique. */
export function cutPoints(scenario: Scenario): readonly Ns[] {
  const times = plannedTimes(scenario);
  const points = new Set<Ns>([times.fromNs, times.toNs]);
  const addWindow = (window: Window | null) => {
    if (window !== null) points.add(window.fromNs).add(window.toNs);
  };
  for (const item of scenario.expect) {
    const outer = outerWindow(item, times);
    if (outer === null) continue;
    const windows = isWindowed(item) ? cutWindow(outer, stepOf(item)) : [outer];
    for (const window of windows) {
      addWindow(window);
      if (item.expression.includes('previous')) addWindow(windowBefore(window, times));
    }
  }
  return [...points].sort((a, b) => a - b);
}

/** Times as far as they are known before the run. */
function plannedTimes(scenario: Scenario): RunTimes {
  const spans = new Map(scenario.faults.map((fault) => [fault.id, plannedSpan(fault, scenario)]));
  const starts = [...spans.values()].flatMap((span) => (span === null ? [] : [span.startNs]));
  const toNs = scenario.durationNs;
  return {
    fromNs: scenario.warmUpNs,
    toNs,
    spanOf: (id) => spans.get(id) ?? null,
    nextStart: (afterNs) => Math.min(toNs, ...starts.filter((start) => start >= afterNs)),
  };
}

/** null for a schedule that only the run draws. */
function plannedSpan(fault: FaultEnvelope, scenario: Scenario): Span | null {
  const { window, schedule } = fault;
  if (schedule?.kind === 'poisson') return null;
  let firstNs = window.atNs;
  let lastNs = window.atNs;
  if (schedule?.kind === 'every') {
    firstNs = schedule.firstNs;
    const rounds = Math.max(0, Math.ceil((scenario.durationNs - firstNs) / schedule.periodNs) - 1);
    lastNs = firstNs + rounds * schedule.periodNs;
  } else if (schedule?.kind === 'burst') {
    firstNs = schedule.atNs;
    lastNs = firstNs + (schedule.count - 1) * schedule.gapNs;
  }
  return { startNs: firstNs, endNs: Math.min(scenario.durationNs, lastNs + window.durationNs) };
}
