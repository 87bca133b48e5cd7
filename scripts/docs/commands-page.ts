/**
 * `docs/commands.md` from the command line itself: each command with its arguments and options.
 */
import type { Argument, Command, Option } from 'commander';
import type { CliIo, TextOutput } from '../../src/cli/cli-io.ts';
import { makeProgram } from '../../src/cli/main.ts';
import { GENERATED_NOTE, type GeneratedPage, pageOf, sentence, table } from './page.ts';

const NOWHERE: TextOutput = { write: () => {}, isTerminal: false, columns: 80 };

/** Nothing is run, so nothing is read or written either. */
const IO: CliIo = {
  stdout: NOWHERE,
  stderr: NOWHERE,
  readStdin: () => '',
  env: {},
  cwd: '/',
  hasThreads: false,
};

export function commandsPage(): GeneratedPage {
  const program = makeProgram({ io: IO, exitCode: 0, argv: [] });
  return pageOf('docs/commands.md', [
    '# Commands',
    GENERATED_NOTE,
    `\`meshquake <command> --help\` prints the same. Every command ends with one of the
[exit codes](exit-codes.md).`,
    ...program.commands.flatMap((command) => commandText(command, [], 2)),
  ]);
}

function commandText(command: Command, above: readonly string[], level: number): readonly string[] {
  const names = [...above, command.name()];
  const visible = command.options.filter((option) => !option.hidden);
  const needed = command.registeredArguments.map(argumentText).join(' ');
  const usage = ['meshquake', ...names, ...(visible.length > 0 ? ['[options]'] : []), needed];
  const isGroup = command.commands.length > 0;
  return [
    `${'#'.repeat(level)} ${names.join(' ')}`,
    sentence(command.description()),
    ...(isGroup ? [] : [`\`${usage.filter((part) => part !== '').join(' ')}\``]),
    ...(visible.length === 0 ? [] : [optionTable(visible)]),
    ...command.commands.flatMap((child) => commandText(child, names, level + 1)),
  ];
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionTable(options: readonly Option[]): string {
  return table(
    ['option', 'meaning', 'default'],
    options.map((option) => [`\`${option.flags}\``, meaningOf(option), defaultOf(option)]),
  );
}

function meaningOf({ description, argChoices }: Option): string {
  return argChoices === undefined ? description : `${description}: ${argChoices.join(', ')}`;
}

function defaultOf({ defaultValue }: Option): string {
  if (defaultValue === undefined || defaultValue === false) return '';
  if (Array.isArray(defaultValue) && defaultValue.length === 0) return '';
  return `\`${String(defaultValue)}\``;
}
