/**
 * Bodies of stories: where their bytes come from, and what is remembered of those that arrive.
 */
import { crc32 } from 'node:zlib';
import type { BodyStory } from './story.ts';

const CHUNK_BYTES = 64 * 1024;
const FILLER = Uint8Array.from({ length: CHUNK_BYTES }, (_, at) => (at * 31) & 255);
const LONGEST_TEXT_BYTES = 200;

export function lengthOf(body: BodyStory): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.bytes;
}

/** Hands a body out piece by piece, never holding more than one. */
export class BodySource {
  private readonly text: Uint8Array | null;
  private readonly length: number;
  private stopAfterBytes: number;
  private at = 0;

  /** @param stopAfterBytes only so many of its first bytes, until `goOn` */
  constructor(body: BodyStory, stopAfterBytes = Number.POSITIVE_INFINITY) {
    this.text = typeof body === 'string' ? Buffer.from(body) : null;
    this.length = lengthOf(body);
    this.stopAfterBytes = stopAfterBytes;
  }

  get hasEnded(): boolean {
    return this.at >= this.length;
  }

  goOn(): void {
    this.stopAfterBytes = Number.POSITIVE_INFINITY;
  }

  /** @returns null at the end, or where it stops */
  next(): Uint8Array | null {
    const end = Math.min(this.length, this.stopAfterBytes);
    if (this.at >= end) return null;
    const from = this.at;
    this.at = Math.min(end, from + CHUNK_BYTES);
    return this.text?.subarray(from, this.at) ?? FILLER.subarray(0, this.at - from);
  }
}

/** Counts and sums up what arrives; keeps the text of short bodies. */
export class BodyMemory {
  bytes = 0;
  private sum = 0;
  private text = '';

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.sum = crc32(chunk, this.sum);
    if (this.bytes <= LONGEST_TEXT_BYTES) this.text += Buffer.from(chunk).toString('latin1');
  }

  toString(): string {
    if (this.bytes <= LONGEST_TEXT_BYTES) return JSON.stringify(this.text);
    return `${this.bytes} bytes, sum ${this.sum.toString(16)}`;
  }
}
