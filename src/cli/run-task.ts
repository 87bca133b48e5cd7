/**
 * One run from start to summary, in whatever thread it is called. The only place where the clock on
 * the wall is read around a run: it ends up in the summary's `wall` fields and nowhere else.
 */
import { type RunFigures, runFigures } from '../experiments/experiment.ts';
import { conclude, type RunOutcome } from '../harness/conclude.ts';
import { cutPoints } from '../harness/expectations.ts';
import { policyOfWorld } from '../harness/policy-table.ts';
import { runScenario } from '../harness/run.ts';
import type { Expectation, Scenario } from '../harness/scenario.ts';
import { buildFollowed, follow } from '../harness/trace-requests.ts';
import { programVersion } from './version.ts';

/** Plain data: travels to a thread. */
export interface RunTask {
  readonly scenario: Scenario;
  readonly seed: string;
  /** Of `--threshold`. */
  readonly thresholds: readonly Expectation[];
  /** One of several seeds. */
  readonly isOneOfMany: boolean;
  /** Whether to follow the requests that deserve it, in a second run. */
  readonly isTraced?: boolean;
}

/** How often progress is told, in ms of wall-clock time. */
const PROGRESS_EVERY_MS = 100;

/**
 * @param onProgress share of virtual time done, 0..1; not more than ten times a second
 * @throws InputError when the mesh files are wrong
 */
export function performRun(task: RunTask, onProgress?: (share: number) => void): RunOutcome {
  const { scenario, seed, thresholds, isOneOfMany } = task;
  const startedMs = performance.now();
  let toldMs = startedMs;
  const result = runScenario(scenario, {
    seed,
    cutPoints: cutPoints(scenario),
    onProgress: (virtualNs, totalNs) => {
      const nowMs = performance.now();
      if (nowMs - toldMs >= PROGRESS_EVERY_MS) {
        toldMs = nowMs;
        onProgress?.(virtualNs / totalNs);
      }
      return true;
    },
  });
  const wallS = Math.round(performance.now() - startedMs) / 1000;
  const version = programVersion();
  const outcome = conclude(scenario, result, { seed, version, wallS, thresholds, isOneOfMany });
  if (task.isTraced !== true) return outcome;
  const followed = buildFollowed(scenario, seed);
  const policy = policyOfWorld(followed.built);
  const traces = follow(followed, scenario.durationNs, outcome.samples.requests);
  return { ...outcome, traces, policy };
}

/** As above; only what experiments compare. @throws InputError when the mesh files are wrong */
export function performFigures(task: RunTask, onProgress?: (share: number) => void): RunFigures {
  return runFigures(performRun(task, onProgress));
}
