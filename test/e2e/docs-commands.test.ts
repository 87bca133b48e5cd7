/**
 * The commands of the documentation that are marked with `<!-- run -->` do what they say: they work.
 */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { DOCUMENT_PAGES } from '../architecture/pages.ts';
import { ROOT } from '../architecture/source-tree.ts';

const blocks = DOCUMENT_PAGES.flatMap(({ path, text }) =>
  [...text.matchAll(/<!-- run -->\n+```sh\n(.*?)```/gs)].map((match) => [path, match[1] ?? '']),
);

test('there are some', () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test.each(blocks)('%s: %s', (_path, script) => {
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: ROOT, stdio: 'pipe' });
});
