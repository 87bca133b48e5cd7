/** What the main thread and the threads that run simulations say to each other. */
import type { Diagnostic } from '../core/diagnostics.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { RunTask } from './run-task.ts';

/** To a thread: do this. */
export interface TaskMessage {
  readonly index: number;
  readonly task: RunTask;
}

/** From a thread, about the task with this index. */
export type WorkerMessage = { readonly index: number } & (
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly outcome: RunOutcome }
  | {
      readonly kind: 'input-error';
      readonly diagnostics: readonly Diagnostic[];
      readonly sources: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string }
);
