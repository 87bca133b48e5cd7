/**
 * One request on an upstream connection: what the engine sends, and how far both directions are.
 *
 * It is over when request and response have ended; its connection may then carry the next one.
 */
import type { Socket } from 'node:net';
import type { Head, Slot } from '../../core/engine.ts';
import { Side } from '../../core/engine.ts';
import type { Turns } from '../turns.ts';
import { RequestWriter } from './request-writer.ts';

/** An attempt on the wire. */
export class UpstreamStream {
  readonly slot: Slot;
  private readonly socket: Socket;
  private readonly turns: Turns;
  private readonly onOver: () => void;
  private readonly writer: RequestWriter;
  private bytesReadBefore: number;
  private hasRequestEnded = false;
  private hasResponseEnded = false;
  private isWritable = true;

  /** @param onOver called once both directions have ended */
  constructor(slot: Slot, socket: Socket, turns: Turns, onOver: () => void) {
    this.slot = slot;
    this.socket = socket;
    this.turns = turns;
    this.onOver = onOver;
    this.writer = new RequestWriter(socket);
    this.bytesReadBefore = socket.bytesRead;
  }

  /** An interim response came: the response proper has not begun. */
  forgetBytes(): void {
    this.bytesReadBefore = this.socket.bytesRead;
  }

  /** Whether anything of the response proper came back since the request started. */
  get hasResponseByte(): boolean {
    return this.socket.bytesRead > this.bytesReadBefore;
  }

  sendHead(head: Head, end: boolean): void {
    this.writer.writeHead(head, end);
    if (end) this.endRequest();
  }

  sendBody(chunk: Uint8Array, end: boolean): void {
    const hasRoom = this.writer.writeBody(chunk, end);
    if (end) this.endRequest();
    else if (!hasRoom) this.setWritable(false);
  }

  sendTrailers(trailers: Head): void {
    this.writer.writeTrailers(trailers.headers);
    this.endRequest();
  }

  /** Tells the engine when the socket's buffer becomes full or empty. */
  setWritable(writable: boolean): void {
    if (writable === this.isWritable || this.hasRequestEnded) return;
    this.isWritable = writable;
    this.turns.run((engine) => engine.onWritable(Side.stream, this.slot, writable));
  }

  endResponse(): void {
    this.hasResponseEnded = true;
    if (this.hasRequestEnded) this.onOver();
  }

  private endRequest(): void {
    this.hasRequestEnded = true;
    if (this.hasResponseEnded) this.onOver();
  }
}
