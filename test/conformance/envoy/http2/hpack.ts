/**
 * Header compression of HTTP/2, as far as scripts need it: reads everything, writes plain literals.
 *
 * Source: RFC 7541.
 */
import type { Pairs } from '../http-text.ts';
import { latin1 } from '../http-text.ts';

type Field = readonly [name: string, value: string];

/** RFC 7541, appendix A; from 1 on. */
const STATIC_TABLE: readonly Field[] = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|' +
  ':status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500|' +
  'accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|' +
  'access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|' +
  'content-encoding|content-language|content-length|content-location|content-range|content-type|' +
  'cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|' +
  'if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|' +
  'proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|' +
  'strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((entry): Field => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
const TABLE_LIMIT_BYTES = 4_096;
const ENTRY_OVERHEAD_BYTES = 32;

/**
 * Letters by the length of their code. The code is canonical: the codes of one length are numbered
 * in the order of letters. Longer codes than these stand for bytes that headers cannot have.
 */
const LETTERS: ReadonlyMap<number, string> = new Map([
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
  [14, '^}'],
  [15, '<`{'],
]);
const LONGEST_CODE = 15;
const HUFFMAN = huffmanCodes();

/** Reads the field blocks of one direction of a connection. */
export class HeaderReader {
  private readonly dynamic: Field[] = [];
  private limitBytes = TABLE_LIMIT_BYTES;
  private block: Uint8Array = new Uint8Array(0);
  private at = 0;

  read(block: Uint8Array): Pairs {
    this.block = block;
    this.at = 0;
    const fields: Field[] = [];
    while (this.at < block.length) {
      const field = this.field();
      if (field !== null) fields.push(field);
    }
    return fields;
  }

  /** null = only the table's size changed. */
  private field(): Field | null {
    const first = this.block[this.at]!;
    if (first >= 0x80) return this.entry(this.integer(7));
    if (first >= 0x40) {
      const field = this.literal(6);
      this.dynamic.unshift(field);
      this.evict();
      return field;
    }
    if (first < 0x20) return this.literal(4);
    this.limitBytes = this.integer(5);
    this.evict();
    return null;
  }

  private literal(bits: number): Field {
    const index = this.integer(bits);
    const name = index === 0 ? this.text() : this.entry(index)[0];
    return [name, this.text()];
  }

  private entry(index: number): Field {
    const fixed = STATIC_TABLE.length;
    const field = index <= fixed ? STATIC_TABLE[index - 1] : this.dynamic[index - fixed - 1];
    if (field === undefined) throw new RangeError(`header ${index} is not in the table`);
    return field;
  }

  private integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.block[this.at++]! & mask;
    if (value < mask) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.block[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  private text(): string {
    const isCoded = this.block[this.at]! >= 0x80;
    const length = this.integer(7);
    const bytes = this.block.subarray(this.at, this.at + length);
    this.at += length;
    return isCoded ? decoded(bytes) : Buffer.from(bytes).toString('latin1');
  }

  private evict(): void {
    let bytes = 0;
    for (let i = 0; i < this.dynamic.length; i++) {
      const [name, value] = this.dynamic[i]!;
      bytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
      if (bytes > this.limitBytes) this.dynamic.length = i;
    }
  }
}

/** A field block that changes no table. */
export function fieldBlock(fields: Pairs): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [latin1('\0'), plainText(name), plainText(value)]),
  );
}

function plainText(text: string): Buffer {
  const bytes = latin1(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** By length and code. */
function huffmanCodes(): ReadonlyMap<number, string> {
  const letters = new Map<number, string>();
  let code = 0;
  for (let length = 1; length <= LONGEST_CODE; length++) {
    code *= 2;
    for (const letter of LETTERS.get(length) ?? '') letters.set(keyOf(length, code++), letter);
  }
  return letters;
}

function keyOf(length: number, code: number): number {
  return length * 65_536 + code;
}

/** What is left at the end is padding. */
function decoded(bytes: Uint8Array): string {
  let text = '';
  let [length, code] = [0, 0];
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      length++;
      code = code * 2 + ((byte >> bit) & 1);
      const letter = HUFFMAN.get(keyOf(length, code));
      if (letter === undefined) continue;
      text += letter;
      [length, code] = [0, 0];
    }
  }
  return text;
}
