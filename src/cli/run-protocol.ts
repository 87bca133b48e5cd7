/** What the main thread and the threads that run simulations say to each other. */
import type { Diagnostic } from '../core/diagnostics.ts';
import type { RunTask } from './run-task.ts';

/** To a thread: do this. */
export interface TaskMessage {
  /** Comes back with everything that is said about the task. */
  readonly index: number;
  readonly task: RunTask;
}

/** From a thread while it runs. */
export interface ProgressMessage {
  readonly index: number;
  /** Of the task's virtual time, 0..1. */
  readonly share: number;
}

/** From a thread at the end; mistakes of ours are thrown instead. */
export type TaskAnswer<T> =
  | { readonly kind: 'done'; readonly value: T }
  | {
      readonly kind: 'input-error';
      readonly diagnostics: readonly Diagnostic[];
      readonly sources: ReadonlyMap<string, string>;
    };
