/**
 * Offered load against goodput: whether the mesh did the work it was asked to do.
 */
import { type ChartSeries, max } from '../chart.ts';
import { html } from '../escape.ts';
import { formatRate } from '../format.ts';
import { goodputAtEndRps, meanOver, type ReportView, type RunView, sumColumns } from '../view.ts';
import type { Panel } from './panel.ts';

const MEASURES = [
  { name: 'goodput', stroke: 'solid', thinBy: 'mean' },
  { name: 'offered load', stroke: 'dot', thinBy: 'mean' },
] as const;

export const loadPanel: Panel = {
  id: 'load',
  title: 'Offered load and goodput',
  render(view) {
    const goodput = view.drawn.map((run) => ({
      run: run.index,
      measure: 0,
      values: total(run, 'goodputRps'),
    }));
    const clients = new Set(view.runs.flatMap((run) => run.timeline.clients.map((c) => c.name)));
    const chart = view.charts.add({
      id: 'chart-load',
      title: clients.size > 1 ? 'All clients together' : 'Requests per second',
      notes: view.drawn.map((run) => ({ run, text: sentence(run) })),
      unit: 'rps',
      scale: 'linear',
      measures: MEASURES,
      series: [...offeredSeries(view), ...goodput],
    });
    return html`<p class="lead">What the clients asked for, and what they got in time.</p>${chart}`;
  },
};

/** With the same seed the same load is offered: one line says it for all runs. */
function offeredSeries(view: ReportView): readonly ChartSeries[] {
  const lines = view.drawn.map((run) => ({ run: run.index, values: total(run, 'offeredRps') }));
  const [first] = lines;
  if (first === undefined) return [];
  if (lines.length > 1 && lines.every((line) => isSame(line.values, first.values))) {
    return [{ run: first.run, measure: 1, values: first.values, isShared: true }];
  }
  return lines.map((line) => ({ ...line, measure: 1 }));
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

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
    `${formatRate(mean ?? 0)} offered; goodput ` +
    `${formatRate(goodput.length === 0 ? 0 : lowest)} at worst, ` +
    `${formatRate(goodputAtEndRps(run.timeline))} at the end`
  );
}
