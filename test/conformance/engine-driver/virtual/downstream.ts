/**
 * The client's side of the virtual driver: connections to the proxy and requests on them.
 */
import type { Head, HeaderList, PeerFacts, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason, Side } from '../../../../src/core/engine.ts';
import { HttpHead } from '../../../../src/core/head.ts';
import { plainPeer } from '../../../../src/core/plain-peer.ts';
import type { Ns } from '../../../../src/core/time.ts';
import type { ClientExchange, ClientListener, RequestToSend } from '../peers.ts';
import { bytesOf, SOCKET_BUFFER_BYTES, type VirtualContext } from './context.ts';
import { Pipe } from './pipe.ts';
import { HOP_NS } from './time.ts';

const PEER: PeerFacts = plainPeer('127.0.0.1:50000', '127.0.0.1:80');

/** A client's connection to the proxy. */
export class VirtualDownstream {
  isOpen = true;
  isGoingAway = false;
  private slot: Slot = NO_SLOT;
  private readonly context: VirtualContext;
  private readonly requests = new Set<VirtualRequest>();
  private isClosing = false;

  constructor(context: VirtualContext) {
    this.context = context;
  }

  send(request: RequestToSend, listener: ClientListener): ClientExchange {
    const made = new VirtualRequest(this.context, this, request, listener);
    this.requests.add(made);
    return made;
  }

  /** The engine's slot; the first request opens the connection. */
  engineSlot(): Slot {
    if (this.slot === NO_SLOT) {
      this.slot = this.context.downstreams.take(this);
      this.context.input((engine) => engine.onDownstreamOpen(this.slot, 0, PEER));
    }
    return this.slot;
  }

  /** The client has read the end of a response. */
  answered(request: VirtualRequest): void {
    if (request.isComplete) this.requests.delete(request);
    if (this.isGoingAway && !this.isClosing) this.closeAfter(HOP_NS, CloseReason.local);
  }

  closeAfter(delayNs: Ns, reason: CloseReason): void {
    this.isClosing = true;
    this.context.time.afterNs(delayNs, () => this.close(reason));
  }

  close(reason: CloseReason): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const request of this.requests) request.cut();
    if (this.slot === NO_SLOT) return;
    this.context.downstreams.free(this.slot);
    this.context.input((engine) => engine.onDownstreamClosed(this.slot, reason));
  }
}

/** A request, seen from the client and from the ports. */
export class VirtualRequest implements ClientExchange {
  slot: Slot = NO_SLOT;
  readonly connection: VirtualDownstream;
  private readonly context: VirtualContext;
  private readonly request: RequestToSend;
  private readonly listener: ClientListener;
  private readonly up: Pipe;
  private readonly down: Pipe;
  private hasRequestEnded = false;
  private hasResponseEnded = false;
  private hasClientSeenEnd = false;

  constructor(
    context: VirtualContext,
    connection: VirtualDownstream,
    request: RequestToSend,
    listener: ClientListener,
  ) {
    this.context = context;
    this.connection = connection;
    this.request = request;
    this.listener = listener;
    const { time } = context;
    this.up = new Pipe(time, SOCKET_BUFFER_BYTES, () => listener.onWritable());
    this.down = new Pipe(time, SOCKET_BUFFER_BYTES, () => this.tellWritable(true));
    this.up.push(0, () => this.start());
  }

  get isComplete(): boolean {
    return this.hasRequestEnded && this.hasClientSeenEnd;
  }

  sendBody(chunk: Uint8Array): boolean {
    return this.up.push(chunk.length, () => {
      const { slot } = this;
      if (slot === NO_SLOT) return;
      this.context.enterProxy(chunk.length);
      this.context.input((engine) => engine.onRequestBody(slot, chunk.length, chunk, false));
    });
  }

  end(trailers: HeaderList): void {
    this.up.push(0, () => {
      const { slot } = this;
      if (slot === NO_SLOT) return;
      this.endRequest();
      if (trailers.length === 0) {
        this.context.input((engine) => engine.onRequestBody(slot, 0, null, true));
        return;
      }
      const head = new HttpHead({ headers: trailers });
      this.context.input((engine) => engine.onRequestTrailers(slot, head));
    });
  }

  setReading(on: boolean): void {
    this.down.setReading(on);
  }

  abort(): void {
    this.context.time.afterNs(HOP_NS, () => this.connection.close(CloseReason.remoteEnd));
  }

  // what the ports do

  setRequestReading(on: boolean): void {
    this.up.setReading(on);
  }

  respondInformational(head: Head): void {
    this.down.push(0, () => this.listener.onInformational(head.status));
  }

  respondHead(head: Head, end: boolean): void {
    const headers: [string, string][] = head.headers.map(([name, value]) => [name, value]);
    if (this.connection.isGoingAway) headers.push(['connection', 'close']);
    this.down.push(0, () => this.listener.onHead(head.status, headers), true);
    if (end) this.endResponse([]);
  }

  respondBody(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    const hasRoom = this.down.push(bytes, () => {
      this.context.leaveProxy(bytes);
      this.listener.onBody(bytesOf(bytes, chunk));
    });
    if (end) this.endResponse([]);
    else if (!hasRoom) this.tellFull();
  }

  respondTrailers(trailers: Head): void {
    this.endResponse(trailers.headers);
  }

  /** The engine gave the request up; it closes the connection next. */
  reset(): void {
    this.free();
    this.down.close();
  }

  /** The connection is gone. */
  cut(): void {
    this.up.close();
    this.down.close();
    if (!this.hasClientSeenEnd) this.listener.onCut();
    const { slot } = this;
    if (slot === NO_SLOT) return;
    this.free();
    this.context.input((engine) => {
      engine.onRequestReset(slot, ResetReason.connectionTermination);
    });
  }

  private start(): void {
    const { context, request } = this;
    const uid = context.identity.nextUid();
    const { method, authority, path, headers, hasBody } = request;
    const head = new HttpHead({ method, authority, path, headers });
    const connection = this.connection.engineSlot();
    this.slot = context.requests.take(this);
    const { slot } = this;
    this.hasRequestEnded = !hasBody;
    context.input((engine) => engine.onRequest(slot, connection, uid, head, !hasBody));
  }

  private endRequest(): void {
    this.hasRequestEnded = true;
    if (this.hasResponseEnded) this.free();
  }

  private endResponse(trailers: HeaderList): void {
    this.hasResponseEnded = true;
    if (this.hasRequestEnded) this.free();
    this.down.push(0, () => {
      this.hasClientSeenEnd = true;
      this.listener.onEnd(trailers);
      this.connection.answered(this);
    });
  }

  private free(): void {
    this.context.requests.free(this.slot);
    this.slot = NO_SLOT;
  }

  private tellFull(): void {
    this.context.time.afterNs(0, () => {
      if (this.down.isOverfull) this.tellWritable(false);
    });
  }

  private tellWritable(writable: boolean): void {
    const { slot } = this;
    if (slot === NO_SLOT || this.hasResponseEnded) return;
    this.context.input((engine) => engine.onWritable(Side.request, slot, writable));
  }
}
