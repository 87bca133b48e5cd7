/**
 * The three-tier model in SimPy, where a Python with SimPy is at hand (`BENCH_PYTHON`, else
 * `python3`): the tool that most people would write such a model with.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as model from './model.ts';
import type { Row } from './row.ts';

const REQUESTS = 40_000;

const python = () => process.env['BENCH_PYTHON'] ?? 'python3';

/** The version of SimPy; '' = none. */
export function simpyVersion(): string {
  const script = 'import simpy, platform; print(simpy.__version__, platform.python_version())';
  const { status, stdout } = spawnSync(python(), ['-c', script], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

export interface SimpyResult {
  readonly perCpuSecond: number;
  readonly meanMs: number;
  readonly retries: number;
}

export function runSimpy(requests: number): SimpyResult {
  const parameters = {
    tiers: model.TIERS,
    endpoints: model.ENDPOINTS,
    workers: model.WORKERS,
    meanServiceNs: model.MEAN_SERVICE_NS,
    rateRps: model.RATE_RPS,
    failureRatio: model.FAILURE_RATIO,
    maxRetries: model.MAX_RETRIES,
    perTryTimeoutNs: model.PER_TRY_TIMEOUT_NS,
    ejectAfter: model.EJECT_AFTER,
    ejectionNs: model.EJECTION_NS,
    delayMedianNs: model.DELAY_MEDIAN_NS,
    delaySigma: model.DELAY_SIGMA,
  };
  const script = fileURLToPath(new URL('peers/simpy_mesh.py', import.meta.url));
  const args = [script, JSON.stringify(parameters), String(requests)];
  const { status, stdout, stderr } = spawnSync(python(), args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`SimPy failed: ${stderr}`);
  return JSON.parse(stdout) as SimpyResult;
}

export const SIMPY_ROW: Row = {
  name: 'mesh.simpy',
  unit: 'requests per CPU second',
  best: 'highest',
  ratioTo: [],
  missing: () => (simpyVersion() === '' ? `${python()} has no SimPy` : null),
  measure: () => runSimpy(REQUESTS).perCpuSecond,
};
