import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import type {
  CookieMatch,
  HeaderMatch,
  PathMatch,
  RouteMatch,
  ValueMatch,
} from '../../../src/mesh/config/config.ts';
import {
  compileHeaderMatch,
  compilePathMatch,
  compileQueryMatch,
  compileRouteMatch,
} from '../../../src/mesh/route/match.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

type Lines = readonly (readonly [string, string])[];

function request(headers: Lines = [], path = '/'): HttpHead {
  return new HttpHead({ method: 'GET', authority: 'shop.example', path, headers });
}

function header(value: ValueMatch, rest: Partial<HeaderMatch> = {}): HeaderMatch {
  return { name: 'x-user', value, invert: false, treatMissingAsEmpty: false, ...rest };
}

const ANY_PATH: PathMatch = { kind: 'prefix', value: '/', ignoreCase: false };

function cookie(value: ValueMatch, rest: Partial<CookieMatch> = {}): CookieMatch {
  return { name: 'sid', value, invert: false, ...rest };
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
    [{ kind: 'range', from: -5, to: 10 }, '-6', false],
    [{ kind: 'range', from: -5, to: 10 }, '+9', true],
    [{ kind: 'range', from: -5, to: 10 }, '007', true],
    [{ kind: 'range', from: -5, to: 10 }, '7x', false],
    [{ kind: 'range', from: -5, to: 10 }, 'x7', false],
    [{ kind: 'suffix', value: 'NN', ignoreCase: true }, 'ann', true],
    [{ kind: 'prefix', value: 'nn' }, 'ann', false],
    [{ kind: 'contains', value: 'N' }, 'ann', false],
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

  it('that is absent and counts as empty is present', () => {
    const rest = { treatMissingAsEmpty: true };
    expect(compileHeaderMatch(header({ kind: 'present' }, rest))(request())).toBe(true);
    const inverted = { ...rest, invert: true };
    expect(compileHeaderMatch(header({ kind: 'present' }, inverted))(request())).toBe(false);
    expect(compileHeaderMatch(header({ kind: 'exact', value: 'ann' }, rest))(request())).toBe(
      false,
    );
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
    [{ kind: 'present' }, '/a?debugger', false],
    [{ kind: 'present' }, 'debug', false],
    [{ kind: 'present' }, '?debug', true],
    [{ kind: 'exact', value: '' }, '/a?=1', false],
  ])('matched by %j in %s: %s', (value, path, matched) => {
    expect(compileQueryMatch({ name: 'debug', value })(path)).toBe(matched);
  });

  it('can be wanted absent, whatever its value', () => {
    const absent = { name: 'debug', value: { kind: 'exact', value: '1' }, isAbsent: true } as const;
    expect(compileQueryMatch(absent)('/a?x=1')).toBe(true);
    expect(compileQueryMatch(absent)('/a?debug=1')).toBe(false);
    expect(compileQueryMatch(absent)('/a?debug=2')).toBe(false);
    expect(compileQueryMatch(absent)('/a?debug')).toBe(false);
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

  it('needs each of its headers, parameters and cookies', () => {
    const one = (name: string) => header({ kind: 'present' }, { name });
    const parameter = (name: string) => ({ name, value: { kind: 'present' } }) as const;
    const both = compileRouteMatch({
      path: ANY_PATH,
      headers: [one('x-a'), one('x-b')],
      query: [parameter('p'), parameter('q')],
      cookies: [cookie({ kind: 'present' }), cookie({ kind: 'present' }, { name: 'other' })],
    });
    const lines: Lines = [
      ['x-a', ''],
      ['x-b', ''],
      ['cookie', 'sid=1; other=2'],
    ];
    expect(both(request(lines, '/?p&q'))).toBe(true);
    expect(both(request(lines, '/?p'))).toBe(false);
    expect(both(request(lines.slice(1), '/?p&q'))).toBe(false);
    expect(both(request([...lines.slice(0, 2), ['cookie', 'other=2']], '/?p&q'))).toBe(false);
  });

  it('can ask for gRPC', () => {
    const grpc = compileRouteMatch({ path: ANY_PATH, headers: [], query: [], isGrpc: true });
    expect(grpc(request([['content-type', 'application/grpc']]))).toBe(true);
    expect(grpc(request([['content-type', 'application/json']]))).toBe(false);
  });

  it('can be impossible', () => {
    const never = compileRouteMatch({
      path: ANY_PATH,
      headers: [],
      query: [],
      isImpossible: true,
    });
    expect(never(request())).toBe(false);
  });

  test.each<[string, boolean, boolean]>([
    ['/a;v=1', true, true],
    ['/a;v=1', false, false],
    ['/a;v=1?q', true, true],
    ['/a?q;v', true, true],
    ['/a?q;v', false, true],
    ['/;/a', true, false],
  ])('of %s against /a, where parameters of paths are passed over: %s', (path, ignores, matched) => {
    const exact = { kind: 'exact', value: '/a', ignoreCase: false } as const;
    const matches = compileRouteMatch({ path: exact, headers: [], query: [] }, ignores);
    expect(matches(request([], path))).toBe(matched);
    if (ignores) return;
    expect(compileRouteMatch({ path: exact, headers: [], query: [] })(request([], path))).toBe(
      matched,
    );
  });
});

describe('what a route asks of the connection', () => {
  const plain = DOWNSTREAM_PEER;
  const sans = [{ type: 'uri', value: 'spiffe://a/b' }] as const;
  const anonymous = { ...plain, tls: true };
  const known = { ...plain, tls: true, sans, validated: true };
  const untrusted = { ...known, validated: false };

  test.each<[NonNullable<RouteMatch['tls']>, readonly boolean[]]>([
    [{}, [false, true, true, true]],
    [{ presented: true }, [false, false, true, true]],
    [{ presented: false }, [false, true, false, false]],
    [{ validated: true }, [false, false, true, false]],
    [{ validated: false }, [false, true, false, true]],
    [{ presented: true, validated: false }, [false, false, false, true]],
    [{ presented: false, validated: true }, [false, false, false, false]],
  ])('%j holds in plain text, without a certificate, with a good one, with another: %j', (tls, holds) => {
    const matches = compileRouteMatch({ path: ANY_PATH, headers: [], query: [], tls });
    const peers = [plain, anonymous, known, untrusted];
    expect(peers.map((peer) => matches(request(), peer))).toEqual(holds);
  });

  it('cannot hold where nobody knows the connection', () => {
    const matches = compileRouteMatch({ path: ANY_PATH, headers: [], query: [], tls: {} });
    expect(matches(request(), null)).toBe(false);
    expect(matches(request())).toBe(false);
  });

  it('that does not count a certificate as validated which nobody presented', () => {
    const tls = { validated: true };
    const matches = compileRouteMatch({ path: ANY_PATH, headers: [], query: [], tls });
    expect(matches(request(), { ...anonymous, validated: true })).toBe(false);
  });
});

describe('a cookie', () => {
  const exact = (value: string): ValueMatch => ({ kind: 'exact', value });

  test.each<[string[], ValueMatch, boolean]>([
    [['sid=v'], exact('v'), true],
    [['sid=w'], exact('v'), false],
    [['a=1; sid=v; b=2'], exact('v'), true],
    [['a=1;sid=v'], exact('v'), true],
    [['a=1', 'sid=v'], exact('v'), true],
    [['sid=w', 'sid=v'], exact('v'), false],
    [['sid="v"'], exact('v'), true],
    [['sid=""'], exact(''), true],
    [['sid="'], exact('"'), true],
    [['sid="v'], exact('"v'), true],
    [['sid=v"'], exact('v"'), true],
    [['sid='], exact(''), true],
    [['sid=a=b'], exact('a=b'), true],
    [['xsid=v'], exact('v'), false],
    [['sid'], { kind: 'present' }, false],
    [['sidx'], { kind: 'present' }, false],
    [['=sid'], { kind: 'present' }, false],
    [['sid= v'], exact('v'), false],
    [['sid =v'], exact('v'), false],
    [['a=1;   sid=v'], exact('v'), true],
    [['sid=v ; a=1'], exact('v '), true],
    [['sid="v" ; a=1'], exact('"v" '), true],
    [['other=v'], { kind: 'present' }, false],
    [[], { kind: 'present' }, false],
  ])('in %j matched by %j: %s', (lines, value, matched) => {
    const head = request(lines.map((line) => ['cookie', line] as const));
    const withCookie = (one: CookieMatch) =>
      compileRouteMatch({ path: ANY_PATH, headers: [], query: [], cookies: [one] })(head);
    expect(withCookie(cookie(value))).toBe(matched);
    expect(withCookie(cookie(value, { invert: true }))).toBe(!matched);
  });
});
