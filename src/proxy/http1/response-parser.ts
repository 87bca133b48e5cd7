/**
 * A strict, incremental parser of HTTP/1 responses: bytes in, head, body and end out.
 *
 * Used by `upstream-connection.ts`. Whatever two parsers could read differently is an error: bare line feeds, folded lines, two framings at once, a
 * content length that is not one number.
 * While paused it emits nothing and keeps the bytes it was given.
 * Source: RFC 9112 §2.2, §4, §5, §6.
 */
import type { HeaderList } from '../../core/engine.ts';
import { BodyReader } from './body-reader.ts';
import { ByteInput } from './byte-input.ts';
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
const NO_BYTES = new Uint8Array(0);

type State =
  | 'idle'
  | 'head'
  | 'body'
  /** A body that lasts as long as the connection. */
  | 'close'
  /** The other side switched protocols: every byte is body. */
  | 'tunnel';

/** Parses the responses of one connection, one after another. */
export class ResponseParser {
  private readonly sink: ResponseSink;
  private state: State = 'idle';
  private method = '';
  private mayUpgrade = false;
  private readonly input: ByteInput;
  private readonly body: BodyReader;
  private paused = false;

  constructor(sink: ResponseSink) {
    this.sink = sink;
    this.input = new ByteInput();
    const onBytes = (bytes: Uint8Array, end: boolean) => {
      if (end) this.end(bytes);
      else sink.onBody(bytes, false);
    };
    const onTrailerLines = (lines: readonly string[]) => this.endWithTrailers(lines);
    this.body = new BodyReader(this.input, { onBytes, onTrailerLines }, HEAD_LIMIT_BYTES);
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
    return this.input.length > 0;
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
    this.input.push(bytes);
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
    const { input } = this;
    while (!this.paused && input.length > 0 && this.state !== 'idle' && this.step());
    if (this.state === 'idle' && input.length > 0) {
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
      case 'body':
        return this.body.step();
      case 'close':
      case 'tunnel':
        this.sink.onBody(this.input.take(this.input.length), false);
        return true;
    }
  }

  private readHead(): boolean {
    const lines = this.input.takeBlock(HEAD_LIMIT_BYTES);
    if (lines === null) return false;
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
      this.body.startChunks();
      return 'body';
    }
    if (length === undefined) return 'close';
    if (Number(length) === 0) return 'idle';
    this.body.startLength(Number(length));
    return 'body';
  }

  private endWithTrailers(lines: readonly string[]): void {
    const trailers = parseFieldLines(lines);
    this.state = 'idle';
    this.refuseExcess();
    this.sink.onTrailers(trailers);
  }

  private end(chunk: Uint8Array): void {
    this.state = 'idle';
    this.refuseExcess();
    this.sink.onBody(chunk, true);
  }

  /** Bytes behind a response must not be taken for the answer to the next request. */
  private refuseExcess(): void {
    if (this.input.length === 0) return;
    this.input.clear();
    this.sink.onExcess();
  }
}
