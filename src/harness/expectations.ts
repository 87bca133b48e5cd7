/**
 * Judges a scenario's expectations on a finished run.
 *
 * Each becomes true, false or null (inconclusive), with the figures that it looked at. Three-valued
 * logic holds throughout: a window without samples neither proves nor disproves anything.
 * Names and syntax were checked before the run (`expressions/check-expression.ts`).
 * Source: scenario.md §3.
 */
import { assert } from '../core/assert.ts';
import type { FaultWindow, Measurements } from '../core/measurements.ts';
import type { ExpectationSummary } from '../core/summary.ts';
import type { Ns } from '../core/time.ts';
import {
  type CompiledExpression,
  compileExpression,
  evaluateExpression,
} from './expressions/cel.ts';
import { fillCounts, valueAt } from './expressions/check-expression.ts';
import { type DocumentNames, documentShape, namesOf } from './expressions/document-shape.ts';
import { type Access, walkNames } from './expressions/name-walk.ts';
import { recoveryPart, samplesNeeded, windowPart } from './expressions/window-document.ts';
import type { RecoveryJudgement } from './recovery.ts';
import type { Expectation, Scenario } from './scenario.ts';
import { type Span, toSeconds } from './time-ref.ts';
import {
  cutWindow,
  isWindowed,
  outerWindow,
  type RunTimes,
  stepOf,
  type Window,
  windowBefore,
} from './windows.ts';

export { cutPoints } from './windows.ts';

/** One judged expectation. */
export interface ExpectationResult {
  readonly expectation: Expectation;
  readonly summary: ExpectationSummary;
  /** It looked only at what was before the first trigger. */
  readonly isBeforeTrigger: boolean;
}

/** Judges them all, in their order. */
export function judgeExpectations(
  expectations: readonly Expectation[],
  scenario: Scenario,
  measurements: Measurements,
  recovery: RecoveryJudgement,
): readonly ExpectationResult[] {
  const judge = new Judge(scenario, measurements, recovery);
  return expectations.map((expectation) => judge.judge(expectation));
}

/** What one expression yields on one window. */
interface Finding {
  readonly ok: boolean | null;
  readonly observed: string;
  readonly window: Window;
}

interface Prepared {
  readonly expression: CompiledExpression;
  readonly accesses: readonly Access[];
}

class Judge {
  readonly #measurements: Measurements;
  readonly #recovery: RecoveryJudgement;
  readonly #names: DocumentNames;
  readonly #times: RunTimes;
  readonly #parts = new Map<string, Record<string, unknown>>();

  constructor(scenario: Scenario, measurements: Measurements, recovery: RecoveryJudgement) {
    this.#measurements = measurements;
    this.#recovery = recovery;
    this.#names = namesOf(scenario);
    this.#times = measuredTimes(measurements);
  }

  judge(expectation: Expectation): ExpectationResult {
    const outer = outerWindow(expectation, this.#times);
    const finding = outer === null ? this.#didNotHappen() : this.#find(expectation, outer);
    const windowS = [toSeconds(finding.window.fromNs), toSeconds(finding.window.toNs)] as const;
    const { ok, observed } = finding;
    const { firstTriggerNs } = this.#recovery;
    return {
      expectation,
      summary: { text: expectation.text, ok, observed, windowS },
      isBeforeTrigger: firstTriggerNs !== null && (outer?.toNs ?? Infinity) <= firstTriggerNs,
    };
  }

  #didNotHappen(): Finding {
    const window = { fromNs: this.#times.fromNs, toNs: this.#times.toNs };
    return { ok: null, observed: 'the fault did not happen', window };
  }

  #find(expectation: Expectation, outer: Window): Finding {
    const prepared = this.#prepare(expectation.expression);
    if (outer.toNs <= outer.fromNs) {
      return { ok: null, observed: 'nothing was measured then', window: outer };
    }
    if (!isWindowed(expectation)) return this.#evaluate(prepared, outer);
    const windows = cutWindow(outer, stepOf(expectation));
    const findings = windows.map((window) => this.#evaluate(prepared, window));
    if (expectation.after !== null) return settle(findings, expectation, outer, this.#times);
    return expectation.mode === 'always' ? every(findings, outer) : some(findings, outer);
  }

  #prepare(text: string): Prepared {
    const compiled = compileExpression(text);
    assert(compiled.ok, `expression was not checked before the run: ${text}`);
    const { accesses } = walkNames(compiled.expression.ast, documentShape(this.#names));
    return { expression: compiled.expression, accesses };
  }

  #evaluate({ expression, accesses }: Prepared, window: Window): Finding {
    const document = this.#document(window, accesses);
    const result = evaluateExpression(expression, document);
    if (result.ok && typeof result.value === 'boolean') {
      return { ok: result.value, observed: observedText(document, accesses), window };
    }
    const missing = accesses.find((access) => valueAt(document, access.path) === undefined);
    const reason = missing === undefined ? 'no value' : absentText(missing);
    return { ok: null, observed: reason, window };
  }

  #document(window: Window, accesses: readonly Access[]): object {
    const { summary, status } = this.#recovery;
    const document: Record<string, unknown> = { ...this.#part(window) };
    document['recovery'] = recoveryPart(summary, status !== 'undecided');
    if (accesses.some((access) => access.path[0] === 'baseline')) {
      const { firstTriggerNs } = this.#recovery;
      const before = { fromNs: this.#times.fromNs, toNs: firstTriggerNs ?? this.#times.fromNs };
      document['baseline'] = before.toNs > before.fromNs ? this.#part(before) : {};
    }
    if (accesses.some((access) => access.path[0] === 'previous')) {
      const before = windowBefore(window, this.#times);
      document['previous'] = before === null ? {} : this.#part(before);
    }
    fillCounts(document, accesses, 0);
    return document;
  }

  /** The same window serves many expectations. */
  #part(window: Window): Record<string, unknown> {
    const key = `${window.fromNs}-${window.toNs}`;
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const measured = this.#measurements.window(window.fromNs, window.toNs);
    const part = windowPart(measured, this.#names);
    this.#parts.set(key, part);
    return part;
  }
}

/** In every window. The first one that fails is shown. */
function every(findings: readonly Finding[], outer: Window): Finding {
  const failed = findings.find((finding) => finding.ok === false);
  if (failed !== undefined) return { ...failed, observed: at(failed) };
  const unknown = findings.find((finding) => finding.ok === null);
  if (unknown !== undefined) return { ...unknown, observed: at(unknown) };
  return { ok: true, observed: `in all ${findings.length} windows`, window: outer };
}

/** In at least one window. The first one that holds is shown. */
function some(findings: readonly Finding[], outer: Window): Finding {
  const held = findings.find((finding) => finding.ok === true);
  if (held !== undefined) return { ...held, observed: at(held) };
  const unknown = findings.find((finding) => finding.ok === null);
  if (unknown !== undefined) return { ...unknown, observed: at(unknown) };
  return { ok: false, observed: `in none of ${findings.length} windows`, window: outer };
}

/** Becomes true in time, and stays so for `forNs`, or to the end of the windows. */
function settle(
  findings: readonly Finding[],
  item: Expectation,
  outer: Window,
  times: RunTimes,
): Finding {
  const deadlineNs = outer.fromNs + item.withinNs;
  let isOpen = deadlineNs > outer.toNs && outer.toNs >= times.toNs;
  for (const [index, first] of findings.entries()) {
    if (first.window.toNs > deadlineNs) break;
    const stays = staysTrue(findings.slice(index), item.forNs, outer);
    if (stays === true) {
      const since = `holds from ${toSeconds(first.window.fromNs)} s on`;
      return { ok: true, observed: `${since}: ${first.observed}`, window: outer };
    }
    isOpen ||= stays === null;
  }
  const last = findings.findLast((finding) => finding.ok !== true) ?? findings.at(-1);
  const observed = last === undefined ? 'nothing was measured then' : at(last);
  return { ok: isOpen ? null : false, observed, window: outer };
}

/** @param findings from the moment on at which it should be true */
function staysTrue(findings: readonly Finding[], forNs: Ns, outer: Window): boolean | null {
  const startNs = findings[0]?.window.fromNs ?? outer.fromNs;
  const untilNs = forNs === 0 ? outer.toNs : startNs + forNs;
  let stays: boolean | null = untilNs <= outer.toNs ? true : null;
  for (const finding of findings) {
    if (finding.window.fromNs >= untilNs) break;
    if (finding.ok === false) return false;
    if (finding.ok === null) stays = null;
  }
  return stays;
}

function at(finding: Finding): string {
  const { fromNs, toNs } = finding.window;
  return `at ${toSeconds(fromNs)}–${toSeconds(toNs)} s: ${finding.observed}`;
}

function observedText(document: object, accesses: readonly Access[]): string {
  const parts = accesses.map((access) => {
    const value = valueAt(document, access.path);
    return `${access.text} = ${shown(access.isSize ? sizeOf(value) : value)}`;
  });
  return parts.join(', ');
}

function sizeOf(value: unknown): unknown {
  if (Array.isArray(value) || typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : value;
}

/** Six significant digits at most. */
function shown(value: unknown): string {
  if (typeof value !== 'number') return value === undefined ? 'no samples' : String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

function absentText(access: Access): string {
  const needed = samplesNeeded(access.path.at(-1) ?? '');
  if (access.path[0] === 'recovery') return `${access.text} was not judged`;
  const few = needed > 1 ? `too few samples, at least ${needed} are needed` : 'no samples';
  return `${access.text}: ${few}`;
}

/** The times of a run that is over. */
export function measuredTimes(measurements: Measurements): RunTimes {
  const { fromNs, toNs, faultWindows } = measurements;
  const starts = faultWindows.map((window) => window.startNs);
  return {
    fromNs,
    toNs,
    spanOf: (id) => spanOf(faultWindows.filter((window) => window.id === id)),
    nextStart: (afterNs) => Math.min(toNs, ...starts.filter((start) => start >= afterNs)),
  };
}

function spanOf(windows: readonly FaultWindow[]): Span | null {
  if (windows.length === 0) return null;
  return {
    startNs: Math.min(...windows.map((window) => window.startNs)),
    endNs: Math.max(...windows.map((window) => window.endNs)),
  };
}
