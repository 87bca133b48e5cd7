/**
 * `meshquake search --max-load`: the highest load that a scenario carries, and what limits it.
 *
 * Exit code 1 when the expectations hold at no load, 2 when nothing limits it.
 * Source: surface.md §0, §1; the method is in `experiments/search.ts`.
 */
import type { Command } from 'commander';
import { ExitCode, UsageError } from '../core/errors.ts';
import {
  type MaxLoad,
  openLoadRps,
  type SearchPlan,
  searchMaxLoad,
} from '../experiments/search.ts';
import { identityOf } from '../harness/summarise.ts';
import { isAboutRuns } from '../harness/verdict.ts';
import type { CliContext, CliIo } from './cli-io.ts';
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
import { checkWritable } from './output-directory.ts';
import { performExperiment } from './perform-experiment.ts';
import { loadScenario } from './scenario-files.ts';
import { answerText, searchLines, searchPage } from './search-text.ts';
import { readThresholds } from './thresholds.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake search my.yaml --max-load
  $ meshquake search my.yaml --max-load --constraint 'clients.shoppers.latencyMs.p99 < 250'
  $ meshquake search my.yaml --max-load --share 90% --seeds 60 --precision 0.5%

The load of all open clients is multiplied, bursts and stages included. What must hold are the
constraints, or without any the scenario's own expectations.

Exit codes: 0 found, 1 no load holds, 2 nothing limits the load, 64 usage, 65 bad input,
130 interrupted.`;

interface RawSearchOptions extends RawExperimentOptions {
  readonly maxLoad?: boolean;
  readonly constraint: readonly string[];
  readonly variant?: string;
  readonly share: string;
  readonly precision: string;
  readonly confidence: string;
}

const DEFAULT_SEEDS = '20';

export function searchCommand(program: Command, context: CliContext): void {
  const command = program
    .command('search')
    .summary('the highest load that holds')
    .description(
      'Finds the highest load at which the expectations of a scenario hold, with its interval.',
    )
    .argument('<scenario>', 'folder, file or -')
    .option('--max-load', 'search the highest load')
    .option(
      '--constraint <expression>',
      "what must hold, in place of the scenario's own expectations; repeatable",
      list,
      [],
    )
    .option('--variant <name>', 'one variant (default: the first)')
    .option('--share <share>', 'of the runs that shall hold at that load', '50%')
    .option('--precision <share>', "to which each seed's load is found", '1%')
    .option('--confidence <share>', 'of the interval', '95%');
  withExperimentOptions(command, DEFAULT_SEEDS)
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, raw: RawSearchOptions) => {
      const options = readExperimentOptions(raw, context.io.env, DEFAULT_SEEDS);
      context.exitCode = await search(path, raw, options, context.io);
    });
}

async function search(
  path: string,
  raw: RawSearchOptions,
  options: ExperimentOptions,
  io: CliIo,
): Promise<number> {
  if (raw.maxLoad !== true) throw new UsageError('say what to search: --max-load');
  const scenario = variantOf(
    loadScenario(path, options.overrides, io).scenarios,
    raw.variant ?? null,
  );
  const plan: SearchPlan = {
    scenario,
    constraints: readThresholds(raw.constraint, [scenario], '--constraint'),
    seeds: options.seeds,
    confidence: parseShare('--confidence', raw.confidence),
    share: parseShare('--share', raw.share),
    precision: parseShare('--precision', raw.precision),
  };
  const version = programVersion();
  const reproduce = reproduceCommand(path, raw, options);
  const screen = screenOf(io, options);
  const print = printerTo(screen, options);
  const folder = experimentFolder('search', [scenario], questionOf(raw), options, io.cwd);
  checkWritable(folder);
  const { hash, name } = scenario;
  const own = `own load ${openLoadRps(scenario)} rps`;
  print(
    `meshquake ${version}  seeds ${options.seedText}  scenario ${name} ${hash.slice(0, 12)}  ${own}\n`,
  );
  const { result } = await withDriver(io, options, (driver) =>
    performExperiment(searchMaxLoad(plan), driver),
  );
  if (result === null) {
    print(`result   interrupted before the load was known  reproduce: ${reproduce}`);
    return ExitCode.interrupted;
  }
  const exitCode = exitCodeOf(result);
  const notes = notesOf(plan);
  const document = documentOf(plan, result, { exitCode, version, notes });
  const text = searchLines(plan, result, notes);
  const page = searchPage({ plan, result, notes }, { reproduce, version });
  writeExperiment(folder, { document, page, text, more: {} }, options);
  if (options.isJson) io.stdout.write(jsonText(document));
  print(text);
  print(`\nreport   ${shownFolder(folder, io)}/report.html`);
  print(`result   ${answerText(result)}  reproduce: ${reproduce}`);
  return exitCode;
}

function exitCodeOf({ maxLoadRps }: MaxLoad): ExitCode {
  if (maxLoadRps === null) return ExitCode.inconclusive;
  return maxLoadRps === 0 ? ExitCode.violated : ExitCode.passed;
}

/** What the answer leaves out; nothing is left out silently. */
function notesOf({ scenario, constraints }: SearchPlan): readonly string[] {
  const closed = scenario.clients.filter(({ load }) => load.kind === 'closed');
  const shares = constraints.length > 0 ? [] : scenario.expect.filter(isAboutRuns);
  return [
    ...closed.map((client) => `The closed client "${client.name}" stays as it is.`),
    ...shares.map((item) => `Not held, because it is about shares of runs: ${item.text}`),
  ];
}

function questionOf(raw: RawSearchOptions): readonly string[] {
  return [...raw.constraint, raw.share, raw.precision, raw.confidence];
}

function reproduceCommand(path: string, raw: RawSearchOptions, options: ExperimentOptions): string {
  const given = (option: string, value: string, usual: string) =>
    value === usual ? [] : [option, value];
  return [
    ...['meshquake', 'search', path, '--max-load', '--seeds', options.seedText],
    ...raw.constraint.flatMap((constraint) => ['--constraint', constraint]),
    ...(raw.variant === undefined ? [] : ['--variant', raw.variant]),
    ...given('--share', raw.share, '50%'),
    ...given('--precision', raw.precision, '1%'),
    ...given('--confidence', raw.confidence, '95%'),
    ...overrideArguments(options.overrides),
  ]
    .map(quoteArgument)
    .join(' ');
}

function documentOf(
  plan: SearchPlan,
  result: MaxLoad,
  made: { readonly exitCode: number; readonly version: string; readonly notes: readonly string[] },
) {
  return {
    meshquake: made.version,
    format: 1,
    scenario: identityOf(plan.scenario),
    seeds: plan.seeds,
    confidence: plan.confidence,
    share: plan.share,
    constraints: plan.constraints.map(({ text }) => text),
    maxLoadRps: result.maxLoadRps,
    interval: result.interval,
    evaluations: result.evaluations,
    limitedBy: result.limitedBy,
    observed: result.observed,
    brackets: result.brackets,
    exitCode: made.exitCode,
    limits: [...made.notes, ...result.limits],
  };
}
