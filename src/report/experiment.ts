/**
 * The page of an experiment (a comparison, a sweep, a search): what came out in words, charts, tables,
 * and the command that gives it again. One file, no network, like the report of a run.
 *
 * Charts are data; `page/experiment-script.ts` draws them. All their numbers stand in the tables too.
 */
import { type Html, html, NO_HTML, scriptJson, trusted } from './escape.ts';
import { base64Only, type ReportAssets } from './html.ts';
import { EXPERIMENT_SCRIPT } from './page/experiment-script.ts';
import { pageHead } from './page/head.ts';
import { table } from './panels/grid.ts';

export interface ExperimentModel {
  /** `comparison`, `sweep`, `search` */
  readonly kind: string;
  readonly title: string;
  /** What came out, a sentence each; the first is the answer. */
  readonly findings: readonly string[];
  /** How bad that is. */
  readonly tone: 'good' | 'bad' | 'unsure';
  readonly charts: readonly ExperimentChart[];
  readonly tables: readonly ExperimentTable[];
  /** How to read it; what was left out or only approximated. */
  readonly notes: readonly string[];
  /** Command line that makes the same again. */
  readonly reproduce: string;
  readonly version: string;
}

export interface ExperimentTable {
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface ChartHead {
  readonly title: string;
  /** What it shows, in words: read out instead of the drawing. */
  readonly words: string;
}

export type ExperimentChart = LineChart | HeatMap | IntervalChart;

/** A figure along one parameter. */
export interface LineChart extends ChartHead {
  readonly kind: 'lines';
  readonly xTitle: string;
  /** Numbers, or words in their order. */
  readonly xs: readonly (number | string)[];
  readonly lines: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    /** A band around it; empty = none. */
    readonly low: readonly (number | null)[];
    readonly high: readonly (number | null)[];
  }[];
}

/** A figure over two parameters. */
export interface HeatMap extends ChartHead {
  readonly kind: 'heat-map';
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xs: readonly string[];
  readonly ys: readonly string[];
  /** By row of y, then x; null = not run. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Differences with their intervals, in percent, beside a band that does not matter. */
export interface IntervalChart extends ChartHead {
  readonly kind: 'intervals';
  readonly xTitle: string;
  readonly rows: readonly {
    readonly name: string;
    readonly centre: number;
    readonly low: number;
    readonly high: number;
    /** Half-width of the band. */
    readonly margin: number;
    readonly tone: 'good' | 'bad' | 'fair' | 'muted';
  }[];
}

/** @returns a complete document */
export function renderExperiment(model: ExperimentModel, assets: ReportAssets): string {
  const { title, kind, version, reproduce, findings, tone, charts } = model;
  const [answer = '', ...more] = findings;
  const page = html`${pageHead(model)}
<body>
<header>
<p class="eyebrow">meshquake ${version} · ${kind}</p>
<h1>${title}</h1>
<p class="command"><span>Reproduce</span><code>${reproduce}</code></p>
</header>
<main>
<section id="answer" aria-label="Answer">
<p><span class="badge large ${tone}">${answer}</span></p>
${more.map((sentence) => html`<p class="description">${sentence}</p>`)}
</section>
${charts.length === 0 ? NO_HTML : chartSection(charts)}
<section id="figures" aria-label="Figures"><h2>Figures</h2>
${model.tables.map(({ caption, headings, rows }) => table(caption, headings, rows))}
${model.notes.map((note) => html`<p class="note">${note}</p>`)}
</section>
</main>
<footer><button type="button" id="theme" hidden>Light or dark</button> Made by meshquake ${version}.</footer>
<script type="application/json" id="report-data">${scriptJson(charts)}</script>
<script type="text/plain" id="plotly">${trusted(charts.length === 0 ? '' : base64Only(assets.plotly))}</script>
<script>${trusted(EXPERIMENT_SCRIPT)}</script>
</body>
</html>
`;
  return page.toString();
}

function chartSection(charts: readonly ExperimentChart[]): Html {
  return html`<section id="charts" aria-label="Charts"><h2>Charts</h2>
<noscript><p class="note">The charts need JavaScript; the tables do not.</p></noscript>
<div class="charts ${charts.length > 1 ? 'many' : ''}">${charts.map(chartFrame)}</div></section>`;
}

/** Rows of heat maps and intervals need room of their own. */
function chartFrame(chart: ExperimentChart, index: number): Html {
  const rows = chart.kind === 'heat-map' ? chart.ys.length : 0;
  const height = chart.kind === 'intervals' ? 90 + 34 * chart.rows.length : 250 + 18 * rows;
  return html`<figure class="chart">
<figcaption><span class="chart-title" id="chart-${index}-title">${chart.title}</span></figcaption>
<div class="plot" id="chart-${index}" role="img" style="height:${height}px" aria-labelledby="chart-${index}-title" aria-describedby="chart-${index}-alt"></div>
<p class="note" id="chart-${index}-alt">${chart.words}</p>
</figure>`;
}
