/**
 * What all experiments are: they say which runs they want, get the figures of those runs, and go on
 * until they know. They run nothing themselves; whoever drives them (`cli/perform-experiment.ts`) has
 * threads, files and a terminal.
 *
 * Runs are always asked for in an order that the experiment fixes, and answered in that order, so an
 * experiment's result does not depend on who ran first.
 */
import type { ExpectationSummary } from '../core/summary.ts';
import { figuresOf } from '../harness/across.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { Expectation, Scenario, Verdict } from '../harness/scenario.ts';

/** One run that an experiment wants. */
export interface RunRequest {
  readonly scenario: Scenario;
  readonly seed: string;
  /** Expectations besides those of the scenario; judged after them. */
  readonly constraints: readonly Expectation[];
}

/** What is left of a run: plain data, small. */
export interface RunFigures {
  readonly verdict: Verdict;
  /** What led to the verdict, one sentence each; empty for a pass. */
  readonly reasons: readonly string[];
  /** By the metric as expressions write it: `clients.shoppers.successRatio`. */
  readonly figures: Readonly<Record<string, number>>;
  /** Of the scenario's expectations, then of the constraints. */
  readonly expect: readonly ExpectationSummary[];
  /** What was asked for but only approximated, one line each. */
  readonly limits: readonly string[];
}

/** What an experiment wants next, and what it would say if it had to stop now. */
export interface Step<R> {
  readonly runs: readonly RunRequest[];
  /** null = nothing yet. */
  readonly soFar: R | null;
}

/** Yields wishes, gets as many figures in the same order, returns what it found out. */
export type Experiment<R> = Generator<Step<R>, R, readonly RunFigures[]>;

/** The figures of a finished run. */
export function runFigures({ summary, reasons }: RunOutcome): RunFigures {
  return {
    verdict: summary.verdict as Verdict,
    reasons,
    figures: Object.fromEntries(figuresOf(summary)),
    expect: summary.expect,
    limits: summary.limits,
  };
}
