/** The pages of the library's API can be made, and nothing that they need is missing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../architecture/source-tree.ts';

test('typedoc has no error or warning about the entry points of the package', () => {
  const out = mkdtempSync(join(tmpdir(), 'meshquake-api-'));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  const typedoc = join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const argv = [typedoc, '--out', out, '--logLevel', 'Warn'];
  const answer = spawnSync(process.execPath, argv, { cwd: ROOT, encoding: 'utf8' });
  expect((answer.stdout + answer.stderr).trim()).toBe('');
  expect(answer.status).toBe(0);
  const page = (path: string) => readFileSync(join(out, path), 'utf8');
  expect(page('index/functions/simulate.md')).toContain('what `meshquake run --json` would print');
  expect(page('fast-check/functions/amplificationBelow.md')).toContain('attempts per request');
}, 300_000);
