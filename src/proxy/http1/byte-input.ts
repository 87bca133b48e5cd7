/**
 * Bytes of one connection that came and were not read yet.
 *
 * The parsers of requests and responses read lines and bodies from it. Nothing is copied except what
 * an arrival adds to a rest.
 */
import { SyntaxProblem } from './syntax-problem.ts';

const NO_BYTES = Buffer.alloc(0);
const END_OF_LINE = Buffer.from('\r\n');
const END_OF_BLOCK = Buffer.from('\r\n\r\n');

export class ByteInput {
  private data: Buffer = NO_BYTES;

  get length(): number {
    return this.data.length;
  }

  /** The next byte; undefined = there is none. */
  get first(): number | undefined {
    return this.data[0];
  }

  push(bytes: Buffer): void {
    this.data = this.data.length === 0 ? bytes : Buffer.concat([this.data, bytes]);
  }

  clear(): void {
    this.data = NO_BYTES;
  }

  /** @param count at most `length` */
  take(count: number): Buffer {
    const taken = this.data.subarray(0, count);
    this.data = this.data.subarray(count);
    return taken;
  }

  /**
   * Whether the next bytes are the end of a line, which is taken.
   * @returns null = more bytes are needed
   */
  takeLineEnd(): boolean | null {
    if (this.data.length < END_OF_LINE.length) return null;
    const isEnd = this.data.subarray(0, END_OF_LINE.length).equals(END_OF_LINE);
    if (isEnd) this.take(END_OF_LINE.length);
    return isEnd;
  }

  /**
   * A line without its end.
   * @returns null = more bytes are needed
   * @throws SyntaxProblem above the limit
   */
  takeLine(limitBytes: number): string | null {
    return this.takeUntil(END_OF_LINE, limitBytes);
  }

  /**
   * The lines before the next empty line, which is taken with them.
   * @returns null = more bytes are needed
   * @throws SyntaxProblem above the limit
   */
  takeBlock(limitBytes: number): string[] | null {
    return this.takeUntil(END_OF_BLOCK, limitBytes)?.split('\r\n') ?? null;
  }

  /** Whether the lines before the next empty line are too long, as far as they came. */
  hasBlockAbove(limitBytes: number): boolean {
    const at = this.data.indexOf(END_OF_BLOCK);
    return (at === -1 ? this.data.length : at) > limitBytes;
  }

  private takeUntil(mark: Buffer, limitBytes: number): string | null {
    const at = this.data.indexOf(mark);
    if ((at === -1 ? this.data.length : at) > limitBytes) throw new SyntaxProblem('too long');
    if (at === -1) return null;
    const text = this.take(at).toString('latin1');
    this.take(mark.length);
    return text;
  }
}
