import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { regexRewriteProblem } from '../../../src/importers/regex-rewrite.ts';
import type { PathMatch } from '../../../src/mesh/config/config.ts';
import type {
  HostRewrite,
  PathRewrite,
  RedirectAction,
} from '../../../src/mesh/config/rewriting.ts';
import { compileRegexRewrite } from '../../../src/mesh/route/regex-rewrite.ts';
import {
  addressOf,
  compileHostRewrite,
  compilePathRewrite,
  redirectLocation,
  rewriteEdits,
} from '../../../src/mesh/route/rewrite.ts';

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

describe('host rewrites', () => {
  const head = new HttpHead({
    authority: 'svc',
    path: '/eu/cart?q=1',
    headers: [
      ['x-host', 'first'],
      ['x-host', 'second'],
    ],
  });
  const pathRegex = { kind: 'path-regex', pattern: '^/([a-z]+)/.*$' } as const;

  test.each<[HostRewrite, string]>([
    [{ kind: 'literal', value: 'other' }, 'other'],
    [{ kind: 'header', name: 'x-host' }, 'first'],
    [{ kind: 'header', name: 'x-none' }, ''],
    [{ ...pathRegex, substitution: '\\1.example' }, 'eu.example'],
  ])('%j gives %j', (rewrite, host) => {
    expect(compileHostRewrite(rewrite)(head)).toBe(host);
  });
});

describe('what rewrites leave in headers', () => {
  const head = new HttpHead({ authority: 'svc', path: '/old?q' });
  const forwarded = new HttpHead({
    authority: 'svc',
    path: '/',
    headers: [['x-forwarded-host', 'before']],
  });
  const toOther = () => 'other';
  const toNothing = () => '';
  const toNew = () => '/new';

  it('is nothing where nothing is rewritten', () => {
    expect(rewriteEdits(head, null, null, true)).toEqual({});
    expect(rewriteEdits(head, null, toNothing, true)).toEqual({});
  });

  it('is the path that was there', () => {
    const set = [['x-envoy-original-path', '/old?q']];
    expect(rewriteEdits(head, toNew, null, true)).toEqual({ path: '/new', set });
    expect(rewriteEdits(head, toNew, toNothing, true)).toEqual({ path: '/new', set });
  });

  it('is the host that was there, and for others too where the route says so', () => {
    const original = ['x-envoy-original-host', 'svc'];
    expect(rewriteEdits(head, null, toOther, false)).toEqual({
      authority: 'other',
      set: [original],
    });
    expect(rewriteEdits(head, null, toOther, true).set).toEqual([
      original,
      ['x-forwarded-host', 'svc'],
    ]);
    expect(rewriteEdits(forwarded, null, toOther, true).set).toEqual([
      original,
      ['x-forwarded-host', 'before,svc'],
    ]);
  });

  it('is both, the host first', () => {
    expect(rewriteEdits(head, toNew, toOther, false)).toEqual({
      authority: 'other',
      path: '/new',
      set: [
        ['x-envoy-original-host', 'svc'],
        ['x-envoy-original-path', '/old?q'],
      ],
    });
  });
});

describe('regular expressions', () => {
  it('replace every match, with groups', () => {
    const swap = compileRegexRewrite({ pattern: '([a-z])([0-9])', substitution: '\\2\\1\\\\' });
    expect(swap('a1-b2-c')).toBe('1a\\-2b\\-c');
    const groups = compileRegexRewrite({ pattern: '(x)|(y)', substitution: '[\\0\\1\\2]' });
    expect(groups('x-y')).toBe('[xx]-[yy]');
    expect(groups('none')).toBe('none');
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
    [{ path: { kind: 'prefix', value: '/z' }, stripsQuery: true }, 'http://svc:80/z/b'],
    [{ path: { kind: 'whole', value: '/new?x' } }, 'http://svc:80/new?x'],
    [{ host: 'other', port: 8080 }, 'http://other:8080/a/b?q=1'],
    [{ scheme: 'https', port: 443 }, 'https://svc:443/a/b?q=1'],
  ] as [Partial<RedirectAction>, string][])('%j is %s', (partial, location) => {
    expect(redirectLocation(head, { ...REDIRECT, ...partial }, prefix('/a'))).toBe(location);
  });

  it('loses the port that was the default of the old scheme, and no other', () => {
    const to = (authority: string, scheme: 'http' | 'https', from: string) => {
      const headers = [['x-forwarded-proto', from]] as const;
      const request = new HttpHead({ authority, path: '/', headers });
      return redirectLocation(request, { ...REDIRECT, scheme }, ROOT);
    };
    expect(to('svc:443', 'http', 'https')).toBe('http://svc/');
    expect(to('svc:80', 'http', 'https')).toBe('http://svc:80/');
    expect(to('svc:443', 'https', 'https')).toBe('https://svc:443/');
    expect(to('svc:443', 'https', 'http')).toBe('https://svc:443/');
    expect(to('svc:8080', 'https', 'http')).toBe('https://svc:8080/');
    expect(to('svc', 'https', 'http')).toBe('https://svc/');
  });

  it('is the request’s own for answers that name it', () => {
    expect(addressOf(head)).toBe('http://svc:80/a/b?q=1');
    const headers = [['x-forwarded-proto', 'https']] as const;
    expect(addressOf(new HttpHead({ authority: 'svc', path: '/', headers }))).toBe('https://svc/');
  });

  it('keeps IPv6 brackets and ports that say something', () => {
    const six = new HttpHead({ method: 'GET', authority: '[::1]:8443', path: '/' });
    const secure = { ...REDIRECT, scheme: 'https' } as const;
    expect(redirectLocation(six, secure, ROOT)).toBe('https://[::1]:8443/');
    expect(redirectLocation(six, { ...secure, port: 443 }, ROOT)).toBe('https://[::1]:443/');
    const bare = new HttpHead({ method: 'GET', authority: '[::1]', path: '/' });
    expect(redirectLocation(bare, { ...secure, port: 443 }, ROOT)).toBe('https://[::1]:443/');
  });
});
