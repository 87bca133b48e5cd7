/**
 * `meshquake sweep`: one scenario at every point of a grid of parameters.
 *
 * Every finished run is written down at once, so an interrupt loses nothing and `--resume` goes on.
 * The result does not depend on how many threads there were, nor on interruptions.
 * Source: surface.md §0, §1.
 */
import type { Command } from 'commander';
import picocolors from 'picocolors';
import { ExitCode, UsageError } from '../core/errors.ts';
import { metricNames } from '../experiments/metrics.ts';
import { gridOf, parseParameter } from '../experiments/parameters.ts';
import { figureNames, type SweepPlan, sweepRows, sweepRuns } from '../experiments/sweep.ts';
import { type CliContext, type CliIo, hasColour } from './cli-io.ts';
import {
  type ExperimentOptions,
  list,
  overrideArguments,
  printerTo,
  type RawExperimentOptions,
  readExperimentOptions,
  screenOf,
  withDriver,
  withExperimentOptions,
} from './experiment-options.ts';
import { experimentFolder, jsonText, shownFolder, writeExperiment } from './experiment-output.ts';
import { quoteArgument } from './failure.ts';
import { taskOf } from './perform-experiment.ts';
import { RunProgress } from './run-progress.ts';
import { RunStore } from './run-store.ts';
import { csvText, packed, sweepDocument } from './sweep-files.ts';
import { loadGrid } from './sweep-grid.ts';
import { sweepLines, sweepPage } from './sweep-text.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake sweep my.yaml --param services.payments.workers=2,4,8 --seeds 10
  $ meshquake sweep my.yaml --param clients.shoppers.open.poisson=100rps..500rps/9 --csv > out.csv
  $ meshquake sweep scenarios/retry-storm --variant one-retry --seeds 5 \\
      --param 'mesh.VirtualService/payments.spec.http[0].retries.attempts=0..4/5' \\
      --param clients.shoppers.open.poisson=200rps,300rps,400rps
  $ meshquake sweep … --resume

lo..hi/steps gives that many values from lo to hi, both included. Keys are those of --set: dotted
paths of the scenario, or mesh.KIND/NAME and the path of a field in that resource.

Exit codes: 0 all runs were made, 64 usage, 65 bad input, 130 interrupted (finished runs are kept).`;

interface RawSweepOptions extends RawExperimentOptions {
  readonly param: readonly string[];
  readonly variant?: string;
  readonly metric: readonly string[];
  readonly csv?: boolean;
  readonly resume?: boolean;
}

/** What was asked, read and checked. */
interface Question {
  readonly path: string;
  readonly raw: RawSweepOptions;
  readonly options: ExperimentOptions;
  readonly plan: SweepPlan;
}

const MOST_RUNS = 100_000;

export function sweepCommand(program: Command, context: CliContext): void {
  const command = program
    .command('sweep')
    .summary('a scenario over a grid of parameters')
    .description(
      'Runs a scenario at every point of a grid of parameters, each with the same seeds.',
    )
    .argument('<scenario>', 'folder, file or -')
    .option('--param <key=values>', 'key=a,b,c or key=lo..hi/steps; repeatable', list, [])
    .option('--variant <name>', 'one variant (default: the first)')
    .option('--metric <name>', 'a figure to show; repeatable (default: the usual ones)', list, [])
    .option('--csv', 'print all figures as CSV on standard output')
    .option('--resume', 'keep the finished runs of the same sweep');
  withExperimentOptions(command, '1')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, raw: RawSweepOptions) => {
      const options = readExperimentOptions(raw, context.io.env, '1');
      context.exitCode = await sweep(readQuestion(path, raw, options, context.io), context.io);
    });
}

/** @throws UsageError, InputError */
function readQuestion(
  path: string,
  raw: RawSweepOptions,
  options: ExperimentOptions,
  io: CliIo,
): Question {
  if (raw.csv === true && options.isJson) {
    throw new UsageError('--csv and --json exclude each other: both print on standard output');
  }
  if (raw.param.length === 0) throw new UsageError('give at least one --param key=values');
  const parameters = raw.param.map(parseParameter);
  const keys = parameters.map((parameter) => parameter.key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new UsageError(`--param ${twice} is given twice`);
  const points = gridOf(parameters);
  const count = points.length * options.seeds.length;
  if (count > MOST_RUNS) {
    throw new UsageError(
      `${points.length} points with ${options.seeds.length} seeds are ${count} runs, at most ${MOST_RUNS} are made at once`,
    );
  }
  const scenarios = loadGrid(
    { path, variant: raw.variant ?? null, parameters, points },
    options,
    io,
  );
  return { path, raw, options, plan: { parameters, points, scenarios, seeds: options.seeds } };
}

async function sweep(question: Question, io: CliIo): Promise<number> {
  const { plan, options, raw } = question;
  const isOnStdout = options.isJson || raw.csv === true;
  const screen = isOnStdout ? io.stderr : screenOf(io, options);
  const print = printerTo(screen, options);
  const version = programVersion();
  const reproduce = reproduceCommand(question);
  const folder = experimentFolder('sweep', plan.scenarios, raw.metric, options, io.cwd);
  const store = new RunStore(folder, { reproduce, version }, raw.resume === true);
  const runs = sweepRuns(plan);
  const counts = `${plan.points.length} points  ${runs.length} runs`;
  print(`meshquake ${version}  seeds ${options.seedText}  ${counts}${store.note}\n`);

  const wasInterrupted = await runMissing(runs, store, question, io);
  const answers = runs.map((run) => store.find(run));
  const result = sweepRows(plan, answers);
  const names = metricNames(raw.metric, figureNames(result.rows));
  const exitCode = wasInterrupted ? ExitCode.interrupted : ExitCode.passed;
  const document = sweepDocument(plan, result, { version, exitCode });
  const shown = { plan, result, names };
  const page = sweepPage(shown, { reproduce, version });
  const text = (hasColors: boolean) => sweepLines(shown, picocolors.createColors(hasColors));
  const csv = csvText(
    plan,
    result.rows,
    raw.metric.length === 0 ? figureNames(result.rows) : names,
  );
  const more = {
    'sweep.csv': csv,
    'sweep.msgpack': packed(document),
    'runs.jsonl': store.textOf(runs),
  };
  writeExperiment(folder, { document, page, text: text(false), more }, options);

  if (options.isJson) io.stdout.write(jsonText(document));
  if (raw.csv === true) io.stdout.write(csv);
  print(text(hasColour(screen, io.env)));
  print(`\nreport   ${shownFolder(folder, io)}/report.html`);
  const word = wasInterrupted
    ? `interrupted: ${result.rows.length} of ${plan.points.length} points`
    : `${plan.points.length} points`;
  const again = wasInterrupted ? `go on: ${reproduce} --resume` : `reproduce: ${reproduce}`;
  print(`done     ${word}  ${again}`);
  return exitCode;
}

/** Runs what the store does not have. @returns whether it was interrupted */
function runMissing(
  runs: ReturnType<typeof sweepRuns>,
  store: RunStore,
  { plan, options, raw }: Question,
  io: CliIo,
): Promise<boolean> {
  const missing = runs.filter((run) => store.find(run) === null);
  const labelOf = new Map(plan.scenarios.map((scenario, at) => [scenario, plan.points[at]]));
  const labels = missing.map((run) => `${labelOf.get(run.scenario)?.join(' ')} seed ${run.seed}`);
  return withDriver(io, options, async ({ pool, signal, progress }) => {
    const line = new RunProgress(progress ?? io.stderr, labels, progress === null);
    const make = async (from: number, to: number) => {
      const batch = missing.slice(from, to);
      const onProgress = (index: number, share: number) => line.update(from + index, share);
      await pool.run('figures', batch.map(taskOf), { signal, onProgress }, (index, figures) => {
        const run = batch[index];
        if (run !== undefined) store.add(run, figures);
      });
    };
    try {
      // A first run alone tells whether the wanted figures exist, before hours are spent.
      const first = raw.metric.length === 0 ? 0 : 1;
      await make(0, first);
      const [known] = runs.flatMap((run) => store.find(run) ?? []);
      if (known !== undefined) metricNames(raw.metric, Object.keys(known.figures));
      await make(first, missing.length);
    } finally {
      line.clear();
    }
    return signal.aborted;
  });
}

function reproduceCommand({ path, raw, options }: Question): string {
  return [
    ...['meshquake', 'sweep', path],
    ...raw.param.flatMap((parameter) => ['--param', parameter]),
    ...(raw.variant === undefined ? [] : ['--variant', raw.variant]),
    ...['--seeds', options.seedText],
    ...raw.metric.flatMap((metric) => ['--metric', metric]),
    ...overrideArguments(options.overrides),
    ...(options.out === null ? [] : ['--out', options.out]),
  ]
    .map(quoteArgument)
    .join(' ');
}
