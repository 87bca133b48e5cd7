/**
 * Runs many tasks, several at once in threads, and hands back their outcomes in the order of the
 * tasks: when each one finished leaves no trace. Stops where it is when the signal says so.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { EnvironmentError, InputError } from '../core/errors.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { TaskMessage, WorkerMessage } from './run-protocol.ts';
import { performRun, type RunTask } from './run-task.ts';

export interface PoolOptions {
  readonly hasThreads: boolean;
  /** Aborted: no further task begins, running ones are given up. */
  readonly signal: AbortSignal;
  /** Share of a task's virtual time that is done, 0..1. */
  onProgress(index: number, share: number): void;
}

/** More than this takes more memory than a sweep on one machine is worth. */
const MOST_THREADS = 8;

/** @returns null for each task that was not finished */
export async function runTasks(
  tasks: readonly RunTask[],
  options: PoolOptions,
): Promise<readonly (RunOutcome | null)[]> {
  if (!options.hasThreads) return runHere(tasks, options);
  return new RunPool(tasks, options).run();
}

async function runHere(tasks: readonly RunTask[], options: PoolOptions) {
  const outcomes: (RunOutcome | null)[] = [];
  for (const [index, task] of tasks.entries()) {
    const isStopped = options.signal.aborted;
    const tell = (share: number) => options.onProgress(index, share);
    outcomes.push(isStopped ? null : performRun(task, tell));
    options.onProgress(index, 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return outcomes;
}

class RunPool {
  readonly #tasks: readonly RunTask[];
  readonly #options: PoolOptions;
  readonly #outcomes: (RunOutcome | null)[];
  readonly #workers: Worker[] = [];
  #next = 0;
  #left: number;

  constructor(tasks: readonly RunTask[], options: PoolOptions) {
    this.#tasks = tasks;
    this.#options = options;
    this.#outcomes = tasks.map(() => null);
    this.#left = tasks.length;
  }

  async run(): Promise<readonly (RunOutcome | null)[]> {
    try {
      await new Promise<void>((resolve, reject) => {
        const { signal } = this.#options;
        if (signal.aborted || this.#left === 0) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        const count = Math.min(this.#tasks.length, availableParallelism(), MOST_THREADS);
        for (let i = 0; i < count; i += 1) this.#start(resolve, reject);
      });
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
    return this.#outcomes;
  }

  #start(resolve: () => void, reject: (error: unknown) => void): void {
    const worker = spawnWorker();
    this.#workers.push(worker);
    worker.on('error', (error) => reject(threadError(error)));
    worker.on('message', (message: WorkerMessage) => {
      try {
        if (this.#take(message)) this.#give(worker);
      } catch (error) {
        reject(error);
      }
      if (this.#left === 0) resolve();
    });
    this.#give(worker);
  }

  /** The next task, to a thread that has nothing to do. */
  #give(worker: Worker): void {
    const index = this.#next;
    const task = this.#tasks[index];
    if (task === undefined) return;
    this.#next += 1;
    worker.postMessage({ index, task } satisfies TaskMessage);
  }

  /** @returns whether the thread has finished its task */
  #take(message: WorkerMessage): boolean {
    const { index } = message;
    switch (message.kind) {
      case 'progress':
        this.#options.onProgress(index, message.share);
        return false;
      case 'done':
        this.#outcomes[index] = message.outcome;
        this.#left -= 1;
        this.#options.onProgress(index, 1);
        return true;
      case 'input-error':
        throw new InputError(message.diagnostics, message.sources);
      case 'failed': {
        const error = new Error(message.message);
        error.stack = message.stack;
        throw error;
      }
    }
  }
}

/** A mesh that is too large for this machine is not a mistake of ours. */
function threadError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  const message = 'the simulation ran out of memory; try a shorter duration or fewer requests';
  return new EnvironmentError('ENOMEM', message, { cause: error });
}

/** From sources the thread first needs what reads TypeScript; the published files are JavaScript. */
function spawnWorker(): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./run-worker.js', import.meta.url));
  }
  const file = JSON.stringify(new URL('./run-worker.ts', import.meta.url).href);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `import(${tsx}).then(({ register }) => { register(); return import(${file}); })`;
  return new Worker(start, { eval: true });
}
