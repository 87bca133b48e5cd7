/**
 * One connection of a client: its requests one after another, and the engine connections it stands
 * for.
 *
 * With one listening address for every outbound port, the Host of a request chooses the engine's
 * listener; such a connection is one engine connection per listener that its requests met. An address
 * with one listener behind it is one engine connection from the start. Pipelined requests wait until
 * those before them are answered, as in Envoy.
 * Source: the contract in core/engine.ts, rules 2 and 5; policy-engine.md §1.4 (delayed close).
 */
import type { Head, HeaderList, PeerFacts, Slot } from '../../core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason, Side } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import type { Ns } from '../../core/time.ts';
import { SECOND } from '../../core/time.ts';
import type { ListenerConfig } from '../../mesh/config/config.ts';
import { UNLISTENED_RESPONSE } from '../unlistened.ts';
import type { DownstreamContext } from './downstream-context.ts';
import { Exchange } from './exchange.ts';
import { headerValue, tokensOf } from './headers.ts';
import { isLastRequest, requestHeadOf, targetOf } from './request-head.ts';
import {
  type Malformed,
  type ParsedRequest,
  RequestParser,
  type RequestSink,
} from './request-parser.ts';
import { UNTOLD } from './response-writer.ts';
import type { Transport, TransportUser } from './transport.ts';

/** How long the rest of a request may still arrive after the connection's last answer. */
const LINGER_NS: Ns = SECOND;
/** What a client may send ahead before it is no longer read. */
const BACKLOG_LIMIT_BYTES = 64 * 1024;
const CONTINUE_HEAD: Head = new HttpHead({ status: 100 });

export class DownstreamConnection implements RequestSink, TransportUser {
  private readonly transport: Transport;
  private readonly context: DownstreamContext;
  private readonly facts: PeerFacts;
  private readonly parser: RequestParser;
  /** By id of the engine's listener. */
  private readonly slots = new Map<number, Slot>();
  private exchange: Exchange | null = null;
  /** The engine connection that `exchange` belongs to. */
  private slot: Slot = NO_SLOT;
  private closeReason: CloseReason = CloseReason.remoteEnd;
  private stopLingering: (() => void) | null = null;
  /** Until the first request the engine may know nothing of the connection, nor its idle timeout. */
  private readonly stopWaiting: (() => void) | null;
  /** The next response says `connection: close`. */
  private isGoingAway = false;
  /** Whatever still comes is dropped. */
  private isClosing = false;
  /** Whether the engine takes more of the request. */
  private isReading = true;

  /** @param facts who the client is; the local address with the port it was reached at */
  constructor(transport: Transport, facts: PeerFacts, context: DownstreamContext) {
    this.transport = transport;
    this.context = context;
    this.facts = facts;
    const trust = context.only?.clientTrust;
    const isEdge = trust?.usesRemoteAddress === true && trust.trustedHops === 0;
    this.parser = new RequestParser(this, context.only?.codec, !facts.tls && isEdge);
    transport.attach(this);
    this.stopWaiting = this.limitFirstIdleTime();
    if (context.only !== null) this.slot = this.connectionTo(context.only);
  }

  // what arrives

  onBytes(bytes: Buffer): void {
    if (this.isClosing) return;
    this.parser.push(bytes);
    this.regulate();
  }

  /** A client that sends its end is gone, whatever it still waits for. Source: Envoy's HTTP/1 codec. */
  onEnd(): void {
    const { exchange } = this;
    if (exchange === null) {
      this.transport.finish();
      return;
    }
    if (exchange.isTunnel && !exchange.hasRequestEnded) this.onBody(new Uint8Array(0), true);
    this.transport.abort();
  }

  onRoom(): void {
    if (this.exchange !== null) this.setWritable(this.exchange, true);
  }

  onGone(wasReset: boolean): void {
    if (wasReset) this.setReason(CloseReason.remoteReset);
    this.stopLingering?.();
    this.stopWaiting?.();
    this.stopServing();
    const request = this.exchange?.slot ?? NO_SLOT;
    if (this.exchange !== null) this.over(this.exchange);
    if (request !== NO_SLOT) {
      const reason = ResetReason.connectionTermination;
      this.context.turns.run((engine) => engine.onRequestReset(request, reason));
    }
    for (const slot of [...this.slots.values()]) this.leave(slot, this.closeReason);
  }

  onStart(): void {
    const exchange = new Exchange(this.transport, this.context.clock.nowMs());
    this.exchange = exchange;
    if (this.context.only === null) return;
    const { slot: connection } = this;
    const request = this.takeSlot(exchange);
    this.context.turns.run((engine) => engine.onRequestStart(request, connection));
  }

  onHead(parsed: ParsedRequest): void {
    const { exchange, context } = this;
    if (exchange === null) return;
    const target = targetOf(parsed, context.only?.codec);
    const listener = context.only ?? context.chooseListener(target.authority);
    exchange.writer.method = parsed.method;
    exchange.writer.isHttp10 = parsed.version === 'HTTP/1.0';
    if (isLastRequest(parsed)) this.isGoingAway = true;
    const isAtEdge = listener?.edge !== undefined;
    const uid = context.identity.nextUid();
    const scheme = this.facts.tls ? 'https' : 'http';
    const head = requestHeadOf(parsed, target, isAtEdge, scheme, () =>
      context.identity.requestId(uid),
    );
    exchange.isTunnel = head.upgrade !== '';
    if (exchange.isTunnel) this.parser.tunnel();
    const end = parsed.end && !exchange.isTunnel;
    if (end) this.endRequest(exchange);
    if (listener === null) {
      this.refuseUnlistened(exchange, uid, head);
      return;
    }
    if (exchange.slot === NO_SLOT) {
      this.slot = this.connectionTo(listener);
      // The engine may have closed it at once: it takes no plain text.
      if (this.isClosing) return;
      this.takeSlot(exchange);
    }
    if (!isAtEdge && headerValue(parsed.headers, 'expect')?.toLowerCase() === '100-continue') {
      exchange.writer.writeInformational(CONTINUE_HEAD);
    }
    const { slot } = exchange;
    const { slot: connection } = this;
    context.turns.run((engine) => engine.onRequest(slot, connection, uid, head, end));
  }

  onBody(bytes: Uint8Array, end: boolean): void {
    const { exchange } = this;
    if (exchange === null || exchange.slot === NO_SLOT) return;
    const { slot } = exchange;
    if (end) this.endRequest(exchange);
    this.context.turns.run((engine) => engine.onRequestBody(slot, bytes.length, bytes, end));
  }

  onTrailers(trailers: HeaderList): void {
    const { exchange } = this;
    if (exchange === null || exchange.slot === NO_SLOT) return;
    const { slot } = exchange;
    this.endRequest(exchange);
    const head = new HttpHead({ headers: trailers });
    this.context.turns.run((engine) => engine.onRequestTrailers(slot, head));
  }

  onMalformed({ status, details }: Malformed): void {
    const { exchange, context } = this;
    if (exchange === null) return;
    this.isGoingAway = true;
    if (exchange.slot === NO_SLOT) {
      const listener = context.anyListener();
      if (listener === null) {
        this.transport.abort();
        return;
      }
      const connection = this.connectionTo(listener);
      if (this.isClosing) return;
      this.slot = connection;
      const request = this.takeSlot(exchange);
      context.turns.run((engine) => engine.onRequestStart(request, connection));
    }
    const { slot } = exchange;
    context.turns.run((engine) => engine.onMalformedRequest(slot, status, details));
  }

  // what the engine does

  goAway(): void {
    this.isGoingAway = true;
  }

  /** The proxy stops: now, where no request is under way, or else with the next response. */
  drain(): void {
    this.goAway();
    if (this.exchange !== null) return;
    this.stopServing();
    this.setReason(CloseReason.local);
    this.transport.finish();
  }

  respondInformational(exchange: Exchange, head: Head): void {
    exchange.writer.writeInformational(head);
  }

  /** @param isLocal the proxy's own answer */
  respondHead(exchange: Exchange, head: Head, end: boolean, isLocal: boolean): void {
    const { clock, isQuiet } = this.context;
    if (tokensOf(head.get('connection')).includes('close')) this.isGoingAway = true;
    const tookMs = isLocal ? null : exchange.startResponse(clock.nowMs());
    const lastsToClose = exchange.writer.writeHead(head, end, {
      serviceTimeMs: isQuiet && !isLocal ? UNTOLD : tookMs,
      mustClose: this.isGoingAway,
      // An edge says what it wants to be called.
      namesServer: this.context.only?.edge === undefined,
      wallMs: clock.wallMs(),
    });
    if (lastsToClose) this.isGoingAway = true;
    if (end) this.endResponse(exchange);
  }

  respondBody(exchange: Exchange, chunk: Uint8Array, end: boolean): void {
    const hasRoom = exchange.writer.writeBody(chunk, end);
    if (end) this.endResponse(exchange);
    else if (!hasRoom) this.setWritable(exchange, false);
  }

  respondTrailers(exchange: Exchange, trailers: Head): void {
    exchange.writer.writeTrailers(trailers.headers);
    this.endResponse(exchange);
  }

  setReading(on: boolean): void {
    this.isReading = on;
    // The engine is in the middle of an input; what was held back follows after it.
    if (on) this.context.clock.soon(() => this.regulate());
    else this.regulate();
  }

  /**
   * The engine gave the request up, and closes the connection next, as HTTP/1 must. Until then the
   * client may still send what nobody wants.
   */
  reset(exchange: Exchange): void {
    this.over(exchange);
    this.stopServing();
  }

  /**
   * Closes the connection, and with it every engine connection it stands for; but an engine
   * connection that is not the one in use only leaves it.
   */
  close(slot: Slot, how: 'abort' | 'flush' | 'linger', lingerNs: Ns, reason: CloseReason): void {
    if (this.exchange !== null && slot !== this.slot) {
      this.leave(slot, reason);
      return;
    }
    this.stopServing();
    if (how === 'linger' && lingerNs > 0) {
      this.closeAfter(lingerNs, reason);
      return;
    }
    this.setReason(reason);
    if (how === 'abort') this.transport.abort();
    else this.transport.finish();
  }

  private limitFirstIdleTime(): (() => void) | null {
    const { firstIdleTimeoutNs, only, clock } = this.context;
    if (firstIdleTimeoutNs === 0 || only !== null) return null;
    return clock.after(firstIdleTimeoutNs, () => {
      if (this.slots.size === 0) this.transport.abort();
    });
  }

  private refuseUnlistened(exchange: Exchange, uid: number, head: Head): void {
    this.isGoingAway = true;
    this.respondHead(exchange, UNLISTENED_RESPONSE, true, true);
    this.context.logUnlistened({ uid, head, remoteAddress: this.facts.remoteAddress });
    if (exchange.hasRequestEnded) return;
    this.reset(exchange);
    this.closeAfter(LINGER_NS, CloseReason.local);
  }

  private takeSlot(exchange: Exchange): Slot {
    const slot = this.context.requests.take({ connection: this, exchange });
    this.context.times[slot] = exchange.times;
    exchange.slot = slot;
    return slot;
  }

  private connectionTo(listener: ListenerConfig): Slot {
    const known = this.slots.get(listener.id);
    if (known !== undefined) return known;
    const slot = this.context.connections.take(this);
    this.slots.set(listener.id, slot);
    this.slot = slot;
    // As at the port that the listener has in the mesh, not at the one this program listens on.
    const host = this.facts.localAddress.replace(/:\d+$/, '');
    const facts = { ...this.facts, localAddress: `${host}:${listener.port}` };
    this.context.turns.run((engine) => engine.onDownstreamOpen(slot, listener.id, facts));
    return slot;
  }

  private endRequest(exchange: Exchange): void {
    exchange.endRequest(this.context.clock.nowMs());
    if (exchange.writer.hasEnded) this.bothEnded(exchange);
    else this.regulate();
  }

  private endResponse(exchange: Exchange): void {
    if (exchange.hasRequestEnded) this.bothEnded(exchange);
  }

  private bothEnded(exchange: Exchange): void {
    this.over(exchange);
    if (!this.isGoingAway || this.isClosing) return;
    this.stopServing();
    // Nothing that the client sent can be lost, so there is nothing to wait for.
    this.setReason(CloseReason.local);
    this.transport.finish();
  }

  private over(exchange: Exchange): void {
    if (exchange.slot !== NO_SLOT) this.context.requests.free(exchange.slot);
    exchange.slot = NO_SLOT;
    if (this.exchange !== exchange) return;
    this.exchange = null;
    this.isReading = true;
    // The input that ends this exchange may still be on its way; the next one starts after it.
    this.context.clock.soon(() => this.regulate());
  }

  /** Reads on, or not: a request that is being answered, and a slow upstream, hold the client back. */
  private regulate(): void {
    if (this.isClosing) return;
    const isHeld = this.exchange?.hasRequestEnded === true || !this.isReading;
    if (isHeld) this.parser.hold();
    else this.parser.release();
    this.transport.setReading(!isHeld || this.parser.backlogBytes <= BACKLOG_LIMIT_BYTES);
  }

  private setWritable(exchange: Exchange, isWritable: boolean): void {
    const { slot } = exchange;
    if (slot === NO_SLOT || isWritable === exchange.isWritable || exchange.writer.hasEnded) return;
    exchange.isWritable = isWritable;
    this.context.turns.run((engine) => engine.onWritable(Side.request, slot, isWritable));
  }

  private stopServing(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.parser.kill();
    if (!this.transport.isGone) this.transport.setReading(true);
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

  private closeAfter(lingerNs: Ns, reason: CloseReason): void {
    this.stopLingering ??= this.context.clock.after(lingerNs, () => {
      this.setReason(reason === CloseReason.local ? CloseReason.lingered : reason);
      this.transport.finish();
    });
  }
}
