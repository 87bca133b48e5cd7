/** A sweep for programs: JSON document, CSV, msgpack. Source: surface.md §0 (`sweep`). */
import { encode } from '@msgpack/msgpack';
import type { Sweep, SweepPlan, SweepRow } from '../experiments/sweep.ts';
import { identityOf } from '../harness/summarise.ts';

export function sweepDocument(
  plan: SweepPlan,
  { rows, unfinished, limits }: Sweep,
  made: { readonly version: string; readonly exitCode: number },
) {
  const [first] = plan.scenarios;
  const { name, path, variant } =
    first === undefined ? { name: '', path: '', variant: '' } : identityOf(first);
  return {
    meshquake: made.version,
    format: 1,
    scenario: { name, path, variant },
    seeds: plan.seeds,
    parameters: plan.parameters.map(({ key }) => key),
    rows,
    unfinished,
    exitCode: made.exitCode,
    limits,
  };
}

/**
 * A line a point: parameters, runs, passes, then of each figure the median and its 95 % interval.
 * Source: RFC 4180; lines end in a line feed alone.
 */
export function csvText(
  { parameters }: SweepPlan,
  rows: readonly SweepRow[],
  names: readonly string[],
): string {
  const keys = parameters.map(({ key }) => key);
  const heads = names.flatMap((name) => [name, `${name} low`, `${name} high`]);
  const lines = rows.map(({ point, verdicts, across }) => {
    const runs = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
    const figures = names.flatMap((name): readonly (number | string)[] => {
      const spread = across[name];
      return spread === undefined ? ['', '', ''] : [spread.median, ...spread.ci95];
    });
    return [...keys.map((key) => point[key] ?? ''), runs, verdicts['pass'] ?? 0, ...figures];
  });
  return [[...keys, 'runs', 'passed', ...heads], ...lines]
    .map((cells) => `${cells.map(csvCell).join(',')}\n`)
    .join('');
}

function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The document, in a fifth of the bytes. */
export function packed(document: object): Uint8Array {
  return encode(document);
}
