/** Drives an experiment without simulating: figures come from a function of the request. */
import type { Experiment, RunFigures, RunRequest } from '../../src/experiments/experiment.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { SMALL, scenarioOf } from '../harness/scenario-texts.ts';

/** A small scenario under another name. */
export function scenarioNamed(name: string): Scenario {
  return { ...scenarioOf(SMALL), name };
}

export function figures(values: Readonly<Record<string, number>>): RunFigures {
  return { verdict: 'pass', reasons: [], figures: values, expect: [], limits: [] };
}

/** @returns the result, and how many runs each step wanted */
export function drive<R>(
  experiment: Experiment<R>,
  run: (request: RunRequest) => RunFigures,
): { readonly result: R; readonly batches: readonly number[] } {
  const batches: number[] = [];
  let step = experiment.next();
  while (step.done !== true) {
    batches.push(step.value.runs.length);
    step = experiment.next(step.value.runs.map(run));
  }
  return { result: step.value, batches };
}
