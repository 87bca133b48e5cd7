import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { regexRewriteProblem } from '../../../src/importers/regex-rewrite.ts';
import type { PathMatch } from '../../../src/mesh/config/config.ts';
import type { PathRewrite, RedirectAction } from '../../../src/mesh/config/rewriting.ts';
import { compileRegexRewrite } from '../../../src/mesh/route/regex-rewrite.ts';
import { compilePathRewrite, redirectLocation } from '../../../src/mesh/route/rewrite.ts';

const REDIRECT: RedirectAction = {
  kind: 'redirect',
  status: 301,
  scheme: '',
  host: '',
  port: 0,
  path: null,
  stripsQuery: false,
};
const ROOT: PathMatch = { kind: 'prefix', value: '/', ignoreCase: false };

function prefix(value: string): PathMatch {
  return { kind: 'prefix', value, ignoreCase: false };
}

describe('path rewrites', () => {
  const to = (value: string): PathRewrite => ({ kind: 'prefix', value });
  const regex: PathRewrite = { kind: 'regex', pattern: '^/(a+)/', substitution: '/[\\1]/' };

  test.each([
    [to('/'), prefix('/root'), '/root/a?q=1', '//a?q=1'],
    [to('/new'), prefix('/old'), '/older', '/newer'],
    [to('/new'), { kind: 'exact', value: '/old', ignoreCase: false }, '/old?q', '/new?q'],
    [to('/new'), { kind: 'regex', value: '.*' }, '/a/b?q', '/new?q'],
    [to('/n'), { kind: 'separated-prefix', value: '/o', ignoreCase: false }, '/o/x', '/n/x'],
    [to('/by'), ROOT, '/some', '/bysome'],
    [regex, ROOT, '/aa/b?/aa/', '/[aa]/b?/aa/'],
  ] as [
    PathRewrite,
    PathMatch,
    string,
    string,
  ][])('%j for %j: %s', (rewrite, match, from, into) => {
    expect(compilePathRewrite(rewrite, match)(from)).toBe(into);
  });
});

describe('regular expressions', () => {
  it('replace every match, with groups', () => {
    const swap = compileRegexRewrite({ pattern: '([a-z])([0-9])', substitution: '\\2\\1\\\\' });
    expect(swap('a1-b2-c')).toBe('1a\\-2b\\-c');
  });

  test.each([
    ['(', 'x'],
    ['a', '\\1'],
    ['a', '\\x'],
  ])('%s with %s is refused', (pattern, substitution) => {
    expect(regexRewriteProblem(pattern, substitution)).toBeTypeOf('string');
  });

  it('are accepted with the groups they have', () => {
    expect(regexRewriteProblem('(a)', '\\1\\\\')).toBeNull();
  });
});

describe('the address of a redirect', () => {
  const head = new HttpHead({ method: 'GET', authority: 'svc:80', path: '/a/b?q=1' });

  test.each([
    [{}, 'http://svc:80/a/b?q=1'],
    [{ scheme: 'https' }, 'https://svc/a/b?q=1'],
    [{ port: 8080 }, 'http://svc:8080/a/b?q=1'],
    [{ host: 'other' }, 'http://other/a/b?q=1'],
    [{ stripsQuery: true }, 'http://svc:80/a/b'],
    [{ path: { kind: 'whole', value: '/new' } }, 'http://svc:80/new?q=1'],
    [{ path: { kind: 'whole', value: 'new' }, stripsQuery: true }, 'http://svc:80/new'],
    [{ path: { kind: 'whole', value: '/new?x' }, stripsQuery: true }, 'http://svc:80/new?x'],
    [{ path: { kind: 'prefix', value: '/z' } }, 'http://svc:80/z/b?q=1'],
  ] as [Partial<RedirectAction>, string][])('%j is %s', (partial, location) => {
    expect(redirectLocation(head, { ...REDIRECT, ...partial }, prefix('/a'))).toBe(location);
  });

  it('keeps IPv6 brackets and ports that say something', () => {
    const six = new HttpHead({ method: 'GET', authority: '[::1]:8443', path: '/' });
    const secure = { ...REDIRECT, scheme: 'https' } as const;
    expect(redirectLocation(six, secure, ROOT)).toBe('https://[::1]:8443/');
    expect(redirectLocation(six, { ...secure, port: 443 }, ROOT)).toBe('https://[::1]:443/');
  });
});
