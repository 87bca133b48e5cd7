/** `simulate`: one run of a scenario, for tests and scripts. */
import { performRun } from '../cli/run-task.ts';
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Summary } from '../core/summary.ts';
import type { Scenario } from '../harness/scenario.ts';
import { readScenarios, type ScenarioChanges, type ScenarioDefinition } from './read-scenario.ts';

/** How `simulate` runs a scenario. */
export interface SimulateOptions extends ScenarioChanges {
  /** Any text or number; '1' by default. */
  readonly seed?: string | number;
  /** The first by default. */
  readonly variant?: string;
}

/**
 * Runs a scenario once and returns what `meshquake run --json` would print.
 *
 * Synchronous; seconds of work for minutes of a busy mesh. A scenario that fails does not throw: its
 * `verdict` says so.
 *
 * @param scenario path of a scenario file or its folder, or the scenario itself
 * @throws InputError with positions when the scenario or its policy files are wrong
 * @throws UsageError when there is no such variant
 */
export function simulate(
  scenario: string | ScenarioDefinition,
  options: SimulateOptions = {},
): Summary {
  const chosen = chooseVariant(readScenarios(scenario, options), options.variant);
  const seed = String(options.seed ?? '1');
  return performRun({ scenario: chosen, seed, thresholds: [], isOneOfMany: false }).summary;
}

function chooseVariant(scenarios: readonly Scenario[], wanted: string | undefined): Scenario {
  const names = scenarios.map((scenario) => scenario.variant);
  const found =
    wanted === undefined ? scenarios[0] : scenarios.find(({ variant }) => variant === wanted);
  if (found !== undefined) return found;
  throw new UsageError(`the scenario has no variant "${wanted}"${didYouMean(wanted ?? '', names)}`);
}
