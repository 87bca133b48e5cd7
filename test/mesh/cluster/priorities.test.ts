import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  choosePriority,
  loadsWithout,
  type PriorityHealth,
  priorityLoads,
} from '../../../src/mesh/cluster/priorities.ts';

function level(healthy: number, hosts = 100, degraded = 0, excluded = 0): PriorityHealth {
  return { hosts, healthy, degraded, excluded };
}

const levels = fc.array(
  fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat({ max: 5 })),
  { minLength: 1, maxLength: 5 },
);

describe('the loads of priorities', () => {
  test.each<[string, PriorityHealth[], number[], number[]]>([
    ['25/25/20 % healthy', [level(25), level(25), level(20)], [37, 35, 28], [0, 0, 0]],
    ['5/65 % healthy', [level(5), level(65)], [8, 92], [0, 0]],
    [
      '10/20/10 % healthy and 20/10/0 % degraded',
      [level(10, 100, 20), level(20, 100, 10), level(10)],
      [16, 28, 14],
      [28, 14, 0],
    ],
    ['all healthy', [level(100), level(100)], [100, 0], [0, 0]],
    ['72 % healthy, which is enough', [level(72), level(100)], [100, 0], [0, 0]],
    ['71 % healthy, which is not', [level(71), level(100)], [99, 1], [0, 0]],
    ['none healthy first', [level(0), level(100)], [0, 100], [0, 0]],
    ['what rounding leaves', [level(0), level(25), level(20)], [0, 56, 44], [0, 0, 0]],
    [
      'what rounding leaves of degraded ones',
      [level(0), level(0, 100, 25), level(0, 100, 20)],
      [0, 0, 0],
      [0, 56, 44],
    ],
    ['an empty first priority', [level(0, 0), level(10, 10)], [0, 100], [0, 0]],
    ['only degraded', [level(0, 10, 10)], [0], [100]],
    ['draining hosts, which do not count', [level(5, 10, 0, 5)], [100], [0]],
  ])('with %s', (_what, given, healthy, degraded) => {
    // Panic off, as where these figures are published.
    expect(priorityLoads(given, 0)).toMatchObject({ healthy, degraded });
  });

  it('without any available host go to the first priority, which then has none to give', () => {
    expect(priorityLoads([level(0), level(0)], 0)).toEqual({
      healthy: [100, 0],
      degraded: [0, 0],
      panicking: [false, false],
    });
  });

  it('add up to 100', () => {
    fc.assert(
      fc.property(levels, fc.nat({ max: 100 }), (counts, threshold) => {
        const given = counts.map(([healthy, degraded, sick, draining]) =>
          level(healthy, healthy + degraded + sick + draining, degraded, draining),
        );
        const loads = priorityLoads(given, threshold);
        const total = [...loads.healthy, ...loads.degraded].reduce((sum, load) => sum + load, 0);
        expect(total).toBe(100);
      }),
    );
  });
});

describe('panic', () => {
  test.each<[number, number, boolean]>([
    [71, 50, false],
    [50, 50, false],
    [49, 50, true],
    [0, 50, true],
    [0, 1, true],
    [0, 0, false],
    [60, 70, true],
    [71, 100, true],
    [72, 100, false],
  ])('with %d %% healthy at a threshold of %d %%: %s', (healthy, threshold, isPanicking) => {
    expect(priorityLoads([level(healthy)], threshold).panicking).toEqual([isPanicking]);
  });

  it('does not count draining hosts', () => {
    expect(priorityLoads([level(3, 10, 0, 4)], 50).panicking).toEqual([false]);
    expect(priorityLoads([level(3, 10, 0, 3)], 50).panicking).toEqual([true]);
  });

  it('never happens while other priorities can carry everything', () => {
    expect(priorityLoads([level(0), level(100)], 50)).toMatchObject({
      healthy: [0, 100],
      panicking: [false, false],
    });
  });

  it('can strike one priority of several', () => {
    expect(priorityLoads([level(10), level(50)], 50)).toMatchObject({
      healthy: [17, 83],
      panicking: [true, false],
    });
  });

  it('everywhere spreads the load by the number of hosts, the rest to the first that has any', () => {
    expect(priorityLoads([level(0, 0), level(1, 10), level(1, 20)], 50)).toEqual({
      healthy: [0, 34, 66],
      degraded: [0, 0, 0],
      panicking: [true, true, true],
    });
  });

  it('without any hosts leaves the load with the first priority', () => {
    expect(priorityLoads([level(0, 0), level(0, 0)], 50).healthy).toEqual([100, 0]);
  });
});

describe('loads by weight', () => {
  it('count weights of hosts in place of their number', () => {
    const weights = { healthy: 10, degraded: 0, counted: 100 };
    const heavy = { ...level(9, 10), weights };
    expect(priorityLoads([heavy, level(100)], 0).healthy).toEqual([14, 86]);
    const degraded = { ...level(0, 10, 1), weights: { healthy: 0, degraded: 50, counted: 100 } };
    expect(priorityLoads([degraded, level(10)], 0)).toMatchObject({
      healthy: [0, 17],
      degraded: [83, 0],
    });
  });
});

describe('the loads without some priorities', () => {
  const usual = [level(100), level(50), level(20)];

  it('are those of the others', () => {
    const excluded = [true, false, false];
    expect(loadsWithout(usual, excluded, 140)).toEqual({
      healthy: [0, 72, 28],
      degraded: [0, 0, 0],
      panicking: [false, false, false],
    });
    expect(excluded).toEqual([true, false, false]);
    expect(loadsWithout(usual, [], 140)?.healthy).toEqual([100, 0, 0]);
  });

  it('count all again when nothing would be left', () => {
    const excluded = [true, true, true];
    expect(loadsWithout(usual, excluded, 140)?.healthy).toEqual([100, 0, 0]);
    expect(excluded).toEqual([false, false, false]);
  });

  it('are the usual ones when nobody can carry anything', () => {
    expect(loadsWithout([level(0), level(0)], [true, false], 140)).toBeNull();
  });

  it('use degraded hosts, and leave out draining ones', () => {
    const excluded = [true];
    const levels = [level(100), level(0, 10, 5, 5)];
    expect(loadsWithout(levels, excluded, 140)).toMatchObject({
      healthy: [0, 0],
      degraded: [0, 100],
    });
    expect(excluded).toEqual([true]);
    expect(loadsWithout([level(100), level(5, 20)], [true], 100)?.healthy).toEqual([0, 100]);
  });
});

describe('panic and degraded hosts', () => {
  it('does not strike while healthy and degraded hosts together are enough', () => {
    expect(priorityLoads([level(20, 100, 30)], 50).panicking).toEqual([false]);
    expect(priorityLoads([level(20, 100, 29)], 50).panicking).toEqual([true]);
  });
});

describe('the priority of one pick', () => {
  it('follows the loads: healthy hosts of all priorities, then degraded ones', () => {
    const loads = { healthy: [16, 28], degraded: [42, 14], panicking: [false, false] };
    const chosen = Array.from({ length: 100 }, (_, percentile) =>
      choosePriority(loads, percentile),
    );
    const counts = [0, 1, 2, 3].map((which) => chosen.filter((c) => c === which).length);
    expect(counts).toEqual([16, 42, 28, 14]);
    expect(chosen[0]).toBe(0);
    expect(chosen[99]).toBe(3);
  });
});
