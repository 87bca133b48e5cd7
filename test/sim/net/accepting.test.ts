/** What accepting connections costs a host: one after another, whether or not anybody still waits. */
import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../src/core/time.ts';
import type { AcceptSpec } from '../../../src/sim/world-spec.ts';
import { burst, constant, constantRate, SmallWorld } from '../../helpers/small-world.ts';

/** Many callers, each of which has to connect first. */
function run(accepting: AcceptSpec | undefined, callers: number, untilNs = SECOND): SmallWorld {
  const made = new SmallWorld({
    latencyNs: 0,
    services: { one: { serviceTime: constant(0), ...(accepting ? { accepting } : {}) } },
    clients: { load: { to: 'one', instances: callers, load: burst(callers, 100 * SECOND) } },
  });
  return made.runAll(untilNs);
}

const latenciesMs = (world: SmallWorld): number[] =>
  world.observer.done.map(({ latencyNs }) => latencyNs / MILLISECOND).sort((a, b) => a - b);

describe('accepting', () => {
  it('takes no time unless it is said', () => {
    expect(new Set(latenciesMs(run(undefined, 5)))).toEqual(new Set([0]));
  });

  it('takes connections one after another: M callers at once wait for M set-ups', () => {
    const world = run({ setupNs: 10 * MILLISECOND, backlog: 0 }, 5);
    expect(world.problems()).toEqual([]);
    expect(latenciesMs(world)).toEqual([10, 20, 30, 40, 50]);
  });

  it('costs nothing more on a connection that stays open', () => {
    const world = new SmallWorld({
      latencyNs: 0,
      services: {
        one: { serviceTime: constant(0), accepting: { setupNs: 10 * MILLISECOND, backlog: 0 } },
      },
      clients: { load: { to: 'one', load: constantRate(10) } },
    }).runAll(SECOND);
    expect(latenciesMs(world)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 10]);
  });

  it('drops first packets beyond the backlog; they are sent again after 1 s, then 2 s', () => {
    const world = run({ setupNs: 100 * MILLISECOND, backlog: 4 }, 12, 10 * SECOND);
    expect(world.problems()).toEqual([]);
    const [first, ...more] = latenciesMs(world);
    expect([first, ...more.slice(0, 4)]).toEqual([100, 200, 300, 400, 500]);
    // The other seven come again at 1 s: five fit, two more wait until 3 s.
    expect(more.slice(4)).toEqual([1100, 1200, 1300, 1400, 1500, 3100, 3200]);
  });

  it('begins anew after a crash', () => {
    const world = new SmallWorld({
      latencyNs: 0,
      services: {
        one: { serviceTime: constant(0), accepting: { setupNs: SECOND, backlog: 0 } },
      },
      clients: { load: { to: 'one', instances: 10, load: burst(10, 2.5 * SECOND) } },
    });
    const [host] = world.hosts('one');
    world.world.at(1.2 * SECOND, () => world.world.faultTarget.hosts.crash(host!));
    world.world.at(1.4 * SECOND, () => world.world.faultTarget.hosts.restart(host!));
    world.runAll(3 * SECOND, 100 * SECOND);
    expect(world.problems()).toEqual([]);
    // Those of the second burst do not wait behind the ten of the first.
    const late = world.observer.done.filter(({ atNs }) => atNs > 2.6 * SECOND && atNs < 4 * SECOND);
    expect(late.some(({ latencyNs }) => latencyNs <= 1.5 * SECOND)).toBe(true);
  });
});
