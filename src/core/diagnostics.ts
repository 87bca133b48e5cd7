/**
 * What we tell users about their input: positioned messages, collected, sorted and rendered.
 *
 * Importers and the scenario reader add diagnostics while they read on, so that one run shows all
 * mistakes; the command line renders them and exits with 65. A diagnostic is never a stack trace,
 * and nothing of the input reaches a terminal unescaped.
 * Source: design.md §10 (message format).
 */
import { errorCode } from './error-codes.ts';
import { clipAround, displayWidth, printable } from './printable.ts';

export type Severity = 'error' | 'warning' | 'info';

/** A stretch of one line of a file. Lines and columns count from 1, columns in UTF-16 units. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One past the last column; absent = one column. */
  readonly endColumn?: number;
}

/** One message about the input. Plain data, so that it can be printed as JSON or SARIF. */
export interface Diagnostic extends SourcePosition {
  readonly severity: Severity;
  /** `MQ-AREA-NNN`, a key of `core/error-codes.ts`. */
  readonly code: string;
  readonly message: string;
  readonly why?: string;
  readonly fix?: string;
}

/** Replaces the general `why` and `fix` of the code's entry where the case at hand allows better. */
export interface Advice {
  readonly why?: string;
  readonly fix?: string;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];
const DEFAULT_SHOWN = 20;
const FRAME_WIDTH = 96;

/** Collects diagnostics; equal ones (same code, place and message) are kept once. */
export class Diagnostics {
  readonly #items: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  add(diagnostic: Diagnostic): void {
    const { code, file, line, column, message } = diagnostic;
    const key = `${code}\0${file}\0${line}\0${column}\0${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#items.push(diagnostic);
  }

  error(code: string, at: SourcePosition, message: string, advice: Advice = {}): void {
    this.#report('error', code, at, message, advice);
  }

  warning(code: string, at: SourcePosition, message: string, advice: Advice = {}): void {
    this.#report('warning', code, at, message, advice);
  }

  info(code: string, at: SourcePosition, message: string, advice: Advice = {}): void {
    this.#report('info', code, at, message, advice);
  }

  #report(severity: Severity, code: string, at: SourcePosition, message: string, advice: Advice) {
    const { title: _title, ...general } = errorCode(code);
    const { file, line, column, endColumn } = at;
    const end = endColumn === undefined ? {} : { endColumn };
    this.add({ severity, code, file, line, column, ...end, message, ...general, ...advice });
  }

  get hasErrors(): boolean {
    return this.#items.some((item) => item.severity === 'error');
  }

  get size(): number {
    return this.#items.length;
  }

  count(severity: Severity): number {
    return this.#items.filter((item) => item.severity === severity).length;
  }

  /** In the order of files (by name), lines and columns; a fresh array. */
  sorted(): Diagnostic[] {
    return [...this.#items].sort(comparePositions);
  }
}

function comparePositions(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/**
 * One diagnostic as text: position, code frame, why, fix and where to read on. No final newline.
 *
 * @param sourceText the whole text of `diagnostic.file`; '' leaves the code frame out
 */
export function renderDiagnostic(diagnostic: Diagnostic, sourceText: string): string {
  const { file, line, column, severity, code, message, why, fix } = diagnostic;
  const lines = [
    `${printable(file)}:${line}:${column}: ${severity} ${code}: ${printable(message)}`,
  ];
  lines.push(...codeFrame(diagnostic, sourceText));
  if (why !== undefined) lines.push(`  why: ${printable(why)}`);
  if (fix !== undefined) lines.push(`  fix: ${printable(fix)}`);
  lines.push(`  see: docs/errors.md#${code.toLowerCase()}`);
  return lines.join('\n');
}

/**
 * Many diagnostics as text, in the given order and with a blank line between them.
 *
 * At most `limit` are shown, errors before warnings before information; a last line counts the rest.
 *
 * @param sources texts by file name, for the code frames
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  limit: number = DEFAULT_SHOWN,
): string {
  const shown = selectShown(diagnostics, limit);
  const blocks = shown.map((item) => renderDiagnostic(item, sources.get(item.file) ?? ''));
  const hidden = diagnostics.length - shown.length;
  if (hidden > 0) blocks.push(`… and ${hidden} more`);
  return blocks.join('\n\n');
}

function selectShown(diagnostics: readonly Diagnostic[], limit: number): readonly Diagnostic[] {
  if (diagnostics.length <= limit) return diagnostics;
  const kept = new Set<Diagnostic>();
  for (const severity of SEVERITIES) {
    for (const item of diagnostics) {
      if (item.severity === severity && kept.size < limit) kept.add(item);
    }
  }
  return diagnostics.filter((item) => kept.has(item));
}

/** The line before, the line itself, and a row of carets under the columns in question. */
function codeFrame(at: SourcePosition, sourceText: string): string[] {
  if (sourceText === '') return [];
  const [before, text] = linesAt(sourceText, at.line);
  if (text === undefined) return [];
  const gutter = String(at.line).length + 4;
  const row = (number: number, content: string) =>
    `${String(number).padStart(gutter)} | ${content}`.trimEnd();
  const frame: string[] = [];
  if (before !== undefined && before.trim() !== '') {
    frame.push(row(at.line - 1, clipAround(before, 0, FRAME_WIDTH).text));
  }
  const start = Math.min(at.column - 1, text.length);
  const clipped = clipAround(text, start, FRAME_WIDTH);
  const end = Math.min((at.endColumn ?? at.column + 1) - 1, text.length);
  const marked = clipped.text.slice(clipped.start, clipped.start + (end - start));
  const indent = ' '.repeat(displayWidth(clipped.text.slice(0, clipped.start)));
  frame.push(row(at.line, clipped.text));
  frame.push(`${' '.repeat(gutter)} | ${indent}${'^'.repeat(Math.max(1, displayWidth(marked)))}`);
  return frame;
}

/** Line number `line` (from 1) and the one before it, without splitting the whole text. */
function linesAt(text: string, line: number): [string | undefined, string | undefined] {
  let start = 0;
  let before: string | undefined;
  for (let number = 1; ; number += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (number === line) return [before, text.slice(start, end)];
    if (newline === -1) return [undefined, undefined];
    before = number === line - 1 ? text.slice(start, end) : undefined;
    start = end + 1;
  }
}
