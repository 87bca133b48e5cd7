/**
 * Writes one HTTP/1.1 request to a socket: head, body in chunks or by length, trailers.
 *
 * Used by `upstream-stream.ts`. The head leaves with the first bytes of the body where both are
 * there in the same turn of Node's loop (the socket is corked until then).
 * Source: RFC 9112 §3, §6, §7.
 */
import type { Socket } from 'node:net';
import type { Head, HeaderList } from '../../core/engine.ts';
import { fieldLines } from './headers.ts';

const BODILESS_METHODS: ReadonlySet<string> = new Set('GET HEAD DELETE TRACE CONNECT'.split(' '));
const LAST_CHUNK = '0\r\n\r\n';

/** Writes requests to one socket. */
export class RequestWriter {
  private readonly socket: Socket;
  private isChunked = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** @param end no body follows */
  writeHead(head: Head, end: boolean): void {
    const hasLength = head.get('content-length') !== undefined;
    const isUpgrade = head.upgrade !== '';
    this.isChunked = !end && !hasLength && !isUpgrade;
    let text = `${head.method} ${head.path} HTTP/1.1\r\nhost: ${head.authority}\r\n`;
    text += fieldLines(head.headers);
    if (isUpgrade) text += `connection: upgrade\r\nupgrade: ${head.upgrade}\r\n`;
    else if (this.isChunked) text += 'transfer-encoding: chunked\r\n';
    else if (end && !hasLength && !BODILESS_METHODS.has(head.method)) {
      text += 'content-length: 0\r\n';
    }
    this.corkForThisTick();
    this.socket.write(`${text}\r\n`, 'latin1');
  }

  /** @returns false when the socket holds as many bytes as it should */
  writeBody(chunk: Uint8Array, end: boolean): boolean {
    if (!this.isChunked) return chunk.length === 0 || this.socket.write(chunk);
    this.corkForThisTick();
    if (chunk.length > 0) {
      this.socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      this.socket.write(chunk);
      this.socket.write('\r\n', 'latin1');
    }
    if (end) this.socket.write(LAST_CHUNK, 'latin1');
    return !this.socket.writableNeedDrain;
  }

  /** Ends the body; trailers need chunks and are dropped where the length was announced. */
  writeTrailers(trailers: HeaderList): void {
    if (this.isChunked) this.socket.write(`0\r\n${fieldLines(trailers)}\r\n`, 'latin1');
  }

  private corkForThisTick(): void {
    if (this.socket.writableCorked > 0) return;
    this.socket.cork();
    process.nextTick(() => this.socket.uncork());
  }
}
