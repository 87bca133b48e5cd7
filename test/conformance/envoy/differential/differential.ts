/**
 * `npm run differential -- [--runs N] [--seed S] [--batch N] [--shrink N] [--ignore REGEX] [--out DIR]
 * [--space NAME] [--only I,J]`
 *
 * Draws configurations, and lets a real Envoy (`$ENVOY`, or on the PATH) and the engine in virtual
 * time answer the same requests. A configuration is one virtual host with its routes and clusters,
 * which share nothing with the others but the connection manager; `--batch` of them go into one
 * start of Envoy. One of each kind of difference is shrunk, `--shrink` at most, and written to DIR as
 * a case with Envoy's answers. The exit code is 0 only when all agree.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { LiveStage } from '../live/live-stage.ts';
import { runCase } from '../run-case.ts';
import { VirtualStage } from '../virtual/virtual-stage.ts';
import { type Difference, differing, type Sides } from './compare.ts';
import { caseText, compose } from './compose.ts';
import { frame, subjectsOf } from './space.ts';
import type { Frame, Subject } from './subject.ts';

const SIDES: Sides = {
  envoy: () => new LiveStage('envoy'),
  ours: (seed) => new VirtualStage(seed),
};
/** Differences of one configuration that are printed. */
const SHOWN = 6;
/** Of shrinking one of them. */
const LIMIT_MS = 25_000;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly batch: number;
  readonly shrink: number;
  readonly out: string;
  readonly ignored: RegExp;
  readonly subjects: fc.Arbitrary<Subject>;
  /** Only these, each in a start of its own; empty = all. */
  readonly only: readonly number[];
}

interface Disagreement {
  /** Of the subject, among those of the seed. */
  readonly index: number;
  readonly frame: Frame;
  readonly differences: readonly Difference[];
}

/** What became of the configurations. */
interface Tally {
  readonly found: Disagreement[];
  /** Refused by both sides. */
  refused: number;
}

async function main(): Promise<number> {
  const options = readOptions();
  const subjects = fc.sample(options.subjects, { seed: options.seed, numRuns: options.runs });
  const batches = Math.ceil(options.runs / options.batch);
  const frames = fc.sample(frame, { seed: options.seed, numRuns: batches });
  const tally: Tally = { found: [], refused: 0 };
  const { only, batch } = options;
  const size = only.length === 0 ? batch : 1;
  for (let from = 0; from < subjects.length; from += size) {
    if (only.length > 0 && !only.includes(from)) continue;
    const played = subjects.slice(from, from + size);
    await playBatch(played, from, frames[Math.floor(from / batch)]!, tally, options.ignored);
    process.stderr.write(`${from + played.length} of ${options.runs}: ${tally.found.length}\n`);
  }
  let left = options.shrink;
  for (const [what, items] of byKind(tally.found)) {
    say(`${what}: ${items.length} times`);
    for (const { index, differences } of items) {
      const lines = differences.slice(0, SHOWN).map(({ what: other, ours, envoy }) => {
        return `    ${other}\n      ours  ${JSON.stringify(ours)}\n      envoy ${JSON.stringify(envoy)}`;
      });
      say(`  #${index}, ${differences.length} differences\n${lines.join('\n')}`);
    }
    if (left-- > 0) await reduce(what, items[0]!, options);
  }
  const { found, refused } = tally;
  const agreeing = options.runs - found.length;
  say(
    `${agreeing} of ${options.runs} configurations agree (seed ${options.seed}; ${refused} of them refused by both)`,
  );
  return agreeing === options.runs ? 0 : 1;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      batch: { type: 'string', default: '40' },
      shrink: { type: 'string', default: '3' },
      ignore: { type: 'string', default: '(?!)' },
      space: { type: 'string' },
      only: { type: 'string', default: '' },
      out: { type: 'string', default: '.cache/differential' },
    },
  });
  const { runs, seed, batch, shrink, out, ignore, space, only } = values;
  return {
    runs: Number(runs),
    seed: Number(seed),
    batch: Number(batch),
    shrink: Number(shrink),
    out,
    ignored: new RegExp(ignore),
    subjects: subjectsOf(space),
    only: only.split(',').filter(Boolean).map(Number),
  };
}

async function playBatch(
  batch: readonly Subject[],
  from: number,
  frame: Frame,
  tally: Tally,
  ignored: RegExp,
): Promise<void> {
  const result = await differing(SIDES, frame, batch, ignored);
  if (typeof result !== 'string') {
    for (const [at, differences] of result) {
      tally.found.push({ index: from + at, frame, differences });
    }
    return;
  }
  if (batch.length === 1) {
    if (result.startsWith('both: ')) {
      tally.refused++;
      process.stderr.write(`#${from} is refused by ${result.slice(0, 600)}\n`);
    } else if (!ignored.test('start')) {
      const differences = [{ what: 'start', ours: result, envoy: '' }];
      tally.found.push({ index: from, frame, differences });
    }
    return;
  }
  // One that is refused spoils the start for all.
  const half = Math.ceil(batch.length / 2);
  await playBatch(batch.slice(0, half), from, frame, tally, ignored);
  await playBatch(batch.slice(half), from + half, frame, tally, ignored);
}

/** By their first difference; most frequent first. */
function byKind(found: readonly Disagreement[]): readonly (readonly [string, Disagreement[]])[] {
  const kinds = new Map<string, Disagreement[]>();
  for (const item of found) {
    const { what } = item.differences[0]!;
    kinds.set(what, [...(kinds.get(what) ?? []), item]);
  }
  return [...kinds].sort(([, a], [, b]) => b.length - a.length);
}

/** Writes the smallest case that still differs in this, with Envoy's answer. */
async function reduce(what: string, { index, frame }: Disagreement, options: Options) {
  const { seed, out } = options;
  const others = new RegExp(`^(?!${what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$)`);
  const property = fc.asyncProperty(options.subjects, async (value) => {
    const result = await differing(SIDES, frame, [value], others);
    const isStart = what === 'start' && typeof result === 'string' && !result.startsWith('both');
    return !isStart && (typeof result === 'string' || result.size === 0);
  });
  const details = await fc.check(property, {
    seed,
    path: String(index),
    numRuns: 1,
    interruptAfterTimeLimit: LIMIT_MS,
    markInterruptAsFailure: false,
  });
  const [smallest] = details.counterexample ?? [];
  if (smallest === undefined) return;
  const id = `diff-${seed}-${index}-${what.replace(/[^\w]+/g, '-')}`;
  const { found } = compose(id, frame, [smallest]);
  const { values } = await runCase(found, SIDES.envoy(), null);
  mkdirSync(join(out, 'cases'), { recursive: true });
  mkdirSync(join(out, 'goldens'), { recursive: true });
  writeFileSync(join(out, 'cases', `${id}.yaml`), caseText(found));
  writeFileSync(join(out, 'goldens', `${id}.json`), `${JSON.stringify({ id, values })}\n`);
  const { virtualHost, clusters, steps } = smallest;
  say(`  ${JSON.stringify({ virtualHost, clusters, steps, frame })}\n  ${out}/cases/${id}.yaml`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
