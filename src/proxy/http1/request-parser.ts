/**
 * A strict, incremental parser of HTTP/1 requests: bytes in, head, body and end out.
 *
 * Used by `downstream-connection.ts`. What it takes is what Envoy's codec takes, within the limits of
 * the listener; whatever two parsers could read differently is refused: bare line feeds, folded
 * lines, two framings at once, a content length that is not one number. While held it emits nothing
 * and keeps the bytes it was given.
 * Source: RFC 9112 §2.2, §3, §5, §6; policy-engine.md §0.4, §11.
 */
import type { HeaderList } from '../../core/engine.ts';
import type { CodecConfig } from '../../mesh/config/edge.ts';
import { BodyReader } from './body-reader.ts';
import { ByteInput } from './byte-input.ts';
import { headerValue, type MutableHeaders } from './headers.ts';
import { SyntaxProblem } from './syntax-problem.ts';

/** A request head as it came, hop-by-hop fields included. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1';
  readonly headers: MutableHeaders;
  /** No body follows. */
  readonly end: boolean;
}

/** Why bytes are no request: what the client and the log are told. */
export interface Malformed {
  readonly status: number;
  readonly details: string;
}

/** Told what was parsed, in order; may hold the parser at any time. */
export interface RequestSink {
  /** The first byte of a head. */
  onStart(): void;
  onHead(head: ParsedRequest): void;
  onBody(bytes: Uint8Array, end: boolean): void;
  onTrailers(trailers: HeaderList): void;
  /** Comes once; everything behind it is dropped. */
  onMalformed(problem: Malformed): void;
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) (HTTP\/\d\.\d)$/;
const TOKEN_START = /[!#$%&'*+.^_`|~0-9A-Za-z-]/;
/** Those that Envoy's parser knows. */
const METHODS: ReadonlySet<string> = new Set(
  'DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE'.split(
    ' ',
  ),
);
/** What may stand in a value. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;
const HTTPS_ON_PLAINTEXT: Malformed = {
  status: 403,
  details: 'http1.https_url_on_plaintext_listener',
};
const NO_BYTES = new Uint8Array(0);
const CODEC_ERROR: Malformed = { status: 400, details: 'http1.codec_error' };

const DEFAULT_CODEC: CodecConfig = {
  maxHeadBytes: 60 * 1024,
  maxHeaderCount: 100,
  underscores: 'allow',
  acceptsHttp10: false,
  http10Host: '',
  acceptsAbsoluteTargets: true,
  acceptsChunkedLength: false,
  acceptsAnyMethod: false,
  passesTrailers: false,
};

/** Of a tunnel every byte is body, without end. */
type State = 'idle' | 'head' | 'body' | 'tunnel' | 'dead';

/** Parses the requests of one connection, one after another. */
export class RequestParser {
  private readonly sink: RequestSink;
  private readonly codec: CodecConfig;
  /** Whether an absolute target may not be https: at an edge, over plain text. */
  private readonly refusesHttps: boolean;
  private readonly input: ByteInput;
  private readonly body: BodyReader;
  private state: State = 'idle';
  private isHeld = false;

  /** @param codec undefined = Envoy's defaults */
  constructor(sink: RequestSink, codec: CodecConfig | undefined, refusesHttps: boolean) {
    this.sink = sink;
    this.refusesHttps = refusesHttps;
    this.codec = codec ?? DEFAULT_CODEC;
    this.input = new ByteInput();
    const onBytes = (bytes: Uint8Array, end: boolean) => {
      if (end) this.state = 'idle';
      sink.onBody(bytes, end);
    };
    const onTrailerLines = (lines: readonly string[]) => this.readTrailers(lines);
    const { maxHeadBytes } = this.codec;
    this.body = new BodyReader(this.input, { onBytes, onTrailerLines }, maxHeadBytes);
  }

  push(bytes: Buffer): void {
    if (this.state === 'dead') return;
    this.input.push(bytes);
    this.parse();
  }

  /** Nothing is parsed until `release`: pipelined requests, or a reader that was told to pause. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    this.parse();
  }

  /** Bytes that wait because of `hold`, or for the rest of a line. */
  get backlogBytes(): number {
    return this.input.length;
  }

  /** From now on every byte is body, without end. */
  tunnel(): void {
    this.state = 'tunnel';
  }

  /** From now on every byte is dropped. */
  kill(): void {
    this.state = 'dead';
    this.input.clear();
  }

  private parse(): void {
    try {
      while (!this.isHeld && this.input.length > 0 && this.step());
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      this.refuse(CODEC_ERROR);
    }
  }

  /** @returns whether there may be more to do */
  private step(): boolean {
    switch (this.state) {
      case 'idle':
        return this.skipEmptyLines();
      case 'head':
        return this.readHead();
      case 'body':
        return this.body.step();
      case 'tunnel':
        this.sink.onBody(this.input.take(this.input.length), false);
        return false;
      case 'dead':
        this.input.clear();
        return false;
    }
  }

  private skipEmptyLines(): boolean {
    const { input } = this;
    while (input.first === 13 || input.first === 10) input.take(1);
    if (input.length === 0) return false;
    this.state = 'head';
    this.sink.onStart();
    return true;
  }

  private readHead(): boolean {
    const { input } = this;
    if (!TOKEN_START.test(String.fromCharCode(input.first!))) return this.refuse(CODEC_ERROR);
    const { maxHeadBytes } = this.codec;
    if (input.hasBlockAbove(maxHeadBytes)) {
      return this.refuse({ status: 431, details: 'http1.headers_too_large' });
    }
    const lines = input.takeBlock(maxHeadBytes);
    if (lines === null) return false;
    const headers: MutableHeaders = [];
    for (let at = 1; at < lines.length; at++) {
      const problem = this.readField(lines[at]!, headers);
      if (problem !== null) return this.refuse(problem);
    }
    const [, method = '', target = '', version = ''] = REQUEST_LINE.exec(lines[0]!) ?? [];
    const problem = this.lineProblem(method, target, lines.length - 1);
    if (problem !== null) return this.refuse(problem);
    return this.begin(method, target, version as ParsedRequest['version'], headers);
  }

  private readField(line: string, headers: MutableHeaders): Malformed | null {
    const field = FIELD.exec(line);
    if (field === null) return CODEC_ERROR;
    if (!VALUE.test(field[2]!)) return { status: 400, details: 'http1.invalid_characters' };
    const name = field[1]!.toLowerCase();
    if (this.codec.underscores !== 'allow' && name.includes('_')) {
      if (this.codec.underscores === 'drop') return null;
      return { status: 400, details: 'http1.unexpected_underscore' };
    }
    headers.push([name, field[2]!]);
    return null;
  }

  /** @param method '' = there is no request line */
  private lineProblem(method: string, target: string, headerCount: number): Malformed | null {
    const { codec } = this;
    if (!METHODS.has(method) && (method === '' || !codec.acceptsAnyMethod)) return CODEC_ERROR;
    if (headerCount > codec.maxHeaderCount) {
      return { status: 431, details: 'http1.too_many_headers' };
    }
    return isTargetText(method, target, codec.acceptsAbsoluteTargets) ? null : CODEC_ERROR;
  }

  private begin(
    method: string,
    target: string,
    version: ParsedRequest['version'],
    headers: MutableHeaders,
  ): boolean {
    const problem = this.startBody(method, headers);
    if (problem !== null) return this.refuse(problem);
    if (!isTarget(method, target, this.codec.acceptsAbsoluteTargets)) {
      return this.refuse(CODEC_ERROR);
    }
    const isMistaken = this.refusesHttps && this.codec.acceptsAbsoluteTargets;
    if (isMistaken && /^https:/i.test(target)) return this.refuse(HTTPS_ON_PLAINTEXT);
    // A codec takes every version; it is the connection manager that minds.
    if (version !== 'HTTP/1.1' && !(version === 'HTTP/1.0' && this.codec.acceptsHttp10)) {
      return this.refuse({ status: 426, details: 'low_version' });
    }
    this.sink.onHead({ method, target, version, headers, end: this.state === 'idle' });
    return true;
  }

  /** Which framing the body has; of two, a length that is allowed beside chunks is dropped. */
  private startBody(method: string, headers: MutableHeaders): Malformed | null {
    const encoding = headerValue(headers, 'transfer-encoding');
    const length = headerValue(headers, 'content-length');
    this.state = 'idle';
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return CODEC_ERROR;
    const isTunnel = method === 'CONNECT';
    if (isTunnel && length !== undefined && Number(length) > 0) {
      return { status: 400, details: 'http1.body_disallowed' };
    }
    if (encoding !== undefined) {
      const isChunked = encoding.toLowerCase() === 'chunked';
      if (length !== undefined && !(isChunked && this.codec.acceptsChunkedLength)) {
        return { status: 400, details: 'http1.content_length_and_chunked_not_allowed' };
      }
      if (!isChunked || isTunnel) {
        return { status: 501, details: 'http1.invalid_transfer_encoding' };
      }
      if (length !== undefined) {
        headers.splice(0, headers.length, ...headers.filter(([name]) => name !== 'content-length'));
      }
      this.state = 'body';
      this.body.startChunks();
    } else if (Number(length ?? 0) > 0) {
      this.state = 'body';
      this.body.startLength(Number(length));
    }
    return null;
  }

  private readTrailers(lines: readonly string[]): void {
    const trailers: MutableHeaders = [];
    for (const line of lines) {
      const problem = this.readField(line, trailers);
      if (problem !== null) {
        this.refuse(problem);
        return;
      }
    }
    this.state = 'idle';
    if (trailers.length === 0) this.sink.onBody(NO_BYTES, true);
    else this.sink.onTrailers(trailers);
  }

  private refuse(problem: Malformed): false {
    this.kill();
    this.sink.onMalformed(problem);
    return false;
  }
}

/**
 * A path, an address, or what the method alone allows.
 *
 * @param takesAddresses whether addresses are taken apart; as paths they are refused later
 */
/** What the request line alone says. */
function isTargetText(method: string, target: string, takesAddresses: boolean): boolean {
  if (target.startsWith('/')) return true;
  if (method === 'CONNECT') return isTarget(method, target, takesAddresses);
  if (target.startsWith('*')) return method === 'OPTIONS' || !takesAddresses;
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(target);
}

function isTarget(method: string, target: string, takesAddresses: boolean): boolean {
  if (method === 'CONNECT') return /^[\w.~!$&'()+,;=%@*-]+:\d+$/.test(target);
  if (target.startsWith('/')) return true;
  if (target.startsWith('*')) return method === 'OPTIONS' || !takesAddresses;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(target)) return false;
  return !takesAddresses || /^https?:\/\/[^/?]/i.test(target);
}
