/**
 * Writes the generated pages of the documentation: `npm run docs`.
 *
 * Pages that the sources no longer ask for are removed. `test/docs.test.ts` fails when a page is
 * not what this would write.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GENERATED_FOLDERS, generatedPages } from './docs/index.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

const pages = generatedPages();
for (const { path, text } of pages) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
}
for (const folder of GENERATED_FOLDERS) {
  for (const name of readdirSync(join(ROOT, folder))) {
    const isWanted = pages.some((page) => page.path === `${folder}/${name}`);
    if (!isWanted) rmSync(join(ROOT, folder, name));
  }
}
console.log(`${pages.length} pages written`);
