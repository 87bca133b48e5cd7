/** Expectations and recovery of a scenario file. Source: scenario.md §3, §4. */
import type { SourcePosition } from '../../core/diagnostics.ts';
import { type Ns, SECOND } from '../../core/time.ts';
import { formatDuration, formatRatio } from '../../core/units.ts';
import type { Expectation, RecoverySpec, TimeRef } from '../scenario.ts';
import type { ScenarioInput } from '../scenario-schema.ts';
import { type ExpectationInput, type LongExpectation, MODES } from '../schema/expectation.ts';
import { parseTimeRef } from '../time-ref.ts';

const DEFAULT_EVERY_NS: Ns = 5 * SECOND;
const ALL_RUNS: readonly [number, number] = [1, 1];

/** Reports a time that cannot be read; the path is relative to the expectation. */
export type ReportTime = (path: readonly PropertyKey[], problem: string) => void;

/** Where an expectation comes from. */
export interface ExpectationOrigin {
  readonly position: SourcePosition;
  readonly isVariantsOwn: boolean;
}

/** @returns null when a time cannot be read, after reporting it */
export function normaliseExpectation(
  input: ExpectationInput,
  durationNs: Ns,
  origin: ExpectationOrigin,
  report: ReportTime,
): Expectation | null {
  const item: LongExpectation = typeof input === 'string' ? { that: input } : input;
  const mode = MODES.find((candidate) => item[candidate] !== undefined) ?? 'that';
  const expression = item[mode] ?? '';
  const during = duringOf(item.during, durationNs, report);
  if (during === 'unreadable') return null;
  return {
    mode,
    expression,
    during,
    everyNs: item.every ?? DEFAULT_EVERY_NS,
    withinNs: item.within ?? 0,
    after: item.after ?? null,
    forNs: item.for ?? 0,
    runs: runsOf(item, mode),
    text: textOf(item, mode, expression),
    ...origin,
  };
}

function duringOf(
  during: LongExpectation['during'],
  durationNs: Ns,
  report: ReportTime,
): Expectation['during'] | 'unreadable' {
  if (during === undefined) return null;
  if (typeof during === 'string') {
    const whole = (edge: 'start' | 'end'): TimeRef => ({
      anchor: { id: during, edge },
      offsetNs: 0,
    });
    return { from: whole('start'), to: whole('end') };
  }
  const [from, to] = during.map((text, index) => {
    const parsed = parseTimeRef(text, durationNs);
    if (!parsed.ok) report(['during', index], parsed.problem);
    return parsed.ok ? parsed.time : null;
  });
  return from == null || to == null ? 'unreadable' : { from, to };
}

function runsOf(item: LongExpectation, mode: Expectation['mode']): readonly [number, number] {
  if (mode === 'sometimes') return [0, 1];
  if (item.runs === undefined) return ALL_RUNS;
  return typeof item.runs === 'number' ? [item.runs, 1] : item.runs;
}

/** `always x > 1, during [0s, slow.start]` */
function textOf(item: LongExpectation, mode: Expectation['mode'], expression: string): string {
  const parts = [mode === 'that' ? expression : `${mode} ${expression}`];
  const { during, within, after, runs } = item;
  if (typeof during === 'string') parts.push(`during ${during}`);
  else if (during !== undefined) parts.push(`during [${during.join(', ')}]`);
  if (within !== undefined) parts.push(`within ${formatDuration(within)} after ${after}`);
  if (item.for !== undefined) parts.push(`for ${formatDuration(item.for)}`);
  if (item.every !== undefined) parts.push(`every ${formatDuration(item.every)}`);
  if (typeof runs === 'number') parts.push(`in ${formatRatio(runs)} of the runs`);
  else if (runs !== undefined) {
    parts.push(`in ${formatRatio(runs[0])} to ${formatRatio(runs[1])} of the runs`);
  }
  return parts.join(', ').replace(/\s+/g, ' ');
}

/** @param faultIds all of the scenario's, the triggers when it names none */
export function normaliseRecovery(input: ScenarioInput, faultIds: readonly string[]): RecoverySpec {
  const { recovery } = input;
  const named = recovery?.trigger;
  return {
    triggers: named === undefined ? faultIds : typeof named === 'string' ? [named] : named,
    ratio: recovery?.ratio ?? 0.95,
    forNs: recovery?.for ?? 60 * SECOND,
    withinNs: recovery?.within ?? 0,
  };
}
