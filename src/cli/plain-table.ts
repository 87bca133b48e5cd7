/** Tables for the terminal: columns and nothing around them, colour only where the caller puts it. */
import Table from 'cli-table3';

export type Alignment = 'left' | 'right';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/** The lines of a table, indented by two; no line end after the last. */
export function plainTable(
  heads: readonly string[],
  alignments: readonly Alignment[],
  rows: readonly (readonly string[])[],
): string {
  const table = new Table({
    head: [...heads],
    colAligns: [...alignments],
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split('\n');
  return lines.map((line) => `  ${line.trimEnd()}`).join('\n');
}

/** Text of at most so many characters; what is cut out stands in the middle. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}

/** Four significant digits, whole above a thousand; what is nearly one gets more of them. */
export function shortNumber(value: number): string {
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  for (let digits = 4; digits < 12; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.abs(short) !== 1 || Math.abs(value) >= 1) return String(short);
  }
  return String(value);
}
