/**
 * `meshquake run`: one scenario, one or all of its variants, one or many seeds.
 *
 * Reads, runs in threads, judges, writes the output folder, prints. An interrupt writes what has
 * finished and exits with 130.
 * Source: surface.md §0–3 (document, options, exit codes, output directory, console contract).
 */
import type { Command } from 'commander';
import { ExitCode, UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import type { Expectation, Scenario } from '../harness/scenario.ts';
import { type BaselineGate, gatedDocument, gateOf, readBaseline } from './baseline.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { untilInterrupted } from './interrupt.ts';
import { RunConsole } from './run-console.ts';
import {
  ALL_VARIANTS,
  type RawRunOptions,
  type RunOptions,
  readRunOptions,
  reproduceCommand,
} from './run-options.ts';
import { checkOutput, json, outputFolder, reportModel, writeReport } from './run-output.ts';
import { RunPool } from './run-pool.ts';
import { RunProgress } from './run-progress.ts';
import {
  exitCodeOver,
  type ResultKind,
  resultDocument,
  type VariantResult,
  variantResult,
} from './run-results.ts';
import type { RunTask } from './run-task.ts';
import { loadScenario } from './scenario-files.ts';
import { readThresholds } from './thresholds.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake run scenarios/retry-storm
  $ meshquake run scenarios/retry-storm --variant all
  $ meshquake run scenarios/retry-storm --variant one-retry --seeds 20
  $ meshquake run my.yaml --set services.payments.workers=8 --set clients.shoppers.open.poisson=500rps
  $ meshquake run my.yaml --mesh mesh/ patched.yaml --json > summary.json
  $ meshquake run my.yaml --threshold 'clients.shoppers.latencyMs.p99 < 250'
  $ meshquake run my.yaml --baseline good.json --margin 2%
  $ generate-scenario | meshquake run -

Exit codes: 0 pass, 1 fail, 2 inconclusive, 4 not recovered, 5 worse than the baseline,
64 usage, 65 bad input, 69 environment, 99 thresholds crossed, 130 interrupted. With --variant all: 0 when every
variant ended with the verdict it declares, else 1.`;

export function runCommand(program: Command, context: CliContext): void {
  const list = (value: string, before: readonly string[]) => [...before, value];
  program
    .command('run')
    .summary('simulate a scenario')
    .description(
      'Simulates a scenario: a folder with a scenario.yaml, such a file, or - for stdin.',
    )
    .argument('<scenario>', 'folder, file or -')
    .option('--seed <text>', 'any text (default: 1; env: MESHQUAKE_SEED)')
    .option('--seeds <n|a..b>', 'several runs with whole-number seeds (env: MESHQUAKE_SEEDS)')
    .option('--variant <name>', `one variant, or "${ALL_VARIANTS}" (default: the first)`)
    .option('--set <key=value>', 'change a value of the scenario; repeatable', list, [])
    .option('--mesh <files...>', "policy files, folders or globs in place of the scenario's")
    .option('--data-plane <name>', 'none or sidecar')
    .option('--duration <time>', 'virtual time in all, e.g. 10m')
    .option('--threshold <expression>', 'must hold, else exit 99; repeatable', list, [])
    .option('--baseline <file>', 'an earlier summary; exit 5 when a figure got worse')
    .option('--metric <name>', 'of --baseline: a figure to look at; repeatable', list, [])
    .option(
      '--margin <[metric=]amount>',
      'of --baseline: what does not matter, 2% or 5; repeatable (default: 5%; 0.005 for ratios)',
      list,
      [],
    )
    .option('--out <folder>', 'where files are written (env: MESHQUAKE_OUT)')
    .option('--json', 'print the summary document on standard output')
    .option('--quiet', 'print nothing but errors (and the document of --json)')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, raw: RawRunOptions) => {
      const options = readRunOptions(raw, context.io.env);
      context.exitCode = await run(path, options, context.io);
    });
}

async function run(path: string, options: RunOptions, io: CliIo): Promise<number> {
  const { scenarios } = loadScenario(path, options.overrides, io);
  const chosen = chooseVariants(scenarios, options.variant);
  const thresholds = readThresholds(options.thresholds, chosen);
  const version = programVersion();
  const isAll = options.variant === ALL_VARIANTS;
  const variantText = isAll ? ALL_VARIANTS : (chosen[0]?.variant ?? '');
  const reproduce = reproduceCommand(path, variantText, options);
  checkOutput(options, io.cwd);
  const baseline = readBaseline(options, chosen, io);
  const screen = new RunConsole(io, options);
  screen.begin(chosen, version);
  const { outcomes, wasInterrupted } = await runAll(chosen, thresholds, options, io);
  const results = resultsOf(chosen, outcomes, options);
  const kind: ResultKind = { isAll, isAboutSeeds: options.isAboutSeeds, wasInterrupted, version };
  const judged = resultDocument(results, kind);
  if (judged === null) {
    screen.endEmpty(reproduce);
    return exitCodeOver(results, kind);
  }
  const gate = baseline === null || wasInterrupted ? null : gateOf(baseline, results);
  const exitCode = gatedExitCode(exitCodeOver(results, kind), gate);
  const document = gate === null ? judged : gatedDocument(judged, gate, exitCode);
  const model = reportModel(results, reproduce, version);
  const folder = outputFolder(results, options, io.cwd);
  writeReport(folder, { model, document, results }, options);
  if (options.isJson) io.stdout.write(json(document));
  screen.end({ results, model, folder, exitCode, kind, gate });
  return exitCode;
}

/** A run that did not pass keeps its own code. */
function gatedExitCode(exitCode: number, gate: BaselineGate | null): number {
  return exitCode === ExitCode.passed && gate?.verdict === 'worse' ? ExitCode.regression : exitCode;
}

/** @throws UsageError when there is no such variant */
function chooseVariants(
  scenarios: readonly Scenario[],
  wanted: string | null,
): readonly Scenario[] {
  if (wanted === ALL_VARIANTS) return scenarios;
  if (wanted === null) return scenarios.slice(0, 1);
  const found = scenarios.filter((scenario) => scenario.variant === wanted);
  if (found.length > 0) return found;
  const names = scenarios.map((scenario) => scenario.variant).filter((name) => name !== '');
  const known = names.length === 0 ? 'it declares none' : `there are: ${names.join(', ')}`;
  const hint = didYouMean(wanted, names);
  throw new UsageError(`the scenario has no variant "${wanted}"${hint}\n  ${known}`);
}

async function runAll(
  scenarios: readonly Scenario[],
  thresholds: readonly Expectation[],
  options: RunOptions,
  io: CliIo,
) {
  const tasks = scenarios.flatMap((scenario) =>
    options.seeds.map(
      (seed, index): RunTask => ({
        scenario,
        seed,
        thresholds,
        isOneOfMany: options.isAboutSeeds,
        isTraced: index === 0,
      }),
    ),
  );
  const labels = tasks.map(({ scenario, seed }) => `${scenario.variant} seed ${seed}`.trim());
  const progress = new RunProgress(io.stderr, labels, options.isQuiet);
  const pool = new RunPool({ hasThreads: io.hasThreads, jobs: null });
  try {
    return await untilInterrupted(async (signal) => {
      const onProgress = (index: number, share: number) => progress.update(index, share);
      const outcomes = await pool.run('outcome', tasks, { signal, onProgress });
      return { outcomes, wasInterrupted: signal.aborted };
    });
  } finally {
    await pool.close();
    progress.clear();
  }
}

/** Variants of which no run has finished are left out. */
function resultsOf(
  scenarios: readonly Scenario[],
  outcomes: readonly (RunOutcome | null)[],
  options: RunOptions,
): readonly VariantResult[] {
  const perVariant = options.seeds.length;
  return scenarios.flatMap((scenario, index) => {
    const own = outcomes.slice(index * perVariant, (index + 1) * perVariant);
    if (own.every((outcome) => outcome === null)) return [];
    return [variantResult(scenario, own, options.isAboutSeeds)];
  });
}
