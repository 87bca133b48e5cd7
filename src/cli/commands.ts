/** All commands, in the order of the help text. A new one: its file, its line here, its page in docs. */
import type { Command } from 'commander';
import { benchCommand } from './bench.ts';
import type { CliContext } from './cli-io.ts';
import { compareCommand } from './compare.ts';
import { completionCommand } from './completion.ts';
import { describeCommand } from './describe.ts';
import { exportCommand } from './export.ts';
import { faultsCommand } from './faults.ts';
import { importCommand } from './import.ts';
import { proxyCommand } from './proxy.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { searchCommand } from './search.ts';
import { sweepCommand } from './sweep.ts';
import { testCommand } from './test.ts';
import { validateCommand } from './validate.ts';

/** Adds a command to the program. */
export type AddCommand = (program: Command, context: CliContext) => void;

export const COMMANDS: readonly AddCommand[] = [
  runCommand,
  testCommand,
  replayCommand,
  compareCommand,
  sweepCommand,
  searchCommand,
  validateCommand,
  describeCommand,
  faultsCommand,
  importCommand,
  exportCommand,
  proxyCommand,
  benchCommand,
  completionCommand,
];
