/**
 * Finds scenarios and policy files on disk and reads them, for the pure reader of `harness/`.
 *
 * A folder means its `scenario.yaml`; `-` is standard input. Whatever is not there, not a file or
 * too large is a diagnostic that says what was looked for and what is nearby.
 */
import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Diagnostics } from '../core/diagnostics.ts';
import { EnvironmentError, InputError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import {
  type LoadedMesh,
  type MeshLoader,
  readScenarioFile,
  type ScenarioFile,
  type ScenarioSource,
} from '../harness/scenario-file.ts';
import type { Overrides } from '../harness/variants.ts';
import type { CliIo } from './cli-io.ts';
import { expandEntry, listFolder } from './expand-entry.ts';

/** What the file of a scenario is called in its folder. */
export const SCENARIO_NAMES: readonly string[] = ['scenario.yaml', 'scenario.yml', 'scenario.json'];
const MOST_BYTES = 10_000_000;

/** A scenario's text, and the folder that its paths are relative to. */
export interface LocatedScenario extends ScenarioSource {
  readonly folder: string;
}

/** @throws InputError when there is no scenario */
export function locateScenario(path: string, io: CliIo): LocatedScenario {
  if (path === '-') {
    return { name: 'stdin', path: '<stdin>', text: io.readStdin(), folder: io.cwd };
  }
  const absolute = resolve(io.cwd, path);
  const stats = statOf(absolute);
  if (stats === null) throw noSuchPath(path, io.cwd);
  const file = stats.isDirectory() ? scenarioIn(absolute, path) : absolute;
  const shown = stats.isDirectory() ? join(path, basename(file)) : path;
  const text = readText(file, shown);
  const isNamedScenario = SCENARIO_NAMES.includes(basename(file));
  const name = isNamedScenario
    ? basename(dirname(file))
    : basename(file).replace(/\.(ya?ml|json)$/, '');
  return { name, path: shown, text, folder: dirname(file) };
}

/** All variants of a scenario. @throws InputError with everything that is wrong */
export function loadScenario(path: string, overrides: Overrides, io: CliIo): ScenarioFile {
  return loadScenarioFrom(locateScenario(path, io), overrides, io);
}

/** As above, of a text that is already there. @throws InputError */
export function loadScenarioFrom(
  located: LocatedScenario,
  overrides: Overrides,
  io: CliIo,
): ScenarioFile {
  const diagnostics = new Diagnostics();
  const loader = meshLoader(located.folder, io.cwd);
  const file = readScenarioFile(located, loader, diagnostics, overrides);
  if (diagnostics.hasErrors) throw new InputError(diagnostics.sorted(), file.sources);
  return file;
}

/** Reads policy files; each of them once, however many entries name it. */
export function meshLoader(scenarioFolder: string, cwd: string): MeshLoader {
  const known = new Map<string, LoadedMesh>();
  return (entry, relativeTo) => {
    const base = relativeTo === 'scenario' ? scenarioFolder : cwd;
    const key = resolve(base, entry);
    const loaded = known.get(key) ?? loadEntry(entry, base, cwd);
    known.set(key, loaded);
    return loaded;
  };
}

function loadEntry(entry: string, base: string, cwd: string): LoadedMesh {
  const expanded = expandEntry(entry, base);
  if (!expanded.ok) return expanded;
  const files: { readonly path: string; readonly text: string }[] = [];
  for (const file of expanded.files) {
    const stats = statOf(file);
    if (stats === null || !isReadableKind(stats)) {
      return { ok: false, problem: `"${entry}" is not a file` };
    }
    if (stats.size > MOST_BYTES) {
      return { ok: false, problem: `"${entry}" has more than ${MOST_BYTES / 1e6} MB` };
    }
    files.push({ path: relative(cwd, file) || file, text: readFileText(file) });
  }
  return { ok: true, files };
}

function readText(file: string, shown: string): string {
  const stats = statOf(file);
  if (stats === null || !isReadableKind(stats)) {
    throw inputError(shown, 'MQ-SCENARIO-010', 'this is not a file', 'give a file or a folder');
  }
  if (stats.size > MOST_BYTES) {
    const megabytes = (stats.size / 1e6).toFixed(1);
    const message = `the file has ${megabytes} MB, at most ${MOST_BYTES / 1e6} MB are read`;
    throw inputError(shown, 'MQ-DOC-004', message);
  }
  return readFileText(file);
}

/** Pipes are fine (`<(…)` of a shell); devices and sockets may never end. */
function isReadableKind(stats: Stats): boolean {
  return stats.isFile() || stats.isFIFO();
}

function readFileText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(code, `cannot read ${file}: ${code}`, { cause: error });
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(code)) return null;
    throw new EnvironmentError(code, `cannot read ${path}: ${code}`, { cause: error });
  }
}

function scenarioIn(folder: string, shown: string): string {
  const found = SCENARIO_NAMES.map((name) => join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const below = listFolder(folder).filter((name) =>
    SCENARIO_NAMES.some((file) => existsSync(join(folder, name, file))),
  );
  const fix =
    below.length > 0
      ? `give one of its scenarios: ${below.map((name) => join(shown, name)).join(', ')}`
      : 'a scenario is a folder with a scenario.yaml, or such a file itself';
  throw inputError(shown, 'MQ-SCENARIO-010', 'the folder holds no scenario.yaml', fix);
}

function noSuchPath(path: string, cwd: string): InputError {
  const near = nearestPath(path, cwd);
  const message = 'there is no such file or folder';
  const fix =
    near === null ? 'give the path of a scenario or of its folder' : `did you mean ${near}?`;
  return inputError(path, 'MQ-SCENARIO-010', message, fix);
}

/** The same name under `scenarios/`, or the name in the same folder that is spelt most alike. */
function nearestPath(path: string, cwd: string): string | null {
  const inScenarios = join('scenarios', path);
  if (existsSync(resolve(cwd, inScenarios))) return inScenarios;
  const folder = dirname(path);
  for (const place of [folder, 'scenarios']) {
    const near = suggest(basename(path), listFolder(resolve(cwd, place)));
    if (near !== undefined) return join(place, near);
  }
  return null;
}

/** About a file as a whole. */
export function inputError(file: string, code: string, message: string, fix?: string): InputError {
  const diagnostics = new Diagnostics();
  const at = { file, line: 1, column: 1 };
  diagnostics.error(code, at, message, fix === undefined ? {} : { fix });
  return new InputError(diagnostics.sorted());
}
