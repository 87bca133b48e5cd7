/**
 * Writes what the engine answers through Node's response object.
 *
 * The framing is ours to say: the content length where the head names one, chunks otherwise. Node
 * adds nothing of its own (no date, no `connection: keep-alive`).
 * Source: RFC 9112 §6, RFC 9110 §6.6.1 (Date), §9.3.2 (HEAD).
 */
import type { ServerResponse } from 'node:http';
import type { Head, HeaderList } from '../../core/engine.ts';
import {
  endToEnd,
  flatOf,
  headerValue,
  type MutableHeaders,
  mayHaveBody,
  SERVICE_TIME_HEADER,
  tokensOf,
} from './headers.ts';

const SERVER_NAME = 'meshquake';

/** An upstream answered, and nobody is told how long that took. */
export const UNTOLD = -1;

/** What the head itself does not say. */
export interface HeadOptions {
  /** Of the upstream that answered, whole ms, or `UNTOLD`; null = this is the proxy's own answer. */
  readonly serviceTimeMs: number | null;
  /** The connection ends with this response. */
  readonly mustClose: boolean;
}

/** One response on its way to the client. */
export class ResponseWriter {
  private readonly method: string;
  private readonly response: ServerResponse;
  private isChunked = false;
  hasEnded = false;

  constructor(method: string, response: ServerResponse) {
    this.method = method;
    this.response = response;
    response.sendDate = false;
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  writeInformational(head: Head): void {
    if (this.hasBegun) return;
    if (head.status === 100) this.response.writeContinue();
    else if (head.status === 102) this.response.writeProcessing();
    else if (head.status === 103) this.writeEarlyHints(head.headers);
  }

  /** Node's own way refuses hints without a link. A response that waits for its turn gets none. */
  private writeEarlyHints(headers: HeaderList): void {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.response.socket?.write(`HTTP/1.1 103 Early Hints\r\n${lines}\r\n`, 'latin1');
  }

  writeHead(head: Head, end: boolean, options: HeadOptions): void {
    const mustClose = options.mustClose || isLast(head);
    const headers = endToEnd(copyOf(head.headers));
    this.addFraming(headers, head.status, end);
    if (headerValue(headers, 'date') === undefined)
      headers.push(['date', new Date().toUTCString()]);
    this.addOrigin(headers, options.serviceTimeMs);
    if (mustClose || !this.response.shouldKeepAlive) headers.push(['connection', 'close']);
    else this.response.removeHeader('connection');
    this.response.writeHead(head.status, flatOf(headers));
    if (end) this.end();
    else this.flushSoon();
  }

  /** @returns false when the socket holds as many bytes as it should */
  writeBody(chunk: Uint8Array, end: boolean): boolean {
    const hasRoom = chunk.length === 0 || this.response.write(chunk);
    if (end) this.end();
    return hasRoom;
  }

  /** Ends the body; trailers need chunks and are dropped where the length was announced. */
  writeTrailers(trailers: HeaderList): void {
    if (this.isChunked) this.response.addTrailers(copyOf(trailers));
    this.end();
  }

  private addOrigin(headers: MutableHeaders, serviceTimeMs: number | null): void {
    if (serviceTimeMs === null) {
      if (headerValue(headers, 'server') === undefined) headers.push(['server', SERVER_NAME]);
      return;
    }
    if (serviceTimeMs === UNTOLD) return;
    const known = headers.find(([name]) => name === SERVICE_TIME_HEADER);
    if (known !== undefined) known[1] = String(serviceTimeMs);
    else headers.push([SERVICE_TIME_HEADER, String(serviceTimeMs)]);
  }

  private end(): void {
    this.hasEnded = true;
    this.response.end();
  }

  private addFraming(headers: MutableHeaders, status: number, end: boolean): void {
    if (headerValue(headers, 'content-length') !== undefined) return;
    if (!mayHaveBody(this.method, status)) {
      // Envoy tells how the body would have come that a HEAD request did not ask for.
      const isWithheld = mayHaveBody('GET', status);
      if (isWithheld) headers.push(['transfer-encoding', 'chunked']);
      return;
    }
    this.isChunked = !end;
    headers.push(end ? ['content-length', '0'] : ['transfer-encoding', 'chunked']);
  }

  /** The head waits for a first piece of body only until the end of this turn of Node's loop. */
  private flushSoon(): void {
    process.nextTick(() => {
      if (!this.hasEnded && !this.response.destroyed) this.response.flushHeaders();
    });
  }
}

function copyOf(headers: HeaderList): MutableHeaders {
  return headers.map(([name, value]) => [name, value]);
}

/** Whether the engine says that the connection ends with this response. */
function isLast(head: Head): boolean {
  return tokensOf(head.get('connection')).includes('close');
}
