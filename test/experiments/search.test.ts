import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/core/draws.ts';
import type { RunRequest } from '../../src/experiments/experiment.ts';
import {
  atLoad,
  type MaxLoad,
  openLoadRps,
  type SearchPlan,
  searchMaxLoad,
} from '../../src/experiments/search.ts';
import { SMALL, scenarioOf } from '../harness/scenario-texts.ts';
import { drive, figures } from './fake-runs.ts';

const SCENARIO = scenarioOf(`${SMALL}expect: [clients.shoppers.successRatio == 1]\n`);

function planOf(changes: Partial<SearchPlan> = {}): SearchPlan {
  const seeds = Array.from({ length: 20 }, (_, index) => String(index + 1));
  const usual = { constraints: [], confidence: 0.95, share: 0.5, precision: 0.01 };
  return { scenario: SCENARIO, seeds, ...usual, ...changes };
}

/** Each seed fails above a load of its own. */
function search(limitOf: (seed: string) => number, plan = planOf()): MaxLoad {
  return drive(searchMaxLoad(plan), ({ scenario, seed }: RunRequest) => {
    const rps = openLoadRps(scenario);
    const ok = rps <= limitOf(seed);
    const text = Number(seed) % 3 === 0 ? 'queue < 5' : 'p99 < 250';
    const expectation = { text, ok, observed: `at ${Math.round(rps)}`, windowS: [0, 1] as const };
    return { ...figures({}), verdict: ok ? 'pass' : 'fail', expect: [expectation] };
  }).result;
}

describe('the highest load', () => {
  it.each([3, 99, 100, 101, 750, 40_000])('of %i rps is found to the precision', (limit) => {
    const { maxLoadRps, interval, evaluations } = search(() => limit);
    expect(maxLoadRps).toBeLessThanOrEqual(limit);
    expect(maxLoadRps).toBeGreaterThan(limit / 1.011);
    expect(interval[0]).toBeLessThanOrEqual(limit);
    expect(interval[1]).toBeGreaterThan(limit);
    expect(evaluations).toBeLessThan(20 * 9);
  });

  it('has an interval that holds the true median as often as it says', () => {
    const draws = new Draws('search test');
    let missed = 0;
    const searches = 400;
    for (let at = 0; at < searches; at += 1) {
      const stream = draws.stream(String(at));
      // Median 200, spread by a factor of up to two either way.
      const { interval } = search((seed) => 100 * 4 ** draws.unit(stream, Number(seed), 0));
      if (interval[0] > 200 || (interval[1] ?? Infinity) < 200) missed += 1;
    }
    expect(missed).toBeLessThanOrEqual(0.05 * searches);
    expect(missed).toBeGreaterThan(0);
  });

  it('at which nearly all runs hold is lower', () => {
    const limitOf = (seed: string) => 100 + Number(seed);
    const seeds = Array.from({ length: 60 }, (_, index) => String(index + 1));
    const half = search(limitOf, planOf({ seeds }));
    const most = search(limitOf, planOf({ seeds, share: 0.9 }));
    expect(half.maxLoadRps).toBeCloseTo(130, -1);
    expect(most.maxLoadRps).toBeCloseTo(106, -1);
    expect(most.interval[1]).toBeLessThan(half.interval[0]);
  });

  it('says what limits it in most of the seeds, and what was seen', () => {
    const { limitedBy, observed } = search(() => 500);
    expect(limitedBy).toBe('p99 < 250');
    expect(observed).toMatch(/^at 50\d$/);
  });

  it('is zero where no load holds, and open where nothing limits it', () => {
    expect(search(() => 0)).toMatchObject({ maxLoadRps: 0, limitedBy: 'p99 < 250' });
    const open = search(() => Infinity);
    expect(open).toMatchObject({ maxLoadRps: null, limitedBy: null });
    expect(open.interval[1]).toBeNull();
  });

  it('does not take for held what has too few samples to tell', () => {
    const { result } = drive(searchMaxLoad(planOf({ constraints: SCENARIO.expect })), () => ({
      ...figures({}),
      expect: [
        { text: 'p999 < 5', ok: null, observed: 'too few samples', windowS: [0, 1] as const },
      ],
    }));
    expect(result).toMatchObject({ maxLoadRps: 0, limitedBy: 'p999 < 5' });
  });
});

describe('a search is refused', () => {
  it.each([
    ['without an open client', { scenario: { ...SCENARIO, clients: [] } }, 'no open client'],
    ['with nothing to hold', { scenario: { ...SCENARIO, expect: [] } }, 'nothing has to hold'],
    ['with too few seeds', { seeds: ['1', '2', '3'] }, 'give at least 6'],
  ])('%s', (_what, changes, words) => {
    expect(() => drive(searchMaxLoad(planOf(changes)), () => figures({}))).toThrow(words);
  });
});

it('a load is multiplied at every time, bursts and stages included', () => {
  const text = SMALL.replace(
    '{ poisson: 100rps }',
    '{ bursts: { every: 100ms, size: 10 }, stages: [{ at: 1m, rate: 200rps }] }',
  );
  const twice = atLoad(scenarioOf(text), 2).clients[0]?.load;
  expect(twice).toMatchObject({ rateRps: 200, burstSize: 10, burstEveryNs: 50_000_000 });
  expect(twice).toMatchObject({ stages: [{ value: 400 }] });
});
