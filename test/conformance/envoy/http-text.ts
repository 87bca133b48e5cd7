/**
 * HTTP/1 in bytes for the scripted client and upstreams: as lenient as a script needs.
 */
import type { ByteStream } from './stage.ts';
import { UnexpectedEnd } from './stage.ts';

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface MessageHead {
  readonly line: string;
  readonly headers: Pairs;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const END_OF_LINE = Buffer.from('\r\n');

/** Buffered reading of one end. */
export class Reader {
  private readonly stream: ByteStream;
  private data: Buffer = Buffer.alloc(0);

  constructor(stream: ByteStream) {
    this.stream = stream;
  }

  /** null at the end of the stream before any byte. */
  async head(): Promise<MessageHead | null> {
    const bytes = await this.until(END_OF_HEAD);
    if (bytes === null) {
      if (this.data.length > 0) throw new UnexpectedEnd('the end came inside a head');
      return null;
    }
    const [line = '', ...lines] = bytes.toString('latin1').split('\r\n');
    return { line, headers: lines.filter((text) => text !== '').map(fieldOf) };
  }

  async exactly(count: number): Promise<Buffer> {
    const parts: Buffer[] = [this.data];
    let have = this.data.length;
    this.data = Buffer.alloc(0);
    while (have < count) {
      const bytes = await this.stream.read();
      if (bytes === null) throw new UnexpectedEnd('the end came inside a body');
      parts.push(Buffer.from(bytes));
      have += bytes.length;
    }
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.data = all.subarray(count);
    return all.subarray(0, count);
  }

  async chunked(): Promise<{ body: Buffer; trailers: Pairs }> {
    const parts: Buffer[] = [];
    for (;;) {
      const line = (await this.line()).split(';')[0]!.trim();
      const size = Number.parseInt(line === '' ? '0' : line, 16);
      if (size === 0) break;
      parts.push(await this.exactly(size));
      await this.exactly(2);
    }
    const trailers: (readonly [string, string])[] = [];
    for (let line = await this.line(); line !== ''; line = await this.line()) {
      trailers.push(fieldOf(line));
    }
    return { body: Buffer.concat(parts), trailers };
  }

  /** What is there, or comes next; null = the end. */
  async some(): Promise<Buffer | null> {
    if (this.data.length > 0) {
      const { data } = this;
      this.data = Buffer.alloc(0);
      return data;
    }
    const bytes = await this.stream.read();
    return bytes === null ? null : Buffer.from(bytes);
  }

  async rest(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let part = await this.some(); part !== null; part = await this.some()) parts.push(part);
    return Buffer.concat(parts);
  }

  private async line(): Promise<string> {
    const bytes = await this.until(END_OF_LINE);
    if (bytes === null) throw new UnexpectedEnd('the end came inside a line');
    return bytes.toString('latin1');
  }

  private async until(mark: Buffer): Promise<Buffer | null> {
    for (;;) {
      const at = this.data.indexOf(mark);
      if (at >= 0) {
        const found = this.data.subarray(0, at);
        this.data = this.data.subarray(at + mark.length);
        return found;
      }
      const bytes = await this.stream.read();
      if (bytes === null) return null;
      this.data = Buffer.concat([this.data, bytes]);
    }
  }
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line.trim().toLowerCase(), ''];
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** Values of one header, joined by ','; null = absent. */
export function headerOf(headers: Pairs, name: string): string | null {
  const values = headers.filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(',');
}

export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
