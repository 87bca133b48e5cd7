/**
 * What a run, or several runs of one scenario over different seeds, ended with.
 * Source: scenario.md §4 (verdicts and their precedence), surface.md §2 (exit codes, mixed outcomes).
 */
import { ExitCode } from '../core/errors.ts';
import type { FaultWindow } from '../core/measurements.ts';
import type { FaultEnvelope } from '../faults/envelope.ts';
import type { ExpectationResult } from './expectations.ts';
import type { RecoveryJudgement } from './recovery.ts';
import type { Expectation, Verdict } from './scenario.ts';

/** A verdict and what led to it. */
export interface RunVerdict {
  readonly verdict: Verdict;
  readonly exitCode: ExitCode;
  /** One sentence each; empty for a pass. */
  readonly reasons: readonly string[];
}

const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  pass: ExitCode.passed,
  fail: ExitCode.violated,
  'not-recovered': ExitCode.notRecovered,
  inconclusive: ExitCode.inconclusive,
  'thresholds-crossed': ExitCode.thresholds,
  nondeterministic: ExitCode.nondeterministic,
  aborted: ExitCode.aborted,
};

export function exitCodeOf(verdict: Verdict): ExitCode {
  return EXIT_CODES[verdict];
}

/** Everything that a verdict is made of. */
export interface Evidence {
  readonly expectations: readonly ExpectationResult[];
  /** Of `--threshold`. */
  readonly thresholds: readonly ExpectationResult[];
  readonly recovery: RecoveryJudgement;
  readonly faults: readonly FaultEnvelope[];
  readonly faultWindows: readonly FaultWindow[];
  /** One of several seeds: expectations about shares of runs are left to `judgeSeeds`. */
  readonly isOneOfMany: boolean;
}

/** Whether an expectation is about many runs: `sometimes`, or a share other than all. */
export function isAboutRuns(expectation: Expectation): boolean {
  const [low, high] = expectation.runs;
  return expectation.mode === 'sometimes' || low < 1 || high < 1;
}

/**
 * The verdict of one run. Of several findings the strongest counts: a failure before the trigger,
 * no recovery, any failure, a threshold, nothing conclusive, a pass.
 */
export function judgeRun(evidence: Evidence): RunVerdict {
  const { expectations, thresholds, recovery } = evidence;
  const counted = expectations.filter((result) => !isAboutRuns(result.expectation));
  const failed = counted.filter((result) => result.summary.ok === false);
  const early = failed.filter((result) => result.isBeforeTrigger);
  if (early.length > 0) return verdictOf('fail', early.map(failureText));
  if (recovery.status === 'not-recovered') {
    const { triggerEndS, baselineGoodputRps } = recovery.summary;
    const figures = `goodput never came back to ${baselineGoodputRps} per second`;
    return verdictOf('not-recovered', [`${figures} after the trigger ended at ${triggerEndS} s`]);
  }
  if (failed.length > 0) return verdictOf('fail', failed.map(failureText));
  const crossed = thresholds.filter((result) => result.summary.ok === false);
  if (crossed.length > 0) return verdictOf('thresholds-crossed', crossed.map(failureText));
  const doubts = doubtsOf(evidence, [...counted, ...thresholds]);
  return doubts.length > 0 ? verdictOf('inconclusive', doubts) : verdictOf('pass', []);
}

function doubtsOf(evidence: Evidence, counted: readonly ExpectationResult[]): readonly string[] {
  const { recovery, expectations, isOneOfMany } = evidence;
  const doubts = counted.filter((result) => result.summary.ok === null).map(failureText);
  if (recovery.status === 'undecided') doubts.unshift(recovery.reason);
  doubts.unshift(...idleFaults(evidence));
  if (!isOneOfMany) doubts.push(...shareDoubts(expectations));
  return doubts;
}

/** Faults that were to strike and did not. */
function idleFaults({ faults, faultWindows }: Evidence): readonly string[] {
  return faults.flatMap((fault) => {
    const windows = faultWindows.filter((window) => window.id === fault.id);
    const strikes = windows.reduce((sum, window) => sum + window.strikes, 0);
    if (fault.optional || strikes >= fault.minStrikes) return [];
    const times = strikes === 0 ? 'struck nothing' : `struck ${strikes} times only`;
    return [`the fault "${fault.id}" ${times}`];
  });
}

/** One run says little about shares of runs. */
function shareDoubts(expectations: readonly ExpectationResult[]): readonly string[] {
  return expectations.flatMap(({ expectation, summary }) => {
    if (!isAboutRuns(expectation)) return [];
    const [, high] = expectation.runs;
    if (summary.ok === true && high >= 1) return [];
    return [`${summary.text}: takes several runs to judge, see --seeds`];
  });
}

function failureText({ summary }: ExpectationResult): string {
  return summary.observed === '' ? summary.text : `${summary.text} (${summary.observed})`;
}

function verdictOf(verdict: Verdict, reasons: readonly string[]): RunVerdict {
  return { verdict, exitCode: exitCodeOf(verdict), reasons };
}

/** Mixed outcomes over seeds: the first of these that any run ended with. Source: surface.md §2. */
const STRONGEST_FIRST: readonly Verdict[] = [
  'nondeterministic',
  'aborted',
  'fail',
  'not-recovered',
  'thresholds-crossed',
  'inconclusive',
  'pass',
];

/** One run among many: its verdict and what its expectations came to, in the scenario's order. */
export interface SeedResult {
  readonly seed: string;
  readonly verdict: Verdict;
  readonly expect: readonly { readonly ok: boolean | null }[];
}

/** The verdict over several seeds of one variant. */
export function judgeSeeds(
  results: readonly SeedResult[],
  expectations: readonly Expectation[],
): RunVerdict {
  const shares = shareFailures(results, expectations);
  const worst = STRONGEST_FIRST.find((word) => results.some((result) => result.verdict === word));
  const rank = (verdict: Verdict) => STRONGEST_FIRST.indexOf(verdict);
  const verdict = worst ?? 'inconclusive';
  if (shares.length > 0 && rank('fail') <= rank(verdict)) return verdictOf('fail', shares);
  if (verdict === 'pass') return verdictOf('pass', []);
  const seeds = results.filter((result) => result.verdict === verdict).map(({ seed }) => seed);
  const shown = seeds.length > 8 ? `${seeds.slice(0, 8).join(', ')}, …` : seeds.join(', ');
  return verdictOf(verdict, [`${seeds.length} of ${results.length} runs (seeds ${shown})`]);
}

function shareFailures(
  results: readonly SeedResult[],
  expectations: readonly Expectation[],
): readonly string[] {
  return expectations.flatMap((expectation, index) => {
    if (!isAboutRuns(expectation) || results.length === 0) return [];
    const held = results.filter((result) => result.expect[index]?.ok === true).length;
    const share = held / results.length;
    const [low, high] = expectation.runs;
    const isFine = expectation.mode === 'sometimes' ? held > 0 : share >= low && share <= high;
    return isFine ? [] : [`${expectation.text}: held in ${held} of ${results.length} runs`];
  });
}
