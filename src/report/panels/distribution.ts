/**
 * The distribution of latency over the whole run, client by client: runs side by side, each against
 * the first. Where several runs differ in one thing only, the differences are what that thing costs.
 */
import type { LatencyMs } from '../../core/summary.ts';
import { type Html, html } from '../escape.ts';
import { formatMs } from '../format.ts';
import { namesAcross, type ReportView, type RunView, runClass } from '../view.ts';
import { leftOut, runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

const MAX_CLIENTS = 4;

/** Columns, and points of the axis, at equal distances. */
const QUANTILES = [
  { key: 'p50', label: 'p50', share: 0.5 },
  { key: 'p90', label: 'p90', share: 0.9 },
  { key: 'p95', label: 'p95', share: 0.95 },
  { key: 'p99', label: 'p99', share: 0.99 },
  { key: 'p999', label: 'p99.9', share: 0.999 },
] as const;

interface Column {
  readonly run: RunView;
  readonly latency: LatencyMs;
}

export const distributionPanel: Panel = {
  id: 'distribution',
  title: 'Latency, side by side',
  render(view) {
    if (view.runs.length < 2) return null;
    const names = namesAcross(
      view.runs,
      (run) => run.summary.clients,
      (client) => client.name,
    );
    const shown = names.slice(0, MAX_CLIENTS).filter((name) => columnsOf(view, name).length > 1);
    if (shown.length === 0) return null;
    return html`<p class="lead">How long requests took, over the whole run and failures included; in brackets the difference to the first line.</p>
${shown.map((name) => clientPart(view, name))}${leftOut(names.length - Math.min(names.length, MAX_CLIENTS), 'client')}`;
  },
};

/** Runs in which anything of the client ended. */
function columnsOf(view: ReportView, name: string): readonly Column[] {
  return view.runs.flatMap((run) => {
    const client = run.summary.clients.find((item) => item.name === name);
    if (client === undefined || client.succeeded + client.failed === 0) return [];
    return [{ run, latency: client.latencyMs }];
  });
}

function clientPart(view: ReportView, name: string): Html {
  const columns = columnsOf(view, name);
  const first = columns[0]?.latency;
  const rows = columns.map(({ run, latency }, index) => [
    runName(run),
    cell(latency.mean, index === 0 ? undefined : first?.mean),
    ...QUANTILES.map(({ key }) => cell(latency[key], index === 0 ? undefined : first?.[key])),
    cell(latency.max, index === 0 ? undefined : first?.max),
  ]);
  const headings = ['Run', 'Mean', ...QUANTILES.map(({ label }) => label), 'Longest'];
  return html`<figure class="quantiles"><figcaption>${name}</figcaption>${curves(columns, name)}</figure>
${table(`Latency of ${name}`, headings, rows)}`;
}

function cell(valueMs: number, againstMs: number | undefined): string {
  if (againstMs === undefined) return formatMs(valueMs);
  const difference = valueMs - againstMs;
  const sign = difference < 0 ? '−' : '+';
  return `${formatMs(valueMs)} (${sign}${formatMs(Math.abs(difference))})`;
}

const BOX = { left: 64, right: 700, top: 12, bottom: 180 } as const;

/** Latency against the share of requests that took no longer. */
function curves(columns: readonly Column[], name: string): Html {
  const drawn = columns.filter(({ run }) => runClass(run.index) !== 'run-none');
  const values = drawn.flatMap(({ latency }) => QUANTILES.map(({ key }) => latency[key]));
  const most = Math.max(...values, 0.001);
  const y = (valueMs: number) => round(BOX.bottom - (valueMs / most) * (BOX.bottom - BOX.top));
  const ticks = QUANTILES.map(({ label, share }) => {
    return html`<path class="tick" d="M${x(share)} ${BOX.top}V${BOX.bottom}"/><text x="${x(share)}" y="${BOX.bottom + 16}" text-anchor="middle">${label}</text>`;
  });
  const levels = [0, most / 2, most].map((value) => {
    return html`<path class="tick" d="M${BOX.left} ${y(value)}H${BOX.right}"/><text x="${BOX.left - 8}" y="${y(value) + 4}" text-anchor="end">${formatMs(value)}</text>`;
  });
  const lines = drawn.map(({ run, latency }) => {
    const points = QUANTILES.map(({ key, share }) => `${x(share)} ${y(latency[key])}`).join('L');
    return html`<path class="${runClass(run.index)} curve" d="M${points}"/>`;
  });
  return html`<svg viewBox="0 0 720 205" role="img" aria-label="Latency of ${name} by percentile; the table below has the figures">${ticks}${levels}${lines}</svg>`;
}

/** The columns stand at equal distances. */
function x(share: number): number {
  const at = QUANTILES.findIndex((quantile) => quantile.share === share);
  return round(BOX.left + (at / (QUANTILES.length - 1)) * (BOX.right - BOX.left - 20));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
