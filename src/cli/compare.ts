/**
 * `meshquake compare A B`: is B better than A, worse, or no different within a margin?
 *
 * Runs both with the same seeds until the answer is clear, prints a table, writes a page. Exit code 5
 * when B is worse beyond the margin, 2 when the seeds did not suffice to tell.
 * Source: surface.md §0, §1; the statistics are in `experiments/sequential.ts`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import picocolors from 'picocolors';
import { ExitCode } from '../core/errors.ts';
import {
  type Comparison,
  type ComparisonPlan,
  type ComparisonVerdict,
  compare,
} from '../experiments/compare.ts';
import { defaultMargin } from '../experiments/metrics.ts';
import type { Scenario } from '../harness/scenario.ts';
import { identityOf } from '../harness/summarise.ts';
import type { CliContext, CliIo } from './cli-io.ts';
import { hasColour } from './cli-io.ts';
import { comparePage, comparisonLines, scenarioTitle } from './compare-text.ts';
import {
  type ExperimentOptions,
  list,
  overrideArguments,
  parseShare,
  printerTo,
  type RawExperimentOptions,
  readExperimentOptions,
  screenOf,
  variantOf,
  withDriver,
  withExperimentOptions,
} from './experiment-options.ts';
import { experimentFolder, jsonText, shownFolder, writeExperiment } from './experiment-output.ts';
import { quoteArgument } from './failure.ts';
import { readMargins } from './margins.ts';
import { checkWritable } from './output-directory.ts';
import { performExperiment } from './perform-experiment.ts';
import { loadScenario } from './scenario-files.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake compare scenarios/retry-storm:as-it-happened scenarios/retry-storm:one-retry
  $ meshquake compare old/ new/ --metric latencyMs.p99 --margin 5%
  $ meshquake compare a.yaml b.yaml --metric 'edges["orders->payments"].retries' --seeds 1000
  $ meshquake compare a.yaml b.yaml --margin 1% --margin clients.shoppers.successRatio=0.0005

A metric is a figure of the summary, written as in expectations; without its row, such as
latencyMs.p99, it means that of every client. Add :up or :down to say which way is better.

Exit codes: 0 better or no difference, 2 undecided, 5 worse, 64 usage, 65 bad input,
130 interrupted.`;

interface RawCompareOptions extends RawExperimentOptions {
  readonly metric: readonly string[];
  readonly margin: readonly string[];
  readonly confidence: string;
}

const DEFAULT_SEEDS = '200';

export function compareCommand(program: Command, context: CliContext): void {
  const command = program
    .command('compare')
    .summary('two scenarios or variants over the same seeds')
    .description(
      'Compares B with A over paired seeds: better, worse, or no difference. A and B are scenarios, or a scenario and a variant as scenario:variant.',
    )
    .argument('<a>', 'scenario, or scenario:variant')
    .argument('<b>', 'the same, to be judged')
    .option(
      '--metric <name>',
      'a figure to compare; repeatable (default: the usual ones)',
      list,
      [],
    )
    .option(
      '--margin <[metric=]amount>',
      'what does not matter: 2% of A, or 5 in the unit of the figure; repeatable (default: 1%; 0.001 for ratios)',
      list,
      [],
    )
    .option('--confidence <share>', 'of all figures together', '0.95');
  withExperimentOptions(command, `as many as it takes, at most ${DEFAULT_SEEDS}`)
    .addHelpText('after', EXAMPLES)
    .action(async (a: string, b: string, raw: RawCompareOptions) => {
      const options = readExperimentOptions(raw, context.io.env, DEFAULT_SEEDS);
      context.exitCode = await run(a, b, raw, options, context.io);
    });
}

async function run(
  a: string,
  b: string,
  raw: RawCompareOptions,
  options: ExperimentOptions,
  io: CliIo,
): Promise<number> {
  const plan: ComparisonPlan = {
    a: loadSide(a, options, io),
    b: loadSide(b, options, io),
    metrics: raw.metric,
    margin: readMargins(raw.margin, defaultMargin),
    seeds: options.seeds,
    confidence: parseShare('--confidence', raw.confidence),
  };
  const reproduce = reproduceCommand(a, b, raw, options);
  const screen = screenOf(io, options);
  const print = printerTo(screen, options);
  const version = programVersion();
  const question = [...raw.metric, ...raw.margin, raw.confidence, options.seedText];
  const folder = experimentFolder('compare', [plan.a, plan.b], question, options, io.cwd);
  checkWritable(folder);
  print(`meshquake ${version}  at most ${options.seeds.length} pairs  ${titles(plan)}\n`);
  const { result, wasInterrupted } = await withDriver(io, options, (driver) =>
    performExperiment(compare(plan), driver),
  );
  if (result === null) {
    print(`verdict  interrupted before the first look  reproduce: ${reproduce}`);
    return ExitCode.interrupted;
  }
  const exitCode = wasInterrupted ? ExitCode.interrupted : EXIT_CODES[result.verdict];
  const document = documentOf(plan, result, exitCode);
  const text = (hasColors: boolean) =>
    comparisonLines(plan, result, picocolors.createColors(hasColors));
  const page = comparePage(plan, result, { reproduce, version });
  writeExperiment(folder, { document, page, text: text(false), more: {} }, options);
  if (options.isJson) io.stdout.write(jsonText(document));
  print(text(hasColour(screen, io.env)));
  print(`\nreport   ${shownFolder(folder, io)}/report.html`);
  const word = wasInterrupted ? `interrupted (so far: ${result.verdict})` : result.verdict;
  print(`verdict  ${word}  reproduce: ${reproduce}`);
  return exitCode;
}

const EXIT_CODES: Readonly<Record<ComparisonVerdict, ExitCode>> = {
  better: ExitCode.passed,
  'no-difference': ExitCode.passed,
  undecided: ExitCode.inconclusive,
  worse: ExitCode.regression,
};

function titles({ a, b }: ComparisonPlan): string {
  return `A ${scenarioTitle(a)}  B ${scenarioTitle(b)}`;
}

/** `path`, or `path:variant` where there is no such file. */
function loadSide(text: string, { overrides }: ExperimentOptions, io: CliIo): Scenario {
  const match = /^(.+):([\w-]+)$/.exec(text);
  const isPath = match === null || existsSync(resolve(io.cwd, text));
  const path = isPath ? text : (match[1] ?? text);
  const { scenarios } = loadScenario(path, overrides, io);
  return variantOf(scenarios, isPath ? null : (match[2] ?? null));
}

function reproduceCommand(
  a: string,
  b: string,
  raw: RawCompareOptions,
  options: ExperimentOptions,
): string {
  return [
    ...['meshquake', 'compare', a, b, '--seeds', options.seedText],
    ...raw.metric.flatMap((metric) => ['--metric', metric]),
    ...raw.margin.flatMap((margin) => ['--margin', margin]),
    ...(raw.confidence === '0.95' ? [] : ['--confidence', raw.confidence]),
    ...overrideArguments(options.overrides),
  ]
    .map(quoteArgument)
    .join(' ');
}

function documentOf(plan: ComparisonPlan, result: Comparison, exitCode: number) {
  const interval = `ci${Number((plan.confidence * 100).toPrecision(6))}`;
  return {
    meshquake: programVersion(),
    format: 1,
    scenarios: [identityOf(plan.a), identityOf(plan.b)],
    seeds: result.pairs,
    seedsAllowed: plan.seeds.length,
    confidence: plan.confidence,
    metrics: result.metrics.map((metric) => ({
      name: metric.name,
      a: metric.a,
      b: metric.b,
      difference: metric.difference,
      [interval]: metric.interval,
      margin: metric.margin,
      better: metric.better,
      verdict: metric.verdict,
    })),
    verdict: result.verdict,
    exitCode,
    limits: result.limits,
  };
}
