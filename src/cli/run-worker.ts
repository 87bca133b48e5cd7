/**
 * A thread that runs simulations, one after another, as the pool tells it. A simulation never yields,
 * so only in a thread of its own does it leave the main thread free for the keyboard and the display.
 * The exports are named after the kinds of answers of `run-pool.ts`.
 */
import { parentPort } from 'node:worker_threads';
import { InputError } from '../core/errors.ts';
import type { RunFigures } from '../experiments/experiment.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { ProgressMessage, TaskAnswer, TaskMessage } from './run-protocol.ts';
import { performFigures, performRun, type RunTask } from './run-task.ts';

export function outcome(message: TaskMessage): TaskAnswer<RunOutcome> {
  return answer(message, performRun);
}

export function figures(message: TaskMessage): TaskAnswer<RunFigures> {
  return answer(message, performFigures);
}

function answer<T>(
  { index, task }: TaskMessage,
  perform: (task: RunTask, onProgress: (share: number) => void) => T,
): TaskAnswer<T> {
  const tell = (share: number) =>
    parentPort?.postMessage({ index, share } satisfies ProgressMessage);
  try {
    return { kind: 'done', value: perform(task, tell) };
  } catch (error) {
    // Errors lose their own fields on the way between threads.
    if (!(error instanceof InputError)) throw error;
    const { diagnostics, sources } = error;
    return { kind: 'input-error', diagnostics, sources };
  }
}
