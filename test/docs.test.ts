/**
 * The documentation, held to what it says: links lead somewhere, paths exist, generated pages are
 * current, tables agree with the rules they describe. (Commands in it: `e2e/docs-commands.test.ts`.)
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GENERATED_FOLDERS, generatedPages } from '../scripts/docs/index.ts';
import { DOCUMENT_PAGES, type DocumentPage, TOP_PAGES } from './architecture/pages.ts';
import { AREA_RULES } from './architecture/rules.ts';
import { filesBelow, ROOT } from './architecture/source-tree.ts';

describe('links', () => {
  test('lead to files and headings that exist', () => {
    expect(DOCUMENT_PAGES.flatMap(brokenLinks)).toEqual([]);
  });

  test('pages that users start from are there', () => {
    const paths = DOCUMENT_PAGES.map((page) => page.path);
    for (const path of [...TOP_PAGES, 'docs/README.md']) expect(paths).toContain(path);
  });
});

function brokenLinks({ path, text }: DocumentPage): readonly string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return links
    .filter((link) => !/^[a-z]+:/i.test(link))
    .flatMap((link) => {
      const [file = '', anchor = ''] = link.split('#');
      const target = file === '' ? path : posix.join(posix.dirname(path), file);
      if (!existsSync(join(ROOT, target))) return [`${path}: ${link}`];
      if (anchor === '' || !target.endsWith('.md')) return [];
      return anchorsOf(target).includes(anchor) ? [] : [`${path}: ${link} (no such heading)`];
    });
}

function withoutCode(text: string): string {
  return text.replace(/```.*?```/gs, '').replace(/`[^`\n]*`/g, '');
}

/** As GitHub makes them from headings. */
function anchorsOf(path: string): readonly string[] {
  const text = readFileSync(join(ROOT, path), 'utf8').replace(/```.*?```/gs, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('files that pages name exist', () => {
  const missing = DOCUMENT_PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|test|scripts|docs|bench|scenarios)\/[\w./-]+\.\w+)`/g)]
      .map((match) => match[1] ?? '')
      .filter((named) => !existsSync(join(ROOT, named)))
      .map((named) => `${path}: ${named}`),
  );
  expect(missing).toEqual([]);
});

describe('generated pages', () => {
  const generated = generatedPages();

  test.each(generated.map((page) => [page.path, page.text]))('%s is current', (path, text) => {
    const actual = existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
    expect(actual === text, 'run `npm run docs`').toBe(true);
  });

  test('nothing else lies in their folders', () => {
    const wanted = generated.map((page) => page.path);
    const others = GENERATED_FOLDERS.flatMap(filesBelow).filter((path) => !wanted.includes(path));
    expect(others).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');

  test('has the table of dependencies that the test of the architecture holds', () => {
    const documented = new Map(
      [...text.matchAll(/^\| (`[^|]+) \| ([^|]+) \|$/gm)].flatMap(([, left = '', right = '']) =>
        namesIn(left).map((area) => [area, namesIn(right)] as const),
      ),
    );
    for (const { area, mayImport } of AREA_RULES) {
      const row = documented.get(area);
      expect(row, `no row for ${area}`).toBeDefined();
      const isComposed = mayImport.includes('harness') || mayImport.includes('*');
      if (!isComposed) expect(row, area).toEqual(mayImport);
    }
  });

  test('shows every folder of the sources in its tree', () => {
    const folders = filesBelow('src').map((path) => path.split('/')[1] ?? '');
    for (const folder of new Set(folders.filter((name) => !name.includes('.')))) {
      expect(text, folder).toMatch(new RegExp(`^ {2}${folder}/ `, 'm'));
    }
  });
});

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

test('every decision is in the list, under a number of its own', () => {
  const list = readFileSync(join(ROOT, 'docs/decisions/README.md'), 'utf8');
  const files = filesBelow('docs/decisions')
    .map((path) => posix.basename(path))
    .filter((name) => name !== 'README.md');
  const numbers = files.map((name) => name.slice(0, 4));
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const name of files) expect(list).toContain(`(${name})`);
});
