/**
 * What the scripts need of a network: the two ends of a request, virtual or real.
 *
 * `scripted-upstream.ts` and `scripted-client.ts` play their parts through these, so that both
 * drivers meet the same behaviour.
 */
import type { HeaderList } from '../../../src/core/engine.ts';

/** A request at an upstream. */
export interface UpstreamExchange {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: HeaderList;
  /** What happens next is told to this listener. */
  listener: UpstreamListener;
  setReading(on: boolean): void;
  sendInformational(status: number): void;
  sendHead(status: number, headers: HeaderList): void;
  /** @returns false when nothing more should be sent until `onWritable` */
  sendBody(chunk: Uint8Array): boolean;
  end(trailers: HeaderList): void;
  /** Ends the connection: after what was sent, or at once by a reset. */
  cut(how: 'end' | 'reset'): void;
}

export interface UpstreamListener {
  onBody(chunk: Uint8Array): void;
  onEnd(trailers: HeaderList): void;
  /** The proxy gave the request up. */
  onCut(): void;
  onWritable(): void;
}

/** A request at the client. */
export interface ClientExchange {
  /** @returns false when nothing more should be sent until `onWritable` */
  sendBody(chunk: Uint8Array): boolean;
  end(trailers: HeaderList): void;
  setReading(on: boolean): void;
  abort(): void;
}

export interface ClientListener {
  onInformational(status: number): void;
  onHead(status: number, headers: HeaderList): void;
  onBody(chunk: Uint8Array): void;
  onEnd(trailers: HeaderList): void;
  /** The connection ended before the response did. */
  onCut(): void;
  onWritable(): void;
}

export interface RequestToSend {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: HeaderList;
  readonly hasBody: boolean;
  /** Requests of one name share a connection; '' = one of its own. */
  readonly connection: string;
}

/** Time and the client's way to the proxy. */
export interface World {
  after(delayMs: number, action: () => void): void;
  send(request: RequestToSend, listener: ClientListener): ClientExchange;
}
