/**
 * The bands are narrow enough: a simulator with a known mistake falls outside of them.
 * Each experiment is performed with a wrong world against the theory of the right one.
 */
import { describe, expect, it } from 'vitest';
import type { Json, JsonMap } from '../helpers/sketch.ts';
import { type Experiment, perform, problemOf } from './experiment.ts';
import { POLICIES } from './policies.ts';
import { QUEUES } from './queues.ts';

function named(name: string): Experiment {
  const found = [...QUEUES, ...POLICIES].find((experiment) => experiment.name === name);
  if (found === undefined) throw new Error(`no experiment "${name}"`);
  return found;
}

/** The experiment with one setting of its only service changed. */
function withService(experiment: Experiment, change: Readonly<Record<string, Json>>): Experiment {
  const services = experiment.scenario['services'] as JsonMap;
  const changed = Object.entries(services).map(([name, service]): [string, JsonMap] => [
    name,
    { ...(service as JsonMap), ...change },
  ]);
  return {
    ...experiment,
    scenario: { ...experiment.scenario, services: Object.fromEntries(changed) },
  };
}

function problems(experiment: Experiment): readonly (string | null)[] {
  return perform(experiment).map(problemOf);
}

describe('a mistake is outside the band:', () => {
  it('constant instead of exponential service', () => {
    const wrong = withService(named('M/M/1, ρ = 0.8'), { serviceTime: '10ms' });
    expect(problems(wrong)[0]).toContain('mean time');
  });

  it('a queue that is one place too long', () => {
    const wrong = withService(named('M/M/1/5, ρ = 1.2'), { queue: 5 });
    expect(problems(wrong)[0]).toContain('loss');
  });

  it('one worker more than there should be', () => {
    const wrong = withService(named('M/G/10/10, constant service, a = 9'), { workers: 11 });
    expect(problems(wrong)[0]).toContain('loss');
  });

  it('random choice instead of taking turns', () => {
    const { mesh = [] } = named('10 servers, RANDOM, ρ = 0.8');
    const wrong = { ...named('10 servers, ROUND_ROBIN, ρ = 0.8'), mesh };
    expect(problems(wrong)[0]).toContain('mean time');
  });

  it('one retry too few', () => {
    const right = named('up to 3 retries of independent failures, p = 0.3');
    const text = JSON.stringify(right.mesh).replace('"attempts":3', '"attempts":2');
    const wrong = { ...right, mesh: JSON.parse(text) as JsonMap[] };
    expect(problems(wrong)).toEqual([
      expect.stringContaining('attempts per request'),
      expect.stringContaining('failed'),
    ]);
  });
});
