/**
 * How the clients' requests ended: status codes, and the response flags that say why.
 */
import type { ClientSummary } from '../../core/summary.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { formatCount, formatRatio } from '../format.ts';
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
        listed(client, client.byCode),
        flags(client),
      ]),
    );
    if (rows.length === 0) return null;
    return table(
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
  },
};

function listed(client: ClientSummary, counts: Readonly<Record<string, number>>): Html {
  const entries = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return html`${entries.map(([name, count]) => html`<span class="count"><b>${name}</b> ${share(client, count)}</span> `)}`;
}

function flags(client: ClientSummary): Html {
  const entries = Object.entries(client.byFlag).sort((a, b) => b[1] - a[1]);
  return html`${entries.map(([flag, count]) => {
    const meaning = flagMeaning(flag);
    const gloss = meaning === '' ? NO_HTML : html` <small>${meaning}</small>`;
    return html`<span class="count"><b>${flag}</b> ${share(client, count)}${gloss}</span> `;
  })}`;
}

function share(client: ClientSummary, count: number): string {
  return client.offered === 0 ? formatCount(count) : formatRatio(count / client.offered);
}
