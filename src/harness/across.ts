/**
 * Figures of several runs side by side: least, median, greatest, and an interval that holds the true
 * median with 95 % confidence.
 *
 * The interval consists of order statistics, so it supposes nothing about the distribution. With
 * fewer than six runs no such interval exists; then it is the whole range.
 * Source: surface.md §0 (`across`); the sign test's interval (binomial tails).
 */
import type { Summary } from '../core/summary.ts';

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly ci95: readonly [number, number];
}

/** By the metric as an expression writes it: `clients.shoppers.successRatio`. */
export type AcrossRuns = Readonly<Record<string, Spread>>;

/** Figures that are missing in a run (never recovered) are left out of that metric. */
export function acrossRuns(runs: readonly Summary[]): AcrossRuns {
  return spreads(runs.map(figuresOf));
}

/** The same of figures that were taken out of their summaries already. */
export function spreads(
  runs: readonly Iterable<readonly [metric: string, value: number]>[],
): AcrossRuns {
  const values = new Map<string, number[]>();
  for (const run of runs) {
    for (const [metric, value] of run) {
      const list = values.get(metric);
      if (list === undefined) values.set(metric, [value]);
      else list.push(value);
    }
  }
  return Object.fromEntries([...values].map(([metric, list]) => [metric, spreadOf(list)]));
}

/** Every number of a summary that expressions can name, in the order of the document. */
export function* figuresOf(run: Summary): Generator<readonly [metric: string, value: number]> {
  for (const client of run.clients) yield* leaves(`clients${member(client.name)}`, client);
  for (const edge of run.edges) yield* leaves(`edges${member(`${edge.from}->${edge.to}`)}`, edge);
  for (const service of run.services) {
    const { name, version } = service;
    const key = version === '' ? name : `${name}@version=${version}`;
    yield* leaves(`services${member(key)}`, service);
  }
  yield* leaves('proxies', run.proxies);
  yield ['size(ejections)', run.ejections.length];
  yield* leaves('recovery', run.recovery);
}

function member(name: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function* leaves(prefix: string, row: object): Generator<readonly [string, number]> {
  for (const [field, value] of Object.entries(row)) {
    if (typeof value === 'number') yield [prefix + member(field), value];
    else if (typeof value === 'object' && value !== null)
      yield* leaves(prefix + member(field), value);
  }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? 0;
  const last = sorted.length - 1;
  const half = Math.floor(last / 2);
  const median = sorted.length % 2 === 1 ? at(half) : (at(half) + at(half + 1)) / 2;
  const rank = medianRank(sorted.length);
  return { min: at(0), median, max: at(last), ci95: [at(rank), at(last - rank)] };
}

/**
 * How many values may be cut off at each end so that the rest still holds the median with 95 %.
 * The number of values below the median is binomial with p = 1/2.
 */
function medianRank(count: number): number {
  // Above that 2^-count leaves the range of numbers, and the normal law is exact enough.
  if (count > 1000) return Math.floor(count / 2 - 0.98 * Math.sqrt(count));
  let probability = 1;
  for (let i = 0; i < count; i += 1) probability *= 0.5;
  let below = 0;
  let cut = 0;
  for (let k = 0; k < count; k += 1) {
    below += probability;
    if (below > 0.025) break;
    cut = k;
    probability *= (count - k) / (k + 1);
  }
  return cut;
}
