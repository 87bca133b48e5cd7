/**
 * A thread that runs simulations, one after another, as it is told. A simulation never yields, so
 * only in a thread of its own does it leave the main thread free for the keyboard and the display.
 */
import { parentPort } from 'node:worker_threads';
import { InputError } from '../core/errors.ts';
import type { TaskMessage, WorkerMessage } from './run-protocol.ts';
import { performRun } from './run-task.ts';

parentPort?.on('message', ({ index, task }: TaskMessage) => {
  const tell = (message: WorkerMessage) => parentPort?.postMessage(message);
  try {
    const outcome = performRun(task, (share) => tell({ kind: 'progress', index, share }));
    tell({ kind: 'done', index, outcome });
  } catch (error) {
    tell(failureMessage(error, index));
  }
});

function failureMessage(error: unknown, index: number): WorkerMessage {
  if (error instanceof InputError) {
    const { diagnostics, sources } = error;
    return { kind: 'input-error', index, diagnostics, sources };
  }
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', index, message, stack };
}
