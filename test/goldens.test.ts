/**
 * Every scenario comes to the same digest and the same numbers as when it was last looked at, and each
 * of its variants ends as its file declares. After a change that is meant: `npm run goldens`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Golden,
  goldenOf,
  goldenPath,
  nameOfVariant,
  runGolden,
  scenarioNames,
  variantsOf,
} from '../scripts/goldens/golden.ts';
import { ROOT } from './architecture/source-tree.ts';

describe.each(scenarioNames(ROOT))('scenarios/%s', (name) => {
  const path = join(ROOT, goldenPath(name));
  const golden: Golden = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Golden)
    : { seed: '', variants: {} };
  const variants = variantsOf(ROOT, name);

  it('has expectations of exactly its variants', () => {
    expect(Object.keys(golden.variants)).toEqual(variants.map(nameOfVariant));
  });

  for (const scenario of variants) {
    const variant = nameOfVariant(scenario);
    it(`${variant} ends as declared, with the numbers of ${goldenPath(name)}`, () => {
      const summary = runGolden(scenario);
      expect.soft(goldenOf(summary)).toEqual(golden.variants[variant]);
      expect(summary.verdict).toBe(scenario.declaredVerdict ?? 'pass');
      expect(summary.expect.filter(({ ok }) => ok === false && isOwn(scenario))).toEqual([]);
    }, 300_000);
  }
});

/** In a variant that is declared to pass, nothing may fail. */
function isOwn({ declaredVerdict }: { readonly declaredVerdict: string | null }): boolean {
  return (declaredVerdict ?? 'pass') === 'pass';
}
