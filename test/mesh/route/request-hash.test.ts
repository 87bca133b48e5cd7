import { describe, expect, it } from 'vitest';
import { xxHash64 } from '../../../src/core/hash64.ts';
import { HttpHead } from '../../../src/core/head.ts';
import type { HashKey } from '../../../src/mesh/config/load-balancing.ts';
import { RequestHash } from '../../../src/mesh/route/request-hash.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const COOKIE = { kind: 'cookie', name: 'sid', ttlSeconds: null, path: '', attributes: [] } as const;

function hasher(...keys: readonly (HashKey & { isTerminal?: boolean })[]): RequestHash {
  return new RequestHash(keys.map((key) => ({ isTerminal: false, ...key })));
}

function head(...headers: readonly (readonly [string, string])[]): HttpHead {
  return new HttpHead({ method: 'GET', authority: 'svc', path: '/p?q=1&q=2&e', headers });
}

function hashOf(hash: RequestHash, request = head(), cookies: string[] = []): bigint | null {
  return hash.of(request, DOWNSTREAM_PEER, cookies);
}

describe('the hash of a request', () => {
  it('is that of a header, of several lines in any order', () => {
    const byUser = hasher({ kind: 'header', name: 'x-user' });
    expect(hashOf(byUser, head(['x-user', 'ann']))).toBe(xxHash64('ann'));
    const both = hashOf(byUser, head(['x-user', 'bob'], ['x-user', 'ann']));
    expect(both).toBe(xxHash64('bob', xxHash64('ann')));
    expect(hashOf(byUser, head(['x-user', 'ann'], ['x-user', 'bob']))).toBe(both);
    expect(hashOf(byUser)).toBeNull();
  });

  it('may be of a part of a header', () => {
    const rewrite = { pattern: '^([a-z]+)-.*$', substitution: '\\1' };
    const byTeam = hasher({ kind: 'header', name: 'x-user', rewrite });
    expect(hashOf(byTeam, head(['x-user', 'blue-7']))).toBe(xxHash64('blue'));
  });

  it('is that of a cookie, with or without quotes', () => {
    const bySession = hasher(COOKIE);
    expect(hashOf(bySession, head(['cookie', 'a=1; sid=v0']))).toBe(xxHash64('v0'));
    expect(hashOf(bySession, head(['cookie', 'a=1; sid="v0"; b=2']))).toBe(xxHash64('v0'));
    expect(hashOf(bySession, head(['cookie', 'sid=']))).toBeNull();
    expect(hashOf(bySession, head(['cookie', 'other=v0']))).toBeNull();
  });

  it('makes a cookie of the two addresses, where a lifetime says so', () => {
    const cookies: string[] = [];
    const attributes = [
      ['SameSite', 'Lax'],
      ['Secure', ''],
    ] as const;
    const bySession = hasher({ ...COOKIE, ttlSeconds: 30, path: '/p', attributes });
    const value = xxHash64('10.9.9.9:555510.0.0.1:80').toString(16).padStart(16, '0');
    expect(hashOf(bySession, head(), cookies)).toBe(xxHash64(value));
    expect(cookies).toEqual([
      `sid="${value}"; Max-Age=30; Path=/p; SameSite=Lax; Secure; HttpOnly`,
    ]);
    const forSession: string[] = [];
    hashOf(hasher({ ...COOKIE, ttlSeconds: 0 }), head(), forSession);
    expect(forSession).toEqual([`sid="${value}"; HttpOnly`]);
    expect(bySession.readsConnection && bySession.makesCookies).toBe(true);
  });

  it('needs the connection for addresses and for cookies that are made', () => {
    const header = { kind: 'header', name: 'x-user' } as const;
    const source = { kind: 'source-ip' } as const;
    const made = { ...COOKIE, ttlSeconds: 0 };
    const flags = (...keys: readonly HashKey[]) => {
      const { makesCookies, readsConnection } = hasher(...keys);
      return [makesCookies, readsConnection];
    };
    expect(flags(header)).toEqual([false, false]);
    expect(flags(COOKIE)).toEqual([false, false]);
    expect(flags(header, source)).toEqual([false, true]);
    expect(flags(header, made)).toEqual([true, true]);
  });

  it('writes the cookie it makes in sixteen digits', () => {
    const cookies: string[] = [];
    const bySession = hasher({ ...COOKIE, ttlSeconds: 0 });
    for (let port = 1; port <= 64; port++) {
      bySession.of(head(), { ...DOWNSTREAM_PEER, remoteAddress: `10.9.9.9:${port}` }, cookies);
    }
    expect(cookies.every((cookie) => /^sid="[0-9a-f]{16}"; HttpOnly$/.test(cookie))).toBe(true);
    expect(cookies.some((cookie) => cookie.startsWith('sid="0'))).toBe(true);
  });

  it('is that of the client or of the first value of a query parameter', () => {
    expect(hashOf(hasher({ kind: 'source-ip' }))).toBe(xxHash64('10.9.9.9'));
    expect(hashOf(hasher({ kind: 'query-parameter', name: 'q' }))).toBe(xxHash64('1'));
    expect(hashOf(hasher({ kind: 'query-parameter', name: 'e' }))).toBe(xxHash64(''));
    expect(hashOf(hasher({ kind: 'query-parameter', name: 'other' }))).toBeNull();
  });

  it('joins several keys by rotation, up to a terminal one that has a value', () => {
    const user = { kind: 'header', name: 'x-user' } as const;
    const query = { kind: 'query-parameter', name: 'q' } as const;
    const [ann, one] = [xxHash64('ann'), xxHash64('1')];
    const rotated = BigInt.asUintN(64, ann << 1n) | (ann >> 63n);
    const request = head(['x-user', 'ann']);
    expect(hashOf(hasher(user, query), request)).toBe(rotated ^ one);
    expect(hashOf(hasher({ ...user, isTerminal: true }, query), request)).toBe(ann);
    expect(hashOf(hasher({ ...user, isTerminal: true }, query))).toBe(one);
  });
});
