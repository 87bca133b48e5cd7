/**
 * `npm run differential -- [--runs N] [--seed S] [--batch N] [--shrink N] [--ignore REGEX] [--out DIR]`
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
import { FRAMES, subject } from './space.ts';
import { caseText, compose, type Frame, type Subject } from './subject.ts';

const SIDES: Sides = {
  envoy: () => new LiveStage('envoy'),
  ours: (seed) => new VirtualStage(seed),
};
/** Of shrinking one of them. */
const LIMIT_MS = 25_000;

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly batch: number;
  readonly shrink: number;
  readonly out: string;
  readonly ignored: RegExp;
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
  const subjects = fc.sample(subject, { seed: options.seed, numRuns: options.runs });
  const tally: Tally = { found: [], refused: 0 };
  for (let from = 0; from < subjects.length; from += options.batch) {
    const batch = subjects.slice(from, from + options.batch);
    await playBatch(batch, from, frameOf(from, options), tally, options.ignored);
    process.stderr.write(`${from + batch.length} of ${options.runs}: ${tally.found.length}\n`);
  }
  const kinds = byKind(tally.found);
  let left = options.shrink;
  for (const [what, items] of kinds) {
    const { ours, envoy } = items[0]!.differences.find((item) => item.what === what)!;
    say(`${what}: ${items.length} times, as #${items.map(({ index }) => index).slice(0, 5)}`);
    say(`  ours ${JSON.stringify(ours)}\n  envoy ${JSON.stringify(envoy)}`.slice(0, 600));
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
      out: { type: 'string', default: '.cache/differential' },
    },
  });
  const { runs, seed, batch, shrink, out, ignore } = values;
  return {
    runs: Number(runs),
    seed: Number(seed),
    batch: Number(batch),
    shrink: Number(shrink),
    out,
    ignored: new RegExp(ignore),
  };
}

function frameOf(from: number, { batch, seed }: Options): Frame {
  return FRAMES[(Math.floor(from / batch) + seed) % FRAMES.length]!;
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
    if (result.startsWith('both: ')) tally.refused++;
    else if (!ignored.test('start')) {
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

/** Most frequent first. */
function byKind(found: readonly Disagreement[]): readonly (readonly [string, Disagreement[]])[] {
  const kinds = new Map<string, Disagreement[]>();
  for (const item of found) {
    for (const { what } of item.differences) kinds.set(what, [...(kinds.get(what) ?? []), item]);
  }
  return [...kinds].sort(([, a], [, b]) => b.length - a.length);
}

/** Writes the smallest case that still differs in this, with Envoy's answer. */
async function reduce(what: string, { index, frame }: Disagreement, options: Options) {
  const { seed, out } = options;
  const others = new RegExp(`^(?!${what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$)`);
  const property = fc.asyncProperty(subject, async (value) => {
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
  const { virtualHost, clusters, requests } = smallest;
  say(`  ${JSON.stringify({ virtualHost, clusters, requests, frame })}\n  ${out}/cases/${id}.yaml`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
