/**
 * What a reporter of suites is: text at the start, for each case, and at the end. One file a reporter
 * in `reporters/`, one line in their list.
 */
import type { Colors } from 'picocolors/types.js';
import type { CaseResult, SuiteResult } from './suite.ts';

/** What is known before anything runs. */
export interface SuiteStart {
  readonly version: string;
  readonly caseCount: number;
  readonly scenarioCount: number;
  /** `seed 1` or `seeds 1..20` */
  readonly seeds: string;
  /** Length of the longest name. */
  readonly nameWidth: number;
}

/** Where a reporter's text goes. */
export interface ReporterStyle {
  /** Colourless when it goes into a file. */
  readonly colors: Colors;
  readonly columns: number;
}

/** Each part is whole lines, or '' for nothing. */
export interface Reporter {
  begin(start: SuiteStart): string;
  /** @param index from 0 on, in the order of the suite */
  each(result: CaseResult, index: number): string;
  end(suite: SuiteResult): string;
}

/** A kind of reporter. */
export interface ReporterKind {
  readonly name: string;
  make(style: ReporterStyle): Reporter;
}
