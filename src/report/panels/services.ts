/**
 * Queues and workers of each service: where the work piles up, and whether it is of use to anybody.
 */
import type { ServiceSummary } from '../../core/summary.ts';
import type { ServiceTimeline } from '../../core/timeline.ts';
import { max } from '../chart.ts';
import { type Html, html, NO_HTML } from '../escape.ts';
import { formatCount, formatNumber, formatRatio } from '../format.ts';
import { namesAcross, type ReportView, type RunView, serviceName, totalsIn } from '../view.ts';
import { chartGrid, leftOut, runName, table } from './grid.ts';
import type { Panel } from './panel.ts';

/** Two charts each. */
const MAX_SERVICES = 4;
/** Below this a chart shows an idle service: one waiting request, or a tenth of the workers. */
const WORTH_DRAWING = 1;

const QUEUE = [{ name: 'queue', stroke: 'solid', thinBy: 'max' }] as const;
const WORKERS = [{ name: 'workers busy', stroke: 'solid', thinBy: 'mean' }] as const;

export const servicesPanel: Panel = {
  id: 'services',
  title: 'Service queues and workers',
  render(view) {
    const names = namesAcross(view.runs, (run) => totalsIn(run.timeline.services), serviceName);
    if (names.length === 0) return null;
    const shown = [...names]
      .sort((a, b) => strain(view, b) - strain(view, a))
      .filter((name) => strain(view, name) >= WORTH_DRAWING)
      .slice(0, MAX_SERVICES);
    return html`<p class="lead">All instances together. Work is wasted when nobody waits for its answer any more.</p>
${drawings(view, shown)}${shown.length === 0 ? NO_HTML : leftOut(names.length - shown.length, 'service')}${figures(view)}`;
  },
};

function timelineOf(run: RunView, name: string): ServiceTimeline | undefined {
  return run.timeline.services.find((service) => serviceName(service) === name);
}

function drawings(view: ReportView, names: readonly string[]): Html {
  if (names.length === 0) {
    return html`<p class="note">No service had a request waiting or a tenth of its workers busy.</p>`;
  }
  return chartGrid(names.flatMap((name, position) => chartsOf(view, name, position)));
}

/** A service that served without a busy worker has as many as it likes. */
function busyWords(service: ServiceSummary): string {
  const isUnlimited = service.served > 0 && service.workerUtilisation === 0;
  return isUnlimited ? 'no limit' : formatRatio(service.workerUtilisation);
}

/** How much a service had to bear: its longest queue, plus ten times the share of busy workers. */
function strain(view: ReportView, name: string): number {
  return max(
    view.drawn.map((run) => {
      const service = timelineOf(run, name);
      const queue = max([0, ...(service?.queueLength ?? [])]);
      return queue + 10 * max([0, ...(service?.workerUtilisation ?? [])]);
    }),
  );
}

function chartsOf(view: ReportView, name: string, position: number): readonly Html[] {
  const parts = view.drawn.flatMap((run) => {
    const service = timelineOf(run, name);
    return service === undefined ? [] : [{ run, service }];
  });
  const queue = view.charts.add({
    id: `chart-queue-${position}`,
    title: `${name}: requests waiting`,
    notes: parts.map(({ run, service }) => ({
      run,
      text: peakAndEnd(service.queueLength, formatNumber),
    })),
    unit: 'requests',
    scale: 'linear',
    measures: QUEUE,
    series: parts.map(({ run, service }) => ({
      run: run.index,
      measure: 0,
      values: service.queueLength,
    })),
  });
  const workers = view.charts.add({
    id: `chart-workers-${position}`,
    title: `${name}: workers busy`,
    notes: parts.map(({ run, service }) => ({
      run,
      text: peakAndEnd(service.workerUtilisation, formatRatio),
    })),
    unit: '%',
    scale: 'ratio',
    measures: WORKERS,
    series: parts.map(({ run, service }) => ({
      run: run.index,
      measure: 0,
      values: service.workerUtilisation,
    })),
  });
  return [queue, workers];
}

function peakAndEnd(values: readonly number[], format: (value: number) => string): string {
  return `at most ${format(max([0, ...values]))}, ${format(values.at(-1) ?? 0)} at the end`;
}

function figures(view: ReportView): Html {
  const names = namesAcross(view.runs, (run) => run.summary.services, serviceName);
  const rows = names.flatMap((name) =>
    view.runs.flatMap((run) => {
      const service = run.summary.services.find((item) => serviceName(item) === name);
      if (service === undefined) return [];
      return [
        [
          name,
          runName(run),
          formatCount(service.instances),
          formatCount(service.served),
          formatRatio(service.wastedWorkRatio),
          busyWords(service),
          formatCount(service.queueMax),
        ],
      ];
    }),
  );
  return table(
    'Each service, over the whole run',
    ['Service', 'Run', 'Instances', 'Served', 'Wasted work', 'Workers busy', 'Longest queue'],
    rows,
  );
}
