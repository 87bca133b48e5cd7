/**
 * Building blocks of the scenario's schema: maps with known keys, words with known values.
 *
 * A schema library reports an unknown key with its name only; users also need to hear what is known
 * there, and whether the key belongs to the format but is not built yet. Both travel in the issue's
 * message, as JSON, and `schema-issues.ts` turns them into a diagnostic.
 */
import { z } from 'zod';

/** What is valid at a place where something unknown was found. */
export interface KnownHere {
  readonly known: readonly string[];
  /** Belongs to the format, refused by name. */
  readonly notBuilt: readonly string[];
}

/**
 * A map with exactly these keys.
 *
 * @param notBuilt keys of the format that are refused by name
 */
export function block<S extends z.ZodRawShape>(shape: S, notBuilt: readonly string[] = []) {
  const message = encodeKnown({ known: Object.keys(shape), notBuilt });
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? message : undefined),
  });
}

/** One of a list of words; those in `notBuilt` are refused by name. */
export function choice<const T extends string>(
  words: readonly [T, ...T[]],
  notBuilt: readonly string[] = [],
) {
  const message = encodeKnown({ known: words, notBuilt });
  return z.enum(words, {
    error: (issue) => (issue.code === 'invalid_value' ? message : undefined),
  });
}

function encodeKnown(known: KnownHere): string {
  return JSON.stringify(known);
}

/** The reverse of what `block` and `choice` put into a message; null for any other message. */
export function decodeKnown(message: string): KnownHere | null {
  if (!message.startsWith('{"known":')) return null;
  return JSON.parse(message) as KnownHere;
}
