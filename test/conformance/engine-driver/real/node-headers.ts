/**
 * Header lists as Node's HTTP takes and gives them.
 */
import type { HeaderList } from '../../../../src/core/engine.ts';

/** Pairs from Node's flat list, names lower-case, in the order of arrival. */
export function pairsOf(flat: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    pairs.push([flat[at]!.toLowerCase(), flat[at + 1]!]);
  }
  return pairs;
}

/** Node's flat list. */
export function flatOf(headers: HeaderList): string[] {
  return headers.flatMap(([name, value]) => [name, value]);
}
