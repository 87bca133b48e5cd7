/**
 * Mesh files as istiod reads them: what its own code answered for each case, field by field.
 *
 * `scripts/record-istio.ts` wrote the answers down. A difference that is meant stands in `meant.ts`
 * with its reason, and fails when it is gone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseNames, goldenPath, readCase } from './case.ts';
import { differences } from './comparable.ts';
import { answerHere } from './from-here.ts';
import { fromIstiod } from './from-istiod.ts';
import type { Golden } from './golden.ts';
import { MEANT, withoutMeant } from './meant.ts';
import { verdictsHere } from './verdicts.ts';

const CASES = caseNames().map((name) => ({ ...readCase(name), name }));
const VERDICTS = caseNames('verdicts').map((name) => readCase(name, 'verdicts'));

function goldenOf(name: string): Golden {
  return JSON.parse(readFileSync(goldenPath(name), 'utf8')) as Golden;
}

describe('what istiod sends to a proxy', () => {
  it.each(CASES)('$name: $about', (item) => {
    const golden = goldenOf(item.name);
    const here = answerHere(item);
    const refused = Object.entries(golden.verdicts).filter(([, reasons]) => reasons.length > 0);
    expect(refused).toEqual([]);
    const errors = here.diagnostics
      .sorted()
      .filter((found) => found.severity === 'error')
      .map((found) => `${found.code} ${found.message}`);
    const found = [...differences(fromIstiod(golden), here.comparable), ...errors];
    expect(withoutMeant(item.name, found)).toEqual([]);
  });

  it('would show a value that is off by one, a missing route and an unknown field', () => {
    const golden = goldenOf('worked-example');
    const here = answerHere(readCase('worked-example')).comparable;
    const text = JSON.stringify(golden)
      .replace('"numRetries":3', '"numRetries":4')
      .replace('"maxRequests":100', '"maxRequests":101')
      .replace('"weight":90', '"weight":90,"somethingNew":1')
      .replace('"x-canary"', '"x-other"');
    const found = differences(fromIstiod(JSON.parse(text) as Golden), here);
    const kinds = ['numRetries', 'maxRequests', 'unknown', 'headers'];
    for (const kind of kinds) expect(found.some((line) => line.includes(kind))).toBe(true);
  });
});

describe('what istiod’s webhook refuses', () => {
  it.each(VERDICTS)('$name', ({ name, files }) => {
    const { verdicts } = goldenOf(name);
    const here = verdictsHere(files[0] ?? '');
    expect([...here.keys()].sort()).toEqual(Object.keys(verdicts).sort());
    const wrong = Object.entries(verdicts).flatMap(([object, reasons]) => {
      const errors = (here.get(object) ?? []).map((item) => `${item.code} ${item.message}`);
      const isSame = reasons.length > 0 === errors.length > 0;
      const found = isSame ? [] : errors.length > 0 ? errors : [`accepted, istiod: ${reasons}`];
      return withoutMeant(`${name}: ${object}`, found).map((line) => `${object}: ${line}`);
    });
    expect(wrong).toEqual([]);
  });
});

it('the documentation lists every difference that is meant', () => {
  const page = readFileSync(
    join(import.meta.dirname, '../../../docs/conformance-istio.md'),
    'utf8',
  );
  const known = new Set([
    ...CASES.map((item) => item.name),
    ...VERDICTS.flatMap(({ name }) =>
      Object.keys(goldenOf(name).verdicts).map((object) => `${name}: ${object}`),
    ),
  ]);
  for (const { where, because } of MEANT) {
    expect(known).toContain(where);
    expect(page.replaceAll(/\s+/g, ' ')).toContain(because);
  }
});
