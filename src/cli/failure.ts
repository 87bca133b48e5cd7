/**
 * How a command that threw ends: what is printed, and the exit code.
 * Users' mistakes never show a stack; ours do, with the line that reproduces them.
 * Source: surface.md §2, design.md §10.
 */
import { CommanderError } from 'commander';
import { EnvironmentError, ExitCode, InputError, UsageError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { CliContext } from './cli-io.ts';
import { programVersion } from './version.ts';

/** Prints what there is to print. @returns the exit code */
export function reportFailure(error: unknown, context: CliContext): number {
  const { stderr } = context.io;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.usage;
  if (error instanceof InputError) {
    stderr.write(`${error.render()}\n`);
    return error.exitCode;
  }
  if (error instanceof UsageError || error instanceof EnvironmentError) {
    const lines = error.message.split('\n').map(printable);
    stderr.write(`error: ${lines.join('\n')}\n`);
    return error.exitCode;
  }
  stderr.write(internalErrorText(error, context));
  return ExitCode.internal;
}

function internalErrorText(error: unknown, context: CliContext): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'internal error: this is a mistake of meshquake, not of yours',
    stack,
    `meshquake ${programVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`,
    `reproduce: meshquake ${context.argv.map(quoteArgument).join(' ')}`,
    '',
  ].join('\n');
}

/** As one would type it in a POSIX shell. */
export function quoteArgument(argument: string): string {
  const text = printable(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
