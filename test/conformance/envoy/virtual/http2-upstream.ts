/**
 * An HTTP/2 connection of the virtual proxy to an upstream: many streams, in plain bytes.
 *
 * Windows are wide, so nobody waits for them.
 */
import type { Head, HeaderList, Slot } from '../../../../src/core/engine.ts';
import { CloseReason, ResetReason } from '../../../../src/core/engine.ts';
import { HttpHead } from '../../../../src/core/head.ts';
import { latin1 } from '../http-text.ts';
import {
  contentOf,
  dataFrames,
  ERROR_CODES,
  type ErrorCode,
  type Frame,
  FrameFlag,
  FrameReader,
  FrameType,
  frame,
  MAX_CONCURRENT_STREAMS,
  PREFACE,
  resetFrame,
  settingOf,
  settingsFrame,
  WIDE_WINDOWS,
} from '../http2/frames.ts';
import { fieldBlock, HeaderReader } from '../http2/hpack.ts';
import { UpstreamConnection, type UpstreamStream } from './upstream-connection.ts';

/** What a peer may send in one frame, as nobody was told otherwise. */
const MOST_BYTES = 16_384;
const NO_BYTES = Buffer.alloc(0);
const BEGINNING = Buffer.concat([latin1(PREFACE), settingsFrame([WIDE_WINDOWS])]);
/** Codes that say more than that the peer has had enough. */
const RESET_REASONS: Readonly<Partial<Record<ErrorCode, ResetReason>>> = {
  refused_stream: ResetReason.remoteRefusedStream,
  protocol_error: ResetReason.protocolError,
};

export class Http2Upstream extends UpstreamConnection {
  private readonly frames = new FrameReader();
  private readonly headers = new HeaderReader();
  /** By their numbers. */
  private readonly open = new Map<number, OpenStream>();
  private nextId = 1;
  private block: Buffer = NO_BYTES;
  private hasSettings = false;
  private hasBegun = false;

  openStream(slot: Slot, head: Head, end: boolean): void {
    const id = this.nextId;
    this.nextId += 2;
    const made = new OpenStream(this, id, slot);
    this.open.set(id, made);
    this.context.streams.put(slot, made);
    const fields: HeaderList = [
      [':method', head.method],
      [':path', head.path],
      [':scheme', 'http'],
      [':authority', head.authority],
      ...head.headers,
    ];
    this.sendFields(id, fields, end);
    if (end) made.endRequest();
  }

  /** A field block with what follows it. */
  sendFields(id: number, fields: HeaderList, end: boolean): void {
    const flags = FrameFlag.endHeaders | (end ? FrameFlag.endStream : 0);
    this.write(frame(FrameType.headers, flags, id, fieldBlock(fields)));
  }

  write(bytes: Uint8Array): void {
    if (!this.hasBegun) this.end?.write(BEGINNING);
    this.hasBegun = true;
    this.end?.write(bytes);
  }

  /** The stream is over in both directions, or was reset. */
  forget(stream: OpenStream): void {
    if (this.open.delete(stream.id)) this.context.streams.remove(stream.slot);
  }

  onBytes(bytes: Uint8Array): void {
    for (const next of this.frames.push(bytes)) {
      if (this.isGone) return;
      if (!this.isInOrder(next)) {
        this.lost(CloseReason.protocolError);
        return;
      }
      this.onFrame(next);
    }
    if (this.frames.announcedBytes > MOST_BYTES) this.lost(CloseReason.protocolError);
  }

  protected resetAll(reason: CloseReason): void {
    const isWrong = reason === CloseReason.protocolError;
    const why = isWrong ? ResetReason.protocolError : ResetReason.connectionTermination;
    for (const stream of [...this.open.values()]) this.resetOne(stream, why);
  }

  /** Settings come first. */
  private isInOrder({ type, payload }: Frame): boolean {
    if (payload.length > MOST_BYTES) return false;
    this.hasSettings ||= type === FrameType.settings;
    return this.hasSettings;
  }

  private onFrame(next: Frame): void {
    const { type, flags, stream: id, payload } = next;
    const { slot, context } = this;
    const stream = this.open.get(id);
    const isEnd = (flags & FrameFlag.endStream) !== 0;
    switch (type) {
      case FrameType.settings: {
        if ((flags & FrameFlag.ack) !== 0) break;
        this.write(frame(FrameType.settings, FrameFlag.ack, 0, NO_BYTES));
        const max = settingOf(next, MAX_CONCURRENT_STREAMS);
        if (max !== undefined) context.input((engine) => engine.onStreamLimit(slot, max));
        break;
      }
      case FrameType.ping:
        if ((flags & FrameFlag.ack) === 0) {
          this.write(frame(FrameType.ping, FrameFlag.ack, 0, payload));
        }
        break;
      case FrameType.headers:
      case FrameType.continuation: {
        const content = type === FrameType.headers ? contentOf(next) : payload;
        this.block = Buffer.concat([this.block, content]);
        if ((flags & FrameFlag.endHeaders) === 0) break;
        const fields = this.headers.read(this.block);
        this.block = NO_BYTES;
        if (stream !== undefined) this.onFields(stream, fields, isEnd);
        break;
      }
      case FrameType.data: {
        if (stream === undefined) break;
        const content = contentOf(next);
        if (isEnd) stream.endResponse();
        context.input((engine) =>
          engine.onResponseBody(stream.slot, content.length, content, isEnd),
        );
        break;
      }
      case FrameType.resetStream: {
        if (stream === undefined) break;
        const code = ERROR_CODES[payload.readUInt32BE(0)] ?? 'internal_error';
        this.resetOne(stream, RESET_REASONS[code] ?? ResetReason.remoteReset);
        break;
      }
      case FrameType.goAway:
        this.onGoAway(payload.readUInt32BE(0), payload.readUInt32BE(4) !== 0);
        break;
      default:
    }
  }

  private onFields(stream: OpenStream, fields: HeaderList, end: boolean): void {
    const { context } = this;
    const status = Number(fields.find(([name]) => name === ':status')?.[1] ?? 0);
    const headers = fields.filter(([name]) => !name.startsWith(':'));
    if (status === 0) {
      stream.endResponse();
      const trailers = new HttpHead({ headers });
      context.input((engine) => engine.onResponseTrailers(stream.slot, trailers));
      return;
    }
    const head = new HttpHead({ status, headers });
    if (status < 200) {
      context.input((engine) => engine.onInformational(stream.slot, head));
      return;
    }
    if (end) stream.endResponse();
    context.input((engine) => {
      context.turns.isUpstreamHead = true;
      engine.onResponseHead(stream.slot, head, end);
      context.turns.isUpstreamHead = false;
    });
  }

  /** The peer has not looked at later streams than the last one. */
  private onGoAway(last: number, isError: boolean): void {
    const { context, slot } = this;
    context.input((engine) => engine.onGoAway(slot, isError));
    for (const stream of [...this.open.values()]) {
      if (stream.id > last) this.resetOne(stream, ResetReason.remoteRefusedStream);
    }
  }

  private resetOne(stream: OpenStream, reason: ResetReason): void {
    this.forget(stream);
    this.context.input((engine) => engine.onStreamReset(stream.slot, reason, ''));
  }
}

class OpenStream implements UpstreamStream {
  readonly id: number;
  readonly slot: Slot;
  private readonly connection: Http2Upstream;
  private hasRequestEnded = false;
  private hasResponseEnded = false;

  constructor(connection: Http2Upstream, id: number, slot: Slot) {
    this.connection = connection;
    this.id = id;
    this.slot = slot;
  }

  sendBody(chunk: Uint8Array, end: boolean): void {
    this.connection.write(dataFrames(this.id, chunk, end));
    if (end) this.endRequest();
  }

  sendTrailers(trailers: HeaderList): void {
    this.connection.sendFields(this.id, trailers, true);
    this.endRequest();
  }

  resetStream(): void {
    this.connection.write(resetFrame(this.id, 'cancel'));
    this.connection.forget(this);
  }

  /** Nobody reads slowly enough here for it to matter. */
  setReading(): void {}

  endRequest(): void {
    this.hasRequestEnded = true;
    if (this.hasResponseEnded) this.connection.forget(this);
  }

  endResponse(): void {
    this.hasResponseEnded = true;
    if (this.hasRequestEnded) this.connection.forget(this);
  }
}
