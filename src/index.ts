/**
 * meshquake as a library: simulate a service mesh under faults, from a test or a script.
 *
 * ```ts
 * import { simulate } from 'meshquake';
 *
 * const summary = simulate('scenarios/retry-storm', { seed: 7, variant: 'one-retry' });
 * expect(summary.verdict).toBe('pass');
 * expect(summary.edges[0]?.amplification).toBeLessThan(1.2);
 * ```
 *
 * A simulation is a function: same scenario, same seed and same version give the same summary, apart
 * from the wall-clock fields under `run`.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { CliIo } from './cli/cli-io.ts';
import { performRun } from './cli/run-task.ts';
import { loadScenarioFrom, locateScenario } from './cli/scenario-files.ts';
import { UsageError } from './core/errors.ts';
import { didYouMean } from './core/suggest.ts';
import type { Summary } from './core/summary.ts';
import type { Scenario } from './harness/scenario.ts';
import type { SCENARIO } from './harness/scenario-schema.ts';

export type { Diagnostic } from './core/diagnostics.ts';
export { EnvironmentError, InputError, UsageError } from './core/errors.ts';
export type {
  ClientSummary,
  EdgeSummary,
  EjectionSummary,
  ExpectationSummary,
  FaultSummary,
  LatencyMs,
  ProxiesSummary,
  RecoverySummary,
  ServiceSummary,
  Summary,
} from './core/summary.ts';

/** A scenario as its file would say it, written as an object; units stay text, e.g. `'10ms'`. */
export type ScenarioDefinition = z.input<typeof SCENARIO>;

export interface SimulateOptions {
  /** Any text or number; '1' by default. */
  readonly seed?: string | number;
  /** The first by default. */
  readonly variant?: string;
  /** Changes to the scenario by dotted path, e.g. `{ 'services.payments.workers': 8 }`. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Policy files, folders or globs in place of the scenario's, relative to `cwd`. */
  readonly mesh?: readonly string[];
  /** Virtual time in all, e.g. `'10m'`. */
  readonly duration?: string;
  /** `none` or `sidecar`. */
  readonly dataPlane?: string;
  /** What paths are relative to; the current folder by default. */
  readonly cwd?: string;
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
  const chosen = chooseVariant(readVariants(scenario, options), options.variant);
  const seed = String(options.seed ?? '1');
  return performRun({ scenario: chosen, seed, thresholds: [], isOneOfMany: false }).summary;
}

function readVariants(
  scenario: string | ScenarioDefinition,
  options: SimulateOptions,
): readonly Scenario[] {
  const io = libraryIo(options.cwd ?? process.cwd());
  const located =
    typeof scenario === 'string'
      ? locateScenario(scenario, io)
      : {
          name: 'scenario',
          path: '<scenario>',
          text: JSON.stringify(scenario, null, 2),
          folder: io.cwd,
        };
  const set = Object.entries(options.set ?? {}).map(
    ([path, value]) => `${path}=${JSON.stringify(value)}`,
  );
  const { mesh = null, duration = null, dataPlane = null } = options;
  return loadScenarioFrom(located, { set, mesh, duration, dataPlane }, io).scenarios;
}

function chooseVariant(scenarios: readonly Scenario[], wanted: string | undefined): Scenario {
  const names = scenarios.map((scenario) => scenario.variant);
  const found =
    wanted === undefined ? scenarios[0] : scenarios.find(({ variant }) => variant === wanted);
  if (found !== undefined) return found;
  throw new UsageError(`the scenario has no variant "${wanted}"${didYouMean(wanted ?? '', names)}`);
}

/** A library neither prints nor reads the environment. */
function libraryIo(cwd: string): CliIo {
  const silent = { write: () => {}, isTerminal: false, columns: 80 };
  return {
    stdout: silent,
    stderr: silent,
    readStdin: () => readFileSync(0, 'utf8'),
    env: {},
    cwd,
    hasThreads: false,
  };
}
