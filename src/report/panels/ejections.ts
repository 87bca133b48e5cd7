/**
 * Outlier ejections: how many endpoints were out, and which proxy ejected which endpoint and why.
 */
import type { EjectionSummary } from '../../core/summary.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { countOf, formatCount, formatSeconds } from '../format.ts';
import { type ReportView, type RunView, totalsIn } from '../view.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

const MAX_ROWS = 30;
const MEASURES = [{ name: 'endpoints ejected', stroke: 'solid', thinBy: 'max' }] as const;

export const ejectionsPanel: Panel = {
  id: 'ejections',
  title: 'Outlier ejections',
  render(view) {
    const count = view.runs.reduce((sum, run) => sum + run.summary.ejections.length, 0);
    if (count === 0) {
      return html`<p class="lead">No proxy ejected an endpoint, and none wanted to.</p>`;
    }
    return html`<p class="lead">Endpoints that at least one proxy took out of balancing for misbehaving.</p>
<div class="charts">${chartOf(view)}</div>${ejectionTable(view)}${refusalTable(view)}`;
  },
};

function chartOf(view: ReportView): Html {
  const series = view.drawn.map((run) => ({
    run: run.index,
    measure: 0,
    values: ejectedAtOnce(run),
  }));
  return view.charts.add({
    id: 'chart-ejections',
    title: 'Endpoints ejected, all services',
    notes: view.drawn.map((run) => ({ run, text: sentence(run) })),
    unit: '',
    scale: 'linear',
    measures: MEASURES,
    series,
  });
}

function ejectedAtOnce(run: RunView): readonly number[] {
  const columns = totalsIn(run.timeline.services).map((service) => service.ejected);
  const length = run.timeline.edgesS.length - 1;
  return Array.from({ length }, (_, bucket) =>
    columns.reduce((sum, column) => sum + (column[bucket] ?? 0), 0),
  );
}

function sentence(run: RunView): string {
  const done = run.summary.ejections.filter((ejection) => ejection.refusedBy === null);
  const refused = run.summary.ejections.length - done.length;
  const tail = refused === 0 ? '' : `, ${refused} refused`;
  return `${countOf(done.length, 'ejection')}${tail}`;
}

/** What was done, one by one; what was only wanted, counted. */
function ejectionTable(view: ReportView): Html {
  const rows = view.runs.flatMap((run) =>
    run.summary.ejections
      .filter((ejection) => ejection.refusedBy === null)
      .map((ejection) => [
        formatSeconds(ejection.atS),
        runName(run),
        ejection.proxy,
        ejection.cluster,
        ejection.endpoint,
        ejection.detector,
        ejection.untilS === null ? 'not in this run' : formatSeconds(ejection.untilS),
      ]),
  );
  if (rows.length === 0) return NO_HTML;
  const caption =
    rows.length > MAX_ROWS
      ? `The first ${MAX_ROWS} of ${countOf(rows.length, 'ejection')}`
      : 'All ejections';
  return table(
    caption,
    ['At', 'Run', 'Proxy', 'Cluster', 'Endpoint', 'Detector', 'Back'],
    rows.slice(0, MAX_ROWS),
  );
}

function refusalTable(view: ReportView): Html {
  const rows = view.runs.flatMap((run) => {
    const groups = new Map<string, EjectionSummary[]>();
    for (const ejection of run.summary.ejections) {
      if (ejection.refusedBy === null) continue;
      const key = JSON.stringify([ejection.endpoint, ejection.detector, ejection.refusedBy]);
      groups.set(key, [...(groups.get(key) ?? []), ejection]);
    }
    return [...groups.values()].flatMap((group) => refusalRow(run, group));
  });
  if (rows.length === 0) return NO_HTML;
  return table(
    'Ejections that were wanted and refused',
    ['Run', 'Endpoint', 'Detector', 'Refused by', 'Times', 'First at'],
    rows.slice(0, MAX_ROWS),
  );
}

function refusalRow(run: RunView, group: readonly EjectionSummary[]) {
  const [first] = group;
  if (first === undefined) return [];
  const { endpoint, detector, refusedBy, atS } = first;
  return [
    [
      runName(run),
      endpoint,
      detector,
      refusedBy ?? '',
      formatCount(group.length),
      formatSeconds(atS),
    ],
  ];
}
