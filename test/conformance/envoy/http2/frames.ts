/**
 * Frames of HTTP/2 in bytes, for both sides of a script.
 *
 * Source: RFC 9113 §4.1, 6, 7.
 */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const FrameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FrameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Names of error codes, by number. */
export const ERROR_CODES = [
  'no_error',
  'protocol_error',
  'internal_error',
  'flow_control_error',
  'settings_timeout',
  'stream_closed',
  'frame_size_error',
  'refused_stream',
  'cancel',
  'compression_error',
  'connect_error',
  'enhance_your_calm',
  'inadequate_security',
  'http_1_1_required',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const FRAME_HEAD_BYTES = 9;
/** RFC 9113 §4.2: what every peer takes. */
const MOST_BYTES = 16_384;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Cuts bytes into frames. */
export class FrameReader {
  private data: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): Frame[] {
    this.data = Buffer.concat([this.data, bytes]);
    const frames: Frame[] = [];
    while (this.data.length >= FRAME_HEAD_BYTES) {
      const length = this.data.readUIntBE(0, 3);
      if (this.data.length < FRAME_HEAD_BYTES + length) break;
      frames.push({
        type: this.data[3]!,
        flags: this.data[4]!,
        stream: this.data.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.data.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length),
      });
      this.data = this.data.subarray(FRAME_HEAD_BYTES + length);
    }
    return frames;
  }

  /** Length of the frame that has begun, or 0. */
  get announcedBytes(): number {
    return this.data.length < 3 ? 0 : this.data.readUIntBE(0, 3);
  }
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** One data frame or several. */
export function dataFrames(stream: number, bytes: Uint8Array, end: boolean): Buffer {
  const frames: Buffer[] = [];
  for (let from = 0; from === 0 || from < bytes.length; from += MOST_BYTES) {
    const isLast = from + MOST_BYTES >= bytes.length;
    const flags = end && isLast ? FrameFlag.endStream : 0;
    frames.push(frame(FrameType.data, flags, stream, bytes.subarray(from, from + MOST_BYTES)));
  }
  return Buffer.concat(frames);
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  settings.forEach(([id, value], at) => {
    payload.writeUInt16BE(id, 6 * at);
    payload.writeUInt32BE(value, 6 * at + 2);
  });
  return frame(FrameType.settings, 0, 0, payload);
}

/** The value of one setting; undefined = it does not stand there. */
export function settingOf({ payload }: Frame, id: number): number | undefined {
  let found: number | undefined;
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    if (payload.readUInt16BE(at) === id) found = payload.readUInt32BE(at + 2);
  }
  return found;
}

/** So that nobody waits for window updates of streams. */
export const WIDE_WINDOWS = [INITIAL_WINDOW_SIZE, 16_777_216] as const;

export function resetFrame(stream: number, code: ErrorCode): Buffer {
  return frame(FrameType.resetStream, 0, stream, numbers(ERROR_CODES.indexOf(code)));
}

export function goAwayFrame(lastStream: number, code: ErrorCode): Buffer {
  return frame(FrameType.goAway, 0, 0, numbers(lastStream, ERROR_CODES.indexOf(code)));
}

export function windowFrame(stream: number, bytes: number): Buffer {
  return frame(FrameType.windowUpdate, 0, stream, numbers(bytes));
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}

/** The content of a frame without padding and priority. */
export function contentOf({ flags, payload }: Frame): Buffer {
  let [from, to] = [0, payload.length];
  if ((flags & FrameFlag.padded) !== 0) {
    to -= payload[0]!;
    from = 1;
  }
  if ((flags & FrameFlag.priority) !== 0) from += 5;
  return payload.subarray(from, to);
}
