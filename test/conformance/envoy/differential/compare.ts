/**
 * Plays composed subjects on two stages and says which of them were seen to differ.
 *
 * Chance and load may move what is seen, on either side; so a difference counts only when the
 * subject, alone, differs in every pair of several runs.
 */
import { agrees, nameOf } from '../observe.ts';
import { type Outcome, runCase } from '../run-case.ts';
import type { Stage } from '../stage.ts';
import { type Composed, compose, type Frame, type Subject } from './subject.ts';

/** Makes a fresh stage of each side. */
export interface Sides {
  readonly envoy: () => Stage;
  /** @param seed of the draws */
  readonly ours: (seed: string) => Stage;
}

const SEEDS = ['1', '2', '3'];
const ENVOY_RUNS = 2;

/** What differs, by index of the subject; a string = the case did not run at all. */
export async function differing(
  sides: Sides,
  frame: Frame,
  subjects: readonly Subject[],
): Promise<ReadonlyMap<number, readonly string[]> | string> {
  const composed = compose('batch', frame, subjects);
  const envoy = await play(composed, sides.envoy());
  const ours = await play(composed, sides.ours('1'));
  if (typeof envoy === 'string') return typeof ours === 'string' ? `both: ${envoy}` : envoy;
  if (typeof ours === 'string') return ours;
  const found = new Map<number, readonly string[]>();
  subjects.forEach((_, index) => {
    const differences = differencesOf(composed, index, ours, envoy);
    if (differences.length > 0) found.set(index, differences);
  });
  return found;
}

/** Differences that no run explains; empty = they agree at least once. */
export async function certain(
  sides: Sides,
  frame: Frame,
  subject: Subject,
): Promise<readonly string[]> {
  const composed = compose('alone', frame, [subject]);
  const ours: (readonly unknown[] | string)[] = [];
  for (const seed of SEEDS) ours.push(await play(composed, sides.ours(seed)));
  let last: readonly string[] = [];
  for (let run = 0; run < ENVOY_RUNS; run++) {
    const envoy = await play(composed, sides.envoy());
    for (const values of ours) {
      if (typeof values === 'string' || typeof envoy === 'string') {
        if (typeof values === typeof envoy) return [];
        last = [`meshquake: ${startOf(values)}; envoy: ${startOf(envoy)}`];
        continue;
      }
      last = differencesOf(composed, 0, values, envoy);
      if (last.length === 0) return [];
    }
  }
  return last;
}

function startOf(values: readonly unknown[] | string): string {
  return typeof values === 'string' ? values : 'starts';
}

/** @returns a text when it did not start or broke off */
async function play({ found }: Composed, stage: Stage): Promise<readonly unknown[] | string> {
  const outcome: Outcome = await runCase(found, stage, null);
  return outcome.bad.length > 0 ? outcome.bad.join('; ') : outcome.values;
}

function differencesOf(
  { found, checks }: Composed,
  index: number,
  ours: readonly unknown[],
  envoy: readonly unknown[],
): readonly string[] {
  const [from, to] = checks[index]!;
  const differences: string[] = [];
  for (let at = from; at < to; at++) {
    const check = found.compare[at]!;
    if (agrees(check, ours[at], envoy[at])) continue;
    const name = nameOf(check, at - from).replace(/^\d+:/, '');
    differences.push(
      `${name}: ours ${textOf(ours[at], envoy[at])}, envoy ${textOf(envoy[at], ours[at])}`,
    );
  }
  return differences;
}

/** Of counters only those that differ. */
function textOf(value: unknown, other: unknown): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return JSON.stringify(value);
  }
  const others = other as Readonly<Record<string, unknown>>;
  return JSON.stringify(
    Object.fromEntries(Object.entries(value).filter(([key, item]) => others?.[key] !== item)),
  );
}
