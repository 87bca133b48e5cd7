/**
 * `npm run conformance -- DIR --target sim|live|envoy [--only GLOB] [--record] [--json OUT]`
 *
 * Runs a folder of cases (`cases/*.yaml`, `goldens/<id>.json`) against the engine in virtual time,
 * against `meshquake proxy` on real sockets, or against the program `envoy` (`$ENVOY`, or on the
 * PATH). One row per case, `N of M agree` last; the exit code is 0 only when all do.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { LiveStage } from './live/live-stage.ts';
import type { Outcome } from './run-case.ts';
import { runFile } from './run-file.ts';
import type { Stage } from './stage.ts';
import { VirtualStage } from './virtual/virtual-stage.ts';

const USAGE =
  'usage: npm run conformance -- DIR --target sim|live|envoy [--only GLOB,…] [--record] [--json OUT]';

async function main(): Promise<number> {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      only: { type: 'string', default: '*' },
      record: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const [folder] = positionals;
  const target = flags.target ?? '';
  if (folder === undefined || !['sim', 'live', 'envoy'].includes(target)) {
    process.stderr.write(`${USAGE}\n`);
    return 64;
  }
  const patterns = flags.only.split(',').map(patternOf);
  const names = readdirSync(join(folder, 'cases'))
    .filter((name) => name.endsWith('.yaml'))
    .filter((name) => patterns.some((pattern) => pattern.test(basename(name, '.yaml'))))
    .sort();
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const outcome = await runFile(folder, name, stageOf(target), flags.record);
    outcomes.push(outcome);
    process.stdout.write(rowOf(outcome));
    if (flags.record && outcome.bad.length === 0) writeGolden(folder, outcome);
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(outcomes, null, 1)}\n`);
  const agreeing = outcomes.filter(({ bad }) => bad.length === 0).length;
  process.stdout.write(`${agreeing} of ${outcomes.length} agree\n`);
  return agreeing === outcomes.length && agreeing > 0 ? 0 : 1;
}

/** `*` stands for any text, `?` for any character. */
function patternOf(glob: string): RegExp {
  const text = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${text.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

function stageOf(target: string): Stage {
  if (target === 'sim') return new VirtualStage('conformance');
  return new LiveStage(target === 'live' ? 'meshquake' : 'envoy');
}

function rowOf({ id, title, bad, notApplicable }: Outcome): string {
  const word = bad.length === 0 ? 'ok  ' : notApplicable === undefined ? 'FAIL' : 'n/a ';
  const reasons = bad.map((text) => `       ${text.replaceAll('\n', '\n       ')}\n`);
  return `${word} ${id.padEnd(32)} ${title}\n${reasons.join('')}`;
}

function writeGolden(folder: string, { id, values }: Outcome): void {
  mkdirSync(join(folder, 'goldens'), { recursive: true });
  const text = JSON.stringify({ id, values }, null, 1);
  writeFileSync(join(folder, 'goldens', `${id}.json`), `${text}\n`);
}

process.exitCode = await main();
