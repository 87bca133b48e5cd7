/** `docs/validation.md` leaves no experiment out. Its values are as of the last run of `scripts/write-validation.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../architecture/source-tree.ts';
import { POLICIES } from './policies.ts';
import { QUEUES } from './queues.ts';

it('the page of validation names every experiment, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/validation.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| .*\| \d\.\d\d \|$/.test(line));
  const named = [...new Set(rows.map((line) => line.split(' | ')[0]?.replace('| ', '')))];
  expect(named).toEqual([...QUEUES, ...POLICIES].map((experiment) => experiment.name));
});
