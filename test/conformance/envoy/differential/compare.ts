/**
 * Plays composed subjects on two stages and says in what each of them was seen to differ.
 *
 * Chance and load may move what is seen, on either side; so a difference counts only when it shows in
 * every pair of several runs.
 */
import { agrees } from '../observe.ts';
import { runCase } from '../run-case.ts';
import type { Stage } from '../stage.ts';
import { type Composed, compose, type Frame, type Subject } from './subject.ts';

/** Makes a fresh stage of each side. */
export interface Sides {
  readonly envoy: () => Stage;
  /** @param seed of the draws */
  readonly ours: (seed: string) => Stage;
}

/** One observation that both sides made differently. */
export interface Difference {
  /** `status`, `resp_header:location`, `counter:a.upstream_rq_total`, or `start`. */
  readonly what: string;
  readonly ours: unknown;
  readonly envoy: unknown;
}

type Played = readonly unknown[] | string;

/** The seeds of our runs that a difference must outlive, and as many runs of Envoy. */
const AGAIN = ['2', '3'];

/**
 * What differs, by index of the subject.
 *
 * @param ignored differences that do not count, by `what`
 * @returns a text when one side or both did not run at all
 */
export async function differing(
  sides: Sides,
  frame: Frame,
  subjects: readonly Subject[],
  ignored: RegExp,
): Promise<ReadonlyMap<number, readonly Difference[]> | string> {
  const first = await compared(sides, frame, subjects, ['1'], ignored);
  if (typeof first === 'string' || first.size === 0) return first;
  const indexes = [...first.keys()];
  const suspects = indexes.map((index) => subjects[index]!);
  let left = new Map(indexes.map((index) => [index, first.get(index)!]));
  for (const _ of AGAIN) {
    const again = await compared(sides, frame, suspects, AGAIN, ignored);
    if (typeof again === 'string') return again;
    left = new Map(
      [...left].flatMap(([index, differences]) => {
        const now = again.get(indexes.indexOf(index)) ?? [];
        const same = differences.filter(({ what }) => now.some((item) => item.what === what));
        return same.length === 0 ? [] : [[index, same] as const];
      }),
    );
    if (left.size === 0) return left;
  }
  return left;
}

/** Differences to every one of our runs. */
async function compared(
  sides: Sides,
  frame: Frame,
  subjects: readonly Subject[],
  seeds: readonly string[],
  ignored: RegExp,
): Promise<ReadonlyMap<number, readonly Difference[]> | string> {
  const composed = compose('drawn', frame, subjects);
  const envoy = await play(composed, sides.envoy());
  const runs: Played[] = [];
  for (const seed of seeds) runs.push(await play(composed, sides.ours(seed)));
  if (typeof envoy === 'string') {
    return runs.every((run) => typeof run === 'string') ? `both: ${envoy}` : `envoy: ${envoy}`;
  }
  const found = new Map<number, readonly Difference[]>();
  for (const ours of runs) if (typeof ours === 'string') return `meshquake: ${ours}`;
  subjects.forEach((_, index) => {
    const [first = [], ...others] = runs.map((ours) =>
      differencesOf(composed, index, ours as readonly unknown[], envoy),
    );
    const lasting = first.filter(
      ({ what }) => !ignored.test(what) && others.every((run) => has(run, what)),
    );
    if (lasting.length > 0) found.set(index, lasting);
  });
  return found;
}

function has(differences: readonly Difference[], what: string): boolean {
  return differences.some((item) => item.what === what);
}

/** @returns a text when it did not start or broke off */
async function play({ found }: Composed, stage: Stage): Promise<Played> {
  const { bad, values } = await runCase(found, stage, null);
  return bad.length > 0 ? bad.join('; ') : values;
}

function differencesOf(
  { found, checks }: Composed,
  index: number,
  ours: readonly unknown[],
  envoy: readonly unknown[],
): readonly Difference[] {
  const [from, to] = checks[index]!;
  return found.compare.slice(from, to).flatMap((check, i): readonly Difference[] => {
    const [mine, theirs] = [ours[from + i], envoy[from + i]];
    if (agrees(check, mine, theirs)) return [];
    if (check.what !== 'counters') {
      const name = check.name === undefined ? '' : `:${check.name}`;
      return [{ what: check.what + name, ours: mine, envoy: theirs }];
    }
    const [a, b] = [mine, theirs] as readonly Readonly<Record<string, number>>[];
    return (check.names ?? []).flatMap((name) => {
      if (a![name] === b![name]) return [];
      const short = name.replace(/^cluster\.s\d+/, '');
      return [{ what: `counter:${short}`, ours: a![name], envoy: b![name] }];
    });
  });
}
