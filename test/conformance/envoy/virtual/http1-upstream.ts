/**
 * An HTTP/1 connection of the virtual proxy to an upstream, or one of bytes without protocol.
 */
import type { Endpoint, Head, HeaderList, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, NO_SLOT, ResetReason } from '../../../../src/core/engine.ts';
import { HttpHead } from '../../../../src/core/head.ts';
import { endToEnd, fieldLines } from '../../../../src/proxy/http1/headers.ts';
import {
  type ParsedHead,
  ResponseParser,
  type ResponseSink,
} from '../../../../src/proxy/http1/response-parser.ts';
import { latin1 } from '../http-text.ts';
import type { VirtualContext } from './context.ts';
import { type Dialled, UpstreamConnection, type UpstreamStream } from './upstream-connection.ts';

const BODILESS_METHODS: ReadonlySet<string> = new Set('GET HEAD DELETE TRACE CONNECT'.split(' '));

export class Http1Upstream extends UpstreamConnection implements ResponseSink, UpstreamStream {
  private readonly parser = new ResponseParser(this);
  private stream: Slot = NO_SLOT;
  private hasRequestEnded = false;
  private hasResponseEnded = false;
  private hasResponseByte = false;
  private isChunked = false;
  private isTunnel = false;
  private isUpgrade = false;
  private hasAnswered = false;
  private isDraining = false;
  /** More came than the response. */
  private hasExcess = false;
  /** Bytes without protocol. */
  private readonly isRaw: boolean;

  constructor(
    context: VirtualContext,
    slot: Slot,
    endpoint: Endpoint,
    dial: (address: string) => Dialled,
    isRaw: boolean,
  ) {
    super(context, slot, endpoint, dial);
    this.isRaw = isRaw;
  }

  // what the ports do

  openStream(stream: Slot, head: Head, end: boolean): void {
    this.stream = stream;
    this.context.streams.put(stream, this);
    this.hasRequestEnded = false;
    this.hasResponseEnded = false;
    this.hasResponseByte = false;
    this.parser.expect(head.method);
    const hasLength = head.get('content-length') !== undefined;
    const isUpgrade = head.upgrade !== '';
    this.isUpgrade = isUpgrade;
    this.hasAnswered = false;
    this.isChunked = !end && !hasLength && !isUpgrade;
    let text = `${head.method} ${head.path} HTTP/1.1\r\nhost: ${head.authority}\r\n`;
    text += fieldLines(head.headers);
    if (isUpgrade) text += `connection: upgrade\r\nupgrade: ${head.upgrade}\r\n`;
    else if (this.isChunked) text += 'transfer-encoding: chunked\r\n';
    else if (end && !hasLength && !BODILESS_METHODS.has(head.method)) {
      text += 'content-length: 0\r\n';
    }
    this.end?.write(latin1(`${text}\r\n`));
    if (end) this.endRequest();
  }

  sendBody(chunk: Uint8Array, end: boolean): void {
    if (chunk.length > 0) {
      const isFramed = this.isChunked && !this.isTunnel;
      const size = isFramed ? latin1(`${chunk.length.toString(16)}\r\n`) : null;
      if (size === null) this.end?.write(chunk);
      else this.end?.write(Buffer.concat([size, chunk, latin1('\r\n')]));
    }
    if (!end) return;
    if (this.isChunked) this.end?.write(latin1('0\r\n\r\n'));
    this.endRequest();
  }

  sendTrailers(trailers: HeaderList): void {
    if (this.isChunked) this.end?.write(latin1(`0\r\n${fieldLines(trailers)}\r\n`));
    this.endRequest();
  }

  resetStream(): void {
    this.freeStream();
    this.closeBy();
  }

  setReading(on: boolean): void {
    if (!on) this.parser.pause();
    else this.context.time.afterNs(0, () => this.parser.resume());
  }

  // what arrives

  onBytes(bytes: Uint8Array): void {
    if (this.isRaw) {
      const { slot } = this;
      this.context.input((engine) => engine.onUpstreamData(slot, bytes.length, bytes, false));
      return;
    }
    if (this.isTunnel) {
      const { stream } = this;
      if (stream === NO_SLOT) return;
      this.context.input((engine) => engine.onResponseBody(stream, bytes.length, bytes, false));
      return;
    }
    if (this.stream !== NO_SLOT) this.hasResponseByte = true;
    if (this.isUpgrade && !this.hasAnswered) {
      this.answerUpgrade(Buffer.from(bytes));
      return;
    }
    try {
      this.parser.push(Buffer.from(bytes));
      if (this.hasExcess) this.lost(CloseReason.protocolError);
    } catch {
      this.resetOpenStream(ResetReason.protocolError);
      this.lost(CloseReason.protocolError);
    }
  }

  override onEnd(): void {
    const { stream } = this;
    if (this.isTunnel && stream !== NO_SLOT) {
      this.endResponse();
      this.drain();
      this.context.input((engine) => engine.onResponseBody(stream, 0, null, true));
    } else this.parser.finish();
    super.onEnd();
  }

  onInformational(head: ParsedHead): void {
    const { stream } = this;
    if (stream === NO_SLOT) return;
    const made = new HttpHead({ status: head.status, headers: endToEnd(head.headers) });
    // The response proper has not begun.
    this.hasResponseByte = false;
    this.context.input((engine) => engine.onInformational(stream, made));
  }

  onHead(head: ParsedHead, end: boolean): void {
    const { stream, context } = this;
    if (stream === NO_SLOT) return;
    if (!head.keepsAlive) this.drain();
    const made = new HttpHead({ status: head.status, headers: endToEnd(head.headers) });
    if (end) this.endResponse();
    context.input((engine) => {
      context.turns.isUpstreamHead = true;
      engine.onResponseHead(stream, made, end);
      context.turns.isUpstreamHead = false;
    });
  }

  onBody(chunk: Uint8Array, end: boolean): void {
    const { stream } = this;
    if (stream === NO_SLOT) return;
    if (end) this.endResponse();
    this.context.input((engine) => engine.onResponseBody(stream, chunk.length, chunk, end));
  }

  onTrailers(trailers: HeaderList): void {
    const { stream } = this;
    if (stream === NO_SLOT) return;
    this.endResponse();
    const head = new HttpHead({ headers: trailers });
    this.context.input((engine) => engine.onResponseTrailers(stream, head));
  }

  onExcess(): void {
    this.hasExcess = true;
  }

  /** The first response to an upgrade: 101 opens a tunnel, anything else is an ordinary answer. */
  private answerUpgrade(bytes: Buffer): void {
    const { stream } = this;
    this.hasAnswered = true;
    const text = bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (!text.startsWith('HTTP/1.1 101') || end < 0) {
      this.onBytes(bytes);
      return;
    }
    this.isTunnel = true;
    const lines = text.slice(0, end).split('\r\n').slice(1);
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    const upgrade = fields.find(([name]) => name === 'upgrade')?.[1] ?? '';
    const head = new HttpHead({ status: 101, upgrade, headers: endToEnd(fields) });
    this.context.input((engine) => engine.onResponseHead(stream, head, false));
    const rest = bytes.subarray(end + 4);
    if (rest.length > 0) this.onBytes(rest);
  }

  private drain(): void {
    if (this.isDraining) return;
    this.isDraining = true;
    this.context.input((engine) => engine.onGoAway(this.slot));
  }

  private endRequest(): void {
    this.hasRequestEnded = true;
    if (this.hasResponseEnded) this.freeStream();
  }

  private endResponse(): void {
    this.hasResponseEnded = true;
    if (this.hasRequestEnded) this.freeStream();
  }

  private freeStream(): void {
    if (this.stream === NO_SLOT) return;
    this.context.streams.remove(this.stream);
    this.stream = NO_SLOT;
  }

  private resetOpenStream(reason: ResetReason): void {
    const { stream } = this;
    if (stream === NO_SLOT) return;
    this.freeStream();
    this.context.input((engine) => engine.onStreamReset(stream, reason, ''));
  }

  protected resetAll(reason: CloseReason): void {
    const isCut = this.hasResponseByte && reason !== CloseReason.local;
    this.resetOpenStream(isCut ? ResetReason.protocolError : ResetReason.connectionTermination);
  }
}
