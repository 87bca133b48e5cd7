/**
 * What the scenario states must hold, and what was observed instead where it did not.
 */
import type { ExpectationSummary } from '../../core/summary.ts';
import { type Html, html } from '../escape.ts';
import { formatSeconds } from '../format.ts';
import { TONE_SIGNS, type Tone } from '../words.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

export const expectationsPanel: Panel = {
  id: 'expectations',
  title: 'Expectations',
  render(view) {
    const rows = view.runs.flatMap((run) =>
      run.summary.expect.map((item) => [
        state(item),
        runName(run),
        html`<code>${item.text}</code>`,
        item.observed,
        `${formatSeconds(item.windowS[0])} to ${formatSeconds(item.windowS[1])}`,
      ]),
    );
    if (rows.length === 0) return null;
    return table(
      'Each expectation of the scenario, over the window it speaks of',
      ['Held', 'Run', 'Expectation', 'Observed', 'Window'],
      rows,
    );
  },
};

function state(item: ExpectationSummary): Html {
  const [tone, word]: readonly [Tone, string] =
    item.ok === null ? ['unsure', 'too few samples'] : item.ok ? ['good', 'yes'] : ['bad', 'no'];
  return html`<span class="badge small ${tone}"><span aria-hidden="true">${TONE_SIGNS[tone]}</span> ${word}</span>`;
}
