/**
 * Writes `scenarios/<name>/expected.json`: what each variant comes to with seed "1", in about thirty
 * numbers and a digest. `npm run goldens` (`-- NAME …` for some) prints what changed;
 * `test/goldens.test.ts` checks.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Golden, goldenPath, goldensOf, scenarioNames } from './goldens/golden.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Names on the command line; all when there are none. */
const wanted = process.argv.slice(2);

let changes = 0;
for (const name of scenarioNames(ROOT)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const path = join(ROOT, goldenPath(name));
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Golden) : null;
  const made = goldensOf(ROOT, name);
  const lines = differences(known, made);
  console.log(`${goldenPath(name)}: ${lines.length === 0 ? 'unchanged' : ''}`);
  for (const line of lines) console.log(`  ${line}`);
  changes += lines.length;
  writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`);
}
console.log(changes === 0 ? 'nothing changed' : `${changes} values changed`);

/** One line per value that is new, gone or other. */
function differences(known: Golden | null, made: Golden): string[] {
  const before = flatten(known ?? {});
  const after = flatten(made);
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old === now) return [];
    return [`${key}: ${old ?? 'nothing'} → ${now ?? 'nothing'}`];
  });
}

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, String(value)]]);
  const pairs = Object.entries(value).flatMap(([key, inner]) => [
    ...flatten(inner, prefix === '' ? key : `${prefix}.${key}`),
  ]);
  return new Map(pairs);
}
