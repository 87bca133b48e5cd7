/**
 * Paths as Envoy normalises them; its own answers are the conformance cases `edge-path-*`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathNormalization } from '../../../src/mesh/config/edge.ts';
import { normalizedPath } from '../../../src/mesh/route/path-normalization.ts';

const PLAIN: PathNormalization = {
  isNormalized: false,
  mergesSlashes: false,
  escapedSlashes: 'keep',
};
const WHOLE: PathNormalization = { ...PLAIN, isNormalized: true };

function pathOf(target: string, config: PathNormalization): string {
  const result = normalizedPath(target, config);
  return result.kind === 'rejected' ? 'rejected' : `${result.kind} ${result.path}`;
}

describe('a path', () => {
  it.each([
    ['/a/../b', '/b'],
    ['/a/./b', '/a/b'],
    ['/..', '/'],
    ['/a/%2e%2e/b?x=/../y', '/b?x=/../y'],
    ['/a\\b', '/a/b'],
    ['/%41%7e', '/A~'],
    ['/a%2fb', '/a%2fb'],
    ['/a/b/..', '/a/'],
    ['/%zz/%4', '/%zz/%4'],
    ['/<"^`{|}>', '/%3C%22%5E%60%7B%7C%7D%3E'],
    ['/a/./', '/a/'],
    ['/a/.', '/a/'],
    ['/a//b', '/a//b'],
    ['/...', '/...'],
    ['/%2d%2E%5f%30%39%5A%7a', '/-._09Zz'],
    ['/%2f%2B%3a', '/%2f%2B%3a'],
    ['/a\\..\\b', '/b'],
    ['/a?b?c/../d', '/a?b?c/../d'],
  ])('%s becomes %s', (given, wanted) => {
    expect(pathOf(given, WHOLE)).toBe(`path ${wanted}`);
  });

  it('with an escaped NUL is rejected', () => {
    expect(pathOf('/a%00', WHOLE)).toBe('rejected');
  });

  it('loses double slashes, but not the two of a path that has nothing else', () => {
    const merging = { ...PLAIN, mergesSlashes: true };
    expect(pathOf('//a///b//?c=//d', merging)).toBe('path /a/b/?c=//d');
    expect(pathOf('/a//b', merging)).toBe('path /a/b');
    expect(pathOf('//', merging)).toBe('path //');
    expect(pathOf('/', merging)).toBe('path /');
    expect(pathOf('/a/b/', merging)).toBe('path /a/b/');
    expect(pathOf('//a', PLAIN)).toBe('path //a');
  });

  it('with escaped slashes is kept, refused, redirected or unescaped', () => {
    const path = '/a%2Fb%5cc?q=%2f';
    expect(pathOf(path, PLAIN)).toBe(`path ${path}`);
    expect(pathOf(path, { ...PLAIN, escapedSlashes: 'reject' })).toBe('rejected');
    expect(pathOf(path, { ...PLAIN, escapedSlashes: 'redirect' })).toBe('redirect /a/b\\c?q=%2f');
    expect(pathOf(path, { ...WHOLE, escapedSlashes: 'unescape' })).toBe('path /a/b/c?q=%2f');
    expect(pathOf('/a%5c%5Cb%2f%2Fc', { ...PLAIN, escapedSlashes: 'unescape' })).toBe(
      'path /a\\\\b//c',
    );
    expect(pathOf('/a?%2f', { ...PLAIN, escapedSlashes: 'reject' })).toBe('path /a?%2f');
    expect(pathOf('/a%2e', { ...PLAIN, escapedSlashes: 'redirect' })).toBe('path /a%2e');
  });

  it('is normal after one pass', () => {
    const segment = fc.constantFrom('a', '.', '..', '', '%2e', '%41', 'b c', '\\', '%2f');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const once = normalizedPath(`/${segments.join('/')}`, WHOLE);
        if (once.kind === 'rejected') return;
        expect(normalizedPath(once.path, WHOLE)).toEqual(once);
      }),
    );
  });
});
