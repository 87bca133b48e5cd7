/** The options of `run`, read and checked; and the command line that would give them again. */
import { UsageError } from '../core/errors.ts';
import type { Overrides } from '../harness/variants.ts';
import type { CliIo } from './cli-io.ts';
import { quoteArgument } from './failure.ts';

/** As commander hands them over. */
export interface RawRunOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly variant?: string;
  readonly set: readonly string[];
  readonly mesh?: readonly string[];
  readonly dataPlane?: string;
  readonly duration?: string;
  readonly threshold: readonly string[];
  readonly baseline?: string;
  readonly metric?: readonly string[];
  readonly margin?: readonly string[];
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export interface RunOptions {
  readonly seeds: readonly string[];
  /** Whether `--seeds` was given: then the result is about many runs, even if it is one. */
  readonly isAboutSeeds: boolean;
  /** As given: `7`, or `1..20`; names the output. */
  readonly seedText: string;
  /** null = the first. */
  readonly variant: string | null;
  readonly overrides: Overrides;
  readonly thresholds: readonly string[];
  /** Path of an earlier summary; null = none. */
  readonly baseline: string | null;
  /** Of `--baseline`: figures, and what does not matter; as typed. */
  readonly metrics: readonly string[];
  readonly margins: readonly string[];
  readonly out: string | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
}

export const ALL_VARIANTS = 'all';
const DEFAULT_SEED = '1';
const MOST_SEEDS = 100_000;

/**
 * The options, with what the environment says where the command line is silent.
 *
 * @throws UsageError
 */
export function readRunOptions(raw: RawRunOptions, env: CliIo['env']): RunOptions {
  return {
    ...seedOptions(raw, env),
    variant: raw.variant ?? null,
    overrides: {
      set: raw.set,
      mesh: raw.mesh ?? null,
      dataPlane: raw.dataPlane ?? null,
      duration: raw.duration ?? null,
    },
    thresholds: raw.threshold,
    baseline: raw.baseline ?? null,
    metrics: raw.metric ?? [],
    margins: raw.margin ?? [],
    out: raw.out ?? (env['MESHQUAKE_OUT'] || null),
    isJson: raw.json === true,
    isQuiet: raw.quiet === true,
  };
}

/** Either option on the command line wins over both in the environment. */
function seedOptions(raw: RawRunOptions, env: CliIo['env']) {
  const isSilent = raw.seed === undefined && raw.seeds === undefined;
  const seed = isSilent ? env['MESHQUAKE_SEED'] || undefined : raw.seed;
  const seeds = isSilent ? env['MESHQUAKE_SEEDS'] || undefined : raw.seeds;
  if (seed !== undefined && seeds !== undefined) {
    throw new UsageError('--seed and --seeds exclude each other: give one seed, or how many');
  }
  if (seed === '') throw new UsageError('--seed is empty; give any text, e.g. --seed 1');
  return {
    seeds: seeds === undefined ? [seed ?? DEFAULT_SEED] : parseSeeds(seeds),
    isAboutSeeds: seeds !== undefined,
    seedText: seeds ?? seed ?? DEFAULT_SEED,
  };
}

/** `20` is 1 to 20; `5..8` is 5, 6, 7, 8. @throws UsageError */
export function parseSeeds(text: string): readonly string[] {
  const match = /^(?:(\d{1,9})\.\.)?(\d{1,9})$/.exec(text.trim());
  const first = Number(match?.[1] ?? 1);
  const last = Number(match?.[2]);
  if (match === null || last < first) {
    throw new UsageError(`--seeds is "${text}"; give a count like 20 or a range like 5..24`);
  }
  const count = last - first + 1;
  if (count > MOST_SEEDS) {
    throw new UsageError(`--seeds asks for ${count} runs, at most ${MOST_SEEDS} are made at once`);
  }
  return Array.from({ length: count }, (_, index) => String(first + index));
}

/**
 * The command that makes the same runs again.
 *
 * @param variant '' when the scenario declares none
 */
export function reproduceCommand(path: string, variant: string, options: RunOptions): string {
  const { set, mesh, dataPlane, duration } = options.overrides;
  const parts = ['meshquake', 'run', path];
  if (variant !== '') parts.push('--variant', variant);
  parts.push(options.isAboutSeeds ? '--seeds' : '--seed', options.seedText);
  for (const assignment of set) parts.push('--set', assignment);
  for (const entry of mesh ?? []) parts.push('--mesh', entry);
  if (dataPlane !== null) parts.push('--data-plane', dataPlane);
  if (duration !== null) parts.push('--duration', duration);
  for (const threshold of options.thresholds) parts.push('--threshold', threshold);
  if (options.baseline !== null) parts.push('--baseline', options.baseline);
  for (const metric of options.metrics) parts.push('--metric', metric);
  for (const margin of options.margins) parts.push('--margin', margin);
  return parts.map(quoteArgument).join(' ');
}
