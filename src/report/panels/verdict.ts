/**
 * The verdict of each run in words, with the numbers behind it. What a reader with one minute reads.
 */
import { mostAmplifiedPath } from '../amplification.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { formatFactor, formatMs, formatRate, formatRatio } from '../format.ts';
import {
  goodputAtEndRps,
  MAX_DRAWN_RUNS,
  type ReportView,
  type RunView,
  runClass,
} from '../view.ts';
import {
  declarationWords,
  shortObserved,
  TONE_SIGNS,
  verdictReasons,
  verdictTitle,
  verdictTone,
} from '../words.ts';
import { runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly of: string;
}

export const verdictPanel: Panel = {
  id: 'verdict',
  title: 'Verdict',
  render(view) {
    if (view.runs.length <= MAX_DRAWN_RUNS) {
      return html`<div class="cards">${view.runs.map(card)}</div>`;
    }
    return verdictTable(view);
  },
};

function card(run: RunView): Html {
  const declared = declarationWords(run);
  const isSurprise = run.declared !== null && !run.asDeclared;
  const { seed, digest, scenario } = run.summary;
  return html`<article class="card ${runClass(run.index)}" aria-labelledby="run-${run.index}">
<h3 id="run-${run.index}"><span class="chip" aria-hidden="true"></span>${run.label}</h3>
<p>${badge(run.summary.verdict, 'large')} ${declared === '' ? NO_HTML : html`<span class="declared ${isSurprise ? 'surprise' : ''}">${declared}</span>`}</p>
${verdictReasons(run).map((sentence) => html`<p>${sentence}</p>`)}
${brokenExpectations(run)}
<dl class="figures">${figuresOf(run).map(figureMarkup)}</dl>
<p class="identity">seed <code>${seed}</code> · digest <code>${digest}</code> · scenario <code>${scenario.hash}</code></p>
</article>`;
}

const MAX_BROKEN = 3;

function brokenExpectations(run: RunView): Html {
  const broken = run.summary.expect.filter((item) => item.ok === false);
  if (broken.length === 0) return NO_HTML;
  const items = broken
    .slice(0, MAX_BROKEN)
    .map((item) => html`<li><code>${item.text}</code>: ${shortObserved(item)}</li>`);
  const more = broken.length - items.length;
  return html`<ul>${items}${more > 0 ? html`<li>${more} more</li>` : NO_HTML}</ul>`;
}

/** Too many runs for cards: a line each. */
function verdictTable(view: ReportView): Html {
  return table(
    'The verdict of each run',
    ['Run', 'Verdict', 'Declared', 'Succeeded', 'Goodput at the end'],
    view.runs.map((run) => {
      const [succeeded, goodput] = figuresOf(run);
      return [
        runName(run),
        badge(run.summary.verdict, 'small'),
        declarationWords(run),
        succeeded?.value ?? '',
        `${goodput?.value ?? ''} ${goodput?.of ?? ''}`,
      ];
    }),
  );
}

function badge(verdict: string, size: string): Html {
  const tone = verdictTone(verdict);
  return html`<span class="badge ${size} ${tone}"><span aria-hidden="true">${TONE_SIGNS[tone]}</span> ${verdictTitle(verdict)}</span>`;
}

function figureMarkup({ label, value, of }: Figure): Html {
  return html`<div><dt>${label}</dt><dd>${value}${of === '' ? NO_HTML : html`<small>${of}</small>`}</dd></div>`;
}

function figuresOf(run: RunView): readonly Figure[] {
  const { clients, edges, recovery } = run.summary;
  const offered = clients.reduce((sum, client) => sum + client.offered, 0);
  const succeeded = clients.reduce((sum, client) => sum + client.succeeded, 0);
  const slowest = [...clients].sort((a, b) => b.latencyMs.p99 - a.latencyMs.p99)[0];
  const path = mostAmplifiedPath(edges);
  // Without a trigger the baseline is the run itself.
  const isBaselined = recovery.triggerEndS !== null && recovery.baselineGoodputRps > 0;
  return [
    {
      label: 'Succeeded',
      value: offered === 0 ? 'none offered' : formatRatio(succeeded / offered),
      of: '',
    },
    {
      label: 'Goodput at the end',
      value: formatRate(goodputAtEndRps(run.timeline)),
      of: isBaselined ? `of ${formatRate(recovery.baselineGoodputRps)} before` : '',
    },
    ...(slowest === undefined
      ? []
      : [
          {
            label: '99th percentile',
            value: formatMs(slowest.latencyMs.p99),
            of: clients.length > 1 ? slowest.name : '',
          },
        ]),
    ...(path === null
      ? []
      : [
          {
            label: 'Attempts per request',
            value: formatFactor(path.factor),
            of: path.names.join(' → '),
          },
        ]),
  ];
}
