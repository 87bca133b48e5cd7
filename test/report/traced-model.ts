/** A report model of a real, small run whose requests were followed. */
import { performRun } from '../../src/cli/run-task.ts';
import type { ReportModel } from '../../src/report/model.ts';
import { tracedScenario } from '../harness/traced-scenario.ts';
import { stormModel } from './fixture.ts';

let known: ReportModel | null = null;

/** Two equal runs: retries of payments while it is slow. */
export function tracedModel(): ReportModel {
  if (known !== null) return known;
  const task = { scenario: tracedScenario(), seed: '1', thresholds: [], isOneOfMany: false };
  const outcome = performRun({ ...task, isTraced: true });
  const run = { ...outcome, variant: 'slow', declared: null, asDeclared: true };
  known = { ...stormModel(), runs: [run, { ...run, variant: 'again' }] };
  return known;
}
