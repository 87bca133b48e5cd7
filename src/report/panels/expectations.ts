/**
 * What the scenario states must hold, run beside run, with what was observed.
 */
import type { ExpectationSummary } from '../../core/summary.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { formatSeconds } from '../format.ts';
import type { ReportView } from '../view.ts';
import { shortObserved, TONE_SIGNS, type Tone } from '../words.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

export const expectationsPanel: Panel = {
  id: 'expectations',
  title: 'Expectations',
  render(view) {
    const rows = rowsOf(view);
    if (rows.length === 0) return null;
    return table(
      'Each expectation of the scenario, over the window it speaks of',
      ['Expectation', 'Window', ...view.runs.map(runName)],
      rows.map(({ first, cells }) => [
        html`<code>${first.text}</code>`,
        windowWords(first),
        ...cells.map((item) => cell(item, first)),
      ]),
    );
  },
};

interface Row {
  readonly first: ExpectationSummary;
  /** Indexed by run; undefined where the run does not have this expectation. */
  readonly cells: readonly (ExpectationSummary | undefined)[];
}

/** One row a text; the same text twice in a run makes two rows. */
function rowsOf(view: ReportView): readonly Row[] {
  const rows = new Map<string, { first: ExpectationSummary; cells: ExpectationSummary[] }>();
  for (const run of view.runs) {
    const seen = new Map<string, number>();
    for (const item of run.summary.expect) {
      const times = (seen.get(item.text) ?? 0) + 1;
      seen.set(item.text, times);
      const key = `${times} ${item.text}`;
      const row = rows.get(key) ?? { first: item, cells: [] };
      row.cells[run.index] = item;
      rows.set(key, row);
    }
  }
  return [...rows.values()].map(({ first, cells }) => ({
    first,
    cells: view.runs.map((run) => cells[run.index]),
  }));
}

function cell(item: ExpectationSummary | undefined, first: ExpectationSummary): Html {
  if (item === undefined) return html`<span class="absent">not stated</span>`;
  const [tone, word]: readonly [Tone, string] =
    item.ok === null ? ['unsure', 'too few samples'] : item.ok ? ['good', 'yes'] : ['bad', 'no'];
  const window = windowWords(item);
  const other = window === windowWords(first) ? NO_HTML : html` <small>${window}</small>`;
  return html`<span class="badge small ${tone}"><span aria-hidden="true">${TONE_SIGNS[tone]}</span> ${word}</span> ${shortObserved(item)}${other}`;
}

function windowWords({ windowS }: ExpectationSummary): string {
  return `${formatSeconds(windowS[0])} to ${formatSeconds(windowS[1])}`;
}
