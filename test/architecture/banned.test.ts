import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { bannedUses } from './banned.ts';
import { importCycles } from './cycles.ts';
import type { SourceFile } from './source-tree.ts';

function fileWith(text: string): SourceFile {
  const tree = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2022, true);
  return { path: 'x.ts', text, lines: 1, imports: [], tree };
}

function file(path: string, ...targets: readonly string[]): SourceFile {
  const imports = targets.map((target) => ({
    specifier: `./${target}`,
    target,
    isTypeOnly: target.startsWith('type-'),
    line: 1,
  }));
  return { ...fileWith(''), path, imports };
}

describe('the check of pure code finds', () => {
  test.each([
    ['const now = Date.now();', 'Date'],
    ['const then = new Date(0);', 'Date'],
    ['Math.random();', 'Math.random'],
    ['Math.log(2);', 'Math.log'],
    ['const { log } = Math;', 'Math as a value'],
    ['const square = 3 ** 2;', '`**`'],
    ['let x = 2; x **= 2;', '`**`'],
    ['setTimeout(() => {}, 1);', 'setTimeout'],
    ['const env = process.env;', 'process'],
    ['console.log(1);', 'console'],
    ['async function run() {}', 'async'],
    ['Promise.resolve();', 'Promise'],
    ['"a".localeCompare("b");', '.localeCompare()'],
    ['const f = { now: Date };', 'Date'],
  ])('%s', (text, problem) => {
    expect(bannedUses(fileWith(text)).join('\n')).toContain(`x.ts:1: ${problem}`);
  });

  test.each([
    'Math.floor(1.5);',
    'const text = "Date.now() and 2 ** 3"; // setTimeout',
    'interface Clock { Date: number; now(): number }',
    'const record = { process: 1 }; record.process;',
    'function process_(console_: number) { return console_; }',
  ])('nothing in %s', (text) => {
    expect(bannedUses(fileWith(text))).toEqual([]);
  });
});

describe('the search for cycles', () => {
  test('finds each group once', () => {
    const files = [file('a', 'b'), file('b', 'c'), file('c', 'a'), file('d', 'a')];
    expect(importCycles(files)).toEqual([['a', 'b', 'c']]);
  });

  test('takes no offence at types or diamonds', () => {
    const files = [file('a', 'b', 'c'), file('b', 'd'), file('c', 'd'), file('d', 'type-a')];
    expect(importCycles(files)).toEqual([]);
  });
});
