/**
 * Plays composed subjects on two stages and says in what each of them was seen to differ.
 *
 * Chance and load may move what is seen, on either side; so a difference counts only when it shows in
 * every pair of several runs.
 */
import { agrees } from '../observe.ts';
import { runCase } from '../run-case.ts';
import type { Stage } from '../stage.ts';
import { type Composed, compose } from './compose.ts';
import type { Frame, Subject } from './subject.ts';

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
 * @returns a text when one side or both did not run at all, or when only what all share differs
 */
export async function differing(
  sides: Sides,
  frame: Frame,
  subjects: readonly Subject[],
  ignored: RegExp,
): Promise<ReadonlyMap<number, readonly Difference[]> | string> {
  const first = await compared(sides, frame, subjects, ['1'], ignored, true);
  if (typeof first === 'string' || first.size === 0) return first;
  const indexes = [...first.keys()];
  const suspects = indexes.map((index) => subjects[index]!);
  let left = new Map(indexes.map((index) => [index, first.get(index)!]));
  for (const _ of AGAIN) {
    const again = await compared(sides, frame, suspects, AGAIN, ignored, false);
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

/**
 * Differences to every one of our runs.
 *
 * @param isWhole whether what all of them share is looked at, too
 */
async function compared(
  sides: Sides,
  frame: Frame,
  subjects: readonly Subject[],
  seeds: readonly string[],
  ignored: RegExp,
  isWhole: boolean,
): Promise<ReadonlyMap<number, readonly Difference[]> | string> {
  const composed = compose('drawn', frame, subjects);
  const envoy = await play(composed, sides.envoy());
  const runs: Played[] = [];
  for (const seed of seeds) runs.push(await play(composed, sides.ours(seed)));
  if (typeof envoy === 'string') {
    return runs.every((run) => typeof run === 'string')
      ? `both: ${envoy} | ${String(runs[0])}`
      : `envoy: ${envoy}`;
  }
  for (const ours of runs) if (typeof ours === 'string') return `meshquake: ${ours}`;
  const lasting = (at: readonly number[], isUnordered: boolean): readonly Difference[] => {
    const [first = [], ...others] = runs.map((ours) =>
      at.flatMap((i) => differenceOf(composed, i, isUnordered, ours[i], envoy[i])),
    );
    return first.filter(({ what }) => !ignored.test(what) && others.every((run) => has(run, what)));
  };
  const found = new Map<number, readonly Difference[]>();
  const { checks, shared } = composed;
  subjects.forEach((subject, index) => {
    const [from, to] = checks[index]!;
    const at = Array.from({ length: to - from }, (_, i) => from + i);
    // Of one subject alone the listener's counters are its own.
    if (subjects.length === 1) at.push(shared);
    const differences = lasting(at, subject.isUnordered === true);
    if (differences.length > 0) found.set(index, differences);
  });
  if (found.size > 0 || subjects.length === 1 || !isWhole) return found;
  const [difference] = lasting([shared], false);
  return difference === undefined ? found : `together: ${difference.what}`;
}

function has(differences: readonly Difference[], what: string): boolean {
  return differences.some((item) => item.what === what);
}

/** @returns a text when it did not start or broke off */
async function play({ found }: Composed, stage: Stage): Promise<Played> {
  const { bad, values } = await runCase(found, stage, null);
  return bad.length > 0 ? bad.join('; ') : values;
}

type Named = Readonly<Record<string, unknown>>;

function differenceOf(
  { found }: Composed,
  at: number,
  isUnordered: boolean,
  ours: unknown,
  envoy: unknown,
): readonly Difference[] {
  const check = found.compare[at]!;
  // Which attempt came first is chance.
  if (isUnordered && check.what === 'attempt_header_num') return [];
  const isOfAttempts = check.what === 'hosts' || check.what.startsWith('attempt_');
  const order = isUnordered && isOfAttempts ? unordered : (value: unknown) => value;
  const [mine, theirs] = [order(ours), order(envoy)];
  if (agrees(check, mine, theirs)) return [];
  if (check.what === 'counters') {
    const label = check.at === undefined ? '' : 'then:';
    return (check.names ?? []).flatMap((name) => {
      const [a, b] = [(mine as Named)[name], (theirs as Named)[name]];
      const short = name.replace(/^cluster\.s\d+/, '').replace(/^http\.in\./, 'http.');
      return a === b ? [] : [{ what: `counter:${label}${short}`, ours: a, envoy: b }];
    });
  }
  if (check.what.endsWith('_headers')) return headersOf(check.what, mine, theirs);
  const name = check.name === undefined ? '' : `:${check.name}`;
  return [{ what: check.what + name, ours: mine, envoy: theirs }];
}

/** Attempts of a request as if sorted. */
function unordered(requests: unknown): unknown {
  const textOf = (value: unknown) =>
    JSON.stringify(typeof value === 'object' ? Object.entries(value ?? {}).sort() : value);
  const byText = (a: unknown, b: unknown) => (textOf(a) < textOf(b) ? -1 : 1);
  return (requests as readonly unknown[]).map((attempts) =>
    Array.isArray(attempts) ? [...attempts].sort(byText) : attempts,
  );
}

/** One for each name of a header. */
function headersOf(what: string, ours: unknown, envoy: unknown): readonly Difference[] {
  const heads = (side: unknown) => (side as readonly (Named | readonly Named[])[]).flat();
  const [mine, theirs] = [heads(ours), heads(envoy)];
  if (mine.length !== theirs.length) return [{ what, ours: mine.length, envoy: theirs.length }];
  const names = new Set([...mine, ...theirs].flatMap((head) => Object.keys(head)));
  return [...names].flatMap((name) => {
    const [a, b] = [mine, theirs].map((side) => side.map((head) => head[name] ?? null));
    const isSame = JSON.stringify(a) === JSON.stringify(b);
    return isSame ? [] : [{ what: `${what}:${name}`, ours: a, envoy: b }];
  });
}
