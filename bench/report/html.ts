/** The report as one page: the tables of the Markdown, and plots. No network, no script. */
import type { BenchDocument, RowResult } from '../document.ts';
import { ratios } from './markdown.ts';
import { escaped, svgOf } from './plots.ts';
import { busyNote, figure, goalsOf, METHOD, sectionsOf, spreadPercent } from './sections.ts';

const STYLE = `
:root { color-scheme: light dark; --first: #2f6fb3; --second: #c2571a; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --first: #6ea8e0; --second: #ef8e52; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .7rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; white-space: nowrap; }
figure { margin: 1.2rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; } svg text { fill: currentColor; }
.grid { stroke: var(--line); } .yes { color: #1a7f37; } .no { color: #cf222e; font-weight: 600; }
`;

export function htmlOf(document: BenchDocument): string {
  const sections = sectionsOf(document).map(
    ({ title, text, rows, plots }) =>
      `<h2>${escaped(title)}</h2><p>${code(text)}</p>${plots.map(svgOf).join('')}${rowTable(rows)}`,
  );
  const missing = document.missing.map(
    ({ name, reason }) => `<li><code>${escaped(name)}</code>: ${escaped(reason)}</li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>meshquake: benchmarks</title><style>${STYLE}</style></head><body>
<h1>Benchmarks</h1>
<p>Made by <code>npm run bench -- --report</code> on ${escaped(document.date ?? '')}.</p>
${busy(document)}
<h2>Goals</h2>${goals(document)}
${sections.join('\n')}
${missing.length === 0 ? '' : `<h2>Not measured</h2><ul>${missing.join('')}</ul>`}
<h2>Method</h2>${METHOD.map((text) => `<p>${escaped(text)}</p>`).join('')}
${machine(document)}
</body></html>
`;
}

function busy(document: BenchDocument): string {
  const note = busyNote(document);
  return note === '' ? '' : `<p class="no">${escaped(note)}</p>`;
}

function goals(document: BenchDocument): string {
  const rows = goalsOf(document).map(({ text, measured, isMet }) => {
    const verdict =
      isMet === null
        ? '<td></td>'
        : isMet
          ? '<td class="yes">met</td>'
          : '<td class="no">missed</td>';
    return `<tr><td>${escaped(text)}</td><td>${escaped(measured ?? 'not measured')}</td>${verdict}</tr>`;
  });
  return table(['goal', 'measured', ''], rows);
}

function rowTable(rows: readonly RowResult[]): string {
  const body = rows.map((row) => {
    const spread = row.samples.length < 2 ? '' : `${spreadPercent(row)} %`;
    return `<tr><td><code>${escaped(row.name)}</code></td><td class="number">${figure(row.value)}</td><td>${escaped(row.unit)}</td><td class="number">${spread}</td><td>${escaped(ratios(row))}</td></tr>`;
  });
  return table(['row', 'best', 'unit', 'spread', 'as a ratio'], body);
}

function machine({ machine: found }: BenchDocument): string {
  if (found === undefined) return '';
  const { cpu, cores, memoryGb, system, loadBefore, versions } = found;
  const rows = [
    ['processor', `${cpu}, ${cores} cores`],
    ['memory', `${memoryGb} GB`],
    ['system', system],
    ['load before the run', String(loadBefore)],
    ...Object.entries(versions).map(([name, version]) => [name, version || 'not installed']),
  ].map(
    ([name, value]) => `<tr><td>${escaped(name ?? '')}</td><td>${escaped(value ?? '')}</td></tr>`,
  );
  return `<h2>Machine and versions</h2>${table(['what', 'which'], rows)}`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  const cells = head.map((text) => `<th>${escaped(text)}</th>`).join('');
  return `<div class="wide"><table><thead><tr>${cells}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** Text with `code` in it. */
function code(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
