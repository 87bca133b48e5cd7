import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../src/core/time.ts';
import { constant, SmallWorld, users } from '../helpers/small-world.ts';

function run(load: ReturnType<typeof users>, untilNs = SECOND): SmallWorld {
  const small = new SmallWorld({
    services: { one: { serviceTime: constant(40 * MILLISECOND) } },
    clients: { people: { to: 'one', load, instances: 3 } },
    latencyNs: 0,
  }).runAll(untilNs);
  expect(small.problems()).toEqual([]);
  return small;
}

/** Most requests open at once, and requests begun, in [from, to) ms. */
function busy(small: SmallWorld, fromMs: number, toMs: number): number {
  const starts = small.observer.done.map(({ atNs, latencyNs }) => (atNs - latencyNs) / MILLISECOND);
  return starts.filter((ms) => ms >= fromMs && ms < toMs).length;
}

describe('users of a closed loop', () => {
  it('think, ask and wait, spread over one think time', () => {
    const small = run(users(5, 60 * MILLISECOND));
    const starts = small.observer.done
      .map(({ atNs, latencyNs }) => (atNs - latencyNs) / MILLISECOND)
      .sort((one, other) => one - other);
    expect(starts.slice(0, 6)).toEqual([0, 12, 24, 36, 48, 100]);
    // Each user takes 100 ms per round.
    expect(starts.length).toBe(50);
  });

  it('stop after their iterations', () => {
    expect(run(users(4, MILLISECOND, { iterations: 3 })).observer.done.length).toBe(12);
  });

  it('come and go with the stages', () => {
    const small = run(
      users(2, 60 * MILLISECOND, {
        stages: [
          { atNs: 300 * MILLISECOND, value: 10, overNs: 0 },
          { atNs: 600 * MILLISECOND, value: 1, overNs: 0 },
        ],
      }),
    );
    expect([busy(small, 0, 300), busy(small, 400, 500), busy(small, 700, 800)]).toEqual([6, 10, 1]);
  });

  it('ramp up one by one', () => {
    const stages = [{ atNs: 0, value: 20, overNs: SECOND }];
    const small = run(users(0, 60 * MILLISECOND, { stages }), 2 * SECOND);
    expect(busy(small, 0, 500)).toBeGreaterThan(15);
    expect(busy(small, 0, 500)).toBeLessThan(35);
    expect(busy(small, 1500, 1600)).toBe(20);
  });

  it('multiply under load.spike, and are the same people afterwards', () => {
    const spiked = (factor: number): SmallWorld => {
      const small = new SmallWorld({
        services: { one: { serviceTime: constant(40 * MILLISECOND) } },
        clients: { people: { to: 'one', load: users(4, 60 * MILLISECOND) } },
        latencyNs: 0,
      });
      const { load } = small.world.faultTarget;
      small.world.at(300 * MILLISECOND, () => load.scale(0, factor));
      small.world.at(600 * MILLISECOND, () => load.unscale(0, factor));
      return small.runAll(SECOND);
    };
    const more = spiked(2.5);
    expect(more.problems()).toEqual([]);
    expect([busy(more, 200, 300), busy(more, 400, 500), busy(more, 800, 900)]).toEqual([4, 10, 4]);
    const fewer = spiked(0.5);
    expect([busy(fewer, 400, 500), busy(fewer, 800, 900)]).toEqual([2, 4]);
  });

  it('take the instances in turn', () => {
    const small = run(users(6, 60 * MILLISECOND));
    const outbound = small.engines.slice(1);
    expect(outbound.length).toBe(3);
    for (const engine of outbound) expect(engine.connections.size).toBeGreaterThan(0);
  });
});
