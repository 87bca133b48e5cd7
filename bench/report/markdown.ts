/** The report as Markdown: readable in a repository, diffable between runs. */
import type { BenchDocument, RowResult } from '../document.ts';
import type { Machine } from './machine.ts';
import {
  busyNote,
  figure,
  goalsOf,
  METHOD,
  type Section,
  sectionsOf,
  spreadPercent,
} from './sections.ts';

export function markdownOf(document: BenchDocument): string {
  const parts = [
    '# Benchmarks',
    `Made by \`npm run bench -- --report\` on ${document.date}. [The same with plots](report.html).`,
    ...(busyNote(document) === '' ? [] : [`**${busyNote(document)}**`]),
    '## Goals',
    table(
      ['goal', 'measured', 'met'],
      goalsOf(document).map(({ text, measured, isMet }) => [
        text,
        measured ?? 'not measured',
        isMet === null ? '' : isMet ? 'yes' : '**no**',
      ]),
    ),
    ...sectionsOf(document).flatMap(section),
    ...missing(document),
    '## Method',
    ...METHOD,
    ...(document.machine === undefined ? [] : machine(document.machine)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section({ title, text, rows }: Section): string[] {
  return [`## ${title}`, text, rowTable(rows)];
}

function rowTable(rows: readonly RowResult[]): string {
  return table(
    ['row', 'best', 'unit', 'spread', 'as a ratio'],
    rows.map((row) => [
      `\`${row.name}\``,
      figure(row.value),
      row.unit,
      row.samples.length < 2 ? '' : `${spreadPercent(row)} %`,
      ratios(row),
    ]),
  );
}

export function ratios({ ratioTo }: RowResult): string {
  return Object.entries(ratioTo)
    .map(([other, ratio]) => `${ratio} × ${other}`)
    .join(', ');
}

function missing({ missing: items }: BenchDocument): string[] {
  if (items.length === 0) return [];
  const lines = items.map(({ name, reason }) => `- \`${name}\`: ${reason}`);
  return ['## Not measured', lines.join('\n')];
}

function machine({ cpu, cores, memoryGb, system, loadBefore, versions }: Machine): string[] {
  const rows = [
    ['processor', `${cpu}, ${cores} cores`],
    ['memory', `${memoryGb} GB`],
    ['system', system],
    ['load before the run', String(loadBefore)],
    ...Object.entries(versions).map(([name, version]) => [name, version || 'not installed']),
  ];
  return ['## Machine and versions', table(['what', 'which'], rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
