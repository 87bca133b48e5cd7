/**
 * Drives an experiment: runs what it wants in the pool, hands it the figures, until it knows or is
 * interrupted. Shows how far it is.
 */
import type { Experiment, RunFigures, RunRequest } from '../experiments/experiment.ts';
import type { TextOutput } from './cli-io.ts';
import type { RunPool } from './run-pool.ts';
import { RunProgress } from './run-progress.ts';
import type { RunTask } from './run-task.ts';

export interface Driver {
  readonly pool: RunPool;
  /** Aborted: the experiment ends with what it knew after its last complete step. */
  readonly signal: AbortSignal;
  /** Where progress is shown; null = nowhere. */
  readonly progress: TextOutput | null;
}

export interface Performed<R> {
  /** null when it was interrupted before it knew anything. */
  readonly result: R | null;
  readonly wasInterrupted: boolean;
}

/** @throws InputError when the mesh files of a run are wrong; whatever the experiment throws */
export async function performExperiment<R>(
  experiment: Experiment<R>,
  driver: Driver,
): Promise<Performed<R>> {
  let step = experiment.next();
  while (step.done !== true) {
    const { runs, soFar } = step.value;
    const figures = await runBatch(runs, driver);
    if (figures === null) return { result: soFar, wasInterrupted: true };
    step = experiment.next(figures);
  }
  return { result: step.value, wasInterrupted: false };
}

/** null after an interrupt. */
async function runBatch(
  runs: readonly RunRequest[],
  { pool, signal, progress }: Driver,
): Promise<readonly RunFigures[] | null> {
  const labels = runs.map(({ scenario, seed }) => `${scenario.variant} seed ${seed}`.trim());
  const line = progress === null ? null : new RunProgress(progress, labels, false);
  const onProgress = (index: number, share: number) => line?.update(index, share);
  try {
    const figures = await pool.run('figures', runs.map(taskOf), { signal, onProgress });
    return figures.every((item) => item !== null) ? figures : null;
  } finally {
    line?.clear();
  }
}

/** A run as the pool takes it. */
export function taskOf({ scenario, seed, constraints }: RunRequest): RunTask {
  return { scenario, seed, thresholds: constraints, isOneOfMany: true };
}
