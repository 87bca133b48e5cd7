/**
 * A strict, incremental parser of HTTP/1 responses: bytes in, head, body and end out.
 *
 * Used by `upstream-connection.ts`. Body bytes are handed on without copying. Whatever two parsers
 * could read differently is an error: bare line feeds, folded lines, two framings at once, a
 * content length that is not one number.
 * While paused it emits nothing and keeps the bytes it was given.
 * Source: RFC 9112 §2.2, §4, §5, §6, §7.
 */
import type { HeaderList } from '../../core/engine.ts';
import { headerValue, mayHaveBody, tokensOf } from './headers.ts';
import { type FieldLine, parseFieldLines, parseStatusLine } from './message-syntax.ts';
import { SyntaxProblem } from './syntax-problem.ts';

/** A response head as it came, hop-by-hop fields included. */
export interface ParsedHead {
  readonly status: number;
  readonly headers: FieldLine[];
  /** Whether another response may follow on this connection. */
  readonly keepsAlive: boolean;
}

/** Told what was parsed, in order; may pause the parser at any time. */
export interface ResponseSink {
  onInformational(head: ParsedHead): void;
  onHead(head: ParsedHead, end: boolean): void;
  onBody(chunk: Uint8Array, end: boolean): void;
  onTrailers(trailers: HeaderList): void;
  /** Comes before the end of a response that more bytes follow: nothing may follow it. */
  onExcess(): void;
}

/** Envoy's default limit of a response head, bytes. */
const HEAD_LIMIT_BYTES = 60 * 1024;
/** Envoy's default limit of header lines. */
const MAX_HEADERS = 100;
const CHUNK_LINE_LIMIT_BYTES = 4 * 1024;
const NO_BYTES = Buffer.alloc(0);
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_LINE = Buffer.from('\r\n');

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'close'
  | 'chunkLine'
  | 'chunk'
  | 'chunkEnd'
  | 'trailers'
  /** The other side switched protocols: every byte is body. */
  | 'tunnel';

/** Parses the responses of one connection, one after another. */
export class ResponseParser {
  private readonly sink: ResponseSink;
  private state: State = 'idle';
  private method = '';
  private mayUpgrade = false;
  private data: Buffer = NO_BYTES;
  private remaining = 0;
  private paused = false;

  constructor(sink: ResponseSink) {
    this.sink = sink;
  }

  /**
   * A request was sent; its response is expected next.
   * @param mayUpgrade whether it asked for another protocol
   */
  expect(method: string, mayUpgrade = false): void {
    this.method = method;
    this.mayUpgrade = mayUpgrade;
    this.state = 'head';
  }

  /** Whether no response is expected: bytes that come now are nobody's. */
  get isIdle(): boolean {
    return this.state === 'idle';
  }

  /** Whether the other side switched protocols. */
  get isTunnel(): boolean {
    return this.state === 'tunnel';
  }

  /** Whether bytes wait because of `pause`. */
  get hasBacklog(): boolean {
    return this.data.length > 0;
  }

  pause(): void {
    this.paused = true;
  }

  /** @throws SyntaxProblem */
  resume(): void {
    this.paused = false;
    this.parse();
  }

  /** @throws SyntaxProblem */
  push(bytes: Buffer): void {
    this.data = this.data.length === 0 ? bytes : Buffer.concat([this.data, bytes]);
    this.parse();
  }

  /**
   * The peer sent its end. A body that lasts until then ends well.
   * @returns false when a response is cut off
   */
  finish(): boolean {
    if (this.state === 'close' || this.state === 'tunnel') {
      this.end(NO_BYTES);
      return true;
    }
    return this.state === 'idle';
  }

  private parse(): void {
    while (!this.paused && this.data.length > 0 && this.state !== 'idle' && this.step());
    if (this.state === 'idle' && this.data.length > 0) {
      throw new SyntaxProblem('bytes that no request asked for');
    }
  }

  /** @returns false when more bytes are needed */
  private step(): boolean {
    switch (this.state) {
      case 'idle':
        return false;
      case 'head':
        return this.readHead();
      case 'length':
        return this.readLength();
      case 'close':
      case 'tunnel':
        this.sink.onBody(this.take(this.data.length), false);
        return true;
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

  private readHead(): boolean {
    const at = this.data.indexOf(END_OF_HEAD);
    if (at === -1 || at > HEAD_LIMIT_BYTES) {
      if (this.data.length > HEAD_LIMIT_BYTES) throw new SyntaxProblem('head is too large');
      return false;
    }
    const lines = this.take(at).toString('latin1').split('\r\n');
    this.take(END_OF_HEAD.length);
    const { status, minor } = parseStatusLine(lines[0] ?? '');
    const headers = parseFieldLines(lines.slice(1));
    if (headers.length > MAX_HEADERS) throw new SyntaxProblem('too many headers');
    if (status === 101 && this.mayUpgrade) this.startTunnel(headers);
    else if (status < 200) this.readInformational(status, headers);
    else this.startResponse(status, minor, headers);
    return true;
  }

  private startTunnel(headers: FieldLine[]): void {
    this.state = 'tunnel';
    this.sink.onHead({ status: 101, headers, keepsAlive: true }, false);
  }

  private readInformational(status: number, headers: FieldLine[]): void {
    if (status === 101) throw new SyntaxProblem('an upgrade that nobody asked for');
    this.sink.onInformational({ status, headers, keepsAlive: true });
  }

  private startResponse(status: number, minor: number, headers: FieldLine[]): void {
    const options = tokensOf(headerValue(headers, 'connection'));
    const wantsAlive = minor === 1 ? !options.includes('close') : options.includes('keep-alive');
    this.state = this.framing(status, minor, headers);
    const keepsAlive = wantsAlive && this.state !== 'close';
    if (this.state === 'idle') this.refuseExcess();
    this.sink.onHead({ status, headers, keepsAlive }, this.state === 'idle');
  }

  private framing(status: number, minor: number, headers: FieldLine[]): State {
    const encoding = headerValue(headers, 'transfer-encoding');
    const length = headerValue(headers, 'content-length');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) {
      throw new SyntaxProblem('content-length is not one number');
    }
    if (encoding !== undefined && (length !== undefined || minor === 0)) {
      throw new SyntaxProblem('transfer-encoding and content-length together');
    }
    if (!mayHaveBody(this.method, status)) return 'idle';
    if (encoding !== undefined) {
      if (encoding.toLowerCase() !== 'chunked') {
        throw new SyntaxProblem('unknown transfer-encoding');
      }
      return 'chunkLine';
    }
    if (length === undefined) return 'close';
    this.remaining = Number(length);
    return this.remaining === 0 ? 'idle' : 'length';
  }

  private readLength(): boolean {
    const chunk = this.take(Math.min(this.remaining, this.data.length));
    this.remaining -= chunk.length;
    if (this.remaining === 0) this.end(chunk);
    else this.sink.onBody(chunk, false);
    return true;
  }

  private readChunkLine(): boolean {
    const line = this.takeLine();
    if (line === null) return false;
    const size = /^([0-9a-fA-F]{1,13})[ \t]*(?:;[^\r\n]*)?$/.exec(line)?.[1];
    if (size === undefined) throw new SyntaxProblem('chunk size is not a number');
    this.remaining = Number.parseInt(size, 16);
    this.state = this.remaining === 0 ? 'trailers' : 'chunk';
    return true;
  }

  private readChunk(): boolean {
    const chunk = this.take(Math.min(this.remaining, this.data.length));
    this.remaining -= chunk.length;
    if (this.remaining === 0) this.state = 'chunkEnd';
    this.sink.onBody(chunk, false);
    return true;
  }

  private readChunkEnd(): boolean {
    if (this.data.length < END_OF_LINE.length) return false;
    if (!this.take(END_OF_LINE.length).equals(END_OF_LINE)) {
      throw new SyntaxProblem('a chunk is longer than its size');
    }
    this.state = 'chunkLine';
    return true;
  }

  /** After the last chunk: field lines, if any, and an empty line. */
  private readTrailers(): boolean {
    if (this.data.length < END_OF_LINE.length) return false;
    if (this.data.subarray(0, END_OF_LINE.length).equals(END_OF_LINE)) {
      this.take(END_OF_LINE.length);
      this.end(NO_BYTES);
      return true;
    }
    const at = this.data.indexOf(END_OF_HEAD);
    if (at === -1 || at > HEAD_LIMIT_BYTES) {
      if (this.data.length > HEAD_LIMIT_BYTES) throw new SyntaxProblem('trailers are too large');
      return false;
    }
    const trailers = parseFieldLines(this.take(at).toString('latin1').split('\r\n'));
    this.take(END_OF_HEAD.length);
    this.state = 'idle';
    this.refuseExcess();
    this.sink.onTrailers(trailers);
    return true;
  }

  private end(chunk: Uint8Array): void {
    this.state = 'idle';
    this.refuseExcess();
    this.sink.onBody(chunk, true);
  }

  /** Bytes behind a response must not be taken for the answer to the next request. */
  private refuseExcess(): void {
    if (this.data.length === 0) return;
    this.data = NO_BYTES;
    this.sink.onExcess();
  }

  private takeLine(): string | null {
    const at = this.data.indexOf(END_OF_LINE);
    if (at === -1 || at > CHUNK_LINE_LIMIT_BYTES) {
      if (this.data.length > CHUNK_LINE_LIMIT_BYTES) {
        throw new SyntaxProblem('a chunk line is too long');
      }
      return null;
    }
    const line = this.take(at).toString('latin1');
    this.take(END_OF_LINE.length);
    return line;
  }

  private take(count: number): Buffer {
    const taken = this.data.subarray(0, count);
    this.data = this.data.subarray(count);
    return taken;
  }
}
