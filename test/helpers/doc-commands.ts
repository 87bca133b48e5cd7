/**
 * Runs the commands of a documentation page, in order, in a folder of its own, and compares what
 * they print with what the page shows.
 *
 * A fenced `console` block holds lines `$ command` (a `\` at the end goes on to the next line),
 * each followed by as much of its output as the page shows: every shown line must come, in this
 * order, `…` standing for anything within a line and, alone on a line, for any lines. `[exit 4]` on
 * a line of its own says how the command ends; without it the command must end with 0. In `sh`
 * blocks every line is a command and nothing is shown. Blocks of other languages are not run.
 *
 * A plain `meshquake …` (or `npx meshquake …`) runs in this process, which is quick; whatever needs
 * a shell runs in bash, with `meshquake` on its path.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from '../architecture/source-tree.ts';
import { cli } from '../cli/cli-under-test.ts';

/** One command of a page. */
export interface DocCommand {
  /** In the page, 1-based. */
  readonly line: number;
  readonly command: string;
  /** The lines that the page shows. */
  readonly shown: readonly string[];
  readonly exitCode: number;
}

export interface DocCommandOptions {
  /** Parts of the repository that the commands find in their folder, as copies. */
  readonly files?: readonly string[];
}

const ANYTHING = '…';
const EXIT = /^\[exit (\d+)\]$/;

/** The commands of a page, in order. */
export function commandsOf(markdown: string): readonly DocCommand[] {
  const commands: DocCommand[] = [];
  let language: string | null = null;
  let current: { line: number; command: string; shown: string[]; exitCode: number } | null = null;
  const finish = () => {
    if (current !== null) commands.push(current);
    current = null;
  };
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(text);
    if (fence !== null) {
      finish();
      language = language === null ? (fence[1] ?? '') : null;
      continue;
    }
    const command = commandIn(text, language);
    if (current !== null && current.shown.length === 0 && current.command.endsWith('\\')) {
      current.command = `${current.command.slice(0, -1).trimEnd()} ${text.trim()}`;
    } else if (command !== null) {
      finish();
      current = { line: index + 1, command, shown: [], exitCode: 0 };
    } else if (current !== null && language === 'console') {
      const exit = EXIT.exec(text);
      if (exit === null) current.shown.push(text.trimEnd());
      else current.exitCode = Number(exit[1]);
    }
  }
  finish();
  return commands;
}

function commandIn(text: string, language: string | null): string | null {
  if (language === 'console') return text.startsWith('$ ') ? text.slice(2) : null;
  const isCommand = language === 'sh' && text.trim() !== '' && !text.startsWith('#');
  return isCommand ? text.replace(/^\$ /, '') : null;
}

/**
 * Runs all commands of a page, one after another; to be called inside a test.
 *
 * @param page its path in the repository
 * @throws Error that names the page, the line, the command and what it printed
 */
export async function runDocCommands(page: string, options: DocCommandOptions = {}): Promise<void> {
  const commands = commandsOf(readFileSync(join(ROOT, page), 'utf8'));
  if (commands.length === 0) throw new Error(`${page} holds no command`);
  const folder = mkdtempSync(join(tmpdir(), 'meshquake-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of options.files ?? ['scenarios']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  for (const command of commands) {
    const { output, exitCode } = await runCommand(command.command, folder);
    const missing = missingLine(command.shown, output.split('\n'));
    if (exitCode === command.exitCode && missing === null) continue;
    const problem =
      missing === null ? `exit code ${exitCode}, not ${command.exitCode}` : `lacks: ${missing}`;
    throw new Error(
      `${page}:${command.line}: ${command.command}\n${problem}\n--- output\n${output}`,
    );
  }
}

interface CommandResult {
  /** Standard output, then standard error. */
  readonly output: string;
  readonly exitCode: number;
}

async function runCommand(command: string, folder: string): Promise<CommandResult> {
  const words = plainWords(command);
  const isOurs = words !== null && words[words[0] === 'npx' ? 1 : 0] === 'meshquake';
  if (isOurs) {
    const { exitCode, stdout, stderr } = await cli(words.slice(words[0] === 'npx' ? 2 : 1), folder);
    return { output: stdout + stderr, exitCode };
  }
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${shimFolder(folder)}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  return { output: stdout + stderr, exitCode: status ?? -1 };
}

/** The words of a command that needs no shell; null for all others. */
export function plainWords(command: string): readonly string[] | null {
  const words: string[] = [];
  const pattern = /\s*(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"|&;<>()$`\\*?#]+))(?=\s|$)/y;
  while (pattern.lastIndex < command.trimEnd().length) {
    const match = pattern.exec(command);
    if (match === null) return null;
    words.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return words;
}

/** A folder with a program `meshquake`, which runs the sources. */
function shimFolder(folder: string): string {
  const bin = join(folder, '.bin');
  mkdirSync(bin, { recursive: true });
  const tsx = JSON.stringify(import.meta.resolve('tsx'));
  const main = JSON.stringify(join(ROOT, 'src/cli.ts'));
  writeFileSync(join(bin, 'meshquake'), `#!/bin/sh\nexec node --import ${tsx} ${main} "$@"\n`);
  chmodSync(join(bin, 'meshquake'), 0o755);
  return bin;
}

/** The first shown line that does not come in its turn; null when all do. */
export function missingLine(shown: readonly string[], actual: readonly string[]): string | null {
  let at = 0;
  for (const line of shown) {
    if (line.trim() === ANYTHING || line.trim() === '') continue;
    const wanted = new RegExp(`^${line.split(ANYTHING).map(escaped).join('.*')}$`);
    const found = actual.findIndex((text, index) => index >= at && wanted.test(text.trimEnd()));
    if (found < 0) return line;
    at = found + 1;
  }
  return null;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
