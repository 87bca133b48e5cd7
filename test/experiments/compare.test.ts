import { describe, expect, it } from 'vitest';
import { performRun } from '../../src/cli/run-task.ts';
import { Draws } from '../../src/core/draws.ts';
import { type ComparisonPlan, compare } from '../../src/experiments/compare.ts';
import { runFigures } from '../../src/experiments/experiment.ts';
import { chooseMetrics, defaultMargin, marginAmount } from '../../src/experiments/metrics.ts';
import { scenarioOf } from '../harness/scenario-texts.ts';
import { drive, figures, scenarioNamed } from './fake-runs.ts';

const P99 = 'clients.shoppers.latencyMs.p99';
const SUCCESS = 'clients.shoppers.successRatio';
const A = scenarioNamed('a');
const B = scenarioNamed('b');

function planOf(changes: Partial<ComparisonPlan> = {}): ComparisonPlan {
  const seeds = Array.from({ length: 200 }, (_, index) => String(index + 1));
  return { a: A, b: B, metrics: [], margin: defaultMargin, seeds, confidence: 0.95, ...changes };
}

/** Noise of ±1 that the two runs of a seed share, and one of their own. */
function noise(seed: string, own: string): number {
  const draws = new Draws('compare test');
  const shared = draws.unit(draws.stream(seed), 0, 0);
  return 2 * shared - 1 + 0.1 * draws.unit(draws.stream(`${seed} ${own}`), 0, 0);
}

describe('a comparison', () => {
  it('finds a difference that is small against the noise of the runs, which pairs share', () => {
    const { result, batches } = drive(compare(planOf()), ({ scenario, seed }) =>
      figures({
        [P99]: 10 + noise(seed, scenario.name) + (scenario === B ? 0.3 : 0),
        [SUCCESS]: 1,
      }),
    );
    expect(result.verdict).toBe('worse');
    const [success, p99] = result.metrics;
    expect(success).toMatchObject({ name: SUCCESS, verdict: 'no-difference', interval: [0, 0] });
    expect(p99).toMatchObject({ name: P99, verdict: 'worse', better: 'down' });
    expect(p99?.interval?.[0]).toBeGreaterThan(0.2);
    expect(p99?.interval?.[1]).toBeLessThan(0.4);
    // One pair to see the figures, then the first look.
    expect(batches).toEqual([2, 48]);
    expect(result.pairs).toBe(25);
  });

  it.each([
    [-0.5, 'better'],
    [0.5, 'worse'],
    [0.001, 'no-difference'],
  ])('with a shift of %d of a latency says %s', (shift, verdict) => {
    const { result } = drive(compare(planOf()), ({ scenario, seed }) =>
      figures({ [P99]: 10 + noise(seed, '') + (scenario === B ? shift : 0) }),
    );
    expect(result.verdict).toBe(verdict);
  });

  it('knows that more successes are better', () => {
    const { result } = drive(compare(planOf()), ({ scenario, seed }) =>
      figures({ [SUCCESS]: 0.9 + 0.001 * noise(seed, '') + (scenario === B ? 0.05 : 0) }),
    );
    expect(result.verdict).toBe('better');
  });

  it('stays undecided when the seeds do not suffice', () => {
    const { result, batches } = drive(compare(planOf()), ({ scenario, seed }) =>
      figures({ [P99]: 10 + noise(`${seed}${scenario.name}`, '') }),
    );
    expect(result.verdict).toBe('undecided');
    expect(result.pairs).toBe(200);
    expect(batches).toEqual([2, 48, 50, 100, 200]);
  });

  it('says when a figure is missing in a run, and claims nothing of it', () => {
    const { result } = drive(compare(planOf()), ({ seed }) =>
      figures(seed === '7' ? { [SUCCESS]: 1 } : { [SUCCESS]: 1, [P99]: 1 }),
    );
    expect(result.metrics[1]).toMatchObject({ interval: null, verdict: 'undecided' });
  });

  it('refuses seeds so few that nothing could be shown', () => {
    const plan = planOf({ seeds: ['1', '2', '3', '4'] });
    expect(() => drive(compare(plan), () => figures({ [P99]: 1 }))).toThrow(
      /4 seeds can never tell a difference at confidence 0.95; give at least 6/,
    );
  });

  it('of real runs of one policy with seeds that are not paired keeps to its error', () => {
    const text = `meshquake: 1
duration: 2s
services: { a: { workers: 1, serviceTime: { exponential: 10ms } } }
clients: { c: { to: a, open: { poisson: 50rps } } }
`;
    const scenario = scenarioOf(text);
    const run = (seed: number) =>
      runFigures(performRun({ scenario, seed: String(seed), thresholds: [], isOneOfMany: true }));
    const pool = Array.from({ length: 800 }, (_, seed) => run(seed));
    const comparisons = 20;
    let wrong = 0;
    for (let at = 0; at < comparisons; at += 1) {
      const seeds = Array.from({ length: 20 }, (_, index) => String(index));
      const plan = planOf({
        seeds,
        metrics: ['latencyMs.mean'],
        margin: () => ({ kind: 'absolute', amount: 0 }),
      });
      const { result } = drive(compare(plan), (request) => {
        const side = request.scenario === B ? 20 : 0;
        return pool[40 * at + Number(request.seed) + side] ?? figures({});
      });
      if (result.verdict !== 'undecided') wrong += 1;
    }
    // P(more than 4 of 20 at α = 0.05) is 0.003; the seeds are fixed.
    expect(wrong).toBeLessThanOrEqual(4);
  });
});

describe('metrics', () => {
  const KNOWN = [
    SUCCESS,
    P99,
    'clients["b-c"].latencyMs.p99',
    'edges["x->y"].retries',
    'clients.shoppers.byCode.200',
  ];

  it('without a row mean those of every client', () => {
    expect(chooseMetrics(['latencyMs.p99'], KNOWN).map(({ name }) => name)).toEqual([
      P99,
      'clients["b-c"].latencyMs.p99',
    ]);
  });

  it('may say which way is better', () => {
    expect(
      chooseMetrics(['clients.shoppers.byCode.200:up', 'edges["x->y"].retries'], KNOWN),
    ).toEqual([
      { name: 'clients.shoppers.byCode.200', better: 'up' },
      { name: 'edges["x->y"].retries', better: 'down' },
    ]);
    expect(() => chooseMetrics(['clients.shoppers.byCode.200'], KNOWN)).toThrow(/:up or .*:down/);
  });

  it('that no run has are refused with the nearest', () => {
    expect(() => chooseMetrics(['clients.shoppers.latencyMs.p9'], KNOWN)).toThrow(
      /no run has a figure "clients.shoppers.latencyMs.p9"; did you mean "clients.shoppers.latencyMs.p99"/,
    );
  });

  it('have margins in their own unit', () => {
    expect(marginAmount(defaultMargin(P99), 200)).toBeCloseTo(2);
    expect(marginAmount(defaultMargin(SUCCESS), 0.9)).toBe(0.001);
  });
});
