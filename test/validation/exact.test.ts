/**
 * What holds to the last bit, without statistics: accounting identities and deterministic cases.
 * Source: validation.md §1 (I2), §5.2, §7; and the formulas and statistics used beside this file.
 */
import { describe, expect, it } from 'vitest';
import { studentQuantile } from '../../src/experiments/statistics.ts';
import { runScenario } from '../../src/harness/run.ts';
import { Boundary, observe, readSketch } from '../helpers/scenarios.ts';
import type { JsonMap, ScenarioSketch } from '../helpers/sketch.ts';
import { istio } from './experiment.ts';
import {
  erlangB,
  erlangC,
  machineRepairRate,
  mmckLoss,
  mmckMean,
  mmcMean,
  roundRobinMean,
  twoStagesQuantile,
} from './formulas.ts';
import { estimate } from './statistics.ts';

function sketch(scenario: JsonMap, mesh: readonly JsonMap[] = []): ScenarioSketch {
  const file = { meshquake: 1, dataPlane: 'none', ...scenario };
  return { seed: '1', scenario: mesh.length > 0 ? { mesh: 'mesh.yaml', ...file } : file, mesh };
}

function windowOf(one: ScenarioSketch) {
  const { measurements } = runScenario(readSketch(one), { seed: '1', cutPoints: [] });
  return measurements.window(measurements.fromNs, measurements.toNs);
}

describe("Little's law is an identity of every sample path:", () => {
  const exponential = { exponential: '10ms' };

  it('the integral of the requests in a queue is the sum of the times that they spent there', () => {
    const services = { q: { workers: 2, serviceTime: exponential } };
    const run = observe(
      sketch({
        duration: '20s',
        services,
        clients: { c: { to: 'q', open: { poisson: '170rps' } } },
      }),
    );
    const [host] = run.built.world.hosts;
    host?.settle(run.built.world.nowNs);
    const ends = run.records.filter(({ kind }) => kind === Boundary.clientDone);
    const spentNs = ends.reduce((sum, { c }) => sum + c, 0);
    expect(ends.length).toBeGreaterThan(3000);
    expect((host?.busyNs ?? 0) + (host?.queueNs ?? 0)).toBe(spentNs);
  });

  it('a caller holds its worker exactly while its calls wait', () => {
    const services = {
      front: { calls: ['a', 'b'] },
      a: { workers: 1, serviceTime: exponential },
      b: { workers: 1, serviceTime: '5ms' },
    };
    const run = observe(
      sketch({
        duration: '20s',
        services,
        clients: { c: { to: 'front', open: { poisson: '50rps' } } },
      }),
    );
    const [front, a, b] = run.built.world.hosts.map((host) => {
      host.settle(run.built.world.nowNs);
      return host.busyNs + host.queueNs;
    });
    expect(front).toBe((a ?? 0) + (b ?? 0));
  });
});

describe('retries multiply', () => {
  const retries = (host: string): JsonMap =>
    istio('VirtualService', host, {
      hosts: [host],
      http: [
        {
          route: [{ destination: { host } }],
          retries: { attempts: 2, retryOn: '5xx', backoff: '1ms' },
        },
      ],
    });

  it.each([1, 2, 3])('to 3^%i attempts at a bottom that always fails', (tiers) => {
    const names = Array.from({ length: tiers }, (_, tier) => `s${tier}`);
    const services = names.map((name, tier): [string, JsonMap] => {
      const next = names[tier + 1];
      const isBottom = next === undefined;
      return [name, isBottom ? { errors: [{ status: 503, ratio: 1 }] } : { calls: [next] }];
    });
    const { clients, edges } = windowOf(
      sketch(
        {
          dataPlane: { kind: 'sidecar', overhead: 'none' },
          duration: '10s',
          services: Object.fromEntries(services),
          clients: { c: { to: 's0', open: { constant: '20rps' } } },
        },
        names.map(retries),
      ),
    );
    expect(clients[0]).toMatchObject({ offered: 200, succeeded: 0, failed: 200 });
    const bottom = edges.find(({ to }) => to === `s${tiers - 1}`);
    expect(bottom?.attempts).toBe(200 * 3 ** tiers);
  });
});

describe('constant arrivals', () => {
  it('come as often as the rate says, in every second', () => {
    const one = sketch({
      duration: '30s',
      services: { q: {} },
      clients: { c: { to: 'q', open: { constant: '40rps' } } },
    });
    const { measurements } = runScenario(readSketch(one), { seed: '1', cutPoints: [] });
    expect(measurements.timeline.clients[0]?.offeredRps).toEqual(Array(30).fill(40));
  });

  it('at a constant service time below the gap never wait', () => {
    const { clients } = windowOf(
      sketch({
        duration: '30s',
        services: { q: { workers: 1, serviceTime: '20ms' } },
        clients: { c: { to: 'q', open: { constant: '50rps' } } },
      }),
    );
    expect(clients[0]?.latencyMs).toMatchObject({ mean: 20, p50: 20, max: 20 });
  });
});

describe('the formulas', () => {
  it('give the values of the tables that they are taken from', () => {
    expect(erlangB(10, 9)).toBeCloseTo(0.167963, 6);
    expect(erlangC(10, 0.8)).toBeCloseTo(0.40918, 6);
    expect(mmcMean(5, 0.8)).toBeCloseTo(1.55411, 5);
    expect(mmckLoss(1, 5, 0.8)).toBeCloseTo(0.088819, 6);
    expect(mmckLoss(10, 15, 9)).toBeCloseTo(0.061259, 6);
    expect(mmckMean(10, 15, 9)).toBeCloseTo(1.12628, 5);
    expect(machineRepairRate(5, 4)).toBeCloseTo(0.80093, 5);
    expect(roundRobinMean(10, 0.8)).toBeCloseTo(2.92227, 5);
    expect(twoStagesQuantile(0.5, 0.99)).toBeCloseTo(13.277, 3);
  });

  it("know Student's quantiles and the error of a mean", () => {
    expect(studentQuantile(0.975, 9)).toBeCloseTo(2.2622, 4);
    expect(studentQuantile(0.975, 19)).toBeCloseTo(2.093, 3);
    expect(studentQuantile(0.9995, 29)).toBeCloseTo(3.6594, 4);
    const { mean, standardError, halfWidth95 } = estimate([1, 2, 3, 4]);
    expect([mean, standardError]).toEqual([2.5, Math.sqrt(5 / 12)]);
    expect(halfWidth95).toBeCloseTo(3.1824 * standardError, 3);
  });
});
