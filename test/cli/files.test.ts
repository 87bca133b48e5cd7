import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandEntry } from '../../src/cli/expand-entry.ts';
import { fileNamePart, linkLatest, writeOutput } from '../../src/cli/output-directory.ts';
import { parseSeeds } from '../../src/cli/run-options.ts';
import { meshLoader } from '../../src/cli/scenario-files.ts';
import { wrapText } from '../../src/cli/wrap-text.ts';
import { folderWith } from './cli-under-test.ts';

const TREE = {
  'mesh/b.yaml': 'b',
  'mesh/a.yml': 'a',
  'mesh/c.json': 'c',
  'mesh/notes.md': 'x',
  'mesh/.hidden.yaml': 'x',
  'mesh/deep/d.yaml': 'd',
  'mesh/deep/er/e.yaml': 'e',
};

describe('an entry of mesh', () => {
  it.each([
    ['mesh/b.yaml', ['mesh/b.yaml']],
    ['mesh/notes.md', ['mesh/notes.md']],
    [
      'mesh/',
      ['mesh/a.yml', 'mesh/b.yaml', 'mesh/c.json', 'mesh/deep/d.yaml', 'mesh/deep/er/e.yaml'],
    ],
    ['mesh/*.yaml', ['mesh/b.yaml']],
    ['mesh/**/*.yaml', ['mesh/b.yaml', 'mesh/deep/d.yaml', 'mesh/deep/er/e.yaml']],
    ['mesh/{a,c}.*', ['mesh/a.yml', 'mesh/c.json']],
    ['mesh/?.yml', ['mesh/a.yml']],
    ['**/e.yaml', ['mesh/deep/er/e.yaml']],
  ])('%s', (entry, files) => {
    const folder = folderWith(TREE);
    const expanded = expandEntry(entry, folder);
    const found = expanded.ok ? expanded.files.map((file) => relative(folder, file)) : expanded;
    expect(found).toEqual(files);
  });

  it.each([
    ['nothing.yaml', 'there is no file or folder "nothing.yaml"'],
    ['*.txt', 'no file matches "*.txt"'],
    ['empty', 'the folder "empty" holds no .yaml, .yml or .json file'],
  ])('%s is refused', (entry, problem) => {
    const folder = folderWith({ 'empty/readme.md': '' });
    expect(expandEntry(entry, folder)).toEqual({ ok: false, problem });
  });

  it('is read relative to the scenario, and shown relative to the current folder', () => {
    const folder = folderWith({ 's/mesh/a.yaml': 'a', 'b.yaml': 'b' });
    const load = meshLoader(join(folder, 's'), folder);
    expect(load('mesh', 'scenario')).toEqual({
      ok: true,
      files: [{ path: 's/mesh/a.yaml', text: 'a' }],
    });
    expect(load('b.yaml', 'command-line')).toEqual({
      ok: true,
      files: [{ path: 'b.yaml', text: 'b' }],
    });
  });
});

describe('an output folder', () => {
  it('appears complete, in place of an earlier one', () => {
    const folder = join(folderWith({}), 'deep/er/out');
    writeOutput(folder, { 'manifest.json': '1', 'old.txt': '' });
    writeOutput(folder, { 'manifest.json': '2' });
    expect(readdirSync(folder)).toEqual(['manifest.json']);
    expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toBe('2');
    expect(readdirSync(join(folder, '..'))).toEqual(['out']);
  });

  it('may be there already, if it is empty', () => {
    const folder = join(folderWith({}), 'out');
    mkdirSync(folder);
    writeOutput(folder, { 'a.txt': '' });
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('is not put in place of a file', () => {
    const parent = folderWith({ out: 'x' });
    expect(() => writeOutput(join(parent, 'out'), {})).toThrow('it is not a folder');
    expect(readFileSync(join(parent, 'out'), 'utf8')).toBe('x');
  });

  it('is where "latest" leads, also the second time', () => {
    const parent = folderWith({});
    for (const name of ['one', 'two']) {
      writeOutput(join(parent, name), { 'manifest.json': name });
      linkLatest(join(parent, name));
    }
    expect(readFileSync(join(parent, 'latest/manifest.json'), 'utf8')).toBe('two');
  });

  it('leaves a "latest" of other people alone', () => {
    const parent = folderWith({ 'latest/mine.txt': 'x' });
    writeFileSync(join(parent, 'x'), '');
    linkLatest(join(parent, 'one'));
    expect(existsSync(join(parent, 'latest/mine.txt'))).toBe(true);
    expect(readdirSync(parent).sort()).toEqual(['latest', 'x']);
  });
});

describe('names and texts', () => {
  it('makes any seed a file name of its own', () => {
    expect(fileNamePart('1..20')).toBe('1..20');
    const odd = ['../../etc', 'a/b', 'a_b', '..', '.', 'a b', 'x'.repeat(300)].map(fileNamePart);
    expect(new Set(odd).size).toBe(odd.length);
    for (const name of odd) expect(name).toMatch(/^[\w-][\w.-]{0,60}$/);
  });

  it('reads counts and ranges of seeds', () => {
    expect(parseSeeds('3')).toEqual(['1', '2', '3']);
    expect(parseSeeds('7..9')).toEqual(['7', '8', '9']);
    expect(parseSeeds('7..7')).toEqual(['7']);
    for (const wrong of ['', 'x', '-1', '1..', '..2', '5..4', '1.5']) {
      expect(() => parseSeeds(wrong)).toThrow('--seeds is');
    }
  });

  it('wraps at words', () => {
    expect(wrapText('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(wrapText('incomprehensibilities', 5)).toEqual(['incomprehensibilities']);
  });
});
