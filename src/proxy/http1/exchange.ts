/**
 * One request of a client and its answer: Node's two message objects, seen from the engine's slot.
 *
 * `downstream-connection.ts` makes one per request and starts it when those before it are over.
 * Its slot is free after the end of both directions, or after a reset by either side.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Head, Slot } from '../../core/engine.ts';
import { NO_SLOT, type ResetReason, Side } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import type { Turns } from '../turns.ts';
import { pairsOf } from './headers.ts';
import { bodyLengthOf } from './request-head.ts';
import { ResponseWriter, UNTOLD } from './response-writer.ts';

/** When the parts of a request passed, ms of `performance.now()`; -1 = not yet. */
export interface ExchangeTimes {
  readonly startMs: number;
  requestEndMs: number;
  /** The head of the upstream's response came. */
  responseStartMs: number;
}

/** A request that the engine may know. */
export class Exchange {
  readonly message: IncomingMessage;
  readonly writer: ResponseWriter;
  /** `NO_SLOT` before the engine knows it and after it is over. */
  slot: Slot = NO_SLOT;
  readonly times: ExchangeTimes = {
    startMs: performance.now(),
    requestEndMs: -1,
    responseStartMs: -1,
  };
  private readonly turns: Turns;
  private readonly onOver: (exchange: Exchange) => void;
  private readonly bodyLength: number | null;
  private receivedBytes = 0;
  private hasRequestEnded: boolean;
  private isWritable = true;

  /** @param onOver called once: both directions have ended, or one side gave up */
  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    turns: Turns,
    onOver: (exchange: Exchange) => void,
  ) {
    this.message = message;
    this.turns = turns;
    this.onOver = onOver;
    this.writer = new ResponseWriter(message.method ?? 'GET', response);
    this.bodyLength = bodyLengthOf(message);
    this.hasRequestEnded = this.bodyLength === 0;
    if (this.hasRequestEnded) this.times.requestEndMs = this.times.startMs;
    response.on('drain', () => this.setWritable(true));
  }

  get isRequestComplete(): boolean {
    return this.hasRequestEnded;
  }

  /** From now on the body flows into the engine. */
  readBody(): void {
    this.message.on('data', (chunk: Uint8Array) => this.received(chunk));
    this.message.on('end', () => this.endOfChunks());
  }

  setReading(on: boolean): void {
    if (on) this.message.resume();
    else this.message.pause();
  }

  /**
   * @param isLocal the proxy's own answer
   * @param mustClose the connection ends with it
   * @param isQuiet the client is not told how long the upstream took
   */
  respondHead(
    head: Head,
    end: boolean,
    isLocal: boolean,
    mustClose: boolean,
    isQuiet = false,
  ): void {
    const tookMs = isLocal ? null : this.startResponse();
    const serviceTimeMs = isQuiet && !isLocal ? UNTOLD : tookMs;
    this.writer.writeHead(head, end, { serviceTimeMs, mustClose });
    if (end) this.endResponse();
  }

  respondBody(chunk: Uint8Array, end: boolean): void {
    const hasRoom = this.writer.writeBody(chunk, end);
    if (end) this.endResponse();
    else if (!hasRoom) this.setWritable(false);
  }

  respondTrailers(trailers: Head): void {
    this.writer.writeTrailers(trailers.headers);
    this.endResponse();
  }

  /** The client is gone, or sent what nobody can read. */
  fail(reason: ResetReason): void {
    const { slot } = this;
    if (slot === NO_SLOT) return;
    this.onOver(this);
    this.turns.run((engine) => engine.onRequestReset(slot, reason));
  }

  private received(chunk: Uint8Array): void {
    const { slot } = this;
    if (slot === NO_SLOT) return;
    this.receivedBytes += chunk.length;
    const end = this.receivedBytes === this.bodyLength;
    if (end) this.endRequest();
    this.turns.run((engine) => engine.onRequestBody(slot, chunk.length, chunk, end));
  }

  private endOfChunks(): void {
    const { slot } = this;
    if (slot === NO_SLOT || this.hasRequestEnded) return;
    this.endRequest();
    const trailers = pairsOf(this.message.rawTrailers);
    if (trailers.length === 0) {
      this.turns.run((engine) => engine.onRequestBody(slot, 0, null, true));
      return;
    }
    const head = new HttpHead({ headers: trailers });
    this.turns.run((engine) => engine.onRequestTrailers(slot, head));
  }

  /** @returns whole ms since the end of the request; 0 when the answer came before it */
  private startResponse(): number {
    const { times } = this;
    times.responseStartMs = performance.now();
    return this.hasRequestEnded ? Math.floor(times.responseStartMs - times.requestEndMs) : 0;
  }

  private endRequest(): void {
    this.hasRequestEnded = true;
    this.times.requestEndMs = performance.now();
    if (this.writer.hasEnded) this.onOver(this);
  }

  private endResponse(): void {
    if (this.hasRequestEnded) this.onOver(this);
  }

  private setWritable(writable: boolean): void {
    const { slot } = this;
    if (slot === NO_SLOT || writable === this.isWritable || this.writer.hasEnded) return;
    this.isWritable = writable;
    this.turns.run((engine) => engine.onWritable(Side.request, slot, writable));
  }
}
