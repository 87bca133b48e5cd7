/**
 * 64-bit hashes by which Envoy spreads requests over hosts.
 *
 * Big integers keep them readable: a ring hashes its thousand entries when hosts change, a request
 * at most a few values, and a simulation only one per kind of head.
 * Sources: Yann Collet, xxHash specification (XXH64); Austin Appleby, MurmurHash64A;
 * policy-engine.md §7.5, 7.6, 14.
 */
import { encodeUtf8 } from './utf8.ts';

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const MURMUR = 0xc6a4a7935bd1e995n;

/**
 * xxHash64 of a text's UTF-8 bytes.
 *
 * @param seed in [0, 2^64)
 * @returns in [0, 2^64)
 */
export function xxHash64(text: string, seed = 0n): bigint {
  const bytes = encodeUtf8(text);
  let at = 0;
  let hash = u64(seed + P5);
  if (bytes.length >= 32) {
    const lanes = [u64(seed + P1 + P2), u64(seed + P2), seed, u64(seed - P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane]!, word(bytes, at + 8 * lane, 8));
      }
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    hash = u64(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * P1 + P4);
  }
  hash = u64(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = u64(rotate(hash ^ round(0n, word(bytes, at, 8)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = u64(rotate(hash ^ u64(word(bytes, at, 4) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = u64(rotate(hash ^ u64(BigInt(bytes[at]!) * P5), 11n) * P1);
  }
  hash = u64((hash ^ (hash >> 33n)) * P2);
  hash = u64((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

/**
 * MurmurHash2, 64 bits, of a text's UTF-8 bytes.
 *
 * @param seed in [0, 2^64)
 * @returns in [0, 2^64)
 */
export function murmurHash2(text: string, seed: bigint): bigint {
  const bytes = encodeUtf8(text);
  let hash = seed ^ u64(BigInt(bytes.length) * MURMUR);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const mixed = u64(shiftMix(u64(word(bytes, at, 8) * MURMUR)) * MURMUR);
    hash = u64((hash ^ mixed) * MURMUR);
  }
  const left = bytes.length - at;
  if (left > 0) hash = u64((hash ^ word(bytes, at, left)) * MURMUR);
  return shiftMix(u64(shiftMix(hash) * MURMUR));
}

/** `value` with its highest bit moved to the lowest place. */
export function rotateLeftByOne(value: bigint): bigint {
  return rotate(value, 1n);
}

function round(lane: bigint, input: bigint): bigint {
  return u64(rotate(u64(lane + input * P2), 31n) * P1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

/** `count` bytes, the first one lowest. */
function word(bytes: Uint8Array, at: number, count: number): bigint {
  let value = 0n;
  for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value;
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
