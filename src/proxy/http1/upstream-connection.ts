/**
 * One connection to an endpoint, with at most one request on it at a time.
 *
 * The engine's pool dials, reuses and closes it; nothing is pooled here. It turns what the socket
 * does into engine inputs and ends, whatever happens, with `onConnectFailed` or
 * `onConnectionClosed`, after a reset of the stream that was still open.
 * Source: the contract in core/engine.ts, rules 4 to 6; policy-engine.md §3.6, §3.7.
 */
import type { Socket } from 'node:net';
import { connectFailureText } from '../../core/connect-failure-text.ts';
import type {
  ConnectFailure as ConnectFailureType,
  Head,
  HeaderList,
  PeerFacts,
  Slot,
} from '../../core/engine.ts';
import { CloseReason, ConnectFailure, ResetReason } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { plainPeer } from '../../core/plain-peer.ts';
import type { Turns } from '../turns.ts';
import { endToEnd, headerValue } from './headers.ts';
import { type ParsedHead, ResponseParser, type ResponseSink } from './response-parser.ts';
import { SyntaxProblem } from './syntax-problem.ts';
import { UpstreamStream } from './upstream-stream.ts';

/** How its owner learns that a slot is free, right before the input that tells the engine. */
export interface ConnectionOwner {
  /** The stream ended in both directions, or was reset. */
  onStreamFreed(stream: Slot): void;
  onConnectionFreed(connection: Slot): void;
}

/** An upstream HTTP/1 connection. */
export class UpstreamConnection implements ResponseSink {
  readonly slot: Slot;
  private readonly socket: Socket;
  private readonly turns: Turns;
  private readonly owner: ConnectionOwner;
  private readonly parser: ResponseParser;
  private stream: UpstreamStream | null = null;
  private isOpen = false;
  private isReading = true;
  private isDraining = false;
  private isClosedByUs = false;
  private isGone = false;
  /** More came than the response. */
  private hasExcess = false;
  private closeReason: CloseReason = CloseReason.remoteEnd;
  private failure: NodeJS.ErrnoException | null = null;

  /** @param isRaw bytes are handed on as they are, for checks of bare TCP */
  constructor(slot: Slot, socket: Socket, turns: Turns, owner: ConnectionOwner, isRaw = false) {
    this.slot = slot;
    this.socket = socket;
    this.turns = turns;
    this.owner = owner;
    this.parser = new ResponseParser(this);
    socket.on('connect', () => this.opened());
    const take = isRaw
      ? (bytes: Buffer) => this.turns.run((e) => e.onUpstreamData(slot, bytes.length, bytes, false))
      : (bytes: Buffer) => this.received(() => this.parser.push(bytes));
    socket.on('data', take);
    socket.on('end', () => this.ended());
    socket.on('error', (error) => this.failed(error));
    socket.on('drain', () => this.stream?.setWritable(true));
    socket.on('close', () => this.closed());
  }

  /** Starts a request on this idle connection. */
  openStream(slot: Slot, head: Head): UpstreamStream {
    this.parser.expect(head.method, head.upgrade !== '');
    this.stream = new UpstreamStream(slot, this.socket, this.turns, () => this.freeStream());
    return this.stream;
  }

  sendRaw(chunk: Uint8Array): void {
    this.socket.write(chunk);
  }

  /** HTTP/1 can abandon a request only together with its connection. */
  resetStream(): void {
    this.freeStream();
    this.close(CloseReason.local);
  }

  close(reason: CloseReason): void {
    this.isClosedByUs = true;
    this.closeReason = reason;
    this.socket.destroy();
  }

  /** Stops or resumes what comes from the peer. */
  setReading(on: boolean): void {
    this.isReading = on;
    if (on) {
      // The engine is in the middle of an input; what was held back follows after it.
      process.nextTick(() => this.resume());
      return;
    }
    this.parser.pause();
    this.socket.pause();
  }

  onInformational(head: ParsedHead): void {
    const { stream } = this;
    if (stream === null) return;
    stream.forgetBytes();
    const informational = new HttpHead({ status: head.status, headers: endToEnd(head.headers) });
    this.turns.run((engine) => engine.onInformational(stream.slot, informational));
  }

  onHead(head: ParsedHead, end: boolean): void {
    const { stream } = this;
    if (stream === null) return;
    if (!head.keepsAlive) this.startDraining();
    const upgrade = head.status === 101 ? (headerValue(head.headers, 'upgrade') ?? '') : '';
    const headers = endToEnd(head.headers);
    const response = new HttpHead({ status: head.status, upgrade, headers });
    if (end) stream.endResponse();
    this.turns.run((engine) => {
      this.turns.isUpstreamHead = true;
      engine.onResponseHead(stream.slot, response, end);
      this.turns.isUpstreamHead = false;
    });
  }

  onBody(chunk: Uint8Array, end: boolean): void {
    const { stream } = this;
    if (stream === null) return;
    if (end) stream.endResponse();
    this.turns.run((engine) => engine.onResponseBody(stream.slot, chunk.length, chunk, end));
  }

  onTrailers(trailers: HeaderList): void {
    const { stream } = this;
    if (stream === null) return;
    const head = new HttpHead({ headers: trailers });
    stream.endResponse();
    this.turns.run((engine) => engine.onResponseTrailers(stream.slot, head));
  }

  onExcess(): void {
    this.hasExcess = true;
  }

  private resume(): void {
    if (!this.isReading) return;
    this.received(() => this.parser.resume());
    if (this.isReading) this.socket.resume();
  }

  private startDraining(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    this.turns.run((engine) => engine.onGoAway(this.slot));
  }

  private opened(): void {
    this.isOpen = true;
    const peer = peerOf(this.socket);
    this.turns.run((engine) => engine.onConnected(this.slot, peer));
  }

  private received(parse: () => void): void {
    if (this.socket.destroyed && !this.parser.hasBacklog) return;
    try {
      parse();
      if (!this.hasExcess) return;
    } catch (problem) {
      if (!(problem instanceof SyntaxProblem)) throw problem;
      this.resetOpenStream(ResetReason.protocolError);
    }
    if (!this.isClosedByUs) this.closeReason = CloseReason.protocolError;
    this.socket.destroy();
    this.closed();
  }

  private ended(): void {
    this.closeReason = CloseReason.remoteEnd;
    if (this.parser.isTunnel) this.startDraining();
    this.parser.finish();
  }

  private failed(error: NodeJS.ErrnoException): void {
    this.failure = error;
    if (!this.isClosedByUs) this.closeReason = CloseReason.remoteReset;
  }

  private closed(): void {
    if (this.isGone) return;
    this.isGone = true;
    const { slot, closeReason } = this;
    this.resetOpenStream(
      this.stream?.hasResponseByte === true && !this.isClosedByUs
        ? ResetReason.protocolError
        : ResetReason.connectionTermination,
    );
    this.owner.onConnectionFreed(slot);
    if (this.isOpen || this.isClosedByUs) {
      this.turns.run((engine) => engine.onConnectionClosed(slot, closeReason));
      return;
    }
    const reason = connectFailureOf(this.failure);
    const detail = connectFailureText(this.failure?.code ?? '');
    this.turns.run((engine) => engine.onConnectFailed(slot, 'tcp', reason, detail));
  }

  /** Slots are freed before the input that ends them: the engine may use them again during it. */
  private resetOpenStream(reason: ResetReason): void {
    const { stream } = this;
    if (stream === null) return;
    this.freeStream();
    this.turns.run((engine) => engine.onStreamReset(stream.slot, reason, ''));
  }

  private freeStream(): void {
    if (this.stream === null) return;
    const { slot } = this.stream;
    this.stream = null;
    this.owner.onStreamFreed(slot);
  }
}

function connectFailureOf(error: NodeJS.ErrnoException | null): ConnectFailureType {
  switch (error?.code) {
    case 'ECONNREFUSED':
      return ConnectFailure.refused;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ConnectFailure.dns;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return ConnectFailure.unreachable;
    default:
      return ConnectFailure.closed;
  }
}

function peerOf(socket: Socket): PeerFacts {
  return plainPeer(
    `${socket.remoteAddress}:${socket.remotePort}`,
    `${socket.localAddress}:${socket.localPort}`,
  );
}
