/**
 * The architecture, held as a test: dependencies, determinism, plug-in lists, sizes.
 *
 * The rules are data in `architecture/rules.ts`. A message says where, what and why.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bannedUses } from './architecture/banned.ts';
import { importCycles } from './architecture/cycles.ts';
import {
  AREA_RULES,
  FILE_LINES,
  PLUG_IN_FOLDERS,
  type PlugInFolder,
  PURE_AREAS,
  TOP_FILES,
} from './architecture/rules.ts';
import {
  areaOf,
  type ImportStatement,
  ROOT,
  readSources,
  type SourceFile,
} from './architecture/source-tree.ts';

const sources = readSources('src');
const tests = readSources('test');

describe('dependencies', () => {
  test('every folder has a rule', () => {
    const homeless = sources.filter((file) => areaOf(file.path) === null);
    expect(homeless.map((file) => file.path).filter((path) => !TOP_FILES.includes(path))).toEqual(
      [],
    );
  });

  test('folders import only what the table allows', () => {
    expect(
      sources.flatMap((file) => file.imports.flatMap((item) => importProblem(file, item))),
    ).toEqual([]);
  });

  test('relative specifiers end in .ts and lead to a file', () => {
    const wrong = [...sources, ...tests].flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, target }) => target !== null && !isFile(specifier, target))
        .map(({ specifier, line }) => `${path}:${line}: ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('no file imports itself by a detour', () => {
    expect(importCycles(sources)).toEqual([]);
  });

  test('nothing imports tests or benchmarks', () => {
    const wrong = sources.filter(({ imports }) =>
      imports.some(({ target }) => target !== null && !target.startsWith('src/')),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});

function importProblem(file: SourceFile, statement: ImportStatement): string[] {
  const { specifier, target, line, isTypeOnly } = statement;
  const rule = AREA_RULES.find((item) => item.area === areaOf(file.path));
  if (rule === undefined || rule.mayImport.includes('*')) return [];
  const where = `${file.path}:${line}`;
  if (target === null) {
    if (specifier.startsWith('node:')) {
      return rule.isNode ? [] : [`${where}: ${rule.area} must not import ${specifier}`];
    }
    const isAllowed = rule.packages.includes(packageOf(specifier));
    return isAllowed ? [] : [`${where}: ${rule.area} must not import the package ${specifier}`];
  }
  if (isTypeOnly && rule.typesFrom?.includes(target)) return [];
  const area = areaOf(target);
  const isAllowed = area !== null && (area === rule.area || rule.mayImport.some(matches(area)));
  return isAllowed ? [] : [`${where}: ${rule.area} must not import ${target}`];
}

function matches(area: string): (pattern: string) => boolean {
  return (pattern) =>
    pattern === area || (pattern.endsWith('/*') && area.startsWith(pattern.slice(0, -1)));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isFile(specifier: string, target: string): boolean {
  const isComplete = specifier.endsWith('.ts') || specifier.endsWith('.json');
  return isComplete && existsSync(join(ROOT, target));
}

describe('determinism', () => {
  test('pure folders use no clock, timer, environment, promise or inexact arithmetic', () => {
    const pure = sources.filter((file) => PURE_AREAS.includes(areaOf(file.path) ?? ''));
    expect(pure.flatMap(bannedUses)).toEqual([]);
  });
});

describe.each(PLUG_IN_FOLDERS)('each $what', (plugIns) => {
  const files = sources.filter((file) => isPlugIn(plugIns, file));

  test('is in the list, and the list has nothing else', () => {
    const list = sources.find((file) => file.path === plugIns.list);
    const imported = new Set((list?.imports ?? []).map(({ target }) => target));
    const listed = sources.filter((file) => imported.has(file.path) && isPlugIn(plugIns, file));
    expect(files.length).toBeGreaterThan(0);
    expect(listed.map((file) => file.path)).toEqual(files.map((file) => file.path));
  });

  test('has a test', () => {
    const folder = plugIns.folder.replace(/^src/, 'test');
    const untested = files.filter(({ path }) => {
      const own = `${folder}/${basename(path, '.ts')}.test.ts`;
      if (existsSync(join(ROOT, plugIns.commonTest ?? own))) return false;
      return !tests.some(({ imports }) => imports.some(({ target }) => target === path));
    });
    expect(untested.map((file) => file.path)).toEqual([]);
  });
});

function isPlugIn({ folder, list, mark }: PlugInFolder, { path, text }: SourceFile): boolean {
  return path.startsWith(`${folder}/`) && path !== list && mark.test(text);
}

describe('sizes', () => {
  test('files stay readable', () => {
    const measured = [...sources, ...tests].filter((file) => file.lines > FILE_LINES.guide);
    for (const { path, lines } of measured) console.info(`${path} has ${lines} lines`);
    const tooLong = measured.filter((file) => file.lines > FILE_LINES.limit);
    expect(tooLong.map((file) => file.path)).toEqual([]);
  });
});
