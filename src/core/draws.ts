/**
 * Randomness: keyed draws, and sequences for what is drawn in one order only.
 *
 * A keyed draw is a pure function of (seed, stream label, uid, index): *what* is decided for *whom*.
 * Nothing else in a run can shift it, so two runs that differ in one policy make the same draws
 * everywhere else. Callers pass uids and indices as int32, which V8 hands over without allocating.
 *
 * Streams get their key words from seedrandom; the hash below is ours, with the multipliers of
 * Wellons' 32-bit finalizers. Sources: David Bau, seedrandom (ARC4); Chris Wellons, hash-prospector;
 * Chris Doty-Humphrey, PractRand (sfc32).
 */
import seedrandom from 'seedrandom';

/** Index of a stream; valid for the `Draws` that made it. */
export type StreamKey = number;

const WORDS_PER_STREAM = 4;
const GOLDEN = 0x9e3779b9;
const TWO_TO_MINUS_32 = 1 / 0x100000000;
const TWO_TO_MINUS_53 = 1 / 0x20000000000000;
const TWO_TO_26 = 0x4000000;

/** All keyed draws of one run. */
export class Draws {
  private readonly seed: string;
  private readonly streams = new Map<string, StreamKey>();
  private words = new Int32Array(16 * WORDS_PER_STREAM);

  /** @param seed any text; equal seeds give equal draws on every machine */
  constructor(seed: string) {
    this.seed = seed;
  }

  /**
   * Set-up only: costs microseconds.
   * @param label a path of nouns, such as `edge/checkout->payments/lb`; equal labels give equal keys
   */
  stream(label: string): StreamKey {
    const known = this.streams.get(label);
    if (known !== undefined) return known;
    const key = this.streams.size;
    this.streams.set(label, key);
    if ((key + 1) * WORDS_PER_STREAM > this.words.length) {
      const grown = new Int32Array(2 * this.words.length);
      grown.set(this.words);
      this.words = grown;
    }
    this.words.set(keyWords(this.seed, label, WORDS_PER_STREAM), key * WORDS_PER_STREAM);
    return key;
  }

  /**
   * @param uid int32: for whom (request, connection, host)
   * @param index int32: which decision (hop, attempt)
   * @returns 32 random bits as a signed integer
   */
  int32(stream: StreamKey, uid: number, index: number): number {
    const at = stream * WORDS_PER_STREAM;
    const words = this.words;
    return finish(absorb(uid ^ words[at]!), index ^ words[at + 1]!);
  }

  /**
   * @param n 1..2^31
   * @returns an integer in [0, n); each one's probability is within 2^-32 of 1 / n
   */
  below(stream: StreamKey, uid: number, index: number, n: number): number {
    return Math.floor((this.int32(stream, uid, index) >>> 0) * TWO_TO_MINUS_32 * n);
  }

  /** @returns a number in [0, 1) with 53 random bits; its top 32 bits are those of `int32` */
  unit(stream: StreamKey, uid: number, index: number): number {
    const at = stream * WORDS_PER_STREAM;
    const words = this.words;
    const mixed = absorb(uid ^ words[at]!);
    const high = finish(mixed, index ^ words[at + 1]!) >>> 0;
    const low = finish(mixed ^ words[at + 3]!, index ^ words[at + 2]!) >>> 11;
    return (high * 0x200000 + low) * TWO_TO_MINUS_53;
  }
}

/**
 * The uid of the call that a request makes, for the request's own uid.
 * For each position it is a bijection of the parent, so different parents never share a child's uid
 * at the same position; siblings always differ.
 * @param position 0-based place of the call among the parent's calls
 * @returns int32
 */
export function childUid(parentUid: number, position: number): number {
  return absorb((parentUid + Math.imul(position + 1, GOLDEN)) | 0);
}

/** Bijective 32-bit mixer: every input bit changes every output bit with probability near 1/2. */
function absorb(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return h ^ (h >>> 16);
}

/**
 * Mixes the index into an absorbed uid. The uid enters twice, so that two uids whose sums with two
 * indices happen to coincide do not share the rest of their draws.
 */
function finish(uidMix: number, indexWord: number): number {
  let h = (uidMix + Math.imul(indexWord, GOLDEN)) | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x21f0aaad);
  h ^= (h >>> 15) ^ uidMix;
  h = Math.imul(h, 0xd35a2d97);
  return h ^ (h >>> 15);
}

/**
 * A generator for what happens in one order only, such as the arrivals of one client (sfc32).
 * As class fields it is three times as fast as with closure variables, and a snapshot is four words.
 */
export class Sequence {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  /** Sequences of different labels are independent; equal (seed, label) give equal sequences. */
  constructor(seed: string, label: string) {
    const words = keyWords(seed, `sequence:${label}`, 3);
    this.a = words[0]!;
    this.b = words[1]!;
    this.c = words[2]!;
    // The generator's author lets it run for a dozen steps before the first number is used.
    for (let step = 0; step < 12; step++) this.int32();
  }

  /** @returns 32 random bits as a signed integer */
  int32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum;
  }

  /** @returns a number in [0, 1) with 53 random bits */
  unit(): number {
    const high = this.int32() >>> 5;
    return (high * TWO_TO_26 + (this.int32() >>> 6)) * TWO_TO_MINUS_53;
  }
}

/** Seeds ARC4 with (seed, label), written as JSON so that no two pairs look alike. */
function keyWords(seed: string, label: string, count: number): Int32Array {
  const generator = seedrandom(toAscii(JSON.stringify([seed, label])));
  return Int32Array.from({ length: count }, () => generator.int32());
}

/** ARC4's key schedule drops all but the low 8 bits of each character. */
function toAscii(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
