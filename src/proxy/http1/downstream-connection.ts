/**
 * One socket of a client: its requests one after another, and the engine connections it stands for.
 *
 * With one listening address for every outbound port, the Host of a request chooses the engine's
 * listener; so a socket is one engine connection per listener that its requests met. Pipelined
 * requests wait until those before them are answered, as in Envoy.
 * Source: the contract in core/engine.ts, rules 2 and 5; policy-engine.md §1.4 (delayed close).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Head, PeerFacts, Slot } from '../../core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND, SECOND } from '../../core/time.ts';
import { formatAddress } from '../addresses.ts';
import type { RequestIdentity } from '../request-identity.ts';
import type { SlotTable } from '../slot-table.ts';
import type { Turns } from '../turns.ts';
import type { UnlistenedRequest } from '../unlistened.ts';
import { Exchange, type ExchangeTimes } from './exchange.ts';
import { type Refusal, refusalOf, requestHeadOf } from './request-head.ts';

/** What all connections of a proxy share. */
export interface DownstreamContext {
  readonly turns: Turns;
  readonly identity: RequestIdentity;
  readonly connections: SlotTable<DownstreamConnection>;
  readonly requests: SlotTable<RequestAtConnection>;
  /** By request slot; stays after the slot is free, until it is taken again. */
  readonly times: ExchangeTimes[];
  /** How long a connection may be without any request; 0 = for ever. */
  readonly firstIdleTimeoutMs: number;
  /** Between a response that says `connection: close` and the close; 0 = at once. */
  readonly delayedCloseMs: number;
  /** @returns id of the engine's listener, or null when none serves this authority */
  chooseListener(authority: string): number | null;
  /** The listener's port in the mesh. */
  portOf(listener: number): number;
  /** Clients are not told how long upstreams took. */
  readonly isQuiet: boolean;
  /** Answers a request that no listener serves. */
  refuseUnlistened(exchange: Exchange, request: UnlistenedRequest): void;
}

/** What a request slot stands for. */
export interface RequestAtConnection {
  readonly connection: DownstreamConnection;
  readonly exchange: Exchange;
}

/** How long the rest of a request may still arrive after the connection's last answer. */
const LINGER_NS: Ns = SECOND;

export class DownstreamConnection {
  private readonly socket: Socket;
  private readonly context: DownstreamContext;
  private readonly facts: PeerFacts;
  private readonly slots = new Map<number, Slot>();
  private readonly waiting: Exchange[] = [];
  private current: Exchange | null = null;
  /** The engine connection that `current` belongs to. */
  private currentSlot: Slot = NO_SLOT;
  private closeReason: CloseReason = CloseReason.remoteEnd;
  private linger: NodeJS.Timeout | null = null;
  /** Until the first request the engine, and so its idle timeout, knows nothing of the socket. */
  private readonly firstRequestTimer: NodeJS.Timeout | undefined;
  /** Closes once everything is written. */
  private readonly closeWhenWritten: () => void;
  /** The next response says `connection: close`. */
  private isGoingAway = false;
  /** A response said so: no request behind it is served. */
  private hasSaidClose = false;

  constructor(socket: Socket, context: DownstreamContext) {
    this.socket = socket;
    this.context = context;
    this.facts = peerOf(socket);
    this.closeWhenWritten = socket.destroySoon.bind(socket);
    // Node closes behind a response that says `connection: close`, even where the rest of the request
    // still comes, which could reset the client before it has read the answer. Then we linger.
    socket.destroySoon = () => {
      if (this.linger !== null) return;
      if (context.delayedCloseMs === 0) this.closeWhenWritten();
      else this.closeAfter(context.delayedCloseMs * MILLISECOND);
    };
    this.firstRequestTimer = this.limitFirstIdleTime();
    socket.on('end', () => this.ended());
    socket.on('error', () => this.setReason(CloseReason.remoteReset));
    socket.on('close', () => this.closed());
  }

  get isIdle(): boolean {
    return this.current === null;
  }

  get hasEndedRequests(): boolean {
    return this.hasSaidClose || this.linger !== null;
  }

  /** A request came; it starts when those before it are over. */
  accept(message: IncomingMessage, response: ServerResponse): void {
    if (this.hasEndedRequests) return;
    const exchange = new Exchange(message, response, this.context.turns, (over) => this.over(over));
    if (this.current === null) {
      this.start(exchange);
      return;
    }
    this.waiting.push(exchange);
    // Who pipelines is not read on until their requests are answered.
    this.socket.pause();
  }

  /** Bytes came that are no request. `response` answers them where nothing else is being answered. */
  acceptMalformed(message: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    if (this.current !== null) {
      this.setReason(CloseReason.protocolError);
      this.socket.destroy();
      return;
    }
    this.isGoingAway = true;
    const exchange = new Exchange(message, response, this.context.turns, (over) => this.over(over));
    this.current = exchange;
    this.refuse(exchange, this.anyConnection(), refusal);
  }

  goAway(): void {
    this.isGoingAway = true;
  }

  respondHead(exchange: Exchange, head: Head, end: boolean, isLocal: boolean): void {
    this.hasSaidClose = this.isGoingAway;
    exchange.respondHead(head, end, isLocal, this.isGoingAway, this.context.isQuiet);
  }

  /**
   * Closes the socket, and with it every engine connection it stands for; but a connection that is
   * not the one in use only leaves it.
   */
  close(slot: Slot, how: 'abort' | 'flush' | 'linger', lingerNs: Ns, reason: CloseReason): void {
    if (this.current !== null && slot !== this.currentSlot) {
      this.leave(slot, reason);
      return;
    }
    this.setReason(reason);
    if (how === 'abort') this.socket.destroy();
    else if (how === 'flush' || lingerNs === 0) this.closeWhenWritten();
    else this.closeAfter(lingerNs);
  }

  /**
   * The engine gave one request up, and closes the connection next, as HTTP/1 must. Until then the
   * client may still send what nobody wants.
   */
  reset(exchange: Exchange): void {
    this.over(exchange);
    exchange.setReading(true);
  }

  private limitFirstIdleTime(): NodeJS.Timeout | undefined {
    const { firstIdleTimeoutMs } = this.context;
    if (firstIdleTimeoutMs === 0) return undefined;
    return setTimeout(() => {
      if (this.slots.size === 0) this.socket.destroy();
    }, firstIdleTimeoutMs).unref();
  }

  private start(exchange: Exchange): void {
    this.current = exchange;
    const refusal = refusalOf(exchange.message);
    if (refusal !== null) {
      this.isGoingAway = true;
      this.refuse(exchange, this.anyConnection(), refusal);
      return;
    }
    const { identity, turns } = this.context;
    const uid = identity.nextUid();
    const head = requestHeadOf(exchange.message, () => identity.requestId(uid));
    const listener = this.context.chooseListener(head.authority);
    if (listener === null) {
      this.isGoingAway = true;
      const { remoteAddress } = this.facts;
      this.context.refuseUnlistened(exchange, { uid, head, remoteAddress });
      if (this.current === exchange) {
        this.reset(exchange);
        this.closeAfter(LINGER_NS);
      }
      return;
    }
    const connection = this.connectionTo(listener);
    // The engine may have closed it at once: it takes no plain text.
    if (this.socket.destroyed) return;
    this.currentSlot = connection;
    const slot = this.takeSlot(exchange);
    const end = exchange.isRequestComplete;
    turns.run((engine) => engine.onRequest(slot, connection, uid, head, end));
    exchange.readBody();
  }

  private refuse(exchange: Exchange, connection: Slot, refusal: Refusal): void {
    this.currentSlot = connection;
    const slot = this.takeSlot(exchange);
    const { status, details } = refusal;
    this.context.turns.run((engine) => engine.onRequestStart(slot, connection));
    this.context.turns.run((engine) => engine.onMalformedRequest(slot, status, details));
  }

  private takeSlot(exchange: Exchange): Slot {
    const slot = this.context.requests.take({ connection: this, exchange });
    this.context.times[slot] = exchange.times;
    exchange.slot = slot;
    return slot;
  }

  /** A request that cannot be read names no listener: any will do. */
  private anyConnection(): Slot {
    const [known] = this.slots.values();
    return known ?? this.connectionTo(this.context.chooseListener('') ?? 0);
  }

  private connectionTo(listener: number): Slot {
    const known = this.slots.get(listener);
    if (known !== undefined) return known;
    const slot = this.context.connections.take(this);
    this.slots.set(listener, slot);
    this.currentSlot = slot;
    const facts = this.factsAt(this.context.portOf(listener));
    this.context.turns.run((engine) => engine.onDownstreamOpen(slot, listener, facts));
    return slot;
  }

  /** As at the port that the listener has in the mesh, not at the one this program listens on. */
  private factsAt(port: number): PeerFacts {
    return { ...this.facts, localAddress: formatAddress(this.socket.localAddress ?? '', port) };
  }

  private over(exchange: Exchange): void {
    if (exchange.slot !== NO_SLOT) this.context.requests.free(exchange.slot);
    exchange.slot = NO_SLOT;
    if (this.current !== exchange) return;
    this.current = null;
    // The input that ends this exchange may still be on its way; the next one starts after it.
    if (this.waiting.length > 0) queueMicrotask(() => this.startNext());
  }

  private startNext(): void {
    if (this.current !== null || this.socket.destroyed || this.hasEndedRequests) return;
    const next = this.waiting.shift();
    if (next !== undefined) this.start(next);
    if (this.waiting.length === 0) this.socket.resume();
  }

  /** A client that sends its end is gone, whatever it still waits for. Source: Envoy's HTTP/1 codec. */
  private ended(): void {
    this.setReason(CloseReason.remoteEnd);
    if (this.current !== null) this.socket.destroy();
  }

  private closed(): void {
    if (this.linger !== null) clearTimeout(this.linger);
    clearTimeout(this.firstRequestTimer);
    this.waiting.length = 0;
    this.current?.fail(ResetReason.connectionTermination);
    for (const slot of [...this.slots.values()]) this.leave(slot, this.closeReason);
  }

  /** One engine connection ends. */
  private leave(slot: Slot, reason: CloseReason): void {
    for (const [listener, known] of this.slots) if (known === slot) this.slots.delete(listener);
    this.context.connections.free(slot);
    this.context.turns.run((engine) => engine.onDownstreamClosed(slot, reason));
  }

  private setReason(reason: CloseReason): void {
    if (this.closeReason === CloseReason.remoteEnd) this.closeReason = reason;
  }

  private closeAfter(lingerNs: Ns): void {
    this.linger ??= setTimeout(() => this.socket.destroy(), lingerNs / MILLISECOND);
  }
}

function peerOf(socket: Socket): PeerFacts {
  return {
    tls: false,
    validated: false,
    sans: [],
    serverName: null,
    protocol: 'http1',
    remoteAddress: formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    localAddress: formatAddress(socket.localAddress ?? '', socket.localPort ?? 0),
  };
}
