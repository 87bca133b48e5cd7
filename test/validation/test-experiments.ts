/**
 * Figures of the simulator against closed forms of queueing theory and probability.
 *
 * Each mean of independent replications must lie in the Student band around theory that a correct
 * simulator leaves with a chance of one in a million, and must be known precisely enough for the
 * band to mean something. `docs/validation.md` has the measured values.
 */
import { describe, expect, it } from 'vitest';
import { type Experiment, perform, problemOf } from './experiment.ts';

export function testExperiments(title: string, experiments: readonly Experiment[]): void {
  describe(title, () => {
    for (const experiment of experiments) {
      it(experiment.name, () => {
        const problems = perform(experiment).map(problemOf);
        expect(problems.filter((problem) => problem !== null)).toEqual([]);
      });
    }
  });
}
