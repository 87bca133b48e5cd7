import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import type { HeaderMatch, PathMatch, ValueMatch } from '../../../src/mesh/config/config.ts';
import {
  compileHeaderMatch,
  compilePathMatch,
  compileQueryMatch,
  compileRouteMatch,
} from '../../../src/mesh/route/match.ts';

type Lines = readonly (readonly [string, string])[];

function request(headers: Lines = [], path = '/'): HttpHead {
  return new HttpHead({ method: 'GET', authority: 'shop.example', path, headers });
}

function header(value: ValueMatch, rest: Partial<HeaderMatch> = {}): HeaderMatch {
  return { name: 'x-user', value, invert: false, treatMissingAsEmpty: false, ...rest };
}

describe('a path', () => {
  test.each<[PathMatch['kind'], string, string, boolean]>([
    ['prefix', '/a', '/a', true],
    ['prefix', '/a', '/ab', true],
    ['prefix', '/a', '/a/b', true],
    ['prefix', '/a', '/b/a', false],
    ['prefix', '/A', '/a', false],
    ['exact', '/a', '/a', true],
    ['exact', '/a', '/a/', false],
    ['exact', '/a', '/A', false],
    ['separated-prefix', '/a', '/a', true],
    ['separated-prefix', '/a', '/a/', true],
    ['separated-prefix', '/a', '/a/b', true],
    ['separated-prefix', '/a', '/ab', false],
    ['regex', '/a.*b', '/axxb', true],
    ['regex', '/a', '/ab', false],
    ['regex', 'a', '/a', false],
    ['regex', '/(a|b)', '/b', true],
    ['regex', '/a.b', '/a\nb', false],
  ])('of kind %s %s against %s: %s', (kind, value, path, matched) => {
    expect(compilePathMatch({ kind, value, ignoreCase: false })(path)).toBe(matched);
  });

  it('can be compared without regard to case', () => {
    for (const kind of ['exact', 'prefix', 'separated-prefix'] as const) {
      expect(compilePathMatch({ kind, value: '/Cart', ignoreCase: true })('/cART')).toBe(true);
    }
    const prefix = { kind: 'separated-prefix', value: '/Cart', ignoreCase: true } as const;
    expect(compilePathMatch(prefix)('/CARTS')).toBe(false);
  });

  it('is compared without its query', () => {
    const path = { kind: 'exact', value: '/a', ignoreCase: false } as const;
    const matches = compileRouteMatch({ path, headers: [], query: [] });
    expect(matches(request([], '/a?b=c'))).toBe(true);
    expect(matches(request([], '/a/?b=c'))).toBe(false);
    const prefix = { kind: 'separated-prefix', value: '/a', ignoreCase: false } as const;
    expect(compileRouteMatch({ path: prefix, headers: [], query: [] })(request([], '/a?'))).toBe(
      true,
    );
  });

  it('refuses what RE2 does not know', () => {
    const compile = () => compilePathMatch({ kind: 'regex', value: '/(?=a)' });
    expect(compile).toThrow();
  });
});

describe('a header', () => {
  test.each<[ValueMatch, string, boolean]>([
    [{ kind: 'exact', value: 'ann' }, 'ann', true],
    [{ kind: 'exact', value: 'ann' }, 'Ann', false],
    [{ kind: 'exact', value: 'ann', ignoreCase: true }, 'ANN', true],
    [{ kind: 'prefix', value: 'an' }, 'ann', true],
    [{ kind: 'prefix', value: 'AN', ignoreCase: true }, 'ann', true],
    [{ kind: 'suffix', value: 'nn' }, 'ann', true],
    [{ kind: 'suffix', value: 'an' }, 'ann', false],
    [{ kind: 'contains', value: 'n' }, 'ann', true],
    [{ kind: 'contains', value: 'N', ignoreCase: true }, 'ann', true],
    [{ kind: 'contains', value: 'b' }, 'ann', false],
    [{ kind: 'regex', value: 'a.*' }, 'ann', true],
    [{ kind: 'regex', value: 'n' }, 'ann', false],
    [{ kind: 'range', from: -5, to: 10 }, '-5', true],
    [{ kind: 'range', from: -5, to: 10 }, '9', true],
    [{ kind: 'range', from: -5, to: 10 }, '10', false],
    [{ kind: 'range', from: -5, to: 10 }, '3.5', false],
    [{ kind: 'range', from: -5, to: 10 }, 'x', false],
    [{ kind: 'range', from: -5, to: 10 }, '', false],
    [{ kind: 'present' }, '', true],
  ])('matched by %j with the value %j: %s', (value, text, matched) => {
    expect(compileHeaderMatch(header(value))(request([['x-user', text]]))).toBe(matched);
    const inverted = compileHeaderMatch(header(value, { invert: true }));
    expect(inverted(request([['x-user', text]]))).toBe(!matched);
  });

  it('that is absent matches no value, not even an inverted one', () => {
    const exact: ValueMatch = { kind: 'exact', value: 'ann' };
    expect(compileHeaderMatch(header(exact))(request())).toBe(false);
    expect(compileHeaderMatch(header(exact, { invert: true }))(request())).toBe(false);
  });

  it('that is absent can count as empty', () => {
    const rest = { treatMissingAsEmpty: true };
    const empty: ValueMatch = { kind: 'exact', value: '' };
    expect(compileHeaderMatch(header(empty, rest))(request())).toBe(true);
    const inverted = { ...rest, invert: true };
    expect(compileHeaderMatch(header({ kind: 'exact', value: 'ann' }, inverted))(request())).toBe(
      true,
    );
  });

  it('that is absent is found by an inverted presence match', () => {
    expect(compileHeaderMatch(header({ kind: 'present' }))(request())).toBe(false);
    expect(compileHeaderMatch(header({ kind: 'present' }, { invert: true }))(request())).toBe(true);
  });

  it('of several lines is tried line by line', () => {
    const lines = request([
      ['x-user', 'bob'],
      ['x-user', 'ann'],
    ]);
    const exact: ValueMatch = { kind: 'exact', value: 'ann' };
    expect(compileHeaderMatch(header(exact))(lines)).toBe(true);
    expect(compileHeaderMatch(header(exact, { invert: true }))(lines)).toBe(false);
    expect(compileHeaderMatch(header({ kind: 'exact', value: 'bob,ann' }))(lines)).toBe(false);
  });

  test.each<[string, string]>([
    [':method', 'GET'],
    [':authority', 'shop.example'],
    ['host', 'shop.example'],
    [':path', '/cart?x=1'],
    [':scheme', 'http'],
  ])('called %s is a part of the request line', (name, value) => {
    const matches = compileHeaderMatch(header({ kind: 'exact', value }, { name }));
    expect(matches(request([], '/cart?x=1'))).toBe(true);
  });

  it('takes the scheme that a proxy in front noted', () => {
    const https = header({ kind: 'exact', value: 'https' }, { name: ':scheme' });
    expect(compileHeaderMatch(https)(request([['x-forwarded-proto', 'https']]))).toBe(true);
  });
});

describe('a query parameter', () => {
  test.each<[ValueMatch, string, boolean]>([
    [{ kind: 'present' }, '/a?debug', true],
    [{ kind: 'present' }, '/a?debug=', true],
    [{ kind: 'present' }, '/a?x=debug', false],
    [{ kind: 'present' }, '/a', false],
    [{ kind: 'exact', value: '1' }, '/a?debug=1', true],
    [{ kind: 'exact', value: '1' }, '/a?x=2&debug=1', true],
    [{ kind: 'exact', value: '1' }, '/a?debug=2&debug=1', false],
    [{ kind: 'exact', value: '' }, '/a?debug', true],
    [{ kind: 'exact', value: 'a=b' }, '/a?debug=a=b', true],
    [{ kind: 'exact', value: 'a b' }, '/a?debug=a%20b', false],
    [{ kind: 'regex', value: '[0-9]+' }, '/a?debug=12', true],
  ])('matched by %j in %s: %s', (value, path, matched) => {
    expect(compileQueryMatch({ name: 'debug', value })(path)).toBe(matched);
  });
});

describe('a route match', () => {
  const match = compileRouteMatch({
    path: { kind: 'prefix', value: '/a', ignoreCase: false },
    headers: [header({ kind: 'present' })],
    query: [{ name: 'q', value: { kind: 'present' } }],
  });

  it('needs all of its parts', () => {
    const user: Lines = [['x-user', 'ann']];
    expect(match(request(user, '/a?q'))).toBe(true);
    expect(match(request(user, '/b?q'))).toBe(false);
    expect(match(request(user, '/a'))).toBe(false);
    expect(match(request([], '/a?q'))).toBe(false);
  });
});
