/**
 * Runs an experiment and judges invariants on it.
 *
 * The expressions of the invariants are added to the scenario as its expectations, so the run is the
 * one that the written counterexample makes again, digest and all.
 */
import { performRun } from '../cli/run-task.ts';
import { UsageError } from '../core/errors.ts';
import type { Summary } from '../core/summary.ts';
import { namesOf } from '../harness/expressions/document-shape.ts';
import type { Scenario } from '../harness/scenario.ts';
import { readScenarios, type ScenarioDefinition } from '../library/read-scenario.ts';
import type { Experiment } from './experiment.ts';
import { contextOf, type Invariant } from './invariant.ts';

/** An expression of an invariant, judged. */
export interface Finding {
  readonly invariant: Invariant;
  readonly expression: string;
  /** null = the run cannot say: too few samples, or it ended too early. */
  readonly ok: boolean | null;
  readonly observed: string;
}

/** What an experiment came to. */
export interface Examination {
  /** With the invariants as its expectations. */
  readonly scenario: ScenarioDefinition;
  readonly summary: Summary;
  readonly findings: readonly Finding[];
}

/**
 * @throws InputError when the scenario, its policy or an expression is wrong
 * @throws UsageError when two invariants say how recovery is judged
 */
export function examine(experiment: Experiment, invariants: readonly Invariant[]): Examination {
  const plain = read(experiment, experiment.scenario);
  const context = contextOf(plain, namesOf(plain).edges);
  const claims = invariants.flatMap((invariant) =>
    invariant.expressions(context).map((expression) => ({ invariant, expression })),
  );
  const judges = invariants.flatMap((invariant) => invariant.recovery?.(context) ?? []);
  if (judges.length > 1) throw new UsageError('only one invariant may say how recovery is judged');
  const [recovery] = judges;
  const scenario: ScenarioDefinition = {
    ...experiment.scenario,
    ...(recovery === undefined ? {} : { recovery }),
    expect: claims.map(({ expression }) => expression),
  };
  const task = { scenario: read(experiment, scenario), seed: experiment.seed };
  const { summary } = performRun({ ...task, thresholds: [], isOneOfMany: false });
  const findings = claims.map((claim, index): Finding => {
    const { ok = null, observed = '' } = summary.expect[index] ?? {};
    return { ...claim, ok, observed };
  });
  return { scenario, summary, findings };
}

function read({ mesh }: Experiment, scenario: ScenarioDefinition): Scenario {
  const [only] = readScenarios(scenario, { mesh });
  if (only === undefined) throw new UsageError('an experiment has no variants');
  return only;
}
