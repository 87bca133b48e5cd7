/**
 * Makes the documents that `--json` prints: of one run, of several seeds, of several variants.
 *
 * Two runs with the same scenario, seed and version give the same bytes, apart from the wall-clock
 * fields under `run`. Source: surface.md §0.
 */
import type { Measurements } from '../core/measurements.ts';
import type { ScenarioIdentity, Summary } from '../core/summary.ts';
import { type AcrossRuns, acrossRuns } from './across.ts';
import type { ExpectationResult } from './expectations.ts';
import type { RecoveryJudgement } from './recovery.ts';
import type { Scenario, Verdict } from './scenario.ts';
import { toSeconds } from './time-ref.ts';
import type { RunVerdict } from './verdict.ts';

/** What a finished run consists of. */
export interface FinishedRun {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly digest: string;
  readonly events: number;
  readonly requests: number;
  readonly wallS: number;
  readonly measurements: Measurements;
  readonly recovery: RecoveryJudgement;
  /** Of the scenario, then of `--threshold`. */
  readonly expectations: readonly ExpectationResult[];
  readonly verdict: RunVerdict;
  readonly limits: readonly string[];
}

/** @param version of this program */
export function summarise(run: FinishedRun, version: string): Summary {
  const { scenario, measurements, verdict, wallS } = run;
  const window = measurements.window(measurements.fromNs, measurements.toNs);
  return {
    meshquake: version,
    format: 1,
    scenario: identityOf(scenario),
    seed: run.seed,
    digest: run.digest,
    verdict: verdict.verdict,
    exitCode: verdict.exitCode,
    run: {
      virtualS: toSeconds(scenario.durationNs),
      wallS,
      events: run.events,
      eventsPerWallS: perSecond(run.events, wallS),
      requestsPerWallS: perSecond(run.requests, wallS),
    },
    clients: window.clients,
    edges: window.edges,
    services: window.services,
    proxies: window.proxies,
    ejections: window.ejections,
    ...(window.identity === undefined ? {} : { identity: window.identity }),
    faults: window.faults,
    operations: [],
    expect: run.expectations.map((result) => result.summary),
    recovery: run.recovery.summary,
    limits: run.limits,
  };
}

export function identityOf(scenario: Scenario): ScenarioIdentity {
  const { name, path, hash, variant } = scenario;
  return { name, path, hash, variant };
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Math.round(count / seconds) : 0;
}

/** Several seeds of one variant. */
export interface SeedsDocument {
  readonly meshquake: string;
  readonly format: 1;
  readonly scenario: ScenarioIdentity;
  readonly verdict: Verdict;
  readonly exitCode: number;
  readonly runs: readonly Summary[];
  readonly across: AcrossRuns;
}

/** @param ending over all runs */
export function seedsDocument(
  scenario: Scenario,
  runs: readonly Summary[],
  ending: { readonly verdict: Verdict; readonly exitCode: number },
  version: string,
): SeedsDocument {
  return {
    meshquake: version,
    format: 1,
    scenario: identityOf(scenario),
    verdict: ending.verdict,
    exitCode: ending.exitCode,
    runs,
    across: acrossRuns(runs),
  };
}

/** One variant beside others. */
export interface VariantDocument {
  readonly name: string;
  /** null when the file does not say. */
  readonly declared: Verdict | null;
  readonly asDeclared: boolean;
  readonly runs: readonly Summary[];
}

/** All variants of a scenario. */
export interface VariantsDocument {
  readonly meshquake: string;
  readonly format: 1;
  readonly scenario: ScenarioIdentity;
  readonly exitCode: number;
  readonly variants: readonly VariantDocument[];
}

export function variantsDocument(
  scenario: ScenarioIdentity,
  variants: readonly VariantDocument[],
  exitCode: number,
  version: string,
): VariantsDocument {
  return { meshquake: version, format: 1, scenario, exitCode, variants };
}
