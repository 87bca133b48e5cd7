/**
 * Finds the scenarios below folders and makes the cases of a suite of them, always in the same order:
 * that of the arguments, then of names, then of the variants in the file.
 */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Diagnostics } from '../../core/diagnostics.ts';
import { InputError, UsageError } from '../../core/errors.ts';
import { buildWorld } from '../../harness/build.ts';
import { NO_OVERRIDES } from '../../harness/variants.ts';
import type { CliIo } from '../cli-io.ts';
import { listFolder } from '../expand-entry.ts';
import { loadScenario, locateScenario, SCENARIO_NAMES } from '../scenario-files.ts';
import type { BrokenCase, SuiteCase } from './suite.ts';

const DEEPEST = 20;
const NOT_SEARCHED = ['node_modules', 'reports'];

/** @throws InputError when there is no scenario in one of the places */
export function findScenarios(places: readonly string[], io: CliIo): readonly string[] {
  const found = places.flatMap((place) => {
    const absolute = resolve(io.cwd, place);
    if (!existsSync(absolute) || !statSync(absolute).isDirectory()) {
      locateScenario(place, io);
      return [place];
    }
    const paths = scenariosBelow(place, io.cwd, 0);
    if (paths.length === 0) throw noScenario(place);
    return paths;
  });
  return [...new Set(found)];
}

function scenariosBelow(folder: string, cwd: string, depth: number): readonly string[] {
  const absolute = resolve(cwd, folder);
  if (SCENARIO_NAMES.some((name) => existsSync(join(absolute, name)))) return [folder];
  if (depth >= DEEPEST) return [];
  return listFolder(absolute)
    .filter((name) => !NOT_SEARCHED.includes(name))
    .filter((name) => statSync(join(absolute, name), { throwIfNoEntry: false })?.isDirectory())
    .flatMap((name) => scenariosBelow(join(folder, name), cwd, depth + 1));
}

function noScenario(place: string): InputError {
  const diagnostics = new Diagnostics();
  const at = { file: place, line: 1, column: 1 };
  const fix = 'a scenario is a folder with a scenario.yaml';
  diagnostics.error('MQ-SCENARIO-010', at, 'there is no scenario in this folder or below', { fix });
  return new InputError(diagnostics.sorted());
}

/** The cases of one scenario; one broken case when its files are wrong. */
export function casesOf(path: string, io: CliIo): readonly (SuiteCase | BrokenCase)[] {
  try {
    const { scenarios } = loadScenario(path, NO_OVERRIDES, io);
    // What only a world can tell, such as routes to nowhere, ends no suite half-way.
    for (const scenario of scenarios) buildWorld(scenario, '1');
    return scenarios.map((scenario) => {
      const { name, variant } = scenario;
      return { name: variant === '' ? name : `${name}/${variant}`, path, scenario };
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first] = error.diagnostics;
    const position = first ?? { file: path, line: 1, column: 1 };
    return [{ name: path, path, problems: error.render(), position }];
  }
}

/**
 * The cases whose name holds one of the texts, in which `*` stands for anything.
 *
 * @throws UsageError when none does
 */
export function filterCases<T extends { readonly name: string }>(
  cases: readonly T[],
  texts: readonly string[],
): readonly T[] {
  if (texts.length === 0) return cases;
  const patterns = texts.map((text) => new RegExp(text.split('*').map(escaped).join('.*')));
  const kept = cases.filter(({ name }) => patterns.some((pattern) => pattern.test(name)));
  if (kept.length > 0) return kept;
  const names = cases.slice(0, 10).map(({ name }) => name);
  const more = cases.length > names.length ? ', …' : '';
  throw new UsageError(`no case matches --filter\n  there are: ${names.join(', ')}${more}`);
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

/** Which part of a suite: `2/3` is the second of three. */
export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

/** @throws UsageError */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text.trim());
  const shard = { index: Number(match?.[1]), count: Number(match?.[2]) };
  if (match !== null && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new UsageError(`--shard is "${text}"; give part/parts, e.g. 1/3`);
}

/** Every n-th case, so that the variants of one slow scenario spread over the shards. */
export function shardOf<T>(cases: readonly T[], shard: Shard | null): readonly T[] {
  if (shard === null) return cases;
  return cases.filter((_, at) => at % shard.count === shard.index - 1);
}
