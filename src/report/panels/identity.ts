/**
 * Certificates and access: when handshakes failed, between whom and why, and whom policy refused.
 */
import { type Html, html } from '../escape.ts';
import { formatCount, formatSeconds } from '../format.ts';
import { identitySentences, reasonWords, whoWords } from '../identity-words.ts';
import type { ReportView, RunView } from '../view.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

const MAX_ROWS = 30;
const MEASURES = [
  { name: 'failed handshakes', stroke: 'solid', thinBy: 'mean' },
  { name: 'failed renewals', stroke: 'dot', thinBy: 'mean' },
] as const;

export const identityPanel: Panel = {
  id: 'identity',
  title: 'Certificates and access',
  render(view) {
    if (view.runs.every((run) => run.summary.identity === undefined)) return null;
    return html`<p class="lead">Certificates are looked at in handshakes only: connections that are open live on.</p>
<div class="charts">${chartOf(view)}</div>${failureTable(view)}`;
  },
};

function chartOf(view: ReportView): Html {
  const column = (run: RunView, name: 'handshakesFailedRps' | 'renewalsFailedRps') =>
    run.timeline.identity?.[name] ?? run.timeline.edgesS.slice(1).map(() => 0);
  return view.charts.add({
    id: 'chart-identity',
    title: 'Failed handshakes and renewals per second',
    notes: view.drawn.map((run) => ({ run, text: sentence(run) })),
    unit: '/s',
    scale: 'linear',
    measures: MEASURES,
    series: view.drawn.flatMap((run) => [
      { run: run.index, measure: 0, values: column(run, 'handshakesFailedRps') },
      { run: run.index, measure: 1, values: column(run, 'renewalsFailedRps') },
    ]),
  });
}

function sentence({ summary }: RunView): string {
  const sentences = summary.identity === undefined ? [] : identitySentences(summary.identity);
  return sentences.length === 0 ? 'every handshake succeeded' : sentences.join('; ');
}

function failureTable(view: ReportView): Html | string {
  const rows = view.runs.flatMap((run) =>
    (run.summary.identity?.failures ?? []).map((row) => [
      runName(run),
      whoWords(row),
      reasonWords(row.reason),
      row.seenBy,
      formatCount(row.count),
      formatSeconds(row.firstS),
      formatSeconds(row.lastS),
    ]),
  );
  if (rows.length === 0) return '';
  const caption =
    rows.length > MAX_ROWS
      ? `The first ${MAX_ROWS} of ${formatCount(rows.length)} kinds of failed handshakes`
      : 'Failed handshakes';
  return table(
    caption,
    ['Run', 'Between', 'Why', 'Seen by', 'Times', 'First', 'Last'],
    rows.slice(0, MAX_ROWS),
  );
}
