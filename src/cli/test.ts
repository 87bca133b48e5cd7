/**
 * `meshquake test`: scenarios as a suite. A case is a variant of a scenario; it passes when it ends
 * with the verdict that it declares. Source: surface.md §1 and §2.
 */
import type { Command } from 'commander';
import type { CliContext, CliIo } from './cli-io.ts';
import { list, parseJobs } from './experiment-options.ts';
import { quoteArgument } from './failure.ts';
import { type RunOptions, readRunOptions } from './run-options.ts';
import { casesOf, filterCases, findScenarios, parseShard, shardOf } from './suite/discover.ts';
import { SuiteOutputs } from './suite/outputs.ts';
import { runSuite } from './suite/run-suite.ts';
import { suiteExitCode } from './suite/suite.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake test
  $ meshquake test scenarios --filter retry --filter 'bad-canary/no-*'
  $ meshquake test scenarios --shard 1/3 --bail
  $ meshquake test scenarios --seeds 20
  $ meshquake test scenarios --reporter pretty --reporter junit=reports/junit.xml

A case is a variant of a scenario, named scenario/variant; it passes when it ends with the verdict
that its file declares (pass, unless it says otherwise) and its own expectations hold.

Reporters: pretty, tap, junit, json, github; one on standard output, more as NAME=FILE.

Exit codes: 0 all pass, 1 some fail, 64 usage, 65 a scenario has errors, 69 environment,
130 interrupted.`;

interface RawTestOptions {
  readonly filter: readonly string[];
  readonly shard?: string;
  readonly bail?: true;
  readonly reporter: readonly string[];
  readonly seed?: string;
  readonly seeds?: string;
  readonly jobs?: string;
}

const DEFAULT_FOLDER = 'scenarios';

export function testCommand(program: Command, context: CliContext): void {
  program
    .command('test')
    .summary('run scenarios as a suite')
    .description('Runs all variants of the scenarios in folders as a suite, for CI.')
    .argument('[paths...]', `folders of scenarios, or scenarios (default: ${DEFAULT_FOLDER})`)
    .option('--filter <text>', 'cases whose name holds it; * = anything; repeatable', list, [])
    .option('--shard <i/n>', 'the i-th of n parts')
    .option('--bail', 'end at the first case that does not pass')
    .option(
      '--reporter <name[=file]>',
      'pretty, tap, junit, json or github; repeatable (default: pretty)',
      list,
      [],
    )
    .option('--seed <text>', 'any text (default: 1; env: MESHQUAKE_SEED)')
    .option('--seeds <n|a..b>', 'several runs a case (env: MESHQUAKE_SEEDS)')
    .option('--jobs <n>', 'runs at once (default: one a processor; env: MESHQUAKE_JOBS)')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: readonly string[], raw: RawTestOptions) => {
      context.exitCode = await test(paths, raw, context.io);
    });
}

async function test(paths: readonly string[], raw: RawTestOptions, io: CliIo): Promise<number> {
  const startedMs = performance.now();
  const options = runOptionsOf(raw, io);
  const jobs = parseJobs(raw.jobs ?? (io.env['MESHQUAKE_JOBS'] || undefined));
  const shard = raw.shard === undefined ? null : parseShard(raw.shard);
  const scenarios = findScenarios(paths.length === 0 ? [DEFAULT_FOLDER] : paths, io);
  const all = scenarios.flatMap((path) => casesOf(path, io));
  const cases = shardOf(filterCases(all, raw.filter), shard);
  const outputs = new SuiteOutputs(raw.reporter.length === 0 ? ['pretty'] : raw.reporter, io);
  const version = programVersion();
  outputs.begin({
    version,
    caseCount: cases.length,
    scenarioCount: new Set(cases.map(({ path }) => path)).size,
    seeds: `${options.isAboutSeeds ? 'seeds' : 'seed'} ${options.seedText}`,
    nameWidth: Math.max(0, ...cases.map(({ name }) => name.length)),
  });
  const plan = { cases, options, isBail: raw.bail === true, jobs };
  const ran = await runSuite(plan, io, (result) => outputs.each(result));
  const exitCode = suiteExitCode(ran.cases, ran.wasInterrupted);
  const wallS = (performance.now() - startedMs) / 1000;
  const reproduce = commandOf(paths, raw, options);
  outputs.end({ ...ran, version, exitCode, wallS, reproduce });
  return exitCode;
}

function runOptionsOf({ seed, seeds }: RawTestOptions, { env }: CliIo): RunOptions {
  const given = {
    ...(seed === undefined ? {} : { seed }),
    ...(seeds === undefined ? {} : { seeds }),
  };
  return readRunOptions({ ...given, set: [], threshold: [] }, env);
}

function commandOf(paths: readonly string[], raw: RawTestOptions, options: RunOptions): string {
  return [
    ...['meshquake', 'test', ...paths],
    ...raw.filter.flatMap((text) => ['--filter', text]),
    ...(raw.shard === undefined ? [] : ['--shard', raw.shard]),
    ...[options.isAboutSeeds ? '--seeds' : '--seed', options.seedText],
  ]
    .map(quoteArgument)
    .join(' ');
}
