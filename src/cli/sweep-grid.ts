/**
 * The scenario at every point of a grid: read once from disk, then edited as `--set` would, and checked
 * up to the point where a run would begin, so that the last point does not fail after an hour.
 */
import type { Diagnostic } from '../core/diagnostics.ts';
import { InputError } from '../core/errors.ts';
import type { Parameter, Point } from '../experiments/parameters.ts';
import { buildWorld } from '../harness/build.ts';
import type { Scenario } from '../harness/scenario.ts';
import { optionFile } from '../harness/variants.ts';
import type { CliIo } from './cli-io.ts';
import { type ExperimentOptions, variantOf } from './experiment-options.ts';
import { loadScenarioFrom, locateScenario } from './scenario-files.ts';

export interface Grid {
  readonly path: string;
  /** null = the first. */
  readonly variant: string | null;
  readonly parameters: readonly Parameter[];
  readonly points: readonly Point[];
}

/** One a point. @throws InputError at the first point that is wrong; UsageError for the variant */
export function loadGrid(
  { path, variant, parameters, points }: Grid,
  { overrides }: ExperimentOptions,
  io: CliIo,
): readonly Scenario[] {
  const located = locateScenario(path, io);
  return points.map((point) => {
    const values = parameters.map(({ key }, at) => `${key}=${point[at]}`);
    const set = [...overrides.set, ...values];
    try {
      const scenario = variantOf(
        loadScenarioFrom(located, { ...overrides, set }, io).scenarios,
        variant,
      );
      buildWorld(scenario, '1');
      return scenario;
    } catch (error) {
      throw error instanceof InputError
        ? aboutParameters(error, overrides.set.length, values)
        : error;
    }
  });
}

/** What was typed after `--param` is not to be looked for behind `--set`. */
function aboutParameters(error: InputError, own: number, values: readonly string[]): InputError {
  const [from, to] = [optionFile('--set'), optionFile('--param')];
  const moved = (item: Diagnostic): Diagnostic =>
    item.file === from && item.line > own ? { ...item, file: to, line: item.line - own } : item;
  const sources = new Map([...error.sources, [to, values.join('\n')]]);
  return new InputError(error.diagnostics.map(moved), sources);
}
