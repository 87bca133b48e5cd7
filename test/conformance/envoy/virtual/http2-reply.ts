/**
 * As much of HTTP/2 as a scripted upstream can say in raw bytes: one answer to one gRPC call.
 *
 * Field blocks are read for a plain `grpc-status` only; everything else in them is passed over.
 * Source: RFC 9113 §4.1, 6; RFC 7541.
 */
import type { HeaderList } from '../../../../src/core/engine.ts';

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const END_STREAM = 1;

export interface Http2Sink {
  onHead(headers: HeaderList, end: boolean): void;
  onBody(chunk: Uint8Array, end: boolean): void;
  onTrailers(headers: HeaderList): void;
}

export class Http2Reply {
  private readonly sink: Http2Sink;
  private data: Buffer = Buffer.alloc(0);
  private hasHead = false;

  constructor(sink: Http2Sink) {
    this.sink = sink;
  }

  /** @returns false when this is no HTTP/2 */
  push(bytes: Uint8Array): boolean {
    this.data = Buffer.concat([this.data, bytes]);
    if (this.data.toString('latin1', 0, 5) === 'HTTP/') return false;
    while (this.data.length >= FRAME_HEAD_BYTES) {
      const length = this.data.readUIntBE(0, 3);
      if (this.data.length < FRAME_HEAD_BYTES + length) break;
      const [type, flags] = [this.data[3]!, this.data[4]!];
      const payload = this.data.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length);
      this.data = this.data.subarray(FRAME_HEAD_BYTES + length);
      this.onFrame(type, (flags & END_STREAM) !== 0, payload);
    }
    return true;
  }

  private onFrame(type: number, end: boolean, payload: Buffer): void {
    if (type === DATA) this.sink.onBody(payload, end);
    else if (type === HEADERS && this.hasHead) this.sink.onTrailers(fieldsOf(payload));
    else if (type === HEADERS) {
      this.hasHead = true;
      this.sink.onHead(fieldsOf(payload), end);
    }
  }
}

function fieldsOf(block: Buffer): HeaderList {
  const name = 'grpc-status';
  const at = block.indexOf(name, 0, 'latin1');
  if (at < 0) return [];
  const from = at + name.length;
  return [[name, block.toString('latin1', from + 1, from + 1 + block[from]!)]];
}
