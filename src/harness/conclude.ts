/**
 * From a finished run to its summary: recovery, expectations, thresholds, verdict, document.
 * Called where the run ran (a worker thread or the caller of `simulate`), because measurements do
 * not travel between threads; what it returns is plain data.
 */
import type { EdgePolicy } from '../core/policy-table.ts';
import type { RequestTrace } from '../core/request-trace.ts';
import type { Summary } from '../core/summary.ts';
import type { Timeline } from '../core/timeline.ts';
import type { RequestSamples } from '../trace/request-sampler.ts';
import { judgeExpectations } from './expectations.ts';
import { judgeRecovery } from './recovery.ts';
import type { RunResult } from './run.ts';
import type { Expectation, Scenario } from './scenario.ts';
import { summarise } from './summarise.ts';
import { judgeRun } from './verdict.ts';

/** What to conclude with, besides the result. */
export interface ConcludeOptions {
  readonly seed: string;
  /** Of this program. */
  readonly version: string;
  /** How long the run took, in seconds of wall-clock time. */
  readonly wallS: number;
  /** Of `--threshold`. */
  readonly thresholds: readonly Expectation[];
  /** One of several seeds. */
  readonly isOneOfMany: boolean;
}

/** Plain data: what is left of a run. */
export interface RunOutcome {
  readonly summary: Summary;
  readonly timeline: Timeline;
  /** What led to the verdict, one sentence each; empty for a pass. */
  readonly reasons: readonly string[];
  /** Requests that deserve a closer look. */
  readonly samples: RequestSamples;
  /** Those that were looked at; empty unless asked for. */
  readonly traces: readonly RequestTrace[];
  /** The policy in force, by edge; likewise. */
  readonly policy: readonly EdgePolicy[];
}

/** Judges a finished run. */
export function conclude(
  scenario: Scenario,
  result: RunResult,
  options: ConcludeOptions,
): RunOutcome {
  const { measurements, digest, events, requests, limits, samples } = result;
  const { seed, version, wallS, isOneOfMany } = options;
  const recovery = judgeRecovery(scenario.recovery, measurements);
  const all = [...scenario.expect, ...options.thresholds];
  const expectations = judgeExpectations(all, scenario, measurements, recovery);
  const count = scenario.expect.length;
  const verdict = judgeRun({
    expectations: expectations.slice(0, count),
    thresholds: expectations.slice(count),
    recovery,
    faults: scenario.faults,
    faultWindows: measurements.faultWindows,
    isOneOfMany,
  });
  const parts = { seed, digest, events, requests, limits, wallS, measurements, recovery };
  const summary = summarise({ scenario, ...parts, expectations, verdict }, version);
  return {
    summary,
    timeline: measurements.timeline,
    reasons: verdict.reasons,
    samples,
    traces: [],
    policy: [],
  };
}
