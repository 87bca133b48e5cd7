/** The files of a run's output folder, made of its results. Source: surface.md §3. */
import { join, resolve } from 'node:path';
import { hashTexts } from '../core/text-hash.ts';
import { SECOND } from '../core/time.ts';
import { overheadProfile } from '../harness/data-planes/overhead-profiles.ts';
import type { Scenario } from '../harness/scenario.ts';
import { renderHtml } from '../report/html.ts';
import type { ReportModel, SettingLine } from '../report/model.ts';
import { renderText } from '../report/text.ts';
import { checkWritable, fileNamePart, linkLatest, writeOutput } from './output-directory.ts';
import { replayFile } from './replay-file.ts';
import { loadPlotly } from './report-assets.ts';
import { ALL_VARIANTS, type RunOptions } from './run-options.ts';
import { combinedHash, type ResultDocument, type VariantResult } from './run-results.ts';

export interface RunReport {
  readonly model: ReportModel;
  readonly document: ResultDocument;
  readonly results: readonly VariantResult[];
}

/** @param reproduce the command that makes the same runs again */
export function reportModel(
  results: readonly VariantResult[],
  reproduce: string,
  version: string,
): ReportModel {
  const scenario = (results[0] as VariantResult).scenario;
  const { title, description, source, name, path } = scenario;
  return {
    title,
    description: description === '' ? undefined : description,
    source: source === '' ? undefined : source,
    scenario: { name, path },
    reproduce,
    version,
    setting: settingOf(results.map((result) => result.scenario)),
    warmUpS: scenario.warmUpNs / SECOND,
    runs: results.flatMap((result) =>
      result.outcomes.map(({ summary, timeline, samples, traces, policy }) => ({
        variant: result.scenario.variant,
        declared: result.scenario.declaredVerdict,
        asDeclared: result.asDeclared,
        summary,
        timeline,
        samples,
        traces,
        policy,
      })),
    ),
  };
}

/** What holds for all variants once; what they differ in, by variant. */
function settingOf(scenarios: readonly Scenario[]): readonly SettingLine[] {
  const settings = scenarios.map((scenario) => ({ scenario, lines: settingLines(scenario) }));
  const [first] = settings;
  const isShared = ({ label, value }: SettingLine): boolean =>
    settings.every(({ lines }) =>
      lines.some((line) => line.label === label && line.value === value),
    );
  const shared = first?.lines.filter(isShared) ?? [];
  const own = settings.flatMap(({ scenario, lines }) =>
    lines
      .filter((line) => !isShared(line))
      .map(({ label, value }) => ({ label: `${label}, ${scenario.variant}`, value })),
  );
  return [...shared, ...own];
}

function settingLines(scenario: Scenario): readonly SettingLine[] {
  const { kind, overhead } = scenario.dataPlane;
  const lines: SettingLine[] = [{ label: 'data plane', value: kind }];
  const profile = overheadProfile(overhead);
  if (profile !== undefined && kind !== 'none') {
    lines.push({ label: 'proxy overhead', value: `${profile.id} (${profile.source})` });
    lines.push({ label: 'defaults of', value: scenario.meshDefaults.product });
  }
  return lines;
}

/** Where a run's files go: the same place for the same scenario and seeds. @returns absolute */
export function outputFolder(
  results: readonly VariantResult[],
  options: RunOptions,
  cwd: string,
): string {
  if (options.out !== null) return resolve(cwd, options.out);
  const hash = combinedHash(results).slice(0, 12);
  const isAll = options.variant === ALL_VARIANTS;
  const runId = `${hash}-${isAll ? 'all-' : ''}${fileNamePart(options.seedText)}`;
  const { name } = (results[0] as VariantResult).scenario;
  return join(resolve(cwd, 'reports'), fileNamePart(name), runId);
}

/** To be asked before anything runs. @throws EnvironmentError when nothing could be written */
export function checkOutput({ out }: RunOptions, cwd: string): void {
  checkWritable(out === null ? join(resolve(cwd, 'reports'), 'run') : resolve(cwd, out));
}

/** Writes everything and moves the `latest` link. @throws EnvironmentError */
export function writeReport(folder: string, report: RunReport, options: RunOptions): void {
  writeOutput(folder, {
    'manifest.json': json(manifestOf(report, options)),
    'summary.json': json(report.document),
    'timeline.json': json(timelinesOf(report)),
    'replay.json': json(replayFile(report.results, report.model.version)),
    'summary.txt': renderText(report.model),
    'report.html': renderHtml(report.model, { plotly: plotly() }),
  });
  if (options.out === null) linkLatest(folder);
}

let loadedPlotly: string | undefined;

/** Packing it takes longer than many a run. */
function plotly(): string {
  loadedPlotly ??= loadPlotly();
  return loadedPlotly;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function manifestOf({ model, results }: RunReport, options: RunOptions) {
  return {
    meshquake: model.version,
    format: 1,
    scenario: model.scenario,
    reproduce: model.reproduce,
    seeds: options.seedText,
    variants: results.map(({ scenario, outcomes }) => ({
      name: scenario.variant,
      scenarioHash: scenario.hash,
      policyHash: hashTexts(scenario.mesh.map((file) => file.text)),
      policyFiles: scenario.mesh.map((file) => file.path),
      runs: outcomes.map(({ summary }) => ({ seed: summary.seed, digest: summary.digest })),
    })),
    limits: [...new Set(model.runs.flatMap((run) => run.summary.limits))],
  };
}

function timelinesOf({ model }: RunReport) {
  return {
    meshquake: model.version,
    format: 1,
    runs: model.runs.map(({ variant, summary, timeline }) => ({
      variant,
      seed: summary.seed,
      timeline,
    })),
  };
}
