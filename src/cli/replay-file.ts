/**
 * `replay.json` of a run's folder: the scenarios as they ran, mesh files included, with seeds, digests
 * and the requests that deserve a closer look. Whatever happens to the files they came from, the run
 * can be made again.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { RequestSample } from '../core/request-trace.ts';
import type { Scenario } from '../harness/scenario.ts';
import type { VariantResult } from './run-results.ts';
import { inputError } from './scenario-files.ts';
import { programVersion } from './version.ts';

const FILE = 'replay.json';

export interface ReplayFile {
  readonly meshquake: string;
  readonly format: 1;
  readonly variants: readonly ReplayVariant[];
}

interface ReplayVariant {
  readonly scenario: Scenario;
  readonly runs: readonly ReplayRun[];
}

interface ReplayRun {
  readonly seed: string;
  readonly digest: string;
  readonly requests: readonly RequestSample[];
}

/** One run out of a folder. */
export interface ChosenRun extends ReplayRun {
  readonly scenario: Scenario;
  /** How many runs the folder holds. */
  readonly of: number;
}

export function replayFile(results: readonly VariantResult[], version: string): ReplayFile {
  return {
    meshquake: version,
    format: 1,
    variants: results.map(({ scenario, outcomes }) => ({
      scenario,
      runs: outcomes.map(({ summary: { seed, digest }, samples: { requests } }) => {
        return { seed, digest, requests };
      }),
    })),
  };
}

/** @throws InputError when it is no run's folder, or one of another version */
export function readReplayFile(path: string, cwd: string): ReplayFile {
  const absolute = resolve(cwd, path);
  const isThere = existsSync(absolute);
  const folder = isThere && !statSync(absolute).isDirectory() ? dirname(absolute) : absolute;
  const file = join(folder, FILE);
  if (!existsSync(file)) {
    const found = isThere ? `it holds no ${FILE}` : 'there is no such folder';
    throw inputError(path, 'MQ-RUN-001', `"${path}" is not the output of a run: ${found}`);
  }
  const content = parse(readFileSync(file, 'utf8'));
  if (content === null) throw inputError(path, 'MQ-RUN-001', `${FILE} in "${path}" is damaged`);
  const version = programVersion();
  if (content.meshquake !== version) {
    const message = `the run was made by meshquake ${content.meshquake}, this is ${version}`;
    throw inputError(path, 'MQ-RUN-002', message);
  }
  return content;
}

function parse(text: string): ReplayFile | null {
  try {
    const content = JSON.parse(text) as Partial<ReplayFile> | null;
    const isComplete = content?.format === 1 && Array.isArray(content.variants);
    return isComplete && typeof content.meshquake === 'string' ? (content as ReplayFile) : null;
  } catch {
    return null;
  }
}

/**
 * The run of this variant and seed; the first where nothing is said.
 * @throws InputError when there is none
 */
export function chooseRun(
  path: string,
  file: ReplayFile,
  variant: string | undefined,
  seed: string | undefined,
): ChosenRun {
  const all = file.variants.flatMap(({ scenario, runs }) =>
    runs.map((run) => ({ ...run, scenario })),
  );
  const found = all.find((run) => {
    const isVariant = variant === undefined || run.scenario.variant === variant;
    return isVariant && (seed === undefined || run.seed === seed);
  });
  if (found !== undefined) return { ...found, of: all.length };
  const wanted = [
    ...(variant === undefined ? [] : [`variant "${variant}"`]),
    ...(seed === undefined ? [] : [`seed "${seed}"`]),
  ].join(' and ');
  const known = all.slice(0, 10).map((run) => `${run.scenario.variant} seed ${run.seed}`.trim());
  const message = `"${path}" holds no run of ${wanted}; it holds: ${known.join(', ')}`;
  throw inputError(path, 'MQ-RUN-003', message);
}
