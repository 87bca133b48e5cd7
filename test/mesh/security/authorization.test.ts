import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { PeerFacts } from '../../../src/core/engine.ts';
import { HttpHead } from '../../../src/core/head.ts';
import type { RbacCondition, RbacRules } from '../../../src/mesh/config/security.ts';
import {
  AccessRules,
  compileCondition,
  NO_MATCH,
} from '../../../src/mesh/security/authorization.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const HEAD = new HttpHead({
  method: 'POST',
  authority: 'cart.shop:8080',
  path: '/items/7?full=1',
  headers: [['x-forwarded-for', '1.2.3.4, 5.6.7.8']],
});
const ID = 'spiffe://cluster.local/ns/shop/sa/web';
const PEER: PeerFacts = {
  ...DOWNSTREAM_PEER,
  tls: true,
  validated: true,
  sans: [{ type: 'uri', value: ID }],
  serverName: 'outbound_.80_._.cart',
};
const ANY: RbacCondition = { kind: 'any' };

function holds(condition: RbacCondition, peer: PeerFacts = PEER): boolean {
  return compileCondition(condition)(HEAD, peer);
}

describe('a condition', () => {
  const exact = (value: string) => ({ kind: 'exact', value }) as const;
  const header = (name: string, value: string): RbacCondition => ({
    kind: 'header',
    match: { name, value: exact(value), invert: false, treatMissingAsEmpty: false },
  });

  it.each<[string, RbacCondition, boolean]>([
    ['any', ANY, true],
    ['not any', { kind: 'not', of: ANY }, false],
    ['an empty and', { kind: 'and', of: [] }, true],
    ['an empty or', { kind: 'or', of: [] }, false],
    ['the method', header(':method', 'POST'), true],
    ['another method', header(':method', 'post'), false],
    ['the host with its port', header(':authority', 'cart.shop:8080'), true],
    ['the host without it', header(':authority', 'cart.shop'), false],
    ['the path, without its query', { kind: 'path', value: exact('/items/7') }, true],
    ['the path with it', { kind: 'path', value: exact('/items/7?full=1') }, false],
    ['a template', { kind: 'path-template', template: '/items/{*}' }, true],
    ['where it goes', { kind: 'destination-ip', cidr: '10.0.0.1' }, true],
    ['the peer', { kind: 'direct-remote-ip', cidr: '10.9.0.0/16' }, true],
    ['the client behind proxies', { kind: 'remote-ip', cidr: '5.6.7.8' }, true],
    ['an earlier hop', { kind: 'remote-ip', cidr: '1.2.3.4' }, false],
    ['the port', { kind: 'destination-port', from: 80, to: 80 }, true],
    ['a port below', { kind: 'destination-port', from: 81, to: 90 }, false],
    [
      'the name asked for',
      { kind: 'server-name', value: { kind: 'prefix', value: 'outbound_' } },
      true,
    ],
    ['somebody with an identity', { kind: 'authenticated', name: null }, true],
    ['one identity', { kind: 'authenticated', name: exact(ID) }, true],
    ['another one', { kind: 'authenticated', name: exact(`${ID}x`) }, false],
  ])('%s', (_what, condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  it('nobody on plain text has an identity', () => {
    expect(holds({ kind: 'authenticated', name: null }, DOWNSTREAM_PEER)).toBe(false);
    expect(holds({ kind: 'authenticated', name: { kind: 'present' } }, DOWNSTREAM_PEER)).toBe(
      false,
    );
  });
});

describe('rules', () => {
  const policy = (name: string, principal: RbacCondition) => ({
    name,
    permissions: [ANY],
    principals: [principal],
  });
  const never: RbacCondition = { kind: 'not', of: ANY };

  function decide(action: RbacRules['action'], ...policies: RbacRules['policies']) {
    const rules = new AccessRules({ action, policies });
    const match = rules.matchOf(HEAD, PEER);
    return { isAllowed: rules.isAllowed(match), name: rules.names[match] ?? null };
  }

  it('are tried by name, and the first that matches is reported', () => {
    expect(decide('deny', policy('b', ANY), policy('a', ANY), policy('0', never))).toEqual({
      isAllowed: false,
      name: 'a',
    });
  });

  it.each([
    ['allow', true, false],
    ['deny', false, true],
    ['log', true, true],
  ] as const)('%s: a match passes %s, none passes %s', (action, onMatch, onNone) => {
    expect(decide(action, policy('p', ANY)).isAllowed).toBe(onMatch);
    expect(decide(action, policy('p', never)).isAllowed).toBe(onNone);
    expect(decide(action).isAllowed).toBe(onNone);
  });

  it('need a permission and a principal', () => {
    const without = { name: 'p', permissions: [], principals: [ANY] };
    expect(decide('allow', without)).toEqual({ isAllowed: false, name: null });
    expect(NO_MATCH).toBe(-1);
  });
});

const condition = fc.letrec<{ any: RbacCondition }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constant<RbacCondition>(ANY),
    fc.record({ kind: fc.constant('destination-port'), from: fc.nat(100), to: fc.nat(100) }),
    fc.record({ kind: fc.constantFrom('and', 'or'), of: fc.array(tie('any'), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('not'), of: tie('any') }),
  ) as fc.Arbitrary<RbacCondition>,
})).any;

test('whatever ALLOW lets pass DENY refuses, for the same policies', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(condition, condition), { maxLength: 4 }), (pairs) => {
      const policies = pairs.map(([permission, principal], i) => ({
        name: String(i),
        permissions: [permission],
        principals: [principal],
      }));
      const allow = new AccessRules({ action: 'allow', policies });
      const deny = new AccessRules({ action: 'deny', policies });
      const match = allow.matchOf(HEAD, PEER);
      expect(deny.matchOf(HEAD, PEER)).toBe(match);
      expect(allow.isAllowed(match)).toBe(!deny.isAllowed(match));
      // The first policy that says yes when asked alone is the one that is named.
      const alone = policies.map((item) =>
        new AccessRules({ action: 'allow', policies: [item] }).matchOf(HEAD, PEER),
      );
      expect(match).toBe(alone.indexOf(0));
    }),
  );
});
