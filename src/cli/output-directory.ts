/**
 * Writes what a command made into its folder: all of it, or nothing.
 *
 * Files are written beside their place first and the folder is renamed, so a reader never meets half
 * a report. Source: surface.md §3.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EnvironmentError } from '../core/errors.ts';
import { hashTexts } from '../core/text-hash.ts';

/** File names to contents. */
export type OutputFiles = Readonly<Record<string, string | Uint8Array>>;

/** Its presence says that a folder is one of ours and may be replaced. */
const MARK = 'manifest.json';

/**
 * Puts the files into `folder`, in place of what an earlier run wrote there.
 *
 * @param folder absolute
 * @throws EnvironmentError when it cannot be written, or holds other people's files
 */
export function writeOutput(folder: string, files: OutputFiles): void {
  try {
    checkReplaceable(folder);
    const parent = dirname(folder);
    mkdirSync(parent, { recursive: true });
    const fresh = join(parent, `.${basename(folder)}.${process.pid}`);
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(fresh, name), content);
    swap(fresh, folder);
  } catch (error) {
    throw asEnvironmentError(error, folder);
  }
}

/**
 * Whether `writeOutput` could write there, as far as can be told without writing; to be asked before
 * long work.
 *
 * @throws EnvironmentError when it could not
 */
export function checkWritable(folder: string): void {
  try {
    checkReplaceable(folder);
    let nearest = dirname(folder);
    while (!existsSync(nearest)) nearest = dirname(nearest);
    if (!statSync(nearest).isDirectory()) {
      throw new EnvironmentError(
        'ENOTDIR',
        `cannot write to ${folder}: ${nearest} is not a folder`,
      );
    }
    accessSync(nearest, constants.W_OK);
  } catch (error) {
    throw asEnvironmentError(error, folder);
  }
}

function checkReplaceable(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) {
    throw new EnvironmentError('ENOTDIR', `cannot write to ${folder}: it is not a folder`);
  }
  if (readdirSync(folder).length === 0 || existsSync(join(folder, MARK))) return;
  const message = `cannot write to ${folder}: it holds files that no run has written`;
  throw new EnvironmentError('ENOTEMPTY', message);
}

function swap(fresh: string, folder: string): void {
  const old = `${fresh}.old`;
  const hasOld = existsSync(folder);
  if (hasOld) renameSync(folder, old);
  renameSync(fresh, folder);
  if (hasOld) rmSync(old, { recursive: true, force: true });
}

/** Points `latest`, beside the folder, at it. Where links are not allowed there is none. */
export function linkLatest(folder: string): void {
  const link = join(dirname(folder), 'latest');
  const fresh = `${link}.${process.pid}`;
  try {
    symlinkSync(basename(folder), fresh);
    renameSync(fresh, link);
  } catch {
    rmSync(fresh, { force: true });
  }
}

function asEnvironmentError(error: unknown, folder: string): unknown {
  if (error instanceof EnvironmentError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new EnvironmentError(code, `cannot write to ${folder}: ${code}`, { cause: error });
}

/** Text as part of a file name: what may not stand there becomes `_`, and a hash keeps it apart. */
export function fileNamePart(text: string): string {
  const safe = text.replace(/[^\w.-]/g, '_').slice(0, 40);
  const isFaithful = safe === text && !text.startsWith('.');
  return isFaithful ? safe : `${safe.replace(/^\./, '_')}-${hashTexts([text]).slice(0, 8)}`;
}
