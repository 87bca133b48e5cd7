/**
 * Raw sockets for tests of the real proxy: what is on the wire, byte for byte.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { parseAddress } from '../../src/proxy/addresses.ts';

const LOOPBACK = '127.0.0.1';

/** An upstream that sees request texts and answers with texts. */
export class RawUpstream {
  /** Each request's head and body, as they came. */
  readonly requests: string[] = [];
  connectionCount = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  /** @param answer gets the number of the request, from 0 */
  constructor(answer: (request: string, index: number, socket: Socket) => string) {
    this.server = createServer((socket) => {
      this.connectionCount++;
      this.sockets.add(socket);
      let text = '';
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        for (let end = endOfRequest(text); end > 0; end = endOfRequest(text)) {
          const request = text.slice(0, end);
          text = text.slice(end);
          this.requests.push(request);
          socket.write(answer(request, this.requests.length - 1, socket), 'latin1');
        }
      });
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, LOOPBACK, resolve));
  }

  get address(): string {
    return `${LOOPBACK}:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** Length of the first whole request in `text`; 0 = not there yet. */
function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return 0;
  const head = text.slice(0, headEnd).toLowerCase();
  if (head.includes('transfer-encoding: chunked')) {
    const last = text.indexOf('0\r\n\r\n', headEnd);
    return last < 0 ? 0 : last + 5;
  }
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
  return text.length >= headEnd + length ? headEnd + length : 0;
}

export function response(body: string, headers = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
}

/** A client that writes bytes and reads what comes back. */
export class RawClient {
  received = '';
  isClosed = false;
  private readonly socket: Socket;
  private readonly waiting: (() => void)[] = [];

  constructor(address: string) {
    this.socket = connect(parseAddress(address)!);
    this.socket.on('data', (bytes) => this.news(() => (this.received += bytes.toString('latin1'))));
    this.socket.on('close', () => this.news(() => (this.isClosed = true)));
    this.socket.on('error', () => {});
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Bytes that the other side has not taken. */
  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Resolves when `isTrue`, which is asked after each piece of news. */
  async until(isTrue: (client: RawClient) => boolean): Promise<string> {
    while (!isTrue(this)) {
      if (this.isClosed) throw new Error(`closed after ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return this.received;
  }

  closed(): Promise<string> {
    return this.until((client) => client.isClosed);
  }

  has(text: string): Promise<string> {
    return this.until((client) => client.received.includes(text));
  }

  private news(note: () => void): void {
    note();
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
