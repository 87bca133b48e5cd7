/**
 * Offered load against goodput: whether the mesh did the work it was asked to do.
 */
import { max } from '../chart.ts';
import { html } from '../escape.ts';
import { formatRate } from '../format.ts';
import { goodputAtEndRps, meanOver, type RunView, sumColumns } from '../view.ts';
import type { Panel } from './panel.ts';

const MEASURES = [
  { name: 'goodput', stroke: 'solid', thinBy: 'mean' },
  { name: 'offered load', stroke: 'dot', thinBy: 'mean' },
] as const;

export const loadPanel: Panel = {
  id: 'load',
  title: 'Offered load and goodput',
  render(view) {
    const series = view.drawn.flatMap((run) => [
      { run: run.index, measure: 0, values: total(run, 'goodputRps') },
      { run: run.index, measure: 1, values: total(run, 'offeredRps') },
    ]);
    const clients = new Set(view.runs.flatMap((run) => run.timeline.clients.map((c) => c.name)));
    const chart = view.charts.add({
      id: 'chart-load',
      title: clients.size > 1 ? 'All clients together' : 'Requests per second',
      alt: view.drawn.map(sentence).join(' '),
      unit: 'rps',
      scale: 'linear',
      measures: MEASURES,
      series,
    });
    return html`<p class="lead">What the clients asked for, and what they got in time.</p>${chart}`;
  },
};

function total(run: RunView, column: 'goodputRps' | 'offeredRps'): readonly number[] {
  const { clients, edgesS } = run.timeline;
  return sumColumns(
    clients.map((client) => client[column]),
    edgesS.length - 1,
  );
}

function sentence(run: RunView): string {
  const { edgesS } = run.timeline;
  const goodput = total(run, 'goodputRps');
  const mean = meanOver(edgesS, total(run, 'offeredRps'), edgesS[0] ?? 0, edgesS.at(-1) ?? 0);
  const lowest = -max(goodput.map((value) => -value));
  return (
    `${run.label}: ${formatRate(mean ?? 0)} offered on average; goodput fell to ` +
    `${formatRate(goodput.length === 0 ? 0 : lowest)} at worst and ended at ` +
    `${formatRate(goodputAtEndRps(run.timeline))}.`
  );
}
