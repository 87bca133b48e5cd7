/**
 * The client of a story on real sockets: `node:http` requests to the proxy's address.
 */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { HeaderList } from '../../../../src/core/engine.ts';
import type { ClientExchange, ClientListener, RequestToSend } from '../peers.ts';
import { pairsOf } from './node-headers.ts';

export class RealClient {
  private readonly host: string;
  private readonly port: number;
  private readonly agents = new Map<string, Agent>();
  private count = 0;

  constructor(proxyAddress: string) {
    const [host = '', port = ''] = proxyAddress.split(':');
    this.host = host;
    this.port = Number(port);
  }

  send(told: RequestToSend, listener: ClientListener): ClientExchange {
    const { method, path, authority, headers } = told;
    const made = request({
      host: this.host,
      port: this.port,
      agent: this.agentOf(told.connection),
      method,
      path,
      headers: { ...Object.fromEntries(headers), host: authority },
    });
    return new RealClientExchange(made, told.hasBody, listener);
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }

  private agentOf(connection: string): Agent {
    const name = connection === '' ? `own ${this.count++}` : connection;
    const known = this.agents.get(name);
    if (known !== undefined) return known;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.agents.set(name, agent);
    return agent;
  }
}

class RealClientExchange implements ClientExchange {
  private readonly request: ClientRequest;
  private readonly listener: ClientListener;
  private response: IncomingMessage | null = null;
  private isReading = true;
  private isOver = false;

  constructor(made: ClientRequest, hasBody: boolean, listener: ClientListener) {
    this.request = made;
    this.listener = listener;
    made.on('information', ({ statusCode }) => listener.onInformational(statusCode));
    made.on('response', (response) => this.answered(response));
    made.on('drain', () => listener.onWritable());
    made.on('error', () => this.over(() => listener.onCut()));
    if (hasBody) made.flushHeaders();
    else made.end();
  }

  sendBody(chunk: Uint8Array): boolean {
    return this.request.write(chunk);
  }

  end(trailers: HeaderList): void {
    if (trailers.length > 0) this.request.addTrailers(Object.fromEntries(trailers));
    this.request.end();
  }

  setReading(on: boolean): void {
    this.isReading = on;
    if (on) this.response?.resume();
    else this.response?.pause();
  }

  abort(): void {
    this.request.destroy();
  }

  private answered(response: IncomingMessage): void {
    this.response = response;
    this.listener.onHead(response.statusCode ?? 0, this.headersOf(response));
    response.on('data', (chunk: Uint8Array) => this.listener.onBody(chunk));
    response.on('end', () => this.over(() => this.listener.onEnd(pairsOf(response.rawTrailers))));
    response.on('error', () => this.over(() => this.listener.onCut()));
    if (!this.isReading) response.pause();
  }

  private headersOf(response: IncomingMessage): HeaderList {
    return pairsOf(response.rawHeaders);
  }

  private over(tell: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    tell();
  }
}
