/**
 * A connection of a scripted upstream that speaks HTTP/2 from the first byte on, in plain text.
 *
 * Streams are answered side by side. `reset` resets the stream, `close` ends the connection. Windows
 * are wide, so nobody waits for them.
 */
import type { Announcement, Behaviour, Http2Spec } from './case-file.ts';
import { latin1, type Pairs } from './http-text.ts';
import {
  contentOf,
  dataFrames,
  type Frame,
  FrameFlag,
  FrameReader,
  FrameType,
  frame,
  goAwayFrame,
  MAX_CONCURRENT_STREAMS,
  PREFACE,
  resetFrame,
  settingsFrame,
  WIDE_WINDOWS,
  windowFrame,
} from './http2/frames.ts';
import { fieldBlock, HeaderReader } from './http2/hpack.ts';
import { type Answerer, type Arrival, headersOf } from './scripted-answer.ts';
import type { ByteStream, Stage } from './stage.ts';

const ALL_STREAMS = 0x7fff_ffff;

/** A request that is under way. */
interface OpenRequest extends Arrival {
  readonly stream: number;
  readonly method: string;
  hasBegun: boolean;
}

export class ScriptedHttp2 {
  private readonly stream: ByteStream;
  private readonly spec: Http2Spec;
  private readonly stage: Stage;
  private readonly host: Answerer;
  private readonly frames = new FrameReader();
  private readonly headers = new HeaderReader();
  private readonly open = new Map<number, OpenRequest>();
  /** Of the request whose headers are not complete. */
  private block: Buffer = Buffer.alloc(0);

  constructor(stream: ByteStream, spec: Http2Spec | null, stage: Stage, host: Answerer) {
    this.stream = stream;
    this.spec = spec ?? {};
    this.stage = stage;
    this.host = host;
  }

  async serve(): Promise<void> {
    const { max_concurrent_streams: limit } = this.spec;
    const limits = limit === undefined ? [] : [[MAX_CONCURRENT_STREAMS, limit] as const];
    this.stream.write(settingsFrame([WIDE_WINDOWS, ...limits]));
    let prefaceBytes = PREFACE.length;
    for (;;) {
      const bytes = await this.stream.read();
      if (bytes === null) return;
      const skipped = Math.min(prefaceBytes, bytes.length);
      prefaceBytes -= skipped;
      for (const next of this.frames.push(bytes.subarray(skipped))) this.onFrame(next);
    }
  }

  private onFrame(next: Frame): void {
    const { type, flags, stream, payload } = next;
    const isEnd = (flags & FrameFlag.endStream) !== 0;
    if (type === FrameType.settings && (flags & FrameFlag.ack) === 0) {
      this.stream.write(frame(FrameType.settings, FrameFlag.ack, 0, Buffer.alloc(0)));
    } else if (type === FrameType.ping && (flags & FrameFlag.ack) === 0) {
      this.stream.write(frame(FrameType.ping, FrameFlag.ack, 0, payload));
    } else if (type === FrameType.headers || type === FrameType.continuation) {
      const content = type === FrameType.headers ? contentOf(next) : payload;
      this.block = Buffer.concat([this.block, content]);
      if ((flags & FrameFlag.endHeaders) === 0) return;
      const fields = this.headers.read(this.block);
      this.block = Buffer.alloc(0);
      this.onHeaders(stream, fields, isEnd);
    } else if (type === FrameType.data) {
      const bytes = contentOf(next);
      const request = this.open.get(stream);
      if (payload.length > 0) this.stream.write(windowFrame(0, payload.length));
      if (request === undefined) return;
      request.attempt.body += bytes.toString('latin1');
      if (isEnd) this.begin(request);
    } else if (type === FrameType.resetStream) this.finish(stream);
  }

  private onHeaders(stream: number, fields: Pairs, isEnd: boolean): void {
    const known = this.open.get(stream);
    if (known !== undefined) {
      if (isEnd) this.begin(known);
      return;
    }
    const of = (name: string) => fields.find(([key]) => key === name)?.[1] ?? '';
    const own = fields.filter(([name]) => !name.startsWith(':'));
    const headers: Pairs = [['host', of(':authority')], ...own];
    const arrival = this.host.arrive(of(':method'), of(':path'), headers);
    arrival.attempt.body = '';
    const request = { stream, method: of(':method'), hasBegun: false, ...arrival };
    this.open.set(stream, request);
    if (isEnd || arrival.behaviour.early === true) this.begin(request);
  }

  private begin(request: OpenRequest): void {
    if (request.hasBegun) return;
    request.hasBegun = true;
    void this.reply(request).then((isOver) => {
      if (isOver) this.finish(request.stream);
    });
  }

  private finish(stream: number): void {
    if (this.open.delete(stream)) this.host.leave();
  }

  /** @returns whether the stream is over */
  private async reply({ behaviour: b, method, stream }: OpenRequest): Promise<boolean> {
    const { clock } = this.stage;
    if (b.delay_ms !== undefined && b.delay_ms > 0) await clock.sleep(b.delay_ms);
    this.announce(b, stream);
    if (b.hang) return false;
    if (b.reset === 'before' || b.close === 'before') return this.breakOff(b, stream);
    if (b.raw !== undefined) {
      this.stream.write(latin1(b.raw));
      if (!b.raw_hold) this.stream.close();
      return !b.raw_hold;
    }
    for (const status of b.interim ?? []) {
      this.sendHead(
        stream,
        [
          [':status', String(status)],
          ['x-interim', String(status)],
        ],
        false,
      );
      await clock.sleep(20);
    }
    const status = b.status ?? 200;
    const isBroken = b.reset !== undefined || b.close !== undefined || b.body_hang === true;
    const isBodiless = status === 204 || status === 304 || method === 'HEAD' || b.body === '';
    const isHeadOnly = isBodiless && !isBroken && b.trailers === undefined;
    const fields = headersOf(b, this.host.name, clock);
    this.sendHead(stream, [[':status', String(status)], ...fields], isHeadOnly);
    if (b.reset !== 'after_headers' && b.close !== 'after_headers' && !isHeadOnly) {
      await this.sendBody(stream, b, isBroken);
    }
    if (b.body_hang) return false;
    if (!isBroken) {
      if (b.close_after) this.stream.close();
      return true;
    }
    await clock.sleep(b.then_ms ?? 50);
    return this.breakOff(b, stream);
  }

  /** What is said of the connection: before an answer, or without one. */
  announce(b: Announcement, stream: number): void {
    if (b.max_streams !== undefined) {
      this.stream.write(settingsFrame([[MAX_CONCURRENT_STREAMS, b.max_streams]]));
    }
    if (b.goaway === undefined) return;
    const last = { all: ALL_STREAMS, this: stream, before: Math.max(0, stream - 2) }[b.goaway];
    this.stream.write(goAwayFrame(last, b.code ?? 'no_error'));
  }

  private breakOff(b: Behaviour, stream: number): true {
    if (b.reset === undefined) this.stream.close();
    else if (this.open.has(stream))
      this.stream.write(resetFrame(stream, b.code ?? 'internal_error'));
    return true;
  }

  private sendHead(stream: number, fields: Pairs, isEnd: boolean): void {
    if (!this.open.has(stream)) return;
    const flags = FrameFlag.endHeaders | (isEnd ? FrameFlag.endStream : 0);
    const lower = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
    this.stream.write(frame(FrameType.headers, flags, stream, fieldBlock(lower)));
  }

  private async sendBody(stream: number, b: Behaviour, isBroken: boolean): Promise<void> {
    const isLast = b.trailers === undefined && !isBroken;
    if (b.slow_body !== undefined) {
      for (let i = 0; i < b.slow_body.chunks; i++) {
        await this.stage.clock.sleep(b.slow_body.gap_ms);
        if (!this.open.has(stream)) return;
        const isEnd = isLast && i === b.slow_body.chunks - 1;
        this.stream.write(dataFrames(stream, latin1('abc'), isEnd));
      }
    } else {
      if (!this.open.has(stream)) return;
      const body = latin1(String(b.body ?? 'ok').repeat(b.body_times ?? 1));
      this.stream.write(dataFrames(stream, body, isLast));
    }
    if (b.trailers === undefined || isBroken) return;
    this.sendHead(stream, Object.entries(b.trailers), true);
  }
}
