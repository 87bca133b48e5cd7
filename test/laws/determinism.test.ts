/**
 * A run is a function of scenario and seed: the same digest however often, and whoever watches.
 * Source: validation.md §1, I6, I7.
 */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../../src/harness/run.ts';
import { neverSeed, shareOneStream } from '../helpers/mutations.ts';
import { before, replace } from '../helpers/patch.ts';
import { observe, type Plant, readSketch } from '../helpers/scenarios.ts';
import type { ScenarioSketch } from '../helpers/sketch.ts';
import { expectOfAll, findsViolation, runsOf } from './law.ts';

const FILE = 'test/laws/determinism.test.ts';
const PLAIN: Plant = () => undefined;

function digestOf(sketch: ScenarioSketch, plant: Plant = PLAIN, seed = sketch.seed): string {
  return observe(sketch, { plant, seed }).digest;
}

function differing(one: string, other: string): string[] {
  return one === other ? [] : [`digests ${one} and ${other}`];
}

/** The same run twice. */
function repeat(sketch: ScenarioSketch, plant: Plant = PLAIN): readonly string[] {
  return differing(digestOf(sketch, plant), digestOf(sketch, plant));
}

/** Someone who looks at each record and, if draws have an order, disturbs it. */
function watch(sketch: ScenarioSketch, plant: Plant = PLAIN): readonly string[] {
  const watched: Plant = (parts) => {
    const undo = plant(parts);
    const { world, recorder } = parts.built;
    const own = world.draws.stream('watcher');
    before(recorder, 'record', (kind) => world.draws.int32(own, kind, 0));
    return undo;
  };
  return differing(digestOf(sketch, plant), digestOf(sketch, watched));
}

/** The run of the command line, cut into other pieces, without any tap. */
function cut(sketch: ScenarioSketch): readonly string[] {
  const { digest } = runScenario(readSketch(sketch), {
    seed: sketch.seed,
    cutPoints: [123_456_789, 300_000_000],
  });
  return differing(digestOf(sketch), digest);
}

function otherSeed(sketch: ScenarioSketch, plant: Plant = PLAIN): readonly string[] {
  const run = observe(sketch, { plant });
  if (run.records.length === 0) return [];
  const other = digestOf(sketch, plant, `${sketch.seed}b`);
  return run.digest === other ? ['both seeds give the same digest'] : [];
}

describe('in every generated scenario', () => {
  it('the same seed gives the same digest', () => {
    expectOfAll(FILE, (sketch) => repeat(sketch), { runs: runsOf(60), salt: 2 });
  });

  it('neither an observer nor the way in which a run is measured changes the digest', () => {
    const check = (sketch: ScenarioSketch): readonly string[] => [...watch(sketch), ...cut(sketch)];
    expectOfAll(FILE, check, { runs: runsOf(50), salt: 3 });
  });

  it('another seed gives another digest', () => {
    expectOfAll(FILE, (sketch) => otherSeed(sketch), { runs: runsOf(40), salt: 4 });
  });
});

describe('a planted bug is noticed:', () => {
  it('draws that go on from run to run', () => {
    const check = (sketch: ScenarioSketch): readonly string[] => repeat(sketch, neverSeed);
    expect(findsViolation(check, { runs: 20, salt: 5 })).toBe(true);
  });

  it('one stream of draws for everybody, observers too', () => {
    const check = (sketch: ScenarioSketch): readonly string[] => watch(sketch, shareOneStream);
    expect(findsViolation(check, { runs: 20, salt: 6 })).toBe(true);
  });

  it('a digest that leaves records out', () => {
    const plant: Plant = ({ built: { recorder } }) => {
      replace(recorder.digest, 'fold', () => () => {});
      return undefined;
    };
    const check = (sketch: ScenarioSketch): readonly string[] => otherSeed(sketch, plant);
    expect(findsViolation(check, { runs: 20, salt: 7 })).toBe(true);
  });
});
