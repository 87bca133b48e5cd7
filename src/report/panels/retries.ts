/**
 * Retries and amplification, edge by edge: how many attempts one request became, and how many
 * retries the budgets and breakers refused.
 */
import { max } from '../chart.ts';
import { type Html, html } from '../escape.ts';
import { formatCount, formatFactor, formatRate, formatRatio } from '../format.ts';
import { edgeName, namesAcross, type ReportView, type RunView, slidingRatio } from '../view.ts';
import { chartGrid, leftOut, runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

/** Two charts each. */
const MAX_EDGES = 4;
/** Attempts belong to requests of some seconds before. */
const FACTOR_SPAN_S = 10;

const FACTOR = [{ name: 'attempts per request', stroke: 'solid', thinBy: 'mean' }] as const;
const RATES = [
  { name: 'retries', stroke: 'solid', thinBy: 'mean' },
  { name: 'requests', stroke: 'dot', thinBy: 'mean' },
] as const;

export const retriesPanel: Panel = {
  id: 'retries',
  title: 'Retries and amplification',
  render(view) {
    const names = namesAcross(view.runs, (run) => run.summary.edges, edgeName);
    if (names.length === 0) return null;
    const retried = names.filter((name) => view.runs.some((run) => retriesOn(run, name) > 0));
    const figures = table(
      'Each edge of the call graph, over the whole run',
      [
        'Edge',
        'Run',
        'Requests',
        'Attempts',
        'Amplification',
        'First try',
        'In the end',
        'Refused',
      ],
      names.flatMap((name) => rowsOf(view, name)),
    );
    if (retried.length === 0) {
      return html`<p class="lead">No request was retried by the mesh.</p>${figures}`;
    }
    const shown = [...retried]
      .sort((a, b) => worstFactor(view, b) - worstFactor(view, a))
      .slice(0, MAX_EDGES);
    return html`<p class="lead">Every attempt above one per request is load that the mesh itself adds. Attempts per request are means over ${FACTOR_SPAN_S} s.</p>
${chartGrid(shown.flatMap((name, position) => chartsOf(view, name, position)))}
${leftOut(retried.length - shown.length, 'edge')}${figures}`;
  },
};

function retriesOn(run: RunView, name: string): number {
  return run.summary.edges.find((edge) => edgeName(edge) === name)?.retries ?? 0;
}

function worstFactor(view: ReportView, name: string): number {
  return max(
    view.runs.map(
      (run) => run.summary.edges.find((edge) => edgeName(edge) === name)?.amplification ?? 0,
    ),
  );
}

function chartsOf(view: ReportView, name: string, position: number): readonly Html[] {
  const parts = view.drawn.flatMap((run) => {
    const edge = run.timeline.edges.find((item) => edgeName(item) === name);
    if (edge === undefined) return [];
    const { edgesS } = run.timeline;
    const factor = slidingRatio(edgesS, edge.attemptsRps, edge.requestsRps, FACTOR_SPAN_S);
    return [{ run, edge, factor }];
  });
  const factorChart = view.charts.add({
    id: `chart-amplification-${position}`,
    title: `${name}: attempts per request`,
    notes: parts.map(({ run, factor }) => ({ run, text: factorSentence(factor) })),
    unit: '×',
    scale: 'linear',
    measures: FACTOR,
    series: parts.map(({ run, factor }) => ({ run: run.index, measure: 0, values: factor })),
  });
  const rateChart = view.charts.add({
    id: `chart-retries-${position}`,
    title: `${name}: retries per second`,
    notes: parts.map(({ run, edge }) => ({ run, text: rateSentence(edge.retriesRps) })),
    unit: 'rps',
    scale: 'linear',
    measures: RATES,
    series: parts.flatMap(({ run, edge }) => [
      { run: run.index, measure: 0, values: edge.retriesRps },
      { run: run.index, measure: 1, values: edge.requestsRps },
    ]),
  });
  return [factorChart, rateChart];
}

function factorSentence(factor: readonly (number | null)[]): string {
  const points = factor.filter((value) => value !== null);
  if (points.length === 0) return 'no requests';
  return `up to ${formatFactor(max(points))}, ${formatFactor(points.at(-1) ?? 0)} at the end`;
}

function rateSentence(retriesRps: readonly number[]): string {
  const peak = retriesRps.length === 0 ? 0 : max(retriesRps);
  return `at most ${formatRate(peak)}`;
}

function rowsOf(view: ReportView, name: string) {
  return view.runs.flatMap((run) => {
    const edge = run.summary.edges.find((item) => edgeName(item) === name);
    if (edge === undefined) return [];
    const { budget, breaker, max: limit } = edge.retriesRefused;
    const refused = [
      [budget, 'by the budget'],
      [breaker, 'by breakers'],
      [limit, 'at the limit'],
    ] as const;
    const words = refused.filter(([count]) => count > 0);
    return [
      [
        name,
        runName(run),
        formatCount(edge.requests),
        formatCount(edge.attempts),
        formatFactor(edge.amplification),
        formatRatio(edge.firstTrySuccessRatio),
        formatRatio(edge.successRatio),
        words.map(([count, why]) => `${formatCount(count)} ${why}`).join(', ') || 'none',
      ],
    ];
  });
}
