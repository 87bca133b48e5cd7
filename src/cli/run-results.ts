/**
 * Finished runs as the command knows them: by variant, with the verdict over all seeds, and the JSON
 * document of it all. Source: surface.md §0 and §2, scenario.md §4.
 */
import { ExitCode } from '../core/errors.ts';
import type { Summary } from '../core/summary.ts';
import { hashTexts } from '../core/text-hash.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { Scenario, Verdict } from '../harness/scenario.ts';
import {
  identityOf,
  type SeedsDocument,
  seedsDocument,
  type VariantsDocument,
  variantsDocument,
} from '../harness/summarise.ts';
import { exitCodeOf, judgeSeeds, type RunVerdict } from '../harness/verdict.ts';
import { ALL_VARIANTS } from './run-options.ts';

/** All finished runs of one variant. */
export interface VariantResult {
  readonly scenario: Scenario;
  /** Finished ones, in the order of the seeds. */
  readonly outcomes: readonly RunOutcome[];
  readonly verdict: RunVerdict;
  /** Ended with the verdict that the file declares (a pass where it declares none). */
  readonly asDeclared: boolean;
}

/** @param outcomes null for runs that were not finished; at least one is */
export function variantResult(
  scenario: Scenario,
  outcomes: readonly (RunOutcome | null)[],
  isAboutSeeds: boolean,
): VariantResult {
  const finished = outcomes.filter((outcome) => outcome !== null);
  const verdict = verdictOver(scenario, finished, isAboutSeeds);
  const ownHeld = finished.every(({ summary }) => ownExpectationsHeld(scenario, summary));
  const asDeclared = ownHeld && verdict.verdict === (scenario.declaredVerdict ?? 'pass');
  return { scenario, outcomes: finished, verdict, asDeclared };
}

function verdictOver(
  scenario: Scenario,
  finished: readonly RunOutcome[],
  isAboutSeeds: boolean,
): RunVerdict {
  const [first] = finished;
  if (!isAboutSeeds && first !== undefined) {
    const verdict = first.summary.verdict as Verdict;
    return { verdict, exitCode: exitCodeOf(verdict), reasons: first.reasons };
  }
  const results = finished.map(({ summary }) => ({
    seed: summary.seed,
    verdict: summary.verdict as Verdict,
    expect: summary.expect,
  }));
  return judgeSeeds(results, scenario.expect);
}

/** What a variant itself expects must hold whatever the verdict. */
function ownExpectationsHeld(scenario: Scenario, summary: Summary): boolean {
  return scenario.expect.every((expectation, index) => {
    const [low] = expectation.runs;
    const isAboutThisRun = expectation.mode !== 'sometimes' && low === 1;
    return !expectation.isVariantsOwn || !isAboutThisRun || summary.expect[index]?.ok === true;
  });
}

export type ResultDocument = Summary | SeedsDocument | VariantsDocument;

export interface ResultKind {
  readonly isAll: boolean;
  readonly isAboutSeeds: boolean;
  readonly wasInterrupted: boolean;
  readonly version: string;
}

/** What the command ends with. */
export function exitCodeOver(results: readonly VariantResult[], kind: ResultKind): number {
  if (kind.wasInterrupted) return ExitCode.interrupted;
  if (!kind.isAll) return results[0]?.verdict.exitCode ?? ExitCode.inconclusive;
  return results.every((result) => result.asDeclared) ? ExitCode.passed : ExitCode.violated;
}

/** The document of `--json` and `summary.json`. @param results at least one */
export function resultDocument(
  results: readonly VariantResult[],
  kind: ResultKind,
): ResultDocument | null {
  const [first] = results;
  if (first === undefined) return null;
  const { version } = kind;
  const exitCode = exitCodeOver(results, kind);
  if (kind.isAll) {
    const variants = results.map(({ scenario, asDeclared, outcomes }) => ({
      name: scenario.variant,
      declared: scenario.declaredVerdict,
      asDeclared,
      runs: outcomes.map((outcome) => outcome.summary),
    }));
    const hash = combinedHash(results);
    const identity = { ...identityOf(first.scenario), hash, variant: ALL_VARIANTS };
    return variantsDocument(identity, variants, exitCode, version);
  }
  const runs = first.outcomes.map((outcome) => outcome.summary);
  if (!kind.isAboutSeeds) return runs[0] ?? null;
  const ending = { verdict: first.verdict.verdict, exitCode };
  return seedsDocument(first.scenario, runs, ending, version);
}

/** Of one variant its own; of several one that covers them all. */
export function combinedHash(results: readonly { readonly scenario: Scenario }[]): string {
  const hashes = results.map((result) => result.scenario.hash);
  return hashes.length === 1 ? (hashes[0] ?? '') : hashTexts(hashes);
}
