/**
 * What to know before trusting the numbers: approximations, what is not drawn, how to repeat it.
 */
import { html, NO_HTML } from '../escape.ts';
import { countOf, formatCount, formatSeconds } from '../format.ts';
import { MAX_DRAWN_RUNS, type ReportView } from '../view.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

export const limitsPanel: Panel = {
  id: 'limits',
  title: 'Limits and identity',
  render(view) {
    const lines = [...new Set(view.runs.flatMap((run) => run.summary.limits)), ...ownLimits(view)];
    const list =
      lines.length === 0
        ? html`<p class="lead">Nothing that was asked for is only approximated.</p>`
        : html`<ul class="limits">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
    const setting = view.model.setting ?? [];
    const facts = setting.map(
      ({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`,
    );
    return html`${list}${facts.length === 0 ? NO_HTML : html`<dl class="facts">${facts}</dl>`}${identities(view)}`;
  },
};

/** What the page itself leaves out. */
function ownLimits(view: ReportView): readonly string[] {
  const hidden = view.runs.length - view.drawn.length;
  const thinning = view.drawn.reduce(
    (most, run) => Math.max(most, view.charts.thinning(run.index)),
    1,
  );
  return [
    ...(hidden > 0
      ? [
          `${countOf(hidden, 'more run')} than the ${MAX_DRAWN_RUNS} in the charts; the tables have all of them.`,
        ]
      : []),
    ...(thinning > 1
      ? [`One point in a chart stands for up to ${thinning} buckets of the measurement.`]
      : []),
  ];
}

function identities(view: ReportView) {
  return table(
    'The same scenario hash, seed and version give the same digest, on any machine',
    ['Run', 'Seed', 'Digest', 'Scenario hash', 'Virtual time', 'Events'],
    view.runs.map((run) => [
      runName(run),
      html`<code>${run.summary.seed}</code>`,
      html`<code>${run.summary.digest}</code>`,
      html`<code>${run.summary.scenario.hash}</code>`,
      formatSeconds(run.summary.run.virtualS),
      formatCount(run.summary.run.events),
    ]),
  );
}
