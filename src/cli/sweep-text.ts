/** A sweep for people: the table of the terminal, and the page with its lines or heat maps. */
import type { Colors } from 'picocolors/types.js';
import { printable } from '../core/printable.ts';
import { metricTitle } from '../experiments/metrics.ts';
import { numbersOf, type Parameter, plainValue } from '../experiments/parameters.ts';
import type { Sweep, SweepPlan, SweepRow } from '../experiments/sweep.ts';
import type {
  ExperimentChart,
  ExperimentModel,
  ExperimentTable,
  HeatMap,
  LineChart,
} from '../report/experiment.ts';
import { plainTable, shortened, shortNumber } from './plain-table.ts';

export interface ShownSweep {
  readonly plan: SweepPlan;
  readonly result: Sweep;
  /** Figures to show. */
  readonly names: readonly string[];
}

const WIDTH = 78;
const LONGEST_CELL = 14;
const MOST_ROWS = 40;
const MOST_PAGE_ROWS = 500;
const MOST_CHARTS = 12;

/** Within 80 columns, at most 40 rows. */
export function sweepLines({ plan, result, names }: ShownSweep, colors: Colors): string {
  const keys = plan.parameters.map(({ key }) => key);
  const shownRows = result.rows.slice(0, MOST_ROWS);
  const columns = columnsThatFit([
    ...keys.map((key) => columnOf(key, shownRows, (row) => String(row.point[key]))),
    columnOf('passed', shownRows, passedText),
    ...names.map((name) => columnOf(name, shownRows, (row) => medianText(row, name))),
  ]);
  const shownKeys = keys.slice(0, columns.length);
  const shownNames = names.slice(0, Math.max(0, columns.length - keys.length - 1));
  const rows = shownRows.map((_, at) => columns.map(({ cells }) => cells[at] ?? ''));
  const table = plainTable(
    columns.map(({ head }) => colors.dim(head)),
    columns.map((_, at) => (at < keys.length ? 'left' : 'right')),
    rows,
  );
  const left = result.rows.length - rows.length;
  const notes = [
    ...(left > 0 ? [`${left} more rows are in sweep.csv.`] : []),
    ...shownKeys.map((key) => `${lastPart(key)}: ${key}`),
    ...shownNames.map((name) => `${lastPart(name)}: median of ${name}`),
    ...hidden('parameters', keys.length - shownKeys.length),
    ...hidden('figures', names.length - shownNames.length),
  ];
  return [
    table,
    '',
    ...notes.map((note) => colors.dim(`  ${shortened(printable(note), WIDTH)}`)),
  ].join('\n');
}

interface Column {
  readonly head: string;
  readonly cells: readonly string[];
}

function columnOf(
  path: string,
  rows: readonly SweepRow[],
  cellOf: (row: SweepRow) => string,
): Column {
  const shown = (text: string) => shortened(printable(text), LONGEST_CELL);
  return { head: shown(lastPart(path)), cells: rows.map((row) => shown(cellOf(row))) };
}

/** As many of the first columns as there is room for. */
function columnsThatFit(columns: readonly Column[]): readonly Column[] {
  let width = 0;
  return columns.filter(({ head, cells }) => {
    width += 2 + Math.max(head.length, ...cells.map((cell) => cell.length));
    return width <= WIDTH;
  });
}

function hidden(what: string, count: number): readonly string[] {
  return count > 0 ? [`${count} more ${what} are in report.html and sweep.csv.`] : [];
}

/** `workers` of `services.payments.workers`, `latencyMs.p99` of a client. */
function lastPart(path: string): string {
  const parts = path.split('.');
  const isGroup = /^(latencyMs|retriesRefused|byFlag|byCode|addedLatencyMs|open|closed)$/;
  const take = isGroup.test(parts.at(-2) ?? '') ? 2 : 1;
  return parts
    .slice(-take)
    .join('.')
    .replace(/^open\.|^latencyMs\./, '');
}

function passedText({ verdicts }: SweepRow): string {
  const runs = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  return `${verdicts['pass'] ?? 0}/${runs}`;
}

function medianText({ across }: SweepRow, name: string): string {
  const spread = across[name];
  return spread === undefined ? '–' : shortNumber(spread.median);
}

/** @param made the command that makes it again, and our version */
export function sweepPage(
  shown: ShownSweep,
  made: { readonly reproduce: string; readonly version: string },
): ExperimentModel {
  const { plan, result, names } = shown;
  const [scenario] = plan.scenarios;
  const title = scenario === undefined ? 'Sweep' : scenario.title;
  const keys = plan.parameters.map(({ key }) => key);
  const charts = chartsOf(shown);
  const isWhole = result.unfinished === 0;
  const answer = `${result.rows.length} of ${plan.points.length} points`;
  const notes = [
    ...(plan.seeds.length > 1 ? [spreadNote(plan.seeds.length)] : []),
    ...(charts.length < names.length && keys.length <= 2
      ? [
          `Not drawn: ${names.length - charts.length} figures, the same in all runs or beyond ${MOST_CHARTS} charts.`,
        ]
      : []),
    ...(keys.length > 2 ? ['Charts are drawn for one and for two parameters.'] : []),
    'All figures of all points are in sweep.csv, sweep.msgpack and summary.json.',
    ...result.limits,
  ];
  return {
    kind: 'sweep',
    title,
    findings: [
      isWhole ? answer : `${answer}, interrupted`,
      `${keys.join(' × ')}, ${plan.seeds.length === 1 ? 'one seed' : `${plan.seeds.length} seeds`} at each point.`,
    ],
    tone: isWhole ? 'good' : 'unsure',
    charts,
    tables: [tableOf(shown)],
    notes,
    ...made,
  };
}

/** Source of the number: an interval of order statistics needs six values for 95 %. */
function spreadNote(seeds: number): string {
  const what = 'Figures are medians over the seeds; bands and brackets';
  if (seeds < 6) return `${what} are the whole range, because it takes six seeds for an interval.`;
  return `${what} hold the median with 95 % confidence.`;
}

function tableOf({ plan, result, names }: ShownSweep): ExperimentTable {
  const keys = plan.parameters.map(({ key }) => key);
  const rows = result.rows.slice(0, MOST_PAGE_ROWS);
  const left = result.rows.length - rows.length;
  return {
    caption: `Medians over the seeds${left > 0 ? `; ${left} more rows are in sweep.csv` : ''}`,
    headings: [...keys, 'passed', ...names.map(metricTitle)],
    rows: rows.map((row) => [
      ...keys.map((key) => String(row.point[key])),
      passedText(row),
      ...names.map((name) => spreadText(row, name)),
    ]),
  };
}

function spreadText({ across }: SweepRow, name: string): string {
  const spread = across[name];
  if (spread === undefined) return '–';
  const [low, high] = spread.ci95;
  const median = shortNumber(spread.median);
  return low === high ? median : `${median} (${shortNumber(low)} to ${shortNumber(high)})`;
}

function chartsOf({ plan, result, names }: ShownSweep): readonly ExperimentChart[] {
  const [first, second, third] = plan.parameters;
  if (first === undefined || third !== undefined || result.rows.length === 0) return [];
  const shown = names.filter((name) => isVaried(result.rows, name)).slice(0, MOST_CHARTS);
  if (second === undefined) return shown.map((name) => lineChart(first, result.rows, name));
  return shown.map((name) => heatMap(first, second, result.rows, name));
}

/** Whether a figure is not the same in all runs: only then there is something to draw. */
function isVaried(rows: readonly SweepRow[], name: string): boolean {
  const spreads = rows.map(({ across }) => across[name]);
  const [first] = spreads;
  return spreads.some((spread) => spread?.min !== first?.min || spread?.max !== first?.min);
}

function lineChart(parameter: Parameter, rows: readonly SweepRow[], name: string): LineChart {
  const numbers = numbersOf(parameter.values);
  const unit = numbers === null || numbers.unit === '' ? '' : ` (${numbers.unit})`;
  const spreads = parameter.values.map((value) => {
    const row = rows.find(({ point }) => point[parameter.key] === plainValue(value));
    return row?.across[name];
  });
  const hasBand = spreads.some((spread) => spread !== undefined && spread.min < spread.max);
  return {
    kind: 'lines',
    title: metricTitle(name),
    words: rangeWords(rows, name),
    xTitle: `${parameter.key}${unit}`,
    xs: numbers?.numbers ?? parameter.values,
    lines: [
      {
        name: metricTitle(name),
        values: spreads.map((spread) => spread?.median ?? null),
        low: hasBand ? spreads.map((spread) => spread?.ci95[0] ?? null) : [],
        high: hasBand ? spreads.map((spread) => spread?.ci95[1] ?? null) : [],
      },
    ],
  };
}

function heatMap(y: Parameter, x: Parameter, rows: readonly SweepRow[], name: string): HeatMap {
  const valueAt = (ofX: string, ofY: string) => {
    const row = rows.find(
      ({ point }) => point[x.key] === plainValue(ofX) && point[y.key] === plainValue(ofY),
    );
    return row?.across[name]?.median ?? null;
  };
  return {
    kind: 'heat-map',
    title: metricTitle(name),
    words: rangeWords(rows, name),
    xTitle: x.key,
    yTitle: y.key,
    xs: x.values,
    ys: y.values,
    values: y.values.map((ofY) => x.values.map((ofX) => valueAt(ofX, ofY))),
  };
}

/** `From 1.2 (workers 8) to 40 (workers 2).` */
function rangeWords(rows: readonly SweepRow[], name: string): string {
  const known = rows.filter(({ across }) => across[name] !== undefined);
  const sorted = [...known].sort(
    (a, b) => (a.across[name]?.median ?? 0) - (b.across[name]?.median ?? 0),
  );
  const [least] = sorted;
  const greatest = sorted.at(-1);
  if (least === undefined || greatest === undefined) return 'No run has this figure.';
  const at = (row: SweepRow) =>
    Object.entries(row.point)
      .map(([key, value]) => `${lastPart(key)} ${value}`)
      .join(', ');
  const text = (row: SweepRow) => `${medianText(row, name)} (${at(row)})`;
  return `From ${text(least)} to ${text(greatest)}.`;
}
