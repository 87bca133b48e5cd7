/**
 * Bodies on HTTP/1 connections: of a known length, or in chunks with trailers.
 *
 * The parsers of requests and responses start it behind a head and let it go on until it hands over
 * the end. Body bytes are handed on without copying. Source: RFC 9112 §6, §7.
 */
import type { ByteInput } from './byte-input.ts';
import { SyntaxProblem } from './syntax-problem.ts';

/** Told what was read; the end comes once, with bytes or as trailers. */
export interface BodySink {
  onBytes(bytes: Uint8Array, end: boolean): void;
  /** At least one line. */
  onTrailerLines(lines: readonly string[]): void;
}

type Frame = 'length' | 'chunkLine' | 'chunk' | 'chunkEnd' | 'trailers';

const CHUNK_LINE = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/;
const CHUNK_LINE_LIMIT_BYTES = 4 * 1024;
const NO_BYTES = Buffer.alloc(0);

export class BodyReader {
  private readonly input: ByteInput;
  private readonly sink: BodySink;
  private readonly trailersLimitBytes: number;
  private frame: Frame = 'length';
  private remaining = 0;

  constructor(input: ByteInput, sink: BodySink, trailersLimitBytes: number) {
    this.input = input;
    this.sink = sink;
    this.trailersLimitBytes = trailersLimitBytes;
  }

  /** @param bytes above 0 */
  startLength(bytes: number): void {
    this.frame = 'length';
    this.remaining = bytes;
  }

  startChunks(): void {
    this.frame = 'chunkLine';
  }

  /**
   * Reads on.
   * @returns false when more bytes are needed
   * @throws SyntaxProblem
   */
  step(): boolean {
    switch (this.frame) {
      case 'length':
        return this.readLength();
      case 'chunkLine':
        return this.readChunkLine();
      case 'chunk':
        return this.readChunk();
      case 'chunkEnd':
        return this.readChunkEnd();
      case 'trailers':
        return this.readTrailers();
    }
  }

  private readLength(): boolean {
    const bytes = this.takeRemaining();
    this.sink.onBytes(bytes, this.remaining === 0);
    return true;
  }

  private readChunkLine(): boolean {
    const line = this.input.takeLine(CHUNK_LINE_LIMIT_BYTES);
    if (line === null) return false;
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw new SyntaxProblem('chunk size is not a number');
    this.remaining = Number.parseInt(size, 16);
    this.frame = this.remaining === 0 ? 'trailers' : 'chunk';
    return true;
  }

  private readChunk(): boolean {
    const bytes = this.takeRemaining();
    if (this.remaining === 0) this.frame = 'chunkEnd';
    this.sink.onBytes(bytes, false);
    return true;
  }

  private readChunkEnd(): boolean {
    const isEnd = this.input.takeLineEnd();
    if (isEnd === null) return false;
    if (!isEnd) throw new SyntaxProblem('a chunk is longer than its size');
    this.frame = 'chunkLine';
    return true;
  }

  /** After the last chunk: field lines, if any, and an empty line. */
  private readTrailers(): boolean {
    const isEnd = this.input.takeLineEnd();
    if (isEnd === null) return false;
    if (isEnd) {
      this.sink.onBytes(NO_BYTES, true);
      return true;
    }
    const lines = this.input.takeBlock(this.trailersLimitBytes);
    if (lines === null) return false;
    this.sink.onTrailerLines(lines);
    return true;
  }

  private takeRemaining(): Buffer {
    const bytes = this.input.take(Math.min(this.remaining, this.input.length));
    this.remaining -= bytes.length;
    return bytes;
  }
}
