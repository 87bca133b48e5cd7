/**
 * What a report shows: the runs of one scenario, side by side, with nothing left to compute.
 *
 * The command line fills it from finished runs; `html.ts` and `text.ts` only draw it. Titles,
 * names and commands are user input: whoever draws them escapes them.
 */
import type { EdgePolicy } from '../core/policy-table.ts';
import type { RequestTrace } from '../core/request-trace.ts';
import type { Summary } from '../core/summary.ts';
import type { Timeline } from '../core/timeline.ts';
import type { RequestSamples } from '../trace/request-sampler.ts';

export interface ReportModel {
  readonly title: string;
  readonly description?: string | undefined;
  /** URL or document of the incident that the scenario retells. */
  readonly source?: string | undefined;
  readonly scenario: { readonly name: string; readonly path: string };
  /** One command that makes this report again. */
  readonly reproduce: string;
  /** Of the program that made the runs. */
  readonly version: string;
  /** What holds for all runs and is worth naming: data plane, overhead profile, defaults. */
  readonly setting?: readonly SettingLine[] | undefined;
  /** How much of the start is not in the figures; charts show it as a band. */
  readonly warmUpS?: number | undefined;
  /** At least one, in the order of the scenario's variants. */
  readonly runs: readonly ReportRun[];
}

export interface SettingLine {
  readonly label: string;
  readonly value: string;
}

export interface ReportRun {
  /** '' when the scenario declares no variants. */
  readonly variant: string;
  /** The verdict that the scenario file says this variant ends with; null = it says nothing. */
  readonly declared: string | null;
  /** Ended as declared; without meaning when nothing is declared. */
  readonly asDeclared: boolean;
  readonly summary: Summary;
  readonly timeline: Timeline;
  /** Requests that deserve a closer look, and how many failed in which way. */
  readonly samples?: RequestSamples | undefined;
  /** Those that were followed. */
  readonly traces?: readonly RequestTrace[] | undefined;
  /** The policy in force, by edge. */
  readonly policy?: readonly EdgePolicy[] | undefined;
}

/** How a run is called in headings and legends: its variant, and its seed where seeds differ. */
export function runLabel(model: ReportModel, run: ReportRun): string {
  const variant = run.variant === '' ? model.scenario.name : run.variant;
  const isSameVariant = (other: ReportRun): boolean => other.variant === run.variant;
  if (model.runs.filter(isSameVariant).length < 2) return variant;
  return `${variant}, seed ${run.summary.seed}`;
}
