/**
 * The figures that experiments speak of: which are shown unless somebody names others, which way is
 * better, and how small a difference does not matter.
 *
 * Names are those of expectations: `clients.shoppers.latencyMs.p99`, `edges["a->b"].amplification`.
 */
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';

export type Direction = 'up' | 'down';

export interface Metric {
  readonly name: string;
  /** Which way is better. */
  readonly better: Direction;
}

/** Those of every run, in this order. */
const SHOWN: readonly RegExp[] = [
  /^clients.*\.successRatio$/,
  /^clients.*\.latencyMs\.p50$/,
  /^clients.*\.latencyMs\.p99$/,
  /^edges.*\.amplification$/,
];

const BETTER: readonly (readonly [RegExp, Direction])[] = [
  [/\.(successRatio|firstTrySuccessRatio|goodputRps|succeeded|cacheHitRatio)$/, 'up'],
  [/(latencyMs|addedLatencyMs)\.\w+$/i, 'down'],
  [/\.(failed|amplification|attempts|retries|wastedWorkRatio|queueMax|recoveredAtS)$/, 'down'],
  [/\.(cpuUtilisation|workerUtilisation|cpuCores|memoryMiB)$/, 'down'],
  [/\.(byFlag|retriesRefused)\b|^size\(ejections\)$/, 'down'],
];

/** Names of those that are shown when none is asked for. @param known of a run, in its order */
export function shownMetrics(known: readonly string[]): readonly string[] {
  return SHOWN.flatMap((pattern) => known.filter((name) => pattern.test(name)));
}

/**
 * The metrics that are meant.
 *
 * @param wanted names, each perhaps with `:up` or `:down`; a name without its row, such as
 *   `latencyMs.p99`, means that of every client; empty = those that are shown
 * @param known names of a run
 * @throws UsageError for a name that no run has, or of which nobody knows which way is better
 */
export function chooseMetrics(
  wanted: readonly string[],
  known: readonly string[],
): readonly Metric[] {
  const texts = wanted.length === 0 ? shownMetrics(known) : wanted;
  const chosen = texts.flatMap((text) => {
    const match = /^(.*):(up|down)$/.exec(text);
    const better = match?.[2] as Direction | undefined;
    return namesOf(match?.[1] ?? text, known).map((name) => metricOf(name, better));
  });
  return [...new Map(chosen.map((metric) => [metric.name, metric])).values()];
}

/** As above, without a direction. @throws UsageError for a name that no run has */
export function metricNames(wanted: readonly string[], known: readonly string[]) {
  if (wanted.length === 0) return shownMetrics(known);
  return [...new Set(wanted.flatMap((text) => namesOf(text, known)))];
}

function namesOf(name: string, known: readonly string[]): readonly string[] {
  if (known.includes(name)) return [name];
  const ofClients = known.filter((item) => item.startsWith('clients') && item.endsWith(`.${name}`));
  if (ofClients.length > 0) return ofClients;
  const hint = didYouMean(name, known) || `, e.g. ${shownMetrics(known).slice(0, 3).join(', ')}`;
  throw new UsageError(`no run has a figure "${name}"${hint}`);
}

function metricOf(name: string, given: Direction | undefined): Metric {
  const better = given ?? BETTER.find(([pattern]) => pattern.test(name))?.[1];
  if (better !== undefined) return { name, better };
  throw new UsageError(
    `"${name}" does not say which way is better; write ${name}:up or ${name}:down`,
  );
}

/** Below which a difference does not matter: an amount, or a share of the figure of A. */
export type Margin =
  | { readonly kind: 'absolute'; readonly amount: number }
  | { readonly kind: 'relative'; readonly ratio: number };

/** A thousandth for ratios, of which the last digits matter; 1 % of everything else. */
export function defaultMargin(name: string): Margin {
  if (/Ratio$/.test(name)) return { kind: 'absolute', amount: 0.001 };
  return { kind: 'relative', ratio: 0.01 };
}

/** In the unit of the figure. @param of mean of A */
export function marginAmount(margin: Margin, of: number): number {
  return margin.kind === 'absolute' ? margin.amount : margin.ratio * Math.abs(of);
}

/** `latencyMs.p99 of shoppers`, for headings. */
export function metricTitle(name: string): string {
  const match = /^(?:clients|edges|services)(?:\.(\w+)|\["(.*?)"\])\.(.*)$/.exec(name);
  return match === null ? name : `${match[1] ?? match[2]} ${match[3]}`;
}
