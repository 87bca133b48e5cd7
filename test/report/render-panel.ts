/** Renders one panel as the page does, for tests. */
import { ChartBook } from '../../src/report/chart.ts';
import type { ReportModel } from '../../src/report/model.ts';
import type { Panel } from '../../src/report/panels/panel.ts';
import { viewOf } from '../../src/report/view.ts';

export interface Rendered {
  /** null when the panel left itself out. */
  readonly markup: string | null;
  /** The markup's text, blanks run together. */
  readonly text: string;
  readonly charts: ChartBook;
}

export function renderPanel(panel: Panel, model: ReportModel): Rendered {
  const charts = new ChartBook(model.runs.slice(0, 8).map((run) => run.timeline));
  const markup = panel.render(viewOf(model, charts))?.toString() ?? null;
  const text = (markup ?? '')
    .replace(/<script.*?<\/script>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return { markup, text, charts };
}

/** The same change to the summary of each run. */
export function withSummaries(
  model: ReportModel,
  change: Partial<ReportModel['runs'][number]['summary']>,
): ReportModel {
  const runs = model.runs.map((run) => ({ ...run, summary: { ...run.summary, ...change } }));
  return { ...model, runs };
}
