/**
 * Retry storms: the points of the plane (load, queue, policy) where theory knows the end.
 *
 * A server of 100 rps, a time-out of 0.5 s, three retries, 40 rps; then 150 rps for a while. With
 * w = 4 tries a trigger is forgotten when λw < μ, or when the queue holds less work than the
 * time-out; else every attempt ends after its caller has gone, for ever. At these points every seed
 * ends the same way. Source: validation.md §5.6.
 */
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../src/core/time.ts';
import { runScenario } from '../../src/harness/run.ts';
import { readSketch } from '../helpers/scenarios.ts';
import type { JsonMap } from '../helpers/sketch.ts';
import { istio } from './experiment.ts';

const SEEDS = ['1', '2', '3'];
const DURATION_S = 90;
const JUDGED_S = 20;

interface Point {
  readonly queue: number;
  readonly rateRps?: number;
  readonly attempts?: number;
  readonly onAbandon?: string;
  readonly budgetPercent?: number;
}

function scenarioOf({ queue, rateRps = 40, onAbandon = 'keep-working' }: Point): JsonMap {
  return {
    meshquake: 1,
    duration: `${DURATION_S}s`,
    mesh: 'mesh.yaml',
    dataPlane: { kind: 'sidecar', overhead: 'none' },
    services: { q: { workers: 1, queue, serviceTime: { exponential: '10ms' }, onAbandon } },
    clients: { c: { to: 'q', open: { poisson: `${rateRps}rps` } } },
    faults: [
      {
        id: 'rush',
        kind: 'load.spike',
        target: { client: 'c' },
        window: { at: '10s', duration: '20s' },
        factor: 150 / rateRps,
      },
    ],
  };
}

function policyOf({ attempts = 3, budgetPercent }: Point): JsonMap[] {
  const retries =
    attempts === 0
      ? { attempts }
      : { attempts, perTryTimeout: '500ms', retryOn: '5xx,reset', backoff: '1ms' };
  const http = [{ route: [{ destination: { host: 'q' } }], retries }];
  const rules = [istio('VirtualService', 'q', { hosts: ['q'], http })];
  if (budgetPercent === undefined) return rules;
  const trafficPolicy = { retryBudget: { percent: budgetPercent, minRetryConcurrency: 1 } };
  return [...rules, istio('DestinationRule', 'q', { host: 'q', trafficPolicy })];
}

/** Share of successes, and attempts per request, at the end of each run. */
function endOf(point: Point): { success: number; attempts: number }[] {
  const sketch = { seed: '', scenario: scenarioOf(point), mesh: policyOf(point) };
  const scenario = readSketch(sketch);
  return SEEDS.map((seed) => {
    const { measurements } = runScenario(scenario, { seed, cutPoints: [] });
    const fromNs = (DURATION_S - JUDGED_S) * SECOND;
    const { clients, edges } = measurements.window(fromNs, DURATION_S * SECOND);
    const { successRatio = 0 } = clients[0] ?? {};
    return { success: successRatio, attempts: edges[0]?.amplification ?? 0 };
  });
}

describe('a retry storm', () => {
  it.each<[string, Point]>([
    ['the queue holds less than the time-out of work', { queue: 30 }],
    ['all tries together fit into the capacity', { queue: 200, rateRps: 20 }],
    ['nothing is retried', { queue: 200, attempts: 0 }],
    ['a budget keeps retries below a fifth', { queue: 200, budgetPercent: 20 }],
    ['expired requests are skipped', { queue: 200, onAbandon: 'skip-queued' }],
    ['given-up requests are cancelled', { queue: 200, onAbandon: 'cancel' }],
  ])('ends by itself when %s', (_, point) => {
    for (const { success } of endOf(point)) expect(success).toBeGreaterThan(0.99);
  });

  it.each<[string, Point]>([
    ['the queue holds three times the time-out of work', { queue: 150 }],
    ['the queue holds four times as much', { queue: 200 }],
    ['even at 30 % load', { queue: 200, rateRps: 30 }],
  ])('outlives its trigger when %s', (_, point) => {
    for (const { success, attempts } of endOf(point)) {
      expect(success).toBeLessThan(0.01);
      expect(attempts).toBeCloseTo(4, 1);
    }
  });
});
