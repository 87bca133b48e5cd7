/**
 * "Did you mean …?": the nearest valid spelling of a mistyped word.
 *
 * Case and the separators `-` and `_` do not count, because people mix the styles of several
 * products. Used for field names, enum values, units and names of services.
 * Source: optimal string alignment (Levenshtein with swaps), three-row dynamic programme.
 */

const MAX_LENGTH = 64;

/**
 * The candidate nearest to `word`, or undefined when none is near enough (a third of its length).
 * Of equally near ones the first wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = normalise(word);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === word || candidate.length > MAX_LENGTH) continue;
    const distance = editDistance(wanted, normalise(candidate));
    if (distance < bestDistance && distance < Math.max(wanted.length, 1)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or '' when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = suggest(word, candidates);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

function normalise(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`; no part is
 * edited twice. O(a × b).
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: readonly number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const deletion = (previous[column] ?? 0) + 1;
      const insertion = (current[column - 1] ?? 0) + 1;
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = isSwap ? (beforePrevious[column - 2] ?? Infinity) + 1 : Infinity;
      current.push(Math.min(substitution, deletion, insertion, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
