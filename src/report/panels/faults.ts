/**
 * What was done to the mesh, when, and how often it struck; operations stand in the same table.
 */
import { html } from '../escape.ts';
import { formatCount, formatSeconds } from '../format.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

const MAX_ROWS = 60;

export const faultsPanel: Panel = {
  id: 'faults',
  title: 'Faults and operations',
  render(view) {
    const rows = view.runs.flatMap((run) => [
      ...run.summary.faults.map((fault) => ({
        startS: fault.startS,
        cells: [fault.id, runName(run), fault.kind, ...window(fault), formatCount(fault.strikes)],
      })),
      ...run.summary.operations.map((operation) => ({
        startS: operation.startS,
        cells: [operation.id, runName(run), operation.action, ...window(operation), ''],
      })),
    ]);
    if (rows.length === 0) return html`<p class="lead">Nothing was done to the mesh.</p>`;
    const caption =
      rows.length > MAX_ROWS
        ? `The first ${MAX_ROWS} of ${formatCount(rows.length)}`
        : 'In the order of time';
    const shown = [...rows].sort((a, b) => a.startS - b.startS).slice(0, MAX_ROWS);
    return table(
      caption,
      ['Name', 'Run', 'Kind', 'From', 'To', 'Strikes'],
      shown.map((row) => row.cells),
    );
  },
};

function window(item: { readonly startS: number; readonly endS: number }): readonly string[] {
  return [formatSeconds(item.startS), formatSeconds(item.endS)];
}
