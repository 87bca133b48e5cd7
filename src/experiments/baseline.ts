/**
 * A run against an earlier one of the same scenario and the same seeds: what became worse by more than
 * a margin. A gate for continuous integration, not a study: for that there is `compare.ts`.
 *
 * With the same seeds both runs see the same arrivals and the same draws, so a change that touches
 * nothing changes no figure at all. Of several seeds the medians are compared.
 */
import type { Summary } from '../core/summary.ts';
import { acrossRuns } from '../harness/across.ts';
import {
  chooseMetrics,
  type Direction,
  type Margin,
  marginAmount,
  shownMetrics,
} from './metrics.ts';

/** All runs of one variant. */
export interface BaselineSide {
  /** '' when the scenario declares none. */
  readonly variant: string;
  readonly seeds: readonly string[];
  /** One a seed. */
  readonly verdicts: readonly string[];
  /** Medians over the seeds, by the metric as expressions write it. */
  readonly figures: Readonly<Record<string, number>>;
}

export type BaselineVerdict = 'better' | 'worse' | 'same';

/** One figure, before and now. */
export interface BaselineRow {
  readonly variant: string;
  readonly metric: string;
  /** Which way is better. */
  readonly better: Direction;
  readonly before: number;
  readonly now: number;
  /** Least change that counts, in the unit of the figure. */
  readonly margin: number;
  readonly verdict: BaselineVerdict;
}

/** What a gate found. */
export interface BaselineFindings {
  readonly rows: readonly BaselineRow[];
  /** Figures that one side lacks, in words. */
  readonly notCompared: readonly string[];
}

/** What is compared, and how. */
export interface BaselineQuestion {
  /** Empty = the usual ones. */
  readonly metrics: readonly string[];
  readonly margin: (name: string) => Margin;
}

/** What the command line has nothing against: half a percentage point of ratios, 5 % of the rest. */
export function gateMargin(name: string): Margin {
  if (/Ratio$/.test(name)) return { kind: 'absolute', amount: 0.005 };
  return { kind: 'relative', ratio: 0.05 };
}

/** The runs of a variant as a side. @param runs at least one */
export function baselineSide(variant: string, runs: readonly Summary[]): BaselineSide {
  const spreads = Object.entries(acrossRuns(runs));
  return {
    variant,
    seeds: runs.map((run) => run.seed),
    verdicts: runs.map((run) => run.verdict),
    figures: Object.fromEntries(spreads.map(([name, { median }]) => [name, median])),
  };
}

/**
 * The figures of one variant, side by side.
 *
 * @throws UsageError for a metric that neither side has, or of which nobody knows which way is better
 */
export function againstBaseline(
  before: BaselineSide,
  now: BaselineSide,
  { metrics, margin }: BaselineQuestion,
): BaselineFindings {
  const known = [...new Set([...Object.keys(now.figures), ...Object.keys(before.figures)])];
  const chosen = chooseMetrics(metrics.length === 0 ? usualMetrics(known) : metrics, known);
  const rows: BaselineRow[] = [];
  const notCompared: string[] = [];
  for (const { name, better } of chosen) {
    const [was, is] = [before.figures[name], now.figures[name]];
    if (was === undefined) notCompared.push(`${name}: not in the baseline`);
    else if (is === undefined) notCompared.push(`${name}: only in the baseline`);
    else {
      const amount = marginAmount(margin(name), was);
      const gain = better === 'up' ? is - was : was - is;
      const verdict = gain < -amount ? 'worse' : gain > amount ? 'better' : 'same';
      rows.push({
        variant: now.variant,
        metric: name,
        better,
        before: was,
        now: is,
        margin: amount,
        verdict,
      });
    }
  }
  return { rows, notCompared };
}

function usualMetrics(known: readonly string[]): readonly string[] {
  const more = [/^clients.*\.goodputRps$/, /^recovery\.recoveredAtS$/];
  return [
    ...shownMetrics(known),
    ...known.filter((name) => more.some((pattern) => pattern.test(name))),
  ];
}
