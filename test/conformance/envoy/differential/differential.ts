/**
 * `npm run differential -- [--runs N] [--seed S] [--batch N] [--out DIR] [--shrink N]`
 *
 * Draws configurations, and lets a real Envoy (`$ENVOY`, or on the PATH) and the engine in virtual
 * time answer the same requests. A configuration is one virtual host with its routes and clusters,
 * which share nothing with the others but the connection manager; `--batch` of them go into one
 * start of Envoy. Those that are answered differently are shrunk, `--shrink` of them at most, and
 * written to DIR as cases with Envoy's answers. The exit code is 0 only when all agree.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { LiveStage } from '../live/live-stage.ts';
import { runCase } from '../run-case.ts';
import { VirtualStage } from '../virtual/virtual-stage.ts';
import { certain, differing, type Sides } from './compare.ts';
import { FRAMES, subject } from './space.ts';
import { caseText, compose, type Frame, type Subject } from './subject.ts';

const SIDES: Sides = {
  envoy: () => new LiveStage('envoy'),
  ours: (seed) => new VirtualStage(seed),
};

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly batch: number;
  readonly shrink: number;
  readonly out: string;
}

interface Disagreement {
  /** Of the subject, among those of the seed. */
  readonly index: number;
  readonly frame: Frame;
  readonly differences: readonly string[];
}

async function main(): Promise<number> {
  const options = readOptions();
  const subjects = fc.sample(subject, { seed: options.seed, numRuns: options.runs });
  const found: Disagreement[] = [];
  let startsWithout = 0;
  for (let from = 0; from < subjects.length; from += options.batch) {
    const batch = subjects.slice(from, from + options.batch);
    const frame = FRAMES[(from / options.batch + options.seed) % FRAMES.length]!;
    startsWithout += await playBatch(batch, from, frame, found);
    say(`${Math.min(from + options.batch, subjects.length)} of ${options.runs}: ${found.length}`);
  }
  const shown = distinct(found);
  for (const item of shown.slice(0, options.shrink)) await reduce(item, options);
  for (const { index, differences } of shown) say(`#${index}\n  ${differences.join('\n  ')}`);
  const agreeing = options.runs - found.length - startsWithout;
  say(`${agreeing} of ${options.runs} configurations agree (seed ${options.seed})`);
  return agreeing === options.runs ? 0 : 1;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      batch: { type: 'string', default: '40' },
      shrink: { type: 'string', default: '5' },
      out: { type: 'string', default: '.cache/differential' },
    },
  });
  const { runs, seed, batch, shrink, out } = values;
  return {
    runs: Number(runs),
    seed: Number(seed),
    batch: Number(batch),
    shrink: Number(shrink),
    out,
  };
}

/** @returns how many subjects neither side takes */
async function playBatch(
  batch: readonly Subject[],
  from: number,
  frame: Frame,
  found: Disagreement[],
): Promise<number> {
  const differences = await differing(SIDES, frame, batch);
  if (typeof differences === 'string') {
    // One subject that is refused spoils the batch for all.
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      const first = await playBatch(batch.slice(0, half), from, frame, found);
      return first + (await playBatch(batch.slice(half), from + half, frame, found));
    }
    const sure = await certain(SIDES, frame, batch[0]!);
    if (sure.length > 0) found.push({ index: from, frame, differences: sure });
    return sure.length > 0 ? 0 : 1;
  }
  for (const [index] of differences) {
    const sure = await certain(SIDES, frame, batch[index]!);
    if (sure.length > 0) found.push({ index: from + index, frame, differences: sure });
  }
  return 0;
}

/** One of those that differ in the same observations. */
function distinct(found: readonly Disagreement[]): readonly Disagreement[] {
  const byKind = new Map<string, Disagreement>();
  for (const item of found) {
    const kind = item.differences.map((text) => text.replace(/: .*/, '')).join();
    if (!byKind.has(kind)) byKind.set(kind, item);
  }
  return [...byKind.values()];
}

/** Writes the smallest case that still differs, with Envoy's answer. */
async function reduce({ index, frame }: Disagreement, { seed, out }: Options): Promise<void> {
  const property = fc.asyncProperty(subject, async (value) => {
    return (await certain(SIDES, frame, value)).length === 0;
  });
  const details = await fc.check(property, {
    seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: false,
  });
  const [smallest] = details.counterexample ?? [];
  if (smallest === undefined) return;
  const id = `diff-${seed}-${index}`;
  const { found } = compose(id, frame, [smallest]);
  const { values } = await runCase(found, SIDES.envoy(), null);
  mkdirSync(join(out, 'cases'), { recursive: true });
  mkdirSync(join(out, 'goldens'), { recursive: true });
  writeFileSync(join(out, 'cases', `${id}.yaml`), caseText(found));
  writeFileSync(join(out, 'goldens', `${id}.json`), `${JSON.stringify({ id, values })}\n`);
  const differences = await certain(SIDES, frame, smallest);
  say(`${out}/cases/${id}.yaml\n  ${differences.join('\n  ')}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
