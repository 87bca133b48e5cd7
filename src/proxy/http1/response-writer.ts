/**
 * Writes what the engine answers to a client: interim responses, head, body by length or in chunks.
 *
 * The framing is ours to say: the content length where the head names one, chunks otherwise, and to
 * HTTP/1.0 the end of the connection.
 * Source: RFC 9112 §4, §6; RFC 9110 §6.6.1 (Date), §9.3.2 (HEAD); policy-engine.md §0.4.
 */
import { STATUS_CODES } from 'node:http';
import type { Head, HeaderList } from '../../core/engine.ts';
import {
  endToEnd,
  fieldLines,
  headerValue,
  type MutableHeaders,
  mayHaveBody,
  SERVICE_TIME_HEADER,
} from './headers.ts';
import type { Transport } from './transport.ts';

const SERVER_NAME = 'meshquake';

/** An upstream answered, and nobody is told how long that took. */
export const UNTOLD = -1;

/** What the head itself does not say. */
export interface HeadOptions {
  /** Of the upstream that answered, whole ms, or `UNTOLD`; null = this is the proxy's own answer. */
  readonly serviceTimeMs: number | null;
  /** The connection ends with this response. */
  readonly mustClose: boolean;
  /** Whether the proxy's own answers say who gave them. */
  readonly namesServer: boolean;
  readonly wallMs: number;
}

/** One response on its way to the client. */
export class ResponseWriter {
  /** Of the request; '' before its head came. */
  method = '';
  isHttp10 = false;
  hasBegun = false;
  hasEnded = false;
  private readonly transport: Transport;
  private isChunked = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  writeInformational(head: Head): void {
    if (this.hasBegun) return;
    this.transport.write(`${statusLine(head.status)}${fieldLines(head.headers)}\r\n`);
  }

  /** @returns whether the end of the body is the end of the connection */
  writeHead(head: Head, end: boolean, options: HeadOptions): boolean {
    const { serviceTimeMs, mustClose, namesServer, wallMs } = options;
    this.hasBegun = true;
    const headers = endToEnd(copyOf(head.headers));
    const isUpgraded = head.status === 101;
    const lastsToClose = this.addFraming(headers, head.status, end);
    addMissing(headers, 'date', new Date(wallMs).toUTCString());
    if (serviceTimeMs === null) {
      if (namesServer) addMissing(headers, 'server', SERVER_NAME);
    } else if (serviceTimeMs !== UNTOLD) setServiceTime(headers, serviceTimeMs);
    if (isUpgraded) headers.push(['connection', 'upgrade'], ['upgrade', head.upgrade]);
    else if (mustClose || lastsToClose) headers.push(['connection', 'close']);
    else if (this.isHttp10) headers.push(['connection', 'keep-alive']);
    this.transport.write(`${statusLine(head.status)}${fieldLines(headers)}\r\n`);
    this.hasEnded = end;
    return lastsToClose;
  }

  /** @returns false when the transport holds as many bytes as it should */
  writeBody(chunk: Uint8Array, end: boolean): boolean {
    this.hasEnded = end;
    const { transport } = this;
    if (!this.isChunked) return chunk.length === 0 || transport.write(chunk);
    if (chunk.length > 0) {
      transport.write(`${chunk.length.toString(16)}\r\n`);
      transport.write(chunk);
    }
    const tail = `${chunk.length > 0 ? '\r\n' : ''}${end ? '0\r\n\r\n' : ''}`;
    return tail === '' || transport.write(tail);
  }

  /** Ends the body; trailers need chunks and are dropped where the length was announced. */
  writeTrailers(trailers: HeaderList): void {
    this.hasEnded = true;
    if (this.isChunked) this.transport.write(`0\r\n${fieldLines(trailers)}\r\n`);
  }

  /** @returns whether the end of the body is the end of the connection */
  private addFraming(headers: MutableHeaders, status: number, end: boolean): boolean {
    if (status === 101 || headerValue(headers, 'content-length') !== undefined) return false;
    if (!mayHaveBody(this.method, status)) {
      // Envoy tells how the body would have come that a HEAD request did not ask for.
      const isWithheld = mayHaveBody('GET', status) && !this.isHttp10;
      if (isWithheld) headers.push(['transfer-encoding', 'chunked']);
      return false;
    }
    if (end) {
      headers.push(['content-length', '0']);
      return false;
    }
    this.isChunked = !this.isHttp10;
    if (this.isChunked) headers.push(['transfer-encoding', 'chunked']);
    return this.isHttp10;
  }
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
}

function addMissing(headers: MutableHeaders, name: string, value: string): void {
  if (headerValue(headers, name) === undefined) headers.push([name, value]);
}

function setServiceTime(headers: MutableHeaders, serviceTimeMs: number): void {
  const known = headers.find(([name]) => name === SERVICE_TIME_HEADER);
  if (known !== undefined) known[1] = String(serviceTimeMs);
  else headers.push([SERVICE_TIME_HEADER, String(serviceTimeMs)]);
}

function copyOf(headers: HeaderList): MutableHeaders {
  return headers.map(([name, value]) => [name, value]);
}
