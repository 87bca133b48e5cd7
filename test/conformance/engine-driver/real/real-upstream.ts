/**
 * Upstreams of a story on real sockets: one `node:http` server per endpoint.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HeaderList } from '../../../../src/core/engine.ts';
import type { UpstreamExchange, UpstreamListener } from '../peers.ts';
import type { ScriptedUpstream } from '../scripted-upstream.ts';
import { flatOf, pairsOf } from './node-headers.ts';

const LOOPBACK = '127.0.0.1';

/** A listening endpoint. */
export interface RealUpstream {
  readonly address: string;
  close(): void;
}

/** @param upstream null = an address on which nothing listens */
export async function startUpstream(upstream: ScriptedUpstream | null): Promise<RealUpstream> {
  const server = createServer((message, response) => {
    upstream?.accept(new RealUpstreamExchange(message, response));
  });
  server.on('connection', (socket) => socket.setMaxListeners(0));
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  const address = await listen(server);
  if (upstream === null) await new Promise((resolve) => server.close(resolve));
  return {
    address,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, LOOPBACK, () => {
      resolve(`${LOOPBACK}:${(server.address() as AddressInfo).port}`);
    });
  });
}

class RealUpstreamExchange implements UpstreamExchange {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: HeaderList;
  private readonly message: IncomingMessage;
  private readonly response: ServerResponse;
  private told: UpstreamListener | null = null;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.message = message;
    this.response = response;
    this.method = message.method ?? '';
    this.path = message.url ?? '';
    this.authority = message.headers.host ?? '';
    this.headers = pairsOf(message.rawHeaders);
    response.sendDate = false;
  }

  get listener(): UpstreamListener {
    if (this.told === null) throw new Error('nobody listens to this request');
    return this.told;
  }

  set listener(listener: UpstreamListener) {
    this.told = listener;
    const { message } = this;
    message.on('data', (chunk: Uint8Array) => listener.onBody(chunk));
    message.on('end', () => listener.onEnd(pairsOf(message.rawTrailers)));
    message.on('error', () => {});
    message.socket.once('close', () => listener.onCut());
    this.response.on('drain', () => listener.onWritable());
  }

  setReading(on: boolean): void {
    if (on) this.message.resume();
    else this.message.pause();
  }

  sendInformational(status: number): void {
    if (status === 102) this.response.writeProcessing();
    else throw new Error(`no story sends ${status}`);
  }

  sendHead(status: number, headers: HeaderList): void {
    this.response.writeHead(status, flatOf(headers));
  }

  sendBody(chunk: Uint8Array): boolean {
    return this.response.write(chunk);
  }

  end(trailers: HeaderList): void {
    if (trailers.length > 0) this.response.addTrailers(Object.fromEntries(trailers));
    this.response.end();
  }

  cut(how: 'end' | 'reset'): void {
    if (how === 'end') this.message.socket.destroySoon();
    else this.message.socket.resetAndDestroy();
  }
}
