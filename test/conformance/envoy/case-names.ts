/**
 * Which cases of a folder are meant: by patterns of their ids, or a sample spread over all of them.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** File names below `cases`, sorted. @param only patterns, comma-separated */
export function caseNames(folder: string, only = '*'): readonly string[] {
  const patterns = only.split(',').map(patternOf);
  return readdirSync(join(folder, 'cases'))
    .filter((name) => name.endsWith('.yaml'))
    .filter((name) => patterns.some((pattern) => pattern.test(basename(name, '.yaml'))))
    .sort();
}

/** `*` stands for any text, `?` for any character. */
function patternOf(glob: string): RegExp {
  const text = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${text.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

/** So many of them at even distances: neighbours, which test the same part, are rarely both taken. */
export function sampleOf<T>(items: readonly T[], count: number): readonly T[] {
  if (count >= items.length) return items;
  return Array.from({ length: count }, (_, at) => {
    return items[Math.floor(((at + 0.5) * items.length) / count)]!;
  });
}
