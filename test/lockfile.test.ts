/**
 * The lock file is complete for every platform: `npm ci` refuses one that lacks an optional package,
 * and npm leaves those out which the registry at hand does not have.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './architecture/source-tree.ts';

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

const lock: { packages: Record<string, LockedPackage> } = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
);

test('every optional dependency of every package has its entry', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
  );
  expect(missing).toEqual([]);
});

/** Beside the package that asks, or in any folder above it. */
function isLocked(path: string, name: string): boolean {
  const own = path === '' ? '' : `${path}/`;
  if (lock.packages[`${own}node_modules/${name}`] !== undefined) return true;
  if (path === '') return false;
  return isLocked(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name);
}

test('the lock is of this package', () => {
  const manifest: LockedPackage = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(lock.packages['']?.version).toBe(manifest.version);
  expect(lock.packages['']?.dependencies).toEqual(manifest.dependencies);
  expect(lock.packages['']?.devDependencies).toEqual(manifest.devDependencies);
  expect(lock.packages['']?.peerDependencies).toEqual(manifest.peerDependencies);
  expect(lock.packages['']?.peerDependenciesMeta).toEqual(manifest.peerDependenciesMeta);
});
