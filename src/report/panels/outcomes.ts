/**
 * How the clients' requests ended: status codes, and the response flags that say why.
 */
import type { CountByName } from '../../core/summary.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { formatCount, formatRatio } from '../format.ts';
import { edgeName, namesAcross, type ReportView } from '../view.ts';
import { flagMeaning } from '../words.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

export const outcomesPanel: Panel = {
  id: 'outcomes',
  title: 'How requests ended',
  render(view) {
    const rows = view.runs.flatMap((run) =>
      run.summary.clients.map((client) => [
        client.name,
        runName(run),
        formatCount(client.offered),
        formatCount(client.succeeded),
        formatCount(client.failed),
        client.offered === 0 ? '' : formatRatio(client.succeeded / client.offered),
        shares(client.byCode, client.offered),
        flags(client.byFlag, client.offered),
      ]),
    );
    if (rows.length === 0) return null;
    const clients = table(
      'The requests of each client; one that had not ended with the run is neither',
      [
        'Client',
        'Run',
        'Offered',
        'Succeeded',
        'Failed',
        'Success',
        'Status codes',
        'Response flags',
      ],
      rows,
    );
    return html`${clients}${edgeTable(view)}`;
  },
};

/** Where inside the mesh requests failed, and why: a client often hears no more than a status. */
function edgeTable(view: ReportView): Html {
  const names = namesAcross(view.runs, (run) => run.summary.edges, edgeName);
  const rows = names.flatMap((name) =>
    view.runs.flatMap((run) => {
      const edge = run.summary.edges.find((item) => edgeName(item) === name);
      if (edge === undefined || Object.keys(edge.byFlag).length === 0) return [];
      return [[name, runName(run), flags(edge.byFlag, edge.requests)]];
    }),
  );
  if (rows.length === 0) return NO_HTML;
  return table(
    'Response flags of each edge, as shares of its requests',
    ['Edge', 'Run', 'Response flags'],
    rows,
  );
}

function shares(counts: CountByName, all: number): Html {
  return html`${sorted(counts).map(([name, count]) => html`<span class="count"><b>${name}</b> ${share(count, all)}</span> `)}`;
}

function flags(counts: CountByName, all: number): Html {
  return html`${sorted(counts).map(([flag, count]) => {
    const meaning = flagMeaning(flag);
    const gloss = meaning === '' ? NO_HTML : html` <small>${meaning}</small>`;
    return html`<span class="count"><b>${flag}</b> ${share(count, all)}${gloss}</span> `;
  })}`;
}

/** The most frequent first. */
function sorted(counts: CountByName): readonly (readonly [name: string, count: number])[] {
  return Object.entries(counts).sort((a, b) => b[1] - a[1]);
}

function share(count: number, all: number): string {
  return all === 0 ? formatCount(count) : formatRatio(count / all);
}
