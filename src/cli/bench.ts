/**
 * `meshquake bench`: measures kernel, engine and proxy on this machine.
 *
 * The rows live in `bench/` of the repository and run as processes of their own, so a published
 * package, which does not hold them, says so. Source: surface.md §1, `bench --json`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EnvironmentError, ExitCode } from '../core/errors.ts';
import type { CliContext } from './cli-io.ts';

interface BenchFlags {
  readonly json?: true;
  readonly only?: string;
  readonly repeats: string;
  readonly baseline?: string;
  readonly report?: string | true;
}

const HELP = `
Throughputs are per second of CPU time, each row in a process of its own, repeats interleaved. Quote
the ratios of one run: machines differ, and other load disturbs.

Examples:
  meshquake bench
  meshquake bench --only 'kernel.*' --json
  meshquake bench --report
  meshquake bench --json > before.json; meshquake bench --baseline before.json   # exit 5 on a fall
`;

export function benchCommand(program: Command, context: CliContext): void {
  program
    .command('bench')
    .summary('measure kernel, engine and proxy')
    .description('Measures kernel, engine and proxy on this machine.')
    .option('--json', 'print one JSON document')
    .option('--only <names>', 'rows by name, separated by commas; a trailing * matches any end')
    .option('--repeats <n>', 'how often each row is measured; the best counts', '3')
    .option('--baseline <file>', 'compare ratios with an earlier --json; exit 5 when one fell')
    .option('--report [dir]', 'write Markdown, HTML with plots and JSON (reports/benchmarks)')
    .addHelpText('after', HELP)
    .action(async (flags: BenchFlags) => {
      context.exitCode = await measure(flags, context.io.cwd);
    });
}

async function measure(flags: BenchFlags, cwd: string): Promise<number> {
  const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
  if (!existsSync(main)) {
    throw new EnvironmentError('ENOENT', 'bench needs the repository: the package has no bench/');
  }
  const options = [
    ...(flags.json ? ['--json'] : []),
    ...(flags.only === undefined ? [] : ['--only', flags.only]),
    ...(flags.baseline === undefined ? [] : ['--baseline', flags.baseline]),
    ...(flags.report === undefined
      ? []
      : ['--report', flags.report === true ? 'reports/benchmarks' : flags.report]),
    '--repeats',
    flags.repeats,
  ];
  return new Promise((resolve, reject) => {
    const loader = import.meta.resolve('tsx');
    const child = spawn(process.execPath, ['--import', loader, main, ...options], {
      cwd,
      stdio: 'inherit',
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? ExitCode.interrupted));
  });
}
