/**
 * Makes `dist/`: plain JavaScript and type declarations, one file a source file, nothing bundled.
 *
 * `npm run build` and, before packing, npm itself. Specifiers of imports end in `.js` there, in the
 * declarations too, so that consumers need no setting of ours.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');
const SHEBANG = '#!/usr/bin/env node\n';

compile();
for (const path of filesEndingIn('.d.ts')) rewriteDeclaration(path);
makeExecutable(join(DIST, 'cli.js'));

function compile(): void {
  rmSync(DIST, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}

function filesEndingIn(ending: string): readonly string[] {
  return readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The compiler rewrites the specifiers of code, but leaves those of declarations as they were. */
function rewriteDeclaration(path: string): void {
  const text = readFileSync(path, 'utf8');
  const rewritten = text.replace(
    /((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g,
    '$1.js$2',
  );
  if (rewritten !== text) writeFileSync(path, rewritten);
}

function makeExecutable(path: string): void {
  if (!existsSync(path)) {
    console.error('the build made no dist/cli.js');
    process.exit(1);
  }
  const text = readFileSync(path, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(path, SHEBANG + text);
  chmodSync(path, 0o755);
}
