/**
 * What `compare`, `sweep` and `search` have in common: options, seeds, a pool, an interrupt.
 */
import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Scenario } from '../harness/scenario.ts';
import { NO_OVERRIDES, type Overrides } from '../harness/variants.ts';
import type { CliIo, TextOutput } from './cli-io.ts';
import { untilInterrupted } from './interrupt.ts';
import type { Driver } from './perform-experiment.ts';
import { parseSeeds } from './run-options.ts';
import { RunPool } from './run-pool.ts';

/** As commander hands them over. */
export interface RawExperimentOptions {
  readonly seeds?: string;
  readonly set: readonly string[];
  readonly mesh?: readonly string[];
  readonly dataPlane?: string;
  readonly duration?: string;
  readonly jobs?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface ExperimentOptions {
  readonly seeds: readonly string[];
  /** As given. */
  readonly seedText: string;
  readonly overrides: Overrides;
  /** null = as many as there are processors. */
  readonly jobs: number | null;
  readonly out: string | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
}

const MOST_JOBS = 64;

/** For options that may be given several times. */
export function list(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Adds the options that all experiments have. */
export function withExperimentOptions(command: Command, seeds: string): Command {
  return command
    .option('--seeds <n|a..b>', `whole-number seeds (default: ${seeds}; env: MESHQUAKE_SEEDS)`)
    .option('--set <key=value>', 'change a value of the scenario; repeatable', list, [])
    .option('--mesh <files...>', "policy files, folders or globs in place of the scenario's")
    .option('--data-plane <name>', 'none or sidecar')
    .option('--duration <time>', 'virtual time in all, e.g. 10m')
    .option('--jobs <n>', 'runs at once (default: one a processor; env: MESHQUAKE_JOBS)')
    .option('--out <folder>', 'where files are written (env: MESHQUAKE_OUT)')
    .option('--json', 'print the document on standard output')
    .option('--quiet', 'print nothing but errors (and the document of --json)');
}

/** @param seeds when none are given @throws UsageError */
export function readExperimentOptions(
  raw: RawExperimentOptions,
  env: CliIo['env'],
  seeds: string,
): ExperimentOptions {
  const seedText = raw.seeds ?? (env['MESHQUAKE_SEEDS'] || seeds);
  return {
    seeds: parseSeeds(seedText),
    seedText,
    overrides: {
      ...NO_OVERRIDES,
      set: raw.set,
      mesh: raw.mesh ?? null,
      dataPlane: raw.dataPlane ?? null,
      duration: raw.duration ?? null,
    },
    jobs: parseJobs(raw.jobs ?? (env['MESHQUAKE_JOBS'] || undefined)),
    out: raw.out ?? (env['MESHQUAKE_OUT'] || null),
    isJson: raw.json === true,
    isQuiet: raw.quiet === true,
  };
}

/** @returns null when nothing is given @throws UsageError */
export function parseJobs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new UsageError(`--jobs is "${text}"; give a whole number from 1 to ${MOST_JOBS}`);
}

/** A share written as `0.95` or `95%`. @throws UsageError */
export function parseShare(option: string, text: string): number {
  const match = /^(\d*\.?\d+)(%?)$/.exec(text.trim());
  const value = Number(match?.[1] ?? Number.NaN) / (match?.[2] === '%' ? 100 : 1);
  if (value > 0 && value < 1) return value;
  throw new UsageError(`${option} is "${text}"; give a share between 0 and 1, e.g. 0.95 or 95%`);
}

/** @param wanted null = the first @throws UsageError when there is no such variant */
export function variantOf(scenarios: readonly Scenario[], wanted: string | null): Scenario {
  const found = wanted === null ? scenarios[0] : scenarios.find((s) => s.variant === wanted);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.variant).filter((name) => name !== '');
  const known = names.length === 0 ? 'it declares none' : `there are: ${names.join(', ')}`;
  throw new UsageError(
    `the scenario has no variant "${wanted}"${didYouMean(wanted ?? '', names)}\n  ${known}`,
  );
}

/** The options of a command line that would give these again. */
export function overrideArguments({ set, mesh, dataPlane, duration }: Overrides): string[] {
  return [
    ...set.flatMap((assignment) => ['--set', assignment]),
    ...(mesh ?? []).flatMap((entry) => ['--mesh', entry]),
    ...(dataPlane === null ? [] : ['--data-plane', dataPlane]),
    ...(duration === null ? [] : ['--duration', duration]),
  ];
}

/** Where people read: standard output, unless the document is there. */
export function screenOf(io: CliIo, { isJson }: ExperimentOptions): TextOutput {
  return isJson ? io.stderr : io.stdout;
}

/** Writes lines for people, or nothing when they want quiet. */
export function printerTo(screen: TextOutput, { isQuiet }: ExperimentOptions) {
  return (text: string): void => {
    if (!isQuiet) screen.write(`${text}\n`);
  };
}

/** Does the work with a pool that is closed afterwards, until it is done or interrupted. */
export async function withDriver<T>(
  io: CliIo,
  { jobs, isQuiet }: ExperimentOptions,
  work: (driver: Driver) => Promise<T>,
): Promise<T> {
  const pool = new RunPool({ hasThreads: io.hasThreads, jobs });
  const progress = isQuiet ? null : io.stderr;
  try {
    return await untilInterrupted((signal) => work({ pool, signal, progress }));
  } finally {
    await pool.close();
  }
}
