/**
 * The model as panels look at it: runs with their labels and colours, and small questions that
 * several panels ask of a timeline.
 */
import type { FaultSummary } from '../core/summary.ts';
import type { Timeline } from '../core/timeline.ts';
import type { ChartBook } from './chart.ts';
import { type ReportModel, type ReportRun, runLabel } from './model.ts';

/** Runs beyond these share no chart: nobody can tell nine lines apart. All stand in the tables. */
export const MAX_DRAWN_RUNS = 8;

/** The class that gives an element a run's colour; runs that no chart draws have none. */
export function runClass(index: number): string {
  return index < MAX_DRAWN_RUNS ? `run-${index}` : 'run-none';
}

export interface RunView extends ReportRun {
  readonly label: string;
  /** 0-based; also picks the colour. */
  readonly index: number;
}

export interface ReportView {
  readonly model: ReportModel;
  readonly runs: readonly RunView[];
  /** The first `MAX_DRAWN_RUNS`. */
  readonly drawn: readonly RunView[];
  /** Collects the page's charts while panels render. */
  readonly charts: ChartBook;
}

export function viewOf(model: ReportModel, charts: ChartBook): ReportView {
  const runs = labelledRuns(model);
  return { model, runs, drawn: runs.slice(0, MAX_DRAWN_RUNS), charts };
}

export function labelledRuns(model: ReportModel): readonly RunView[] {
  return model.runs.map((run, index) => ({ ...run, label: runLabel(model, run), index }));
}

export function endS(timeline: Timeline): number {
  return timeline.edgesS.at(-1) ?? 0;
}

/** Mean of `values` over [fromS, toS), weighted by bucket length; null where there is nothing. */
export function meanOver(
  edgesS: readonly number[],
  values: readonly (number | null)[],
  fromS: number,
  toS: number,
): number | null {
  let sum = 0;
  let weight = 0;
  for (const [index, value] of values.entries()) {
    const start = Math.max(edgesS[index] ?? 0, fromS);
    const length = Math.min(edgesS[index + 1] ?? 0, toS) - start;
    if (value === null || length <= 0) continue;
    sum += value * length;
    weight += length;
  }
  return weight === 0 ? null : sum / weight;
}

/** The end of the run that is long enough to speak of: a twentieth of it, ten seconds at least. */
export function lastStretch(timeline: Timeline): readonly [fromS: number, toS: number] {
  const end = endS(timeline);
  const start = timeline.edgesS[0] ?? 0;
  return [Math.max(start, end - Math.max(10, (end - start) / 20)), end];
}

/** Sum of several columns, bucket by bucket. */
export function sumColumns(
  columns: readonly (readonly number[])[],
  length: number,
): readonly number[] {
  if (columns.length === 1 && columns[0] !== undefined) return columns[0];
  const total = new Array<number>(length).fill(0);
  for (const column of columns) {
    for (const [index, value] of column.entries()) total[index] = (total[index] ?? 0) + value;
  }
  return total;
}

/**
 * How many of `parts` there are for one of `wholes`, over the `spanS` around each bucket.
 *
 * A single bucket would compare attempts with requests that began before it, and show peaks that
 * are none. null where there is nothing to compare with.
 */
export function slidingRatio(
  edgesS: readonly number[],
  parts: readonly number[],
  wholes: readonly number[],
  spanS: number,
): readonly (number | null)[] {
  const partSum = runningSum(edgesS, parts);
  const wholeSum = runningSum(edgesS, wholes);
  let first = 0;
  let last = 0;
  return parts.map((_, index) => {
    const middle = ((edgesS[index] ?? 0) + (edgesS[index + 1] ?? 0)) / 2;
    while (first < index && (edgesS[first] ?? 0) < middle - spanS / 2) first += 1;
    while (last < parts.length && (edgesS[last] ?? 0) < middle + spanS / 2) last += 1;
    const whole = (wholeSum[last] ?? 0) - (wholeSum[first] ?? 0);
    return whole > 0 ? ((partSum[last] ?? 0) - (partSum[first] ?? 0)) / whole : null;
  });
}

/** What has come together until each bucket's start. */
function runningSum(edgesS: readonly number[], rates: readonly number[]): readonly number[] {
  let sum = 0;
  const sums = [0];
  for (const [index, rate] of rates.entries()) {
    sum += rate * ((edgesS[index + 1] ?? 0) - (edgesS[index] ?? 0));
    sums.push(sum);
  }
  return sums;
}

/** Mean goodput of all clients at the end of the run. */
export function goodputAtEndRps(timeline: Timeline): number {
  const [fromS, toS] = lastStretch(timeline);
  const columns = timeline.clients.map((client) => client.goodputRps);
  const total = sumColumns(columns, timeline.edgesS.length - 1);
  return meanOver(timeline.edgesS, total, fromS, toS) ?? 0;
}

/** Names in the order of first appearance over all runs. */
export function namesAcross<Item>(
  runs: readonly RunView[],
  itemsOf: (run: RunView) => readonly Item[],
  nameOf: (item: Item) => string,
): readonly string[] {
  return [...new Set(runs.flatMap((run) => itemsOf(run).map(nameOf)))];
}

/** Every fault occurrence of every run; the same one in several runs counts once. */
export function faultsAcross(runs: readonly RunView[]): readonly FaultSummary[] {
  const found = new Map<string, FaultSummary>();
  for (const fault of runs.flatMap((run) => run.summary.faults)) {
    const key = JSON.stringify([fault.id, fault.startS, fault.endS]);
    if (!found.has(key)) found.set(key, fault);
  }
  return [...found.values()].sort((a, b) => a.startS - b.startS);
}

/** `orders → payments`. */
export function edgeName(edge: { readonly from: string; readonly to: string }): string {
  return `${edge.from} → ${edge.to}`;
}

/** `payments`, `payments v2`. */
export function serviceName(service: { readonly name: string; readonly version: string }): string {
  return service.version === '' ? service.name : `${service.name} ${service.version}`;
}

/** One entry a service: the total of its versions where there is one, else each version. */
export function totalsIn<Entry extends { readonly name: string; readonly version: string }>(
  services: readonly Entry[],
): readonly Entry[] {
  const totals = new Set(services.filter(({ version }) => version === '').map(({ name }) => name));
  return services.filter(({ name, version }) => version === '' || !totals.has(name));
}
