/**
 * A sweep: one scenario at every point of a grid, each over the same seeds.
 *
 * What is run and in which order follows from the plan alone, and so does the result: neither the
 * number of threads nor an interruption in between leaves a trace in it.
 */
import { type AcrossRuns, spreads } from '../harness/across.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { RunFigures, RunRequest } from './experiment.ts';
import { type Parameter, type Point, plainValue } from './parameters.ts';

export interface SweepPlan {
  readonly parameters: readonly Parameter[];
  readonly points: readonly Point[];
  /** One a point. */
  readonly scenarios: readonly Scenario[];
  readonly seeds: readonly string[];
}

/** What came out at one point, over all seeds. */
export interface SweepRow {
  /** By the key of the parameter. */
  readonly point: Readonly<Record<string, number | string>>;
  /** How many runs ended with which verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly across: AcrossRuns;
}

export interface Sweep {
  /** Of the points whose runs have all finished, in the order of the grid. */
  readonly rows: readonly SweepRow[];
  /** Points that lack runs. */
  readonly unfinished: number;
  /** What runs only approximated, one line each. */
  readonly limits: readonly string[];
}

/** All runs: point by point, seed by seed. */
export function sweepRuns({ scenarios, seeds }: SweepPlan): readonly RunRequest[] {
  return scenarios.flatMap((scenario) =>
    seeds.map((seed) => ({ scenario, seed, constraints: [] })),
  );
}

/** @param runs of `sweepRuns`, in that order; null = not finished */
export function sweepRows(plan: SweepPlan, runs: readonly (RunFigures | null)[]): Sweep {
  const perPoint = plan.seeds.length;
  const rows = plan.points.flatMap((point, index) => {
    const own = runs.slice(index * perPoint, (index + 1) * perPoint);
    const finished = own.filter((run) => run !== null);
    return finished.length === perPoint ? [rowOf(plan.parameters, point, finished)] : [];
  });
  const limits = new Set(runs.flatMap((run) => run?.limits ?? []));
  return { rows, unfinished: plan.points.length - rows.length, limits: [...limits] };
}

function rowOf(
  parameters: readonly Parameter[],
  point: Point,
  runs: readonly RunFigures[],
): SweepRow {
  const values = parameters.map(({ key }, at) => [key, plainValue(point[at] ?? '')] as const);
  const verdicts: Record<string, number> = {};
  for (const { verdict } of runs) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return {
    point: Object.fromEntries(values),
    verdicts,
    across: spreads(runs.map((run) => Object.entries(run.figures))),
  };
}

/** Names of all figures of all rows, in the order in which they first appear. */
export function figureNames(rows: readonly SweepRow[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row.across)))];
}
