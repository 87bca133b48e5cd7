/**
 * The lines of an HTTP/1 head: status line and field lines, strictly.
 *
 * Called by `response-parser.ts` with lines that were split at CRLF; a carriage return or line feed
 * left inside a line is therefore a bare one, and refused like every other control character.
 * Source: RFC 9110 §5.1, §5.5; RFC 9112 §4, §5.
 */
import { SyntaxProblem } from './syntax-problem.ts';

/** One header line: lower-case name, value without surrounding white space. */
export type FieldLine = [name: string, value: string];

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** @throws SyntaxProblem */
export function parseStatusLine(line: string): { readonly status: number; readonly minor: number } {
  const match = STATUS_LINE.exec(line);
  if (match === null) throw new SyntaxProblem('not an HTTP/1 status line');
  return { minor: Number(match[1]), status: Number(match[2]) };
}

/** @throws SyntaxProblem */
export function parseFieldLines(lines: readonly string[]): FieldLine[] {
  return lines.map((line) => {
    const match = FIELD_LINE.exec(line);
    if (match === null) throw new SyntaxProblem('not a header line');
    return [match[1]!.toLowerCase(), match[2]!.replace(/[ \t]+$/, '')];
  });
}
