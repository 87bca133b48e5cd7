/**
 * An incremental parser of HTTP/1 requests for the virtual proxy's listeners.
 */
import type { HeaderList } from '../../../../src/core/engine.ts';
import type { CodecConfig } from '../../../../src/mesh/config/edge.ts';
import { headerValue, type MutableHeaders } from '../../../../src/proxy/http1/headers.ts';

export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly headers: MutableHeaders;
  readonly end: boolean;
}

/** Why bytes are no request. */
export interface Malformed {
  readonly status: number;
  readonly details: string;
}

export interface RequestSink {
  /** The first byte of a head. */
  onStart(): void;
  onHead(head: ParsedRequest): void;
  onBody(bytes: Uint8Array, end: boolean): void;
  onTrailers(trailers: HeaderList): void;
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

type State = 'idle' | 'head' | 'length' | 'chunk-line' | 'chunk' | 'trailers' | 'tunnel' | 'dead';

export class RequestParser {
  private readonly sink: RequestSink;
  private readonly codec: CodecConfig;
  private data: Buffer = Buffer.alloc(0);
  private state: State = 'idle';
  private remaining = 0;
  private isHeld = false;

  constructor(sink: RequestSink, codec: CodecConfig | undefined) {
    this.sink = sink;
    this.codec = codec ?? DEFAULT_CODEC;
  }

  push(bytes: Uint8Array): void {
    this.data = this.data.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.data, bytes]);
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

  /** From now on every byte is body, without end. */
  tunnel(): void {
    this.state = 'tunnel';
  }

  private parse(): void {
    while (!this.isHeld && this.data.length > 0 && this.step());
  }

  /** @returns whether there may be more to do */
  private step(): boolean {
    switch (this.state) {
      case 'idle':
        return this.skipEmptyLines();
      case 'head':
        return this.readHead();
      case 'length':
        return this.readLength();
      case 'chunk-line':
        return this.readChunkLine();
      case 'chunk':
        return this.readChunk();
      case 'trailers':
        return this.readTrailers();
      case 'tunnel':
        this.sink.onBody(this.takeAll(), false);
        return false;
      case 'dead':
        this.takeAll();
        return false;
    }
  }

  private skipEmptyLines(): boolean {
    while (this.data[0] === 13 || this.data[0] === 10) this.data = this.data.subarray(1);
    if (this.data.length === 0) return false;
    this.state = 'head';
    this.sink.onStart();
    return true;
  }

  private readHead(): boolean {
    if (!TOKEN_START.test(String.fromCharCode(this.data[0]!))) {
      return this.refuse(400, 'http1.codec_error');
    }
    const end = this.data.indexOf('\r\n\r\n');
    if (end < 0) {
      const isTooLarge = this.data.length > this.codec.maxHeadBytes;
      return isTooLarge ? this.refuse(431, 'http1.headers_too_large') : false;
    }
    if (end > this.codec.maxHeadBytes) return this.refuse(431, 'http1.headers_too_large');
    const [line = '', ...lines] = this.data.subarray(0, end).toString('latin1').split('\r\n');
    this.data = this.data.subarray(end + 4);
    const match = REQUEST_LINE.exec(line);
    const headers: MutableHeaders = [];
    for (const text of lines) {
      const field = FIELD.exec(text);
      if (field === null) return this.refuse(400, 'http1.codec_error');
      if (!VALUE.test(field[2]!)) return this.refuse(400, 'http1.invalid_characters');
      const name = field[1]!.toLowerCase();
      if (name.includes('_') && this.codec.underscores !== 'allow') {
        if (this.codec.underscores === 'drop') continue;
        return this.refuse(400, 'http1.unexpected_underscore');
      }
      headers.push([name, field[2]!]);
    }
    if (match === null) return this.refuse(400, 'http1.codec_error');
    if (!METHODS.has(match[1]!) && !this.codec.acceptsAnyMethod) {
      return this.refuse(400, 'http1.codec_error');
    }
    if (lines.length > this.codec.maxHeaderCount) {
      return this.refuse(431, 'http1.too_many_headers');
    }
    if (match[3] !== 'HTTP/1.1' && !(match[3] === 'HTTP/1.0' && this.codec.acceptsHttp10)) {
      return this.refuse(426, 'low_version');
    }
    return this.begin(match[1]!, match[2]!, match[3]!, headers);
  }

  private begin(method: string, target: string, version: string, headers: MutableHeaders): boolean {
    const encoding = headerValue(headers, 'transfer-encoding');
    const length = headerValue(headers, 'content-length');
    if (encoding !== undefined) {
      if (encoding.toLowerCase() !== 'chunked') {
        return this.refuse(501, 'http1.invalid_transfer_encoding');
      }
      if (length !== undefined) {
        if (!this.codec.acceptsChunkedLength) {
          return this.refuse(400, 'http1.content_length_and_chunked_not_allowed');
        }
        headers.splice(0, headers.length, ...headers.filter(([name]) => name !== 'content-length'));
      }
      this.state = 'chunk-line';
    } else if (length !== undefined) {
      if (!/^\d+$/.test(length)) return this.refuse(400, 'http1.codec_error');
      this.remaining = Number(length);
      this.state = this.remaining === 0 ? 'idle' : 'length';
    } else this.state = 'idle';
    const end = this.state === 'idle';
    this.sink.onHead({ method, target, version, headers, end });
    return true;
  }

  private readLength(): boolean {
    const bytes = this.data.subarray(0, this.remaining);
    this.data = this.data.subarray(bytes.length);
    this.remaining -= bytes.length;
    if (this.remaining === 0) this.state = 'idle';
    this.sink.onBody(bytes, this.remaining === 0);
    return true;
  }

  private readChunkLine(): boolean {
    const line = this.takeLine();
    if (line === null) return false;
    if (!/^[0-9a-fA-F]+\s*(?:;.*)?$/.test(line)) {
      return this.refuse(400, 'http1.codec_error');
    }
    const size = Number.parseInt(line, 16);
    this.state = size === 0 ? 'trailers' : 'chunk';
    this.remaining = size + 2;
    return true;
  }

  private readChunk(): boolean {
    if (this.data.length < this.remaining) return false;
    const bytes = this.data.subarray(0, this.remaining - 2);
    this.data = this.data.subarray(this.remaining);
    this.state = 'chunk-line';
    this.sink.onBody(bytes, false);
    return true;
  }

  private readTrailers(): boolean {
    const trailers: MutableHeaders = [];
    const saved = this.data;
    for (let line = this.takeLine(); line !== ''; line = this.takeLine()) {
      if (line === null) {
        this.data = saved;
        return false;
      }
      const field = FIELD.exec(line);
      if (field !== null) trailers.push([field[1]!.toLowerCase(), field[2]!]);
    }
    this.state = 'idle';
    if (trailers.length === 0) this.sink.onBody(Buffer.alloc(0), true);
    else this.sink.onTrailers(trailers);
    return true;
  }

  private refuse(status: number, details: string): false {
    this.state = 'dead';
    this.sink.onMalformed({ status, details });
    return false;
  }

  private takeLine(): string | null {
    const at = this.data.indexOf('\r\n');
    if (at < 0) return null;
    const line = this.data.subarray(0, at).toString('latin1');
    this.data = this.data.subarray(at + 2);
    return line;
  }

  private takeAll(): Buffer {
    const all = this.data;
    this.data = Buffer.alloc(0);
    return all;
  }
}
