/** The command line in this process: arguments in, exit code and texts out; a folder of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/main.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly isTerminal?: boolean;
}

/** A folder with these files, removed after the test. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshquake-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

export async function cli(
  argv: readonly string[],
  cwd: string,
  world: CliWorld = {},
): Promise<CliResult> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTerminal: world.isTerminal ?? false,
    columns: 80,
  });
  const exitCode = await runCli(argv, {
    stdout: output('stdout'),
    stderr: output('stderr'),
    readStdin: () => world.stdin ?? '',
    env: world.env ?? {},
    cwd,
    hasThreads: false,
  });
  return { exitCode, ...written };
}

/** Runs in a tenth of a second. */
export const QUICK = `meshquake: 1
title: A quick one
duration: 6s
services:
  payments: { workers: 4, serviceTime: { exponential: 5ms } }
  orders: { calls: [payments] }
clients:
  shoppers: { to: orders, open: { constant: 20rps } }
expect:
  - clients.shoppers.successRatio == 1
`;

/** The same with two variants, one of which ends otherwise than it says. */
export const TWO_VARIANTS = `${QUICK}variants:
  good: { verdict: pass }
  wrong: { verdict: fail, expect: [clients.shoppers.offered > 10] }
`;
