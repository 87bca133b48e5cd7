// Makes `npx meshquake` work inside the repository, where npm does not link a package's own bin:
// to dist/ where it is built, else to the sources through tsx. Called by `prepare`.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const binFolder = join(root, 'node_modules', '.bin');
const link = join(binFolder, 'meshquake');
const sources = join(root, 'src', 'cli.ts');

if (existsSync(sources)) {
  mkdirSync(binFolder, { recursive: true });
  rmSync(link, { force: true });
  if (existsSync(join(root, 'dist', 'cli.js'))) {
    chmodSync(join(root, 'dist', 'cli.js'), 0o755);
    symlinkSync('../../dist/cli.js', link);
  } else {
    const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
    writeFileSync(link, `#!/bin/sh\nexec node "${tsx}" "${sources}" "$@"\n`, { mode: 0o755 });
  }
}
