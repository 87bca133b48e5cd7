/** The files of an experiment's output folder. Source: surface.md §3. */
import { join, relative, resolve } from 'node:path';
import { hashTexts } from '../core/text-hash.ts';
import type { Scenario } from '../harness/scenario.ts';
import { type ExperimentModel, renderExperiment } from '../report/experiment.ts';
import type { CliIo } from './cli-io.ts';
import type { ExperimentOptions } from './experiment-options.ts';
import { fileNamePart, linkLatest, type OutputFiles, writeOutput } from './output-directory.ts';
import { loadPlotly } from './report-assets.ts';

/** What every experiment leaves. */
export interface ExperimentFiles {
  /** What `--json` prints. */
  readonly document: object;
  readonly page: ExperimentModel;
  /** What people saw. */
  readonly text: string;
  /** More of them, by name. */
  readonly more: OutputFiles;
}

/**
 * Where an experiment's files go: the same place for the same question.
 *
 * @param what `compare`, `sweep`, `search`
 * @param question everything that decides the answer besides the scenarios
 * @returns absolute
 */
export function experimentFolder(
  what: string,
  scenarios: readonly Scenario[],
  question: readonly string[],
  options: ExperimentOptions,
  cwd: string,
): string {
  if (options.out !== null) return resolve(cwd, options.out);
  const hash = hashTexts([...scenarios.map((scenario) => scenario.hash), ...question]);
  const id = `${what}-${hash.slice(0, 12)}-${fileNamePart(options.seedText)}`;
  return join(resolve(cwd, 'reports'), fileNamePart(scenarios[0]?.name ?? what), id);
}

/** Writes everything and moves the `latest` link. @throws EnvironmentError */
export function writeExperiment(
  folder: string,
  { document, page, text, more }: ExperimentFiles,
  options: ExperimentOptions,
): void {
  const { version, reproduce } = page;
  writeOutput(folder, {
    'manifest.json': jsonText({
      meshquake: version,
      format: 1,
      reproduce,
      seeds: options.seedText,
    }),
    'summary.json': jsonText(document),
    'summary.txt': `${text}\n`,
    'report.html': renderExperiment(page, { plotly: loadPlotly() }),
    ...more,
  });
  if (options.out === null) linkLatest(folder);
}

/** As one would type it. */
export function shownFolder(folder: string, io: CliIo): string {
  const shown = relative(io.cwd, folder) || folder;
  return shown.startsWith('..') ? folder : shown;
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
