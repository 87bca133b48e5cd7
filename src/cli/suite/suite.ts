/** What a suite is, before and after it ran: cases, their results, and what it all comes to. */
import type { SourcePosition } from '../../core/diagnostics.ts';
import { ExitCode } from '../../core/errors.ts';
import type { Scenario, Verdict } from '../../harness/scenario.ts';

/** One variant of one scenario. */
export interface SuiteCase {
  /** `scenario/variant`; of a scenario without variants its name alone. */
  readonly name: string;
  /** As `meshquake run` takes it. */
  readonly path: string;
  readonly scenario: Scenario;
}

/** A scenario that could not be read. */
export interface BrokenCase {
  readonly name: string;
  readonly path: string;
  /** As people read them. */
  readonly problems: string;
  readonly position: SourcePosition;
}

/**
 * passed: ended as it declares. failed: it did not. broken: its files are wrong. not-run: the suite
 * ended before, by `--bail` or an interrupt.
 */
export type CaseStatus = 'passed' | 'failed' | 'broken' | 'not-run';

/** What became of a case. */
export interface CaseResult {
  readonly name: string;
  readonly path: string;
  readonly status: CaseStatus;
  /** Over all seeds; null when nothing ran. */
  readonly verdict: Verdict | null;
  /** What the file says; null when it could not be read. */
  readonly declared: Verdict | null;
  /** Why it did not pass, a sentence or a line each. */
  readonly reasons: readonly string[];
  /** Where to look: the first expectation that failed, or the file. */
  readonly position: SourcePosition;
  readonly runs: readonly { readonly seed: string; readonly digest: string }[];
  /** Time of its runs, s; of the wall. */
  readonly wallS: number;
  /** The command that makes the same runs; '' when nothing ran. */
  readonly reproduce: string;
}

/** The whole suite, finished. */
export interface SuiteResult {
  readonly version: string;
  readonly cases: readonly CaseResult[];
  readonly exitCode: number;
  readonly wasInterrupted: boolean;
  /** From start to end, s; of the wall. */
  readonly wallS: number;
  /** The command that runs the same suite. */
  readonly reproduce: string;
}

export function countOf(cases: readonly CaseResult[], status: CaseStatus): number {
  return cases.filter((item) => item.status === status).length;
}

/** Interrupted, then broken files, then failures. */
export function suiteExitCode(cases: readonly CaseResult[], wasInterrupted: boolean): number {
  if (wasInterrupted) return ExitCode.interrupted;
  if (countOf(cases, 'broken') > 0) return ExitCode.input;
  return countOf(cases, 'failed') > 0 ? ExitCode.violated : ExitCode.passed;
}

/** `3 passed, 1 failed`; what there is none of is left out, except passes. */
export function countsText(cases: readonly CaseResult[]): string {
  const counts = (['passed', 'failed', 'broken', 'not-run'] as const).map(
    (status) => [status.replace('-', ' '), countOf(cases, status)] as const,
  );
  return counts
    .filter(([status, count]) => count > 0 || status === 'passed')
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}
