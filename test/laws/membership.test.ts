/**
 * Endpoints come and go while requests are under way: no law minds.
 *
 * Scenario files cannot say that yet, so the members of all clusters are changed from outside. Pools
 * are told apart by their endpoint, so laws about pools are left out: a member that comes back has a
 * new one while the old one drains.
 */
import type fc from 'fast-check';
import { describe, it } from 'vitest';
import { aSketch } from '../helpers/arbitraries.ts';
import { clustersOf } from '../helpers/insides.ts';
import { observe, type Plant } from '../helpers/scenarios.ts';
import type { ScenarioSketch } from '../helpers/sketch.ts';
import { LAWS } from './index.ts';
import { expectOfAll, runsOf } from './law.ts';
import { breakersLaw, ejectionsLaw } from './limits.ts';
import { poolLaw } from './order.ts';

const CHANGES = 5;
const ABOUT_POOLS = [breakersLaw, ejectionsLaw, poolLaw];

/** At five instants each cluster keeps about half of its members; then all are back. */
const comeAndGo: Plant = ({ built: { world }, engines }) => {
  const stream = world.draws.stream('membership');
  engines.forEach((engine, proxy) => {
    for (let change = 0; change <= CHANGES; change++) {
      const atNs = world.draws.below(stream, proxy, change, 1_500_000_000);
      world.at(atNs, () => {
        for (const { id, config } of clustersOf(engine)) {
          const all = config.endpoints.members;
          const members = all.filter((endpoint) => {
            return change === CHANGES || world.draws.below(stream, endpoint.id, change, 2) === 0;
          });
          world.updateEndpoints(proxy, id, { version: change + 2, members });
        }
      });
    }
  });
  return undefined;
};

describe('in every generated scenario whose endpoints come and go', () => {
  it('nothing is lost, counted twice or left behind', () => {
    const check = (sketch: ScenarioSketch): string[] => {
      const run = observe(sketch, { plant: comeAndGo });
      return LAWS.filter((law) => !ABOUT_POOLS.includes(law)).flatMap((law) => law.check(run));
    };
    const sketches: fc.Arbitrary<ScenarioSketch> = aSketch();
    expectOfAll('test/laws/membership.test.ts', check, { runs: runsOf(60), salt: 22, sketches });
  });
});
