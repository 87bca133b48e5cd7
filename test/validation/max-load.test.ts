/**
 * The search for the highest load against theory: in M/M/1 the time in the system is exponential with
 * mean 1/(μ − λ), so a limit on its mean or on a quantile is a limit on the load in closed form.
 */
import { describe, expect, test } from 'vitest';
import { performFigures } from '../../src/cli/run-task.ts';
import { readThresholds } from '../../src/cli/thresholds.ts';
import { type MaxLoad, searchMaxLoad } from '../../src/experiments/search.ts';
import { drive } from '../experiments/fake-runs.ts';
import { scenarioOf } from '../harness/scenario-texts.ts';

/** Requests per second of the only server: 10 ms each. */
const CAPACITY_RPS = 100;

/** @param seconds measured, after a tenth of them that are not */
function searchFor(constraint: string, seconds: number): MaxLoad {
  const scenario = scenarioOf(`meshquake: 1
duration: ${1100 * seconds}ms
warmUp: ${100 * seconds}ms
services: { server: { workers: 1, serviceTime: { exponential: 10ms } } }
clients: { callers: { to: server, open: { poisson: 50rps } } }
`);
  const plan = {
    scenario,
    constraints: readThresholds([constraint], [scenario], '--constraint'),
    seeds: Array.from({ length: 20 }, (_, index) => String(index + 1)),
    confidence: 0.95,
    share: 0.5,
    precision: 0.005,
  };
  return drive(searchMaxLoad(plan), (request) =>
    performFigures({
      scenario: request.scenario,
      seed: request.seed,
      thresholds: request.constraints,
      isOneOfMany: true,
    }),
  ).result;
}

describe('the highest load of M/M/1', () => {
  test.each([
    // E[T] = 1/(μ − λ)
    ['latencyMs.mean < 20', CAPACITY_RPS - 1000 / 20, 60],
    ['latencyMs.mean < 33.333', CAPACITY_RPS - 1000 / 33.333, 150],
    // T_q = −ln(1 − q)/(μ − λ)
    ['latencyMs.p99 < 115.13', CAPACITY_RPS + (1000 * Math.log(0.01)) / 115.13, 100],
    ['latencyMs.p90 < 57.56', CAPACITY_RPS + (1000 * Math.log(0.1)) / 57.56, 60],
  ])('with %s is %d rps', (constraint, theoryRps, seconds) => {
    const { maxLoadRps, interval } = searchFor(`clients.callers.${constraint}`, seconds);
    const [low, high] = [interval[0], interval[1] ?? Infinity];
    expect(low).toBeLessThanOrEqual(theoryRps);
    expect(high).toBeGreaterThanOrEqual(theoryRps);
    // Wide intervals would hold anything.
    expect(high - low).toBeLessThan(0.12 * theoryRps);
    expect(Math.abs((maxLoadRps ?? 0) / theoryRps - 1)).toBeLessThan(0.05);
  });
});
