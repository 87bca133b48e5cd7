/**
 * 128-bit hash of text, for identities that people compare by eye: the hash of a scenario.
 * It detects accidents, it is no protection against forgers. Built on `core/digest.ts`.
 */
import { Digest } from './digest.ts';

/** 32 hexadecimal digits of the texts in order; where one ends and the next begins counts. */
export function hashTexts(texts: readonly string[]): string {
  const digest = new Digest();
  // Stands where a run's clock would.
  const place = { nowNs: 0 };
  for (const [index, text] of texts.entries()) {
    place.nowNs = index;
    digest.fold(1, place, text.length, 0, 0);
    for (let at = 0; at < text.length; at += 6) {
      place.nowNs = at;
      digest.fold(2, place, pair(text, at), pair(text, at + 2), pair(text, at + 4));
    }
  }
  return digest.hex();
}

/** Two UTF-16 units as one int32; past the end 0. */
function pair(text: string, at: number): number {
  return ((text.charCodeAt(at) || 0) << 16) | (text.charCodeAt(at + 1) || 0);
}
