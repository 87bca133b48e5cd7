/**
 * What gRPC health checks ask, and how their answers are read.
 *
 * Source: policy-engine.md §5; gRPC health checking protocol (grpc.health.v1); Envoy, gRPC checker.
 */
import type { Head, HeaderList } from '../../core/engine.ts';
import { isGrpc } from '../../core/head.ts';
import type { GrpcProbe } from '../config/health-check.ts';
import { grpcTimeoutText } from '../policy/timeout.ts';

export const HEALTH_PATH = '/grpc.health.v1.Health/Check';

const SERVING = 1;
/** A flag and the length of the message. */
const FRAME_HEAD_BYTES = 5;
/** Wire types of protocol buffers. */
const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export function grpcHeaders({ metadata = [] }: GrpcProbe, timeoutMs: number): HeaderList {
  return [
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'Envoy/HC'],
    ...metadata,
    ['grpc-timeout', grpcTimeoutText(timeoutMs)],
  ];
}

/** `HealthCheckRequest` in its frame. */
export function grpcRequest({ service }: GrpcProbe): Uint8Array {
  const name = new Uint8Array([...service].map((letter) => letter.charCodeAt(0) & 255));
  const message = name.length === 0 ? [] : [(1 << 3) | Wire.bytes, ...varint(name.length), ...name];
  return new Uint8Array([0, 0, 0, message.length >>> 8, message.length & 255, ...message]);
}

/** The answer to one check. Each piece says whether the service serves; null = it is still open. */
export class GrpcAnswer {
  private readonly data: number[];

  constructor() {
    this.data = [];
  }

  onHead(head: Head, end: boolean): boolean | null {
    // An answer of headers alone has no message.
    return head.status === 200 && isGrpc(head) && !end ? null : false;
  }

  onBody(chunk: Uint8Array | null, end: boolean): boolean | null {
    if (chunk !== null) for (const byte of chunk) this.data.push(byte);
    return end || this.isWrong() ? false : null;
  }

  onTrailers(trailers: Head): boolean {
    if (trailers.get('grpc-status') !== '0') return false;
    const size = this.size();
    if (size === 0 || this.data.length < FRAME_HEAD_BYTES + size) return false;
    return statusOf(this.data.slice(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + size)) === SERVING;
  }

  /** More than one message, or one that cannot be read. */
  private isWrong(): boolean {
    if (this.data.length === 0) return false;
    if (this.data[0]! > 1) return true;
    const size = this.size();
    const end = FRAME_HEAD_BYTES + size;
    if (this.data.length < end) return false;
    if (this.data.length > end) return true;
    return size > 0 && statusOf(this.data.slice(FRAME_HEAD_BYTES)) === null;
  }

  private size(): number {
    let size = 0;
    for (let at = 1; at < FRAME_HEAD_BYTES; at++) size = size * 256 + (this.data[at] ?? 0);
    return size;
  }
}

/** `status` of a `HealthCheckResponse`; null = the bytes are none. */
function statusOf(bytes: readonly number[]): number | null {
  const reader = { at: 0 };
  let status = 0;
  while (reader.at < bytes.length) {
    const tag = readVarint(bytes, reader);
    if (tag === null || tag >>> 3 === 0) return null;
    const wire = tag & 7;
    if (wire === Wire.varint) {
      const value = readVarint(bytes, reader);
      if (value === null) return null;
      if (tag >>> 3 === 1) status = value;
    } else if (wire === Wire.bytes) {
      const length = readVarint(bytes, reader) ?? bytes.length;
      reader.at += length;
    } else if (wire === Wire.fixed64) reader.at += 8;
    else if (wire === Wire.fixed32) reader.at += 4;
    else return null;
  }
  return reader.at === bytes.length ? status : null;
}

function readVarint(bytes: readonly number[], reader: { at: number }): number | null {
  let value = 0;
  for (let scale = 1; reader.at < bytes.length; scale *= 128) {
    const byte = bytes[reader.at++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  return null;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
