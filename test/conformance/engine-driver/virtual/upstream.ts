/**
 * The endpoints' side of the virtual driver: connections that the engine dials, attempts on them.
 */
import { connectFailureText } from '../../../../src/core/connect-failure-text.ts';
import type { Endpoint, Head, HeaderList, PeerFacts, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, ConnectFailure, ResetReason, Side } from '../../../../src/core/engine.ts';
import { HttpHead } from '../../../../src/core/head.ts';
import { plainPeer } from '../../../../src/core/plain-peer.ts';
import type { UpstreamExchange, UpstreamListener } from '../peers.ts';
import { bytesOf, SOCKET_BUFFER_BYTES, type VirtualContext } from './context.ts';
import { Pipe } from './pipe.ts';
import { HOP_NS } from './time.ts';

const NOBODY: UpstreamListener = {
  onBody: () => {},
  onEnd: () => {},
  onCut: () => {},
  onWritable: () => {},
};

/** A connection to an endpoint. */
export class VirtualConnection {
  readonly slot: Slot;
  readonly endpoint: Endpoint;
  readonly bufferLimitBytes: number;
  stream: VirtualStream | null = null;
  private readonly context: VirtualContext;
  private isGone = false;

  constructor(context: VirtualContext, slot: Slot, endpoint: Endpoint, bufferLimitBytes: number) {
    this.context = context;
    this.slot = slot;
    this.endpoint = endpoint;
    this.bufferLimitBytes = bufferLimitBytes;
    context.time.afterNs(HOP_NS, () => this.connect());
  }

  /** The peer says that no further request may follow. */
  announceEnd(): void {
    this.context.input((engine) => engine.onGoAway(this.slot));
  }

  closeAfter(delayNs: number, reason: CloseReason): void {
    this.context.time.afterNs(delayNs, () => this.close(reason));
  }

  close(reason: CloseReason): void {
    if (this.isGone) return;
    this.isGone = true;
    this.stream?.fail(
      this.stream.hasResponseByte && reason !== CloseReason.local
        ? ResetReason.protocolError
        : ResetReason.connectionTermination,
    );
    this.context.connections.remove(this.slot);
    this.context.input((engine) => engine.onConnectionClosed(this.slot, reason));
  }

  private connect(): void {
    if (this.isGone) return;
    const { context, slot } = this;
    if (context.upstreams.get(this.endpoint.hostname) !== null) {
      const peer = peerOf(this.endpoint);
      context.input((engine) => engine.onConnected(slot, peer));
      return;
    }
    this.isGone = true;
    context.connections.remove(slot);
    const detail = connectFailureText('ECONNREFUSED');
    context.input((engine) => engine.onConnectFailed(slot, 'tcp', ConnectFailure.refused, detail));
  }
}

/** An attempt, seen from the ports and from the upstream. */
export class VirtualStream implements UpstreamExchange {
  readonly slot: Slot;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: HeaderList;
  listener: UpstreamListener = NOBODY;
  hasResponseByte = false;
  private readonly context: VirtualContext;
  private readonly connection: VirtualConnection;
  private readonly up: Pipe;
  private readonly down: Pipe;
  private hasRequestEnded = false;
  private hasResponseEnded = false;
  private isLast = false;
  private isOver = false;

  constructor(context: VirtualContext, slot: Slot, connection: VirtualConnection, head: Head) {
    this.context = context;
    this.slot = slot;
    this.connection = connection;
    this.method = head.method;
    this.path = head.path;
    this.authority = head.authority;
    this.headers = head.headers;
    const { time } = context;
    this.up = new Pipe(time, connection.bufferLimitBytes, () => this.tellWritable(true));
    this.down = new Pipe(time, SOCKET_BUFFER_BYTES, () => this.listener.onWritable());
    this.up.push(0, () => context.upstreams.get(connection.endpoint.hostname)?.accept(this));
  }

  // what the ports do

  requestBody(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const hasRoom = this.up.push(bytes, () => {
      this.context.leaveProxy(bytes);
      this.listener.onBody(bytesOf(bytes, chunk));
    });
    if (end) this.endRequest([]);
    else if (!hasRoom) this.tellFull();
  }

  endRequest(trailers: HeaderList): void {
    this.hasRequestEnded = true;
    this.up.push(0, () => this.listener.onEnd(trailers));
    if (this.hasResponseEnded) this.free();
  }

  setResponseReading(on: boolean): void {
    this.down.setReading(on);
  }

  /** The engine gave the attempt up, and HTTP/1 its connection with it. */
  reset(): void {
    this.free();
    this.closePipes();
    this.connection.closeAfter(HOP_NS, CloseReason.local);
  }

  /** The connection is gone. */
  fail(reason: ResetReason): void {
    this.free();
    this.closePipes();
    this.context.input((engine) => engine.onStreamReset(this.slot, reason, ''));
  }

  // what the upstream does

  setReading(on: boolean): void {
    this.up.setReading(on);
  }

  sendInformational(status: number): void {
    this.down.push(0, () => {
      this.hasResponseByte = true;
      const head = new HttpHead({ status });
      this.context.input((engine) => engine.onInformational(this.slot, head));
    });
  }

  sendHead(status: number, headers: HeaderList): void {
    const isWhole = this.hasNoBody(status, headers);
    this.isLast = headers.some(([name, value]) => name === 'connection' && value === 'close');
    const kept = headers.filter(([name]) => name !== 'connection');
    const head = new HttpHead({ status, headers: kept });
    this.down.push(0, () => {
      this.hasResponseByte = true;
      if (this.isLast) this.connection.announceEnd();
      if (isWhole) this.endResponse();
      this.context.input((engine) => engine.onResponseHead(this.slot, head, isWhole));
      if (isWhole) this.closeIfLast();
    });
    this.isBodiless = isWhole;
  }

  sendBody(chunk: Uint8Array): boolean {
    if (this.isBodiless) return true;
    return this.down.push(chunk.length, () => {
      this.context.enterProxy(chunk.length);
      this.context.input((engine) => {
        engine.onResponseBody(this.slot, chunk.length, chunk, false);
      });
    });
  }

  end(trailers: HeaderList): void {
    if (this.isBodiless) return;
    this.down.push(0, () => {
      this.endResponse();
      if (trailers.length === 0) {
        this.context.input((engine) => engine.onResponseBody(this.slot, 0, null, true));
      } else {
        const head = new HttpHead({ headers: trailers });
        this.context.input((engine) => engine.onResponseTrailers(this.slot, head));
      }
      this.closeIfLast();
    });
  }

  cut(how: 'end' | 'reset'): void {
    if (how === 'end') this.down.push(0, () => this.connection.close(CloseReason.remoteEnd));
    else this.connection.closeAfter(HOP_NS, CloseReason.remoteReset);
  }

  private isBodiless = false;

  private hasNoBody(status: number, headers: HeaderList): boolean {
    if (this.method === 'HEAD' || status === 204 || status === 304) return true;
    return headers.some(([name, value]) => name === 'content-length' && value === '0');
  }

  private endResponse(): void {
    this.hasResponseEnded = true;
    if (this.hasRequestEnded) this.free();
  }

  private closeIfLast(): void {
    if (this.isLast) this.connection.closeAfter(HOP_NS, CloseReason.remoteEnd);
  }

  /** Slots are freed before the input that ends them: the engine may use them again during it. */
  private free(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.connection.stream === this) this.connection.stream = null;
    this.context.streams.remove(this.slot);
  }

  private closePipes(): void {
    this.up.close();
    this.down.close();
    this.context.time.afterNs(HOP_NS, () => this.listener.onCut());
  }

  private tellFull(): void {
    this.context.time.afterNs(0, () => {
      if (this.up.isOverfull) this.tellWritable(false);
    });
  }

  private tellWritable(writable: boolean): void {
    if (this.isOver || this.hasRequestEnded) return;
    this.context.input((engine) => engine.onWritable(Side.stream, this.slot, writable));
  }
}

function peerOf(endpoint: Endpoint): PeerFacts {
  return plainPeer(endpoint.address, '127.0.0.1:50001');
}
