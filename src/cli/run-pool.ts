/**
 * Runs many tasks, several at once in threads, and hands back their answers in the order of the
 * tasks: when each one finished leaves no trace. The only pool there is; `run`, `compare`, `sweep` and
 * `search` all use it. It lives until it is closed, so that a second batch finds warm threads.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { EnvironmentError, InputError } from '../core/errors.ts';
import type { RunFigures } from '../experiments/experiment.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { ProgressMessage, TaskAnswer, TaskMessage } from './run-protocol.ts';
import { performFigures, performRun, type RunTask } from './run-task.ts';

export interface PoolOptions {
  /** false: everything runs in this thread. */
  readonly hasThreads: boolean;
  /** Tasks at once; null = as many as there are processors, up to eight. */
  readonly jobs: number | null;
}

export interface BatchOptions {
  /** Aborted: no further task begins, running ones are given up. */
  readonly signal: AbortSignal;
  /** Share of a task's virtual time that is done, 0..1; 1 comes once. */
  onProgress?(index: number, share: number): void;
}

/** What a task leaves: all of a run, or its figures only (a fraction of the bytes). */
interface Answers {
  readonly outcome: RunOutcome;
  readonly figures: RunFigures;
}

/** More than this takes more memory than many runs on one machine are worth. */
const MOST_THREADS = 8;

export class RunPool {
  readonly #options: PoolOptions;
  #threads: Piscina | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * @param onAnswer called for each answer as it comes, in any order
   * @returns null for each task that was not finished
   * @throws InputError when the mesh files of a task are wrong
   */
  async run<K extends keyof Answers>(
    kind: K,
    tasks: readonly RunTask[],
    batch: BatchOptions,
    onAnswer: (index: number, answer: Answers[K]) => void = () => {},
  ): Promise<readonly (Answers[K] | null)[]> {
    const answers: (Answers[K] | null)[] = tasks.map(() => null);
    const take = (index: number, answer: Answers[K]): void => {
      answers[index] = answer;
      onAnswer(index, answer);
      batch.onProgress?.(index, 1);
    };
    if (this.#options.hasThreads) await this.#runInThreads(kind, tasks, batch, take);
    else await runHere(kind, tasks, batch, take);
    return answers;
  }

  /** Ends the threads, also those that are still at work. */
  async close(): Promise<void> {
    await this.#threads?.destroy();
    this.#threads = null;
  }

  async #runInThreads<K extends keyof Answers>(
    kind: K,
    tasks: readonly RunTask[],
    { signal, onProgress }: BatchOptions,
    take: (index: number, answer: Answers[K]) => void,
  ): Promise<void> {
    const pool = this.#pool;
    const isDone = tasks.map(() => false);
    const onMessage = ({ index, share }: ProgressMessage) => {
      if (isDone[index] === false) onProgress?.(index, share);
    };
    let next = 0;
    // As many lanes as threads: tasks wait here, not copied a thousand times in a queue.
    const lane = async () => {
      while (next < tasks.length && !signal.aborted) {
        const index = next;
        next += 1;
        const message: TaskMessage = { index, task: tasks[index] as RunTask };
        const answer: TaskAnswer<Answers[K]> = await pool.run(message, { name: kind, signal });
        isDone[index] = true;
        take(index, answerOf(answer));
      }
    };
    pool.on('message', onMessage);
    try {
      await Promise.all(Array.from({ length: this.#mostThreads }, lane));
    } catch (error) {
      if (!signal.aborted) throw poolError(error);
    } finally {
      pool.off('message', onMessage);
    }
  }

  /** Threads begin when there is work for them, and stay. */
  get #pool(): Piscina {
    this.#threads ??= startThreads(this.#mostThreads);
    return this.#threads;
  }

  get #mostThreads(): number {
    return this.#options.jobs ?? Math.min(availableParallelism(), MOST_THREADS);
  }
}

function startThreads(most: number): Piscina {
  const threads = new Piscina({
    filename: fileURLToPath(new URL(workerFile(), import.meta.url)),
    minThreads: 1,
    maxThreads: most,
    idleTimeout: Infinity,
    recordTiming: false,
  });
  // A failure of a task is told by its promise as well; unheard, the event would end the process.
  threads.on('error', () => {});
  return threads;
}

/** From sources a thread first needs what reads TypeScript; the published files are JavaScript. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? './run-worker-sources.mjs' : './run-worker.js';
}

async function runHere<K extends keyof Answers>(
  kind: K,
  tasks: readonly RunTask[],
  { signal, onProgress }: BatchOptions,
  take: (index: number, answer: Answers[K]) => void,
): Promise<void> {
  const perform: (task: RunTask, tell: (share: number) => void) => Answers[keyof Answers] =
    kind === 'outcome' ? performRun : performFigures;
  for (const [index, task] of tasks.entries()) {
    if (signal.aborted) return;
    take(index, perform(task, (share) => onProgress?.(index, share)) as Answers[K]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function answerOf<T>(answer: TaskAnswer<T>): T {
  if (answer.kind === 'done') return answer.value;
  throw new InputError(answer.diagnostics, answer.sources);
}

/** A mesh that is too large for this machine is not a mistake of ours. */
function poolError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  const message = 'the simulation ran out of memory; try a shorter duration or fewer requests';
  return new EnvironmentError('ENOMEM', message, { cause: error });
}
