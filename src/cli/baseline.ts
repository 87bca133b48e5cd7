/**
 * `run --baseline`: reads an earlier summary, and holds the new runs against it.
 *
 * The baseline is what `--json` printed or `summary.json` holds, of the same scenario, variants and
 * seeds; whether files or policy have changed since is what the gate is about. Source: surface.md §1.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Colors } from 'picocolors/types.js';
import { z } from 'zod';
import { Diagnostics } from '../core/diagnostics.ts';
import { EnvironmentError, InputError, UsageError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Summary } from '../core/summary.ts';
import {
  againstBaseline,
  type BaselineFindings,
  type BaselineQuestion,
  type BaselineRow,
  type BaselineSide,
  baselineSide,
  gateMargin,
} from '../experiments/baseline.ts';
import { metricTitle } from '../experiments/metrics.ts';
import type { Scenario } from '../harness/scenario.ts';
import { parseDocuments } from '../importers/document.ts';
import type { CliIo } from './cli-io.ts';
import { readMargins } from './margins.ts';
import { plainTable, shortened, shortNumber } from './plain-table.ts';
import type { RunOptions } from './run-options.ts';
import type { ResultDocument, VariantResult } from './run-results.ts';

/** An earlier summary that fits the runs to come. */
export interface Baseline {
  /** As given. */
  readonly path: string;
  /** Of the program that made it. */
  readonly version: string;
  readonly sides: readonly BaselineSide[];
  readonly question: BaselineQuestion;
}

/** What came of it. */
export interface BaselineGate extends BaselineFindings {
  readonly path: string;
  readonly madeBy: string;
  readonly verdict: 'worse' | 'not-worse';
}

const named = z.looseObject({ name: z.string() });
const RUN = z.looseObject({
  seed: z.string(),
  verdict: z.string(),
  clients: z.array(named),
  edges: z.array(z.looseObject({ from: z.string(), to: z.string() })),
  services: z.array(z.looseObject({ name: z.string(), version: z.string() })),
  proxies: z.looseObject({}),
  ejections: z.array(z.unknown()),
  recovery: z.looseObject({}),
});
const IDENTITY = {
  meshquake: z.string(),
  format: z.literal(1),
  scenario: z.looseObject({ name: z.string(), variant: z.string() }),
};
const DOCUMENT = z.union([
  z.looseObject({
    ...IDENTITY,
    variants: z.array(z.looseObject({ name: z.string(), runs: z.array(RUN).min(1) })),
  }),
  z.looseObject({ ...IDENTITY, runs: z.array(RUN).min(1) }),
  RUN.extend(IDENTITY),
]);
type BaselineDocument = z.output<typeof DOCUMENT>;

/**
 * Reads and checks a baseline, before anything runs.
 *
 * @returns null when none is asked for
 * @throws UsageError when it is of another scenario, lacks a variant, or was made with other seeds
 * @throws InputError when it is no summary
 */
export function readBaseline(
  { baseline: path, margins, metrics, seeds }: RunOptions,
  scenarios: readonly Scenario[],
  io: CliIo,
): Baseline | null {
  if (path === null) {
    if (margins.length + metrics.length === 0) return null;
    throw new UsageError('--margin and --metric go with --baseline');
  }
  const document = parseDocument(path, readText(resolve(io.cwd, path)));
  const sides = sidesOf(document);
  const { name } = document.scenario;
  const wanted = scenarios[0]?.name ?? '';
  if (name !== wanted) {
    throw new UsageError(`${path} is a summary of "${name}", this is "${wanted}"`);
  }
  for (const { variant } of scenarios) checkSide(path, sides, variant, seeds);
  const question = { metrics, margin: readMargins(margins, gateMargin) };
  return { path, version: document.meshquake, sides, question };
}

function checkSide(
  path: string,
  sides: readonly BaselineSide[],
  variant: string,
  seeds: readonly string[],
): void {
  const side = sides.find((item) => item.variant === variant);
  if (side === undefined) {
    const known = sides.map((item) => item.variant).join(', ');
    throw new UsageError(`${path} has no variant "${variant}"\n  there are: ${known}`);
  }
  if (side.seeds.join() === seeds.join()) return;
  throw new UsageError(
    `${path} was made with ${seedsText(side.seeds)}, this run has ${seedsText(seeds)}\n  other seeds are other arrivals: give it the same, or make the baseline anew`,
  );
}

function seedsText(seeds: readonly string[]): string {
  const [first = '', last = ''] = [seeds[0], seeds.at(-1)];
  return seeds.length === 1 ? `seed ${first}` : `${seeds.length} seeds (${first} to ${last})`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(code, `cannot read the baseline ${path}: ${code}`, { cause: error });
  }
}

function parseDocument(path: string, text: string): BaselineDocument {
  const parsed = DOCUMENT.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  throw notASummary(path, text, 'this is not a summary that `run --json` prints');
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says about the place differs between versions of Node; YAML is a superset.
    const diagnostics = new Diagnostics();
    parseDocuments(path, text, diagnostics);
    if (!diagnostics.hasErrors) throw notASummary(path, text, 'this is not JSON');
    throw new InputError(diagnostics.sorted(), new Map([[path, text]]));
  }
}

function notASummary(path: string, text: string, message: string): InputError {
  const diagnostics = new Diagnostics();
  diagnostics.error('MQ-BASELINE-001', { file: path, line: 1, column: 1 }, message);
  return new InputError(diagnostics.sorted(), new Map([[path, text]]));
}

function sidesOf(document: BaselineDocument): readonly BaselineSide[] {
  const side = (variant: string, runs: unknown) => baselineSide(variant, runs as Summary[]);
  if ('variants' in document) {
    const variants = document.variants as readonly { name: string; runs: unknown }[];
    return variants.map(({ name, runs }) => side(name, runs));
  }
  const { variant } = document.scenario;
  return [side(variant, 'runs' in document ? document.runs : [document])];
}

/** Holds finished runs against the baseline. @throws UsageError for an unknown metric */
export function gateOf(baseline: Baseline, results: readonly VariantResult[]): BaselineGate {
  const found = results.map(({ scenario, outcomes }) => {
    const before = baseline.sides.find(({ variant }) => variant === scenario.variant);
    const runs = outcomes.map(({ summary }) => summary);
    if (before === undefined) throw new UsageError(`no baseline of "${scenario.variant}"`);
    return againstBaseline(before, baselineSide(scenario.variant, runs), baseline.question);
  });
  const rows = found.flatMap((item) => item.rows);
  return {
    path: baseline.path,
    madeBy: baseline.version,
    verdict: rows.some(({ verdict }) => verdict === 'worse') ? 'worse' : 'not-worse',
    rows,
    notCompared: [...new Set(found.flatMap((item) => item.notCompared))],
  };
}

/** What people see: what changed and by how much more than allowed; within 80 columns. */
export function gateLines(gate: BaselineGate, version: string, colors: Colors): string {
  const { rows, notCompared, path, madeBy } = gate;
  const changed = rows.filter(({ verdict }) => verdict !== 'same');
  const worse = changed.filter(({ verdict }) => verdict === 'worse').length;
  const other = madeBy === version ? '' : `, made by meshquake ${madeBy}`;
  const lines = [
    `against ${printable(path)}${other}: ${rows.length} figures, ${worse} worse, ${changed.length - worse} better`,
  ];
  if (changed.length > 0) lines.push(tableOf(changed, colors));
  const shown = notCompared.slice(0, 5).map((text) => `  not compared: ${printable(text)}`);
  const hidden = notCompared.length - shown.length;
  return [...lines, ...shown, ...(hidden > 0 ? [`  … and ${hidden} more`] : [])].join('\n');
}

function tableOf(rows: readonly BaselineRow[], colors: Colors): string {
  const heads = ['figure', 'before', 'now', 'change', 'allowed', ''].map((head) =>
    colors.dim(head),
  );
  const hasVariants = new Set(rows.map(({ variant }) => variant)).size > 1;
  const cells = rows.map((row) => {
    const title = printable(metricTitle(row.metric));
    const name = hasVariants ? `${printable(row.variant)}: ${title}` : title;
    const mark = row.verdict === 'worse' ? colors.red('✗ worse') : colors.green('✓ better');
    const change = row.now - row.before;
    return [
      shortened(name, 30),
      shortNumber(row.before),
      shortNumber(row.now),
      `${change > 0 ? '+' : '−'}${shortNumber(Math.abs(change))}`,
      `± ${shortNumber(row.margin)}`,
      mark,
    ];
  });
  return plainTable(heads, ['left', 'right', 'right', 'right', 'right', 'left'], cells);
}

/** The document of the runs with what the gate found, and the exit code that came of it. */
export function gatedDocument<T extends ResultDocument>(
  document: T,
  { path, madeBy, verdict, rows, notCompared }: BaselineGate,
  exitCode: number,
): T {
  const baseline = { path, meshquake: madeBy, verdict, metrics: rows, notCompared };
  return { ...document, exitCode, baseline };
}
