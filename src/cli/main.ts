/**
 * The command line as a function: arguments in, exit code out. `cli.ts` calls it with the process,
 * tests with streams of their own.
 */
import { Command } from 'commander';
import type { CliContext, CliIo } from './cli-io.ts';
import { COMMANDS } from './commands.ts';
import { reportFailure } from './failure.ts';
import { programVersion } from './version.ts';

const EXAMPLES = `
Examples:
  $ meshquake run scenarios/retry-storm --variant all
  $ meshquake validate scenarios/retry-storm
  $ meshquake faults describe proc.slow

A command's own options: meshquake <command> --help`;

/** @param argv without the names of Node and of the script */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const context: CliContext = { io, exitCode: 0, argv };
  try {
    await makeProgram(context).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return reportFailure(error, context);
  }
}

/** The program with all its commands; nothing has run yet. */
export function makeProgram(context: CliContext): Command {
  const { stdout, stderr } = context.io;
  const program = new Command('meshquake');
  program
    .description('Deterministic service-mesh simulator and chaos test harness.')
    .version(programVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(100, stdout.columns),
      getErrHelpWidth: () => Math.min(100, stderr.columns),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', EXAMPLES);
  for (const add of COMMANDS) add(program, context);
  return program;
}
