/**
 * Latency percentiles as the clients saw them, one chart a client, failures included.
 */
import { max } from '../chart.ts';
import { html } from '../escape.ts';
import { formatMs } from '../format.ts';
import { namesAcross, type ReportView, type RunView } from '../view.ts';
import { chartGrid, leftOut } from './grid.ts';
import type { Panel } from './panel.ts';

const MAX_CLIENTS = 4;

const MEASURES = [
  { name: 'p50', stroke: 'dot', thinBy: 'max' },
  { name: 'p90', stroke: 'dash', thinBy: 'max' },
  { name: 'p99', stroke: 'solid', thinBy: 'max' },
] as const;

export const latencyPanel: Panel = {
  id: 'latency',
  title: 'Latency',
  render(view) {
    const all = (run: RunView) => run.timeline.clients;
    const names = namesAcross(view.drawn, all, (client) => client.name);
    if (names.length === 0) return null;
    const shown = names.slice(0, MAX_CLIENTS);
    return html`<p class="lead">How long the clients waited for the end of their requests, on a logarithmic scale.</p>
${chartGrid(shown.map((name, position) => chartOf(view, name, position)))}${leftOut(names.length - shown.length, 'client')}`;
  },
};

function chartOf(view: ReportView, name: string, position: number) {
  const series = view.drawn.flatMap((run) => {
    const client = run.timeline.clients.find((item) => item.name === name);
    if (client === undefined) return [];
    const columns = [client.latencyMsP50, client.latencyMsP90, client.latencyMsP99];
    return columns.map((values, measure) => ({ run: run.index, measure, values }));
  });
  return view.charts.add({
    id: `chart-latency-${position}`,
    title: name,
    notes: view.drawn.map((run) => ({ run, text: sentence(run, name) })),
    unit: 'ms',
    scale: 'log',
    measures: MEASURES,
    series,
  });
}

function sentence(run: RunView, name: string): string {
  const whole = run.summary.clients.find((client) => client.name === name)?.latencyMs;
  const column = run.timeline.clients.find((client) => client.name === name)?.latencyMsP99 ?? [];
  const points = column.filter((value) => value !== null);
  if (whole === undefined || points.length === 0) return 'nothing was answered';
  return (
    `median ${formatMs(whole.p50)}, p99 ${formatMs(whole.p99)}; ` +
    `p99 at worst ${formatMs(max(points))}`
  );
}
