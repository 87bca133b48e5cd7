/**
 * Charts as data: what is drawn, not how. The page's script turns a spec into a drawing.
 *
 * All charts of a page share one x axis (virtual seconds) and one set of fault bands. A column of
 * numbers that several charts use stands in the page once. Long runs are thinned to what a screen
 * can show, by the mean or, for latency and queues, by the maximum, so that peaks stay.
 */
import type { Timeline } from '../core/timeline.ts';
import { type Html, html } from './escape.ts';
import { runClass } from './view.ts';

export type Column = readonly (number | null)[];
export type Stroke = 'solid' | 'dash' | 'dot';

export interface ChartSpec {
  /** A DOM id. */
  readonly id: string;
  readonly title: string;
  /** What the chart shows, in words with its main numbers: read out instead of the drawing. */
  readonly notes: readonly ChartNote[];
  readonly unit: string;
  readonly scale: 'linear' | 'log' | 'ratio';
  /** The kinds of line, each with its own switch; order = legend. */
  readonly measures: readonly ChartMeasure[];
  readonly series: readonly ChartSeries[];
}

/** One run in one sentence. */
export interface ChartNote {
  readonly run: { readonly index: number; readonly label: string };
  readonly text: string;
}

export interface ChartMeasure {
  readonly name: string;
  readonly stroke: Stroke;
  /** Of the thinned column; `max` keeps peaks. */
  readonly thinBy: 'mean' | 'max';
}

export interface ChartSeries {
  /** Index of the run: its colour and its switch. */
  readonly run: number;
  /** The same numbers in every run: drawn once, in no run's colour. */
  readonly isShared?: boolean;
  /** Index into the chart's measures. */
  readonly measure: number;
  readonly values: Column;
}

/** A chart as it stands in the page's data. */
export interface PageChart {
  readonly id: string;
  readonly unit: string;
  readonly scale: ChartSpec['scale'];
  readonly measures: readonly { readonly name: string; readonly stroke: Stroke }[];
  /** `column` indexes the page's columns. */
  readonly series: readonly {
    readonly run: number;
    readonly isShared: boolean;
    readonly measure: number;
    readonly column: number;
  }[];
}

/** More points than this are not told apart on any screen. */
const MAX_POINTS = 1500;

/** The charts and columns of one page, collected while its panels render. */
export class ChartBook {
  readonly charts: PageChart[] = [];
  readonly columns: Column[] = [];
  readonly #timelines: readonly Timeline[];
  readonly #known = new Map<Column, Map<string, number>>();

  /** @param timelines of the runs that are drawn, indexed by run */
  constructor(timelines: readonly Timeline[]) {
    this.#timelines = timelines;
  }

  /** Buckets that one point of a run stands for; 1 = not thinned. */
  thinning(run: number): number {
    const buckets = (this.#timelines[run]?.edgesS.length ?? 1) - 1;
    return Math.max(1, Math.ceil(buckets / MAX_POINTS));
  }

  /** Middles of the (thinned) buckets of each run. */
  timesS(): readonly Column[] {
    return this.#timelines.map(({ edgesS }, run) => {
      const step = this.thinning(run);
      const times: number[] = [];
      for (let index = 0; index + 1 < edgesS.length; index += step) {
        const last = Math.min(index + step, edgesS.length - 1);
        times.push(rounded(((edgesS[index] ?? 0) + (edgesS[last] ?? 0)) / 2));
      }
      return times;
    });
  }

  /** Registers the chart and returns its place in the page. */
  add(spec: ChartSpec): Html {
    const { id, unit, scale } = spec;
    this.charts.push({
      id,
      unit,
      scale,
      measures: spec.measures.map(({ name, stroke }) => ({ name, stroke })),
      series: spec.series.map(({ run, measure, values, isShared = false }) => ({
        run,
        isShared,
        measure,
        column: this.#columnOf(values, run, spec.measures[measure]?.thinBy ?? 'mean'),
      })),
    });
    return chartFrame(spec);
  }

  #columnOf(values: Column, run: number, thinBy: 'mean' | 'max'): number {
    const step = this.thinning(run);
    const key = `${step} ${thinBy}`;
    const known = this.#known.get(values) ?? new Map<string, number>();
    this.#known.set(values, known);
    const found = known.get(key);
    if (found !== undefined) return found;
    this.columns.push(thinned(values, step, thinBy));
    known.set(key, this.columns.length - 1);
    return this.columns.length - 1;
  }
}

function chartFrame(spec: ChartSpec): Html {
  const legend = spec.measures.length > 1 ? spec.measures.map(legendSwitch) : [];
  return html`<figure class="chart">
<figcaption><span class="chart-title" id="${spec.id}-title">${spec.title}</span><span class="legend" data-for="${spec.id}">${legend}</span></figcaption>
<div class="plot" id="${spec.id}" role="img" aria-labelledby="${spec.id}-title" aria-describedby="${spec.id}-alt"></div>
<ul class="alt" id="${spec.id}-alt">${spec.notes.map(noteMarkup)}</ul>
</figure>`;
}

function noteMarkup({ run, text }: ChartNote): Html {
  return html`<li class="${runClass(run.index)}"><span class="chip" aria-hidden="true"></span><span><b>${run.label}</b> ${text}</span></li>`;
}

const DASHES: Readonly<Record<Stroke, string>> = { solid: 'none', dash: '6 4', dot: '2 3' };

function legendSwitch({ name, stroke }: ChartMeasure, index: number): Html {
  return html`<button type="button" aria-pressed="true" data-measure="${index}"><svg width="24" height="8" aria-hidden="true"><path d="M1 4H23" stroke="currentColor" stroke-width="2" stroke-dasharray="${DASHES[stroke]}"/></svg>${name}</button>`;
}

function thinned(values: Column, step: number, thinBy: 'mean' | 'max'): Column {
  const points: (number | null)[] = [];
  for (let index = 0; index < values.length; index += step) {
    const group = values.slice(index, index + step).filter((value) => value !== null);
    points.push(group.length === 0 ? null : rounded(thinBy === 'max' ? max(group) : mean(group)));
  }
  return points;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function max(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, value), Number.NEGATIVE_INFINITY);
}

/** Four significant digits: what a chart can show, in a quarter of the bytes. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
