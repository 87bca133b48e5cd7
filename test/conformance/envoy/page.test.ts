/**
 * `docs/conformance.md` says what the recorded files say, and leaves no case out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conformancePage } from '../../../scripts/docs/conformance-page.ts';
import { caseNames } from './case-names.ts';
import type { RecordedOutcomes } from './outcomes.ts';

const ROOT = join(import.meta.dirname, '../../..');

function outcomesOf(target: string): RecordedOutcomes {
  const path = join(import.meta.dirname, 'outcomes', `${target}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as RecordedOutcomes;
}

describe('the page of all cases', () => {
  it('is what the files give', () => {
    const { path, text } = conformancePage(ROOT);
    const isCurrent = readFileSync(join(ROOT, path), 'utf8') === text;
    expect(isCurrent, 'run `npm run docs:conformance`').toBe(true);
  });

  it('knows the outcome of every case in virtual time, and on sockets of no case that is gone', () => {
    const ids = caseNames(import.meta.dirname).map((name) => name.replace(/\.yaml$/, ''));
    expect(Object.keys(outcomesOf('sim')).sort()).toEqual([...ids].sort());
    expect(Object.keys(outcomesOf('live')).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('shows no difference in virtual time', () => {
    const words = Object.values(outcomesOf('sim'));
    expect(words.filter((word) => word !== 'agrees')).toEqual([]);
  });
});
