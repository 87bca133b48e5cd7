/**
 * Runs all conformance cases in virtual time and writes `docs/conformance.md`:
 * `npm run docs:conformance [-- --live]`. With `--live` those on real sockets are run too, which takes
 * minutes; without it they stay as they were recorded.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformancePage } from './docs/conformance-page.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDER = 'test/conformance/envoy';

const targets = process.argv.includes('--live') ? ['sim', 'live'] : ['sim'];
for (const target of targets) {
  const outcomes = `${FOLDER}/outcomes/${target}.json`;
  const command = ['tsx', `${FOLDER}/conformance.ts`, FOLDER, '--target', target];
  const again = target === 'live' ? ['--again', '2'] : [];
  const { error } = spawnSync('npx', [...command, ...again, '--outcomes', outcomes], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
}
const page = conformancePage(ROOT);
writeFileSync(join(ROOT, page.path), page.text);
console.log(`${page.path} written`);
