/**
 * How well runs spread over threads: the time of a batch in one thread against that of twice the batch
 * in two. Wall-clock time, because it is what a second thread is for; the fastest of several batches,
 * because other work on the machine only ever adds to it. Takes a machine with two idle processors.
 */
import { RunPool } from '../src/cli/run-pool.ts';
import type { RunTask } from '../src/cli/run-task.ts';
import { Diagnostics } from '../src/core/diagnostics.ts';
import { readScenarioFile } from '../src/harness/scenario-file.ts';
import type { Row } from './row.ts';

const TEXT = `meshquake: 1
duration: 60s
services:
  payments: { instances: 4, workers: 4, serviceTime: { exponential: 10ms } }
  orders: { instances: 2, serviceTime: { exponential: 2ms }, calls: [payments] }
clients: { shoppers: { to: orders, open: { poisson: 400rps } } }
`;

/** Runs of a batch in one thread. */
const RUNS = 12;
const BATCHES = 3;

function tasks(count: number): readonly RunTask[] {
  const source = { name: 'bench', path: 'bench.yaml', text: TEXT };
  const noMesh = () => ({ ok: true, files: [] }) as const;
  const [scenario] = readScenarioFile(source, noMesh, new Diagnostics()).scenarios;
  if (scenario === undefined) throw new Error('the scenario of the bench is wrong');
  return Array.from({ length: count }, (_, index) => ({
    scenario,
    seed: String(index),
    thresholds: [],
    isOneOfMany: true,
  }));
}

/** @returns the fastest batch, in ms */
async function fastest(jobs: number): Promise<number> {
  const pool = new RunPool({ hasThreads: true, jobs });
  const { signal } = new AbortController();
  const batch = tasks(RUNS * jobs);
  try {
    await pool.run('figures', batch, { signal }); // threads start, and warm up
    let best = Infinity;
    for (let done = 0; done < BATCHES; done += 1) {
      const startedMs = performance.now();
      await pool.run('figures', batch, { signal });
      best = Math.min(best, performance.now() - startedMs);
    }
    return best;
  } finally {
    await pool.close();
  }
}

export const SWEEP_ROWS: readonly Row[] = [
  {
    name: 'sweep.efficiency',
    unit: 'throughput of two threads / twice that of one',
    best: 'highest',
    ratioTo: [],
    async measure() {
      const one = await fastest(1);
      return one / (await fastest(2));
    },
  },
];
