/**
 * `meshquake bench`: measures the rows, each repeat in a fresh process, repeats interleaved.
 *
 * Absolute figures are of this machine only; ratios inside one run are what to quote.
 * Source: surface.md §1, `bench --json`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { enlargeInliningBudget } from '../src/cli/inlining.ts';
import type { BenchDocument, RowResult } from './document.ts';
import { htmlOf } from './report/html.ts';
import { describeMachine } from './report/machine.ts';
import { markdownOf } from './report/markdown.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

/** A row got worse by more than this share: exit 5. */
const REGRESSION_MARGIN = 0.05;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    baseline: { type: 'string' },
    report: { type: 'string' },
    row: { type: 'string' },
  },
});

if (values.row !== undefined) {
  enlargeInliningBudget(); // as the command does
  const row = ROWS.find(({ name }) => name === values.row);
  if (row === undefined) throw new Error(`no row ${values.row}`);
  console.log(JSON.stringify(await row.measure()));
} else {
  const document = await measureAll(chosenRows(values.only), Number(values.repeats), reporter());
  console.log(values.json ? JSON.stringify(document, null, 2) : table(document));
  if (values.baseline !== undefined) process.exitCode = gate(document, values.baseline);
}

/** `a,b*` by name; a trailing `*` matches any end. Rows that a chosen one is quoted against join in. */
function chosenRows(only: string | undefined): readonly Row[] {
  if (only === undefined) return ROWS;
  const patterns = only.split(',');
  const matches = (name: string) =>
    patterns.some((pattern) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
  const chosen = ROWS.filter(({ name }) => matches(name));
  if (chosen.length === 0) {
    console.error(`no row matches "${only}"; rows: ${ROWS.map(({ name }) => name).join(', ')}`);
    process.exit(64);
  }
  const wanted = new Set(chosen.flatMap((row) => [row.name, ...row.ratioTo]));
  return ROWS.filter(({ name }) => wanted.has(name));
}

/** Writes the report anew after every round, so that an interrupted run leaves one, too. */
function reporter(): (document: BenchDocument) => void {
  const folder = values.report;
  if (folder === undefined) return () => {};
  const about = { date: new Date().toISOString().slice(0, 10), machine: describeMachine() };
  return (measured) => {
    const document = { ...measured, ...about };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'README.md'), markdownOf(document));
    writeFileSync(join(folder, 'report.html'), htmlOf(document));
    writeFileSync(join(folder, 'results.json'), `${JSON.stringify(document, null, 2)}\n`);
    console.error(`wrote ${join(folder, 'README.md')}, report.html and results.json`);
  };
}

/** @param onRound hears what is known after each round of repeats */
async function measureAll(
  chosen: readonly Row[],
  repeats: number,
  onRound: (document: BenchDocument) => void,
): Promise<BenchDocument> {
  const missing = chosen.flatMap(({ name, missing }) => {
    const reason = missing?.() ?? null;
    return reason === null ? [] : [{ name, reason }];
  });
  const rows = chosen.filter(({ name }) => !missing.some((item) => item.name === name));
  const samples = new Map<string, number[]>(rows.map(({ name }) => [name, []]));
  const found = (): BenchDocument => ({ format: 1, missing, rows: resultsOf(rows, samples) });
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const row of rows) {
      if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K${repeat + 1}/${repeats} ${row.name}`);
      samples.get(row.name)!.push(measureInChild(row.name));
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    onRound(found());
  }
  return found();
}

function resultsOf(
  rows: readonly Row[],
  samples: ReadonlyMap<string, readonly number[]>,
): RowResult[] {
  const best = new Map(
    rows.map((row) => {
      const values = samples.get(row.name)!;
      return [row.name, row.best === 'highest' ? Math.max(...values) : Math.min(...values)];
    }),
  );
  return rows.map((row) => ({
    name: row.name,
    value: rounded(best.get(row.name)!),
    unit: row.unit,
    samples: samples.get(row.name)!.map(rounded),
    ratioTo: Object.fromEntries(
      row.ratioTo
        .filter((other) => best.has(other))
        .map((other) => [other, rounded(best.get(row.name)! / best.get(other)!)]),
    ),
  }));
}

function measureInChild(name: string): number {
  const output = execFileSync(
    process.execPath,
    [
      '--expose-gc',
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(import.meta.url),
      '--row',
      name,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(output.trim()) as number;
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

function table(document: BenchDocument): string {
  const lines = document.rows.map(({ name, value, unit, ratioTo }) => {
    const ratios = Object.entries(ratioTo)
      .map(([other, ratio]) => `${ratio} × ${other}`)
      .join(', ');
    return `${name.padEnd(38)} ${value.toLocaleString('en').padStart(12)} ${unit}${ratios === '' ? '' : `  (${ratios})`}`;
  });
  const absent = document.missing.map(({ name, reason }) => `${name.padEnd(38)} ${reason}`);
  return [...lines, ...absent].join('\n');
}

/** Compares ratios, never absolute values. @returns 0, or 5 when a ratio fell beyond the margin */
function gate(document: BenchDocument, path: string): number {
  const baseline = JSON.parse(readFileSync(path, 'utf8')) as BenchDocument;
  let exitCode = 0;
  for (const row of document.rows) {
    const before = baseline.rows.find(({ name }) => name === row.name);
    for (const [other, ratio] of Object.entries(row.ratioTo)) {
      const old = before?.ratioTo[other];
      if (old === undefined || ratio >= old * (1 - REGRESSION_MARGIN)) continue;
      console.error(`${row.name} fell from ${old} to ${ratio} × ${other}`);
      exitCode = 5;
    }
  }
  return exitCode;
}
