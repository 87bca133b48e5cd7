/**
 * The text of one file, and which line and column an offset is.
 */
import type { SourcePosition } from '../core/diagnostics.ts';

/** A named text. Lines end at LF; a CR before it belongs to the line. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  slice(start: number, end: number): string {
    return this.text.slice(start, end);
  }

  /** The first line of the half-open range [start, end). O(log lines). */
  position(start: number, end: number): SourcePosition {
    const at = Math.max(0, Math.min(start, this.text.length));
    const line = this.#lineOf(at);
    const lineStart = this.#lineStarts[line] ?? 0;
    const column = at - lineStart + 1;
    const lineEnd = (this.#lineStarts[line + 1] ?? this.text.length + 1) - 1;
    const endColumn = Math.max(column + 1, Math.min(end, lineEnd) - lineStart + 1);
    return { file: this.file, line: line + 1, column, endColumn };
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
