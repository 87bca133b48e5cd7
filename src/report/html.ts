/**
 * The whole report as one HTML file that needs no network: style, script, data and the charting
 * library are inside, and its content policy forbids everything else.
 *
 * Pure: the same model gives the same bytes. The charting library comes from the caller, because
 * reading files is not this folder's business; the page inflates it itself.
 */
import { ChartBook } from './chart.ts';
import { type Html, html, linkOrText, NO_HTML, scriptJson, trusted } from './escape.ts';
import type { ReportModel } from './model.ts';
import { pageHead } from './page/head.ts';
import { SCRIPT } from './page/script.ts';
import { PANELS } from './panels/index.ts';
import type { Panel } from './panels/panel.ts';
import { endS, faultsAcross, MAX_DRAWN_RUNS, type ReportView, runClass, viewOf } from './view.ts';

export interface ReportAssets {
  /** The plotly bundle, gzipped, in base64. */
  readonly plotly: string;
}

/** @returns a complete document; about two megabytes, nearly all of it the charting library */
export function renderHtml(model: ReportModel, assets: ReportAssets): string {
  const timelines = model.runs.slice(0, MAX_DRAWN_RUNS).map((run) => run.timeline);
  const charts = new ChartBook(timelines);
  const view = viewOf(model, charts);
  const sections = sectionsOf(view);
  const page = html`${pageHead(model)}
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
${header(model, sections)}
${bar(view)}
<main>
<noscript><p class="note">The charts need JavaScript; verdicts, tables and the service graph do not.</p></noscript>
${sections.map(sectionMarkup)}</main>
<footer>Made by meshquake ${model.version}. All times are virtual, counted from the start of the run. Drag across a chart to zoom all of them; double-click to see the whole run again.</footer>
<script type="application/json" id="report-data">${scriptJson(pageData(view))}</script>
<script type="text/plain" id="plotly">${trusted(base64Only(assets.plotly))}</script>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`;
  return page.toString();
}

interface Section {
  readonly panel: Panel;
  readonly body: Html;
}

function sectionsOf(view: ReportView): readonly Section[] {
  return PANELS.flatMap((panel) => {
    const body = panel.render(view);
    return body === null ? [] : [{ panel, body }];
  });
}

function sectionMarkup({ panel, body }: Section): Html {
  return html`<section id="${panel.id}" aria-labelledby="${panel.id}-heading">
<h2 id="${panel.id}-heading">${panel.title}</h2>
${body}
</section>
`;
}

function header(model: ReportModel, sections: readonly Section[]): Html {
  const { description = '', source = '' } = model;
  const links = sections.map(({ panel }) => html`<a href="#${panel.id}">${panel.id}</a>`);
  return html`<header>
<p class="eyebrow">meshquake ${model.version} · ${model.scenario.path}</p>
<h1>${model.title}</h1>
${description === '' ? NO_HTML : html`<p class="description">${description}</p>`}
${source === '' ? NO_HTML : html`<p class="source">Source: ${linkOrText(source)}</p>`}
<p class="command"><span>Reproduce</span><code>${model.reproduce}</code></p>
<nav aria-label="Parts of the report">${links}</nav>
</header>`;
}

/** Switches for runs, time and theme; hidden until the script serves them. */
function bar(view: ReportView): Html {
  const boxes = view.drawn.map(
    (run) =>
      html`<label class="${runClass(run.index)}"><input type="checkbox" value="${run.index}" checked><span class="chip" aria-hidden="true"></span>${run.label}</label>`,
  );
  const runs = html`<fieldset id="runs"><legend>Show</legend>${boxes}</fieldset>`;
  return html`<div class="bar" id="bar" hidden><div>
${boxes.length > 1 ? runs : html`<span></span>`}
<span><button type="button" id="whole">Whole run</button>
${aroundFaults(view) === null ? NO_HTML : html`<button type="button" id="around">Around the faults</button>`}
<button type="button" id="theme">Light or dark</button></span>
</div></div>`;
}

/** What the script draws from. */
function pageData(view: ReportView) {
  const { charts, drawn } = view;
  const starts = drawn.map((run) => run.timeline.edgesS[0] ?? 0);
  const ends = drawn.map((run) => endS(run.timeline));
  return {
    runs: drawn.map((run) => ({ label: run.label, color: run.index })),
    rangeS: [Math.min(...starts), Math.max(...ends)],
    aroundS: aroundFaults(view),
    bands: bandsOf(view),
    timesS: charts.timesS(),
    columns: charts.columns,
    charts: charts.charts,
  };
}

/** More bands than this are a grey wall. */
const MAX_BANDS = 200;

function bandsOf(view: ReportView) {
  const { warmUpS = 0 } = view.model;
  const warmUp = warmUpS > 0 ? [{ label: 'warm-up', startS: 0, endS: warmUpS }] : [];
  const faults = faultsAcross(view.drawn).slice(0, MAX_BANDS);
  return [
    ...warmUp,
    ...faults.map(({ id, startS, endS: end }) => ({ label: id, startS, endS: end })),
  ];
}

/** The faults with as much again on either side; null without faults. */
function aroundFaults(view: ReportView): readonly [fromS: number, toS: number] | null {
  const faults = faultsAcross(view.drawn);
  const [first] = faults;
  if (first === undefined) return null;
  const start = first.startS;
  const end = Math.max(...faults.map((fault) => fault.endS));
  const margin = Math.max(end - start, 1);
  const last = Math.max(...view.drawn.map((run) => endS(run.timeline)));
  return [Math.max(0, start - margin), Math.min(last, end + margin)];
}

/** Asset text goes into the page as it is, so it must be what it is said to be. */
export function base64Only(text: string): string {
  if (/^[A-Za-z0-9+/=\s]*$/.test(text)) return text;
  throw new Error('the charting library must be given in base64');
}
