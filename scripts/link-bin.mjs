// Makes `npx meshquake` work inside the repository, where npm does not link a package's own bin.
//
// The link leads to `dist/` where that is built (`npm run build`), else to the sources through tsx.
// Remove `dist/` to get back to the sources; `npm start` and the tests always use them.
// Called by `prepare`, which npm runs on `npm ci` here and never when the package is installed
// elsewhere. Without sources or without tsx it does nothing.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const binFolder = join(root, 'node_modules', '.bin');
const link = join(binFolder, 'meshquake');
const sources = join(root, 'src', 'cli.ts');
const tsx = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');

if (existsSync(sources) && existsSync(tsx)) {
  mkdirSync(binFolder, { recursive: true });
  // An old link may lead to a file that must not be overwritten.
  rmSync(link, { force: true });
  // Paths are found from the link itself, so that the repository can be moved.
  const script = [
    '#!/bin/sh',
    'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)',
    'if [ -f "$here/../../dist/cli.js" ]; then exec node "$here/../../dist/cli.js" "$@"; fi',
    'exec node --import "$here/../tsx/dist/loader.mjs" "$here/../../src/cli.ts" "$@"',
    '',
  ];
  writeFileSync(link, script.join('\n'));
  chmodSync(link, 0o755);
}
