/**
 * `npm run conformance -- DIR --target sim|live|envoy [--only GLOB,…] [--sample N] [--jobs N]
 * [--again N] [--record] [--json OUT] [--outcomes OUT]`
 *
 * Runs a folder of cases (`cases/*.yaml`, `goldens/<id>.json`) against the engine in virtual time,
 * against `meshquake proxy` on real sockets (the sources, or the built `$MESHQUAKE`, which starts
 * faster), or against the program `envoy` (`$ENVOY`, or on the PATH). One row per case, `N of M agree` last; the exit code is 0 only when all do. `--sample`
 * takes N cases spread over all; `--jobs` runs several at once, which share nothing but the machine;
 * `--again` runs those that differ up to N times more, one at a time: in real time a busy machine misses
 * moments, and the outcome says which run it is of;
 * `--outcomes` keeps in a file what became of each case, for the page of the documentation.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseNames, sampleOf } from './case-names.ts';
import { LiveStage } from './live/live-stage.ts';
import { mergedOutcomes, outcomesText, type RecordedOutcomes } from './outcomes.ts';
import type { Outcome } from './run-case.ts';
import { runFile } from './run-file.ts';
import type { Stage } from './stage.ts';
import { VirtualStage } from './virtual/virtual-stage.ts';

const USAGE =
  'usage: npm run conformance -- DIR --target sim|live|envoy [--only GLOB,…] [--sample N] [--jobs N] [--again N] [--record] [--json OUT] [--outcomes OUT]';

async function main(): Promise<number> {
  const { values: flags, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      only: { type: 'string', default: '*' },
      sample: { type: 'string', default: 'Infinity' },
      jobs: { type: 'string', default: '1' },
      again: { type: 'string', default: '0' },
      record: { type: 'boolean', default: false },
      json: { type: 'string' },
      outcomes: { type: 'string' },
    },
  });
  const [folder] = positionals;
  const target = flags.target ?? '';
  const [sample, jobs, again] = [flags.sample, flags.jobs, flags.again].map(Number) as [
    number,
    number,
    number,
  ];
  if (folder === undefined || !['sim', 'live', 'envoy'].includes(target)) return wrongUsage();
  if (!(sample >= 1) || !isCount(jobs) || jobs < 1 || !isCount(again)) return wrongUsage();
  const names = sampleOf(caseNames(folder, flags.only), sample);
  const run = (name: string) => runFile(folder, name, stageOf(target), flags.record);
  const firstOutcomes = await inParallel(names, jobs, async (name) => {
    const outcome = await run(name);
    if (flags.record && outcome.bad.length === 0) writeGolden(folder, outcome);
    return outcome;
  });
  const outcomes = await runAgain(names, firstOutcomes, again, run);
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(outcomes, null, 1)}\n`);
  if (flags.outcomes !== undefined) keepOutcomes(flags.outcomes, folder, outcomes);
  const agreeing = outcomes.filter(({ bad }) => bad.length === 0).length;
  process.stdout.write(`${agreeing} of ${outcomes.length} agree\n`);
  return agreeing === outcomes.length && agreeing > 0 ? 0 : 1;
}

/** What differs is run again, alone, until it agrees or `times` are over. */
async function runAgain(
  names: readonly string[],
  first: readonly Outcome[],
  times: number,
  run: (name: string) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes = [...first];
  for (const [at, name] of names.entries()) {
    for (let count = 2; count <= times + 1; count++) {
      const { bad, notApplicable } = outcomes[at]!;
      if (bad.length === 0 || notApplicable !== undefined) break;
      outcomes[at] = { ...(await run(name)), run: count };
      process.stdout.write(`run ${count}: ${rowOf(outcomes[at])}`);
    }
  }
  return outcomes;
}

function isCount(number: number): boolean {
  return Number.isInteger(number) && number >= 0;
}

function wrongUsage(): number {
  process.stderr.write(`${USAGE}\n`);
  return 64;
}

/** Rows come in the order of the names, whichever case ends first. */
async function inParallel(
  names: readonly string[],
  jobs: number,
  run: (name: string) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let started = 0;
  let printed = 0;
  const work = async () => {
    while (started < names.length) {
      const at = started++;
      outcomes[at] = await run(names[at]!);
      for (; outcomes[printed] !== undefined; printed++) {
        process.stdout.write(rowOf(outcomes[printed]!));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, work));
  return outcomes;
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

/** Cases that did not run keep what the file has of them; those that are gone leave it. */
function keepOutcomes(path: string, folder: string, outcomes: readonly Outcome[]): void {
  const known = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as RecordedOutcomes)
    : {};
  writeFileSync(path, outcomesText(mergedOutcomes(known, outcomes, caseNames(folder))));
}

process.exitCode = await main();
