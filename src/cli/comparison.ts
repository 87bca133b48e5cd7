/**
 * Variants side by side, for the terminal: what goodput did before, during and after the faults, when
 * it was back, how often calls were tried, and what each variant ended with.
 * Fits 80 columns; colour only where the caller says so.
 */
import type { Colors } from 'picocolors/types.js';
import { printable } from '../core/printable.ts';
import type { Summary } from '../core/summary.ts';
import type { Timeline } from '../core/timeline.ts';
import type { RunOutcome } from '../harness/conclude.ts';
import { mostAmplifiedPath } from '../report/amplification.ts';
import { formatFactor, formatNumber, formatRatio, formatSeconds } from '../report/format.ts';
import { plainTable } from './plain-table.ts';
import type { VariantResult } from './run-results.ts';

/** What one run comes to, in the columns of the table. */
interface RunStory {
  readonly beforeRps: number;
  /** null without faults. */
  readonly duringRps: number | null;
  readonly afterRps: number | null;
  readonly successRatio: number;
  readonly attempts: number;
  /** Seconds after the trigger's end; null: never, or nothing to recover from. */
  readonly recoveredAfterS: number | null;
  readonly hadTrigger: boolean;
}

/** Mean goodput is taken over this long at the end of a run. */
const LAST_S = 60;
const LONGEST_NAME = 22;

/** The table, several lines without a final line end. */
export function comparisonTable(results: readonly VariantResult[], colors: Colors): string {
  const stories = results.map((result) => result.outcomes.map(storyOf));
  const hasFaults = stories.some((runs) => runs.some((story) => story.duringRps !== null));
  const heads = hasFaults
    ? ['before', 'during', 'after', 'back after', 'attempts']
    : ['goodput', 'succeeded', 'attempts'];
  const rows: (readonly string[])[] = [];
  for (const [index, result] of results.entries()) {
    const runs = stories[index] ?? [];
    const figures = hasFaults ? faultFigures(runs) : plainFigures(runs);
    rows.push([nameOf(result), ...figures, verdictCell(result, colors)]);
  }
  return plainTable(
    ['variant', ...heads, 'verdict'].map((head) => colors.dim(head)),
    ['left', ...heads.map(() => 'right' as const), 'left'],
    rows,
  );
}

function nameOf({ scenario }: VariantResult): string {
  const name = printable(scenario.variant === '' ? scenario.name : scenario.variant);
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function verdictCell(result: VariantResult, colors: Colors): string {
  const { verdict, asDeclared, scenario } = result;
  if (asDeclared) return `${verdict.verdict} ${colors.green('✓')}`;
  const declared = scenario.declaredVerdict ?? 'pass';
  const wanted = declared === verdict.verdict ? 'own expectation' : `not ${declared}`;
  return `${verdict.verdict} ${colors.red(`✗ ${wanted}`)}`;
}

function faultFigures(runs: readonly RunStory[]): readonly string[] {
  const rps = (pick: (story: RunStory) => number | null) => {
    const values = runs.map(pick).filter((value) => value !== null);
    return values.length === 0 ? '–' : formatNumber(median(values));
  };
  return [
    rps((story) => story.beforeRps),
    rps((story) => story.duringRps),
    rps((story) => story.afterRps),
    recoveredText(runs),
    formatFactor(median(runs.map((story) => story.attempts))),
  ];
}

function plainFigures(runs: readonly RunStory[]): readonly string[] {
  return [
    formatNumber(median(runs.map((story) => story.beforeRps))),
    formatRatio(median(runs.map((story) => story.successRatio))),
    formatFactor(median(runs.map((story) => story.attempts))),
  ];
}

function recoveredText(runs: readonly RunStory[]): string {
  const judged = runs.filter((story) => story.hadTrigger);
  if (judged.length === 0) return '–';
  const times = judged.map((story) => story.recoveredAfterS).filter((time) => time !== null);
  if (times.length === 0) return 'never';
  const text = formatSeconds(Math.max(0, median(times)));
  return times.length === judged.length ? text : `${text} (${times.length}/${judged.length})`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor((sorted.length - 1) / 2);
  const low = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? low : (low + (sorted[middle + 1] ?? 0)) / 2;
}

function storyOf({ summary, timeline }: RunOutcome): RunStory {
  const { faults, recovery, clients, edges } = summary;
  const startS = Math.min(...faults.map((fault) => fault.startS));
  const lastEndS = Math.max(...faults.map((fault) => fault.endS));
  const endS = timeline.edgesS.at(-1) ?? 0;
  const during = faults.length === 0 ? null : goodputDuring(summary, timeline);
  const afterFromS = Math.max(lastEndS, endS - LAST_S);
  const sum = (pick: (client: Summary['clients'][number]) => number) =>
    clients.reduce((total, client) => total + pick(client), 0);
  const ended = sum((client) => client.succeeded + client.failed);
  return {
    beforeRps:
      faults.length === 0 ? sum((client) => client.goodputRps) : goodput(timeline, 0, startS),
    duringRps: during,
    afterRps:
      faults.length === 0 || afterFromS >= endS ? null : goodput(timeline, afterFromS, endS),
    successRatio: ended === 0 ? 0 : sum((client) => client.succeeded) / ended,
    attempts: mostAmplifiedPath(edges)?.factor ?? 1,
    recoveredAfterS:
      recovery.recoveredAtS === null ? null : recovery.recoveredAtS - (recovery.triggerEndS ?? 0),
    hadTrigger: recovery.triggerEndS !== null,
  };
}

/** Over all time in which some fault was active. */
function goodputDuring({ faults }: Summary, timeline: Timeline): number {
  return weighted(timeline, (fromS, toS) =>
    faults.some((fault) => fault.startS <= fromS && toS <= fault.endS),
  );
}

function goodput(timeline: Timeline, fromS: number, toS: number): number {
  return weighted(timeline, (start, end) => start >= fromS && end <= toS);
}

/** Mean successes per second of all clients over the buckets that are in. */
function weighted(timeline: Timeline, isIn: (fromS: number, toS: number) => boolean): number {
  let successes = 0;
  let seconds = 0;
  for (const [index, startS] of timeline.edgesS.entries()) {
    const endS = timeline.edgesS[index + 1];
    if (endS === undefined || !isIn(startS, endS)) continue;
    seconds += endS - startS;
    for (const client of timeline.clients) {
      successes += (client.goodputRps[index] ?? 0) * (endS - startS);
    }
  }
  return seconds === 0 ? 0 : successes / seconds;
}
