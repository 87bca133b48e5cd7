/** A comparison for people: the table of the terminal, and the page. */
import type { Colors } from 'picocolors/types.js';
import { printable } from '../core/printable.ts';
import type {
  ComparedMetric,
  Comparison,
  ComparisonPlan,
  ComparisonVerdict,
} from '../experiments/compare.ts';
import { metricTitle } from '../experiments/metrics.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { ExperimentModel, IntervalChart } from '../report/experiment.ts';
import { plainTable, shortened, shortNumber } from './plain-table.ts';

/** `retry-storm:one-retry` */
export function scenarioTitle({ name, variant }: Scenario): string {
  return printable(variant === '' ? name : `${name}:${variant}`);
}

const MARKS: Readonly<Record<ComparisonVerdict, string>> = {
  better: '✓ better',
  worse: '✗ worse',
  'no-difference': '= same',
  undecided: '? open',
};

/** Within 80 columns. */
export function comparisonLines(
  plan: ComparisonPlan,
  { metrics, pairs }: Comparison,
  colors: Colors,
): string {
  const percent = shortNumber(plan.confidence * 100);
  const heads = ['figure', 'A', 'B', `B − A (${percent} %)`, 'B is'].map((head) =>
    colors.dim(head),
  );
  const rows = metrics.map((metric) => [
    shortened(printable(metricTitle(metric.name)), 24),
    shortNumber(metric.a),
    shortNumber(metric.b),
    intervalText(metric),
    coloured(metric.verdict, colors),
  ]);
  const table = plainTable(heads, ['left', 'right', 'right', 'right', 'left'], rows);
  const notes = [
    `Intervals hold for all figures and all looks together; ${pairs} pairs of runs.`,
    'Same: all of the interval is within the margin. Open: it crosses its edge.',
  ];
  return [table, '', ...notes.map((note) => colors.dim(`  ${note}`))].join('\n');
}

function coloured(verdict: ComparisonVerdict, colors: Colors): string {
  const text = MARKS[verdict];
  if (verdict === 'better') return colors.green(text);
  return verdict === 'worse' ? colors.red(text) : text;
}

function intervalText({ interval }: ComparedMetric): string {
  if (interval === null) return 'missing in a run';
  const [low, high] = interval.map((end) => String(Number(end.toPrecision(3))));
  return low === high ? String(low) : `${low} to ${high}`;
}

const ANSWERS: Readonly<Record<ComparisonVerdict, string>> = {
  better: 'B is better',
  worse: 'B is worse',
  'no-difference': 'no difference that matters',
  undecided: 'undecided',
};

const TONES = {
  better: 'good',
  worse: 'bad',
  'no-difference': 'good',
  undecided: 'unsure',
} as const;
const COLOURS = {
  better: 'good',
  worse: 'bad',
  'no-difference': 'muted',
  undecided: 'fair',
} as const;

/** @param made the command that makes it again, and our version */
export function comparePage(
  plan: ComparisonPlan,
  result: Comparison,
  made: { readonly reproduce: string; readonly version: string },
): ExperimentModel {
  const { metrics, verdict, pairs, limits } = result;
  const [a, b] = [scenarioTitle(plan.a), scenarioTitle(plan.b)];
  const chart = chartOf(metrics);
  const percent = `${shortNumber(plan.confidence * 100)} %`;
  return {
    kind: 'comparison',
    title: `${b} against ${a}`,
    findings: [
      ANSWERS[verdict],
      `A is ${a}, B is ${b}; ${pairs} pairs of runs with the same seeds, of at most ${plan.seeds.length}.`,
    ],
    tone: TONES[verdict],
    charts: chart.rows.length === 0 ? [] : [chart],
    tables: [
      {
        caption: `Means over ${pairs} pairs; the ${percent} intervals hold for all figures and all looks together`,
        headings: ['Figure', 'A', 'B', 'B − A', 'Interval', 'Margin', 'Better is', 'B is'],
        rows: metrics.map((metric) => [
          metric.name,
          shortNumber(metric.a),
          shortNumber(metric.b),
          shortNumber(metric.difference),
          intervalText(metric),
          `± ${shortNumber(metric.margin)}`,
          metric.better === 'up' ? 'more' : 'less',
          MARKS[metric.verdict],
        ]),
      },
    ],
    notes: [
      'Better or worse: the whole interval lies beyond the margin. Same: it lies within. Open: it reaches over an edge, and no more pairs were allowed.',
      ...limits,
    ],
    ...made,
  };
}

/** In percent of A, so that figures of different units stand side by side. */
function chartOf(metrics: readonly ComparedMetric[]): IntervalChart {
  const rows = metrics.flatMap((metric) => {
    const { interval, a, difference, margin, name, verdict } = metric;
    if (interval === null || a === 0) return [];
    const share = (value: number) => (100 * value) / Math.abs(a);
    const [low, high] = interval;
    return [
      {
        name: metricTitle(name),
        centre: share(Math.min(high, Math.max(low, difference))),
        low: share(low),
        high: share(high),
        margin: share(margin),
        tone: COLOURS[verdict],
      },
    ];
  });
  return {
    kind: 'intervals',
    title: 'B − A, in percent of A',
    words: 'Dots are mean differences, whiskers their intervals, grey boxes the margins.',
    xTitle: 'difference',
    rows,
  };
}
