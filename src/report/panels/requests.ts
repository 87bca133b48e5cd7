/**
 * The slowest and the failed requests as waterfalls: where each was at every moment, and why it failed.
 */
import type { RequestTrace } from '../../core/request-trace.ts';
import { SECOND } from '../../core/time.ts';
import { slicesOfCall, timeSpent } from '../../trace/time-slices.ts';
import { causeChain, firstFailure } from '../cause-chain.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { countOf, formatCount, formatMs, formatRatio, formatSeconds } from '../format.ts';
import { placeWords, SLICE_NAMES } from '../time-words.ts';
import { type ReportView, type RunView, runClass } from '../view.ts';
import { type Bar, type WaterfallRow, waterfallRows } from '../waterfall.ts';
import { flagMeaning } from '../words.ts';
import { runName } from './grid.ts';
import type { Panel } from './panel.ts';

const NS_PER_MS = 1e6;
/** Rows of one waterfall; how many more there are is said. */
const MAX_ROWS = 40;
/** Requests of one run that are drawn; `replay RUN --list` has all. */
const MAX_DRAWN = 12;
const MAX_SHARES = 4;
const LEGEND: readonly Bar['kind'][] = [
  'backoff',
  'injected-delay',
  'connection',
  'proxy',
  'network',
  'queue',
  'service',
  'other',
  'wasted',
];

export const requestsPanel: Panel = {
  id: 'requests',
  title: 'Slowest and failed requests',
  render(view) {
    const runs = view.drawn.filter(({ traces = [] }) => traces.length > 0);
    if (runs.length === 0) return null;
    return html`<p class="lead">The slowest good requests of each client, and of each way to fail the first and a few more. A row is one try; calls stand below the try that makes them. Step by step: <code>meshquake replay RUN --request ID</code></p>
<ul class="key slices">${LEGEND.map((kind) => html`<li><span class="slice ${kind}" aria-hidden="true"></span>${sliceName(kind)}</li>`)}</ul>
${runs.map((run) => runMarkup(view, run, runs.length === 1))}`;
  },
};

function sliceName(kind: Bar['kind']): string {
  return kind === 'wasted' ? 'work that nobody waits for' : SLICE_NAMES[kind];
}

function runMarkup(view: ReportView, run: RunView, isOnly: boolean): Html {
  const { traces = [] } = run;
  const drawn = traces.slice(0, MAX_DRAWN);
  const failed = drawn.filter(({ sample }) => !sample.isGood);
  const slow = drawn.filter(({ sample }) => sample.isGood);
  const body = html`${failureCounts(run)}
${failed.map((trace, index) => requestMarkup(trace, index === 0))}
${slow.map((trace, index) => requestMarkup(trace, index === 0 && failed.length === 0))}
${traces.length > drawn.length ? html`<p class="note">${traces.length - drawn.length} more: meshquake replay RUN --list</p>` : NO_HTML}${untilNote(run)}`;
  if (isOnly) return html`<div class="${runClass(run.index)}">${body}</div>`;
  const isOpen = run.index === view.drawn[0]?.index;
  return html`<details class="run ${runClass(run.index)}" ${isOpen ? 'open' : ''}><summary>${runName(run)}</summary>${body}</details>`;
}

function failureCounts({ samples }: RunView): Html {
  const failures = samples?.failures ?? [];
  if (failures.length === 0) return html`<p>No request failed.</p>`;
  const items = failures.map(({ client, status, flag, count }) => {
    const meaning = flag === '-' ? '' : ` (${flag}: ${flagMeaning(flag)})`;
    const outcome = status === 0 ? 'without an answer' : `with ${status}`;
    return html`<li>${countOf(count, 'request')} of ${client} failed ${outcome}${meaning}</li>`;
  });
  return html`<ul>${items}</ul>`;
}

/** Long runs are not looked at to the end. */
function untilNote({ samples, timeline }: RunView): Html {
  const untilS = (samples?.untilNs ?? 0) / SECOND;
  const endS = timeline.edgesS.at(-1) ?? 0;
  if (samples === undefined || untilS >= endS - 1) return NO_HTML;
  return html`<p class="note">Counted and chosen among requests that ended before ${formatSeconds(untilS)}: following a request takes a second run up to its end.</p>`;
}

function requestMarkup(trace: RequestTrace, isOpen: boolean): Html {
  const { sample, call } = trace;
  const rows = waterfallRows(trace);
  const ns = sample.endNs - sample.startNs;
  const outcome = sample.status === 0 ? 'no answer' : String(sample.status);
  const tone = sample.isGood ? 'good' : 'bad';
  const causes = causeChain(trace);
  const first = firstFailure(trace);
  const spent = call === null ? [] : timeSpent(slicesOfCall(call, sample.endNs));
  const shares = spent
    .slice(0, MAX_SHARES)
    .map((share) => `${formatRatio(share.ns / ns)} ${placeWords(share.kind, share.where)}`);
  return html`<details class="request" ${isOpen ? 'open' : ''}><summary><span class="badge small ${tone}">${outcome}</span> <code>${sample.id}</code> <b>${formatMs(ns / NS_PER_MS)}</b> at ${(sample.startNs / SECOND).toFixed(3)} s<span class="why">${first === null ? (shares[0] ?? '') : `${first.where} ${first.text}`}</span></summary>
<p class="note">${shares.join(' · ')}</p>
<div class="waterfall" role="img" aria-label="Tries of request ${sample.id}">${rows.slice(0, MAX_ROWS).map(rowMarkup)}</div>
${rows.length > MAX_ROWS ? html`<p class="note">${formatCount(rows.length - MAX_ROWS)} more tries are not drawn.</p>` : NO_HTML}
${first === null ? NO_HTML : html`<p>First to fail: <b>${first.where}</b> ${first.text}. How it ended:</p>`}${causes.length === 0 ? NO_HTML : html`<ol class="causes">${causes.map(({ where, text }) => html`<li><b>${where}</b> ${text}</li>`)}</ol>`}</details>`;
}

function rowMarkup({ depth, label, outcome, isGood, bars }: WaterfallRow): Html {
  return html`<div class="try"><span class="name" style="padding-left:${depth * 12}px">${label}</span><span class="track">${bars.map(barMarkup)}</span><span class="end ${isGood ? '' : 'failed'}">${outcome}</span></div>`;
}

function barMarkup({ kind, from, to, ns }: Bar): Html {
  const percent = (share: number) => (100 * share).toFixed(2);
  const title = `${sliceName(kind)}: ${formatMs(ns / NS_PER_MS)}`;
  return html`<i class="slice ${kind}" style="left:${percent(from)}%;width:${percent(to - from)}%" title="${title}"></i>`;
}
