/**
 * Whether a request may pass: role-based access control, decided from its head and its peer.
 *
 * Rules become predicates once; `filters/rbac.ts` asks them per request. A rule is looked at in the
 * order of the policies' names, because configurations hold policies in a map.
 * Source: policy-engine.md §9.6; Envoy, common/rbac (engine_impl, matchers).
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import { portOf, withoutPort } from '../../core/socket-address.ts';
import type { RbacCondition, RbacPolicy, RbacRules } from '../config/security.ts';
import { compileHeaderMatch, compileValueMatch, pathWithoutQuery } from '../route/match.ts';
import { hasName, namesOf } from './identity.ts';
import { compileIpRange } from './ip-range.ts';
import { compilePathTemplate } from './path-template.ts';

/** A question about a request and its peer. */
export type AccessPredicate = (head: Head, peer: PeerFacts) => boolean;

/** `matchOf`: no policy matches. */
export const NO_MATCH = -1;

/** Rules ready to be asked. */
export class AccessRules {
  readonly action: RbacRules['action'];
  /** Names by number, in the order in which policies are tried. */
  readonly names: readonly string[];
  private readonly policies: readonly AccessPredicate[];
  private readonly denies: readonly boolean[];

  /** @throws RE2JSException when a regular expression is not RE2 syntax; importers check it first */
  constructor(rules: RbacRules) {
    const isOrdered = rules.action === 'by-policy';
    const byName = (a: RbacPolicy, b: RbacPolicy) => compareBytes(a.name, b.name);
    const sorted = isOrdered ? rules.policies : [...rules.policies].sort(byName);
    this.denies = sorted.map(({ action }) => action === 'deny');
    this.action = rules.action;
    this.names = sorted.map(({ name }) => name);
    this.policies = sorted.map(compilePolicy);
  }

  /** The number of the first policy that matches, or `NO_MATCH`. */
  matchOf(head: Head, peer: PeerFacts): number {
    for (let i = 0; i < this.policies.length; i++) if (this.policies[i]!(head, peer)) return i;
    return NO_MATCH;
  }

  /** What a match, or none, means. */
  isAllowed(match: number): boolean {
    if (this.action === 'log') return true;
    if (this.action === 'by-policy') return match !== NO_MATCH && !this.denies[match]!;
    return (match !== NO_MATCH) === (this.action === 'allow');
  }
}

function compilePolicy(policy: RbacPolicy): AccessPredicate {
  const permission = anyOf(policy.permissions.map(compileCondition));
  const principal = anyOf(policy.principals.map(compileCondition));
  return (head, peer) => permission(head, peer) && principal(head, peer);
}

/** One condition as a predicate. */
export function compileCondition(condition: RbacCondition): AccessPredicate {
  switch (condition.kind) {
    case 'any':
      return () => true;
    case 'and':
      return allOf(condition.of.map(compileCondition));
    case 'or':
      return anyOf(condition.of.map(compileCondition));
    case 'not': {
      const matches = compileCondition(condition.of);
      return (head, peer) => !matches(head, peer);
    }
    case 'header':
      return compileHeaderMatch(condition.match);
    case 'fact': {
      const matches = compileValueMatch(condition.value);
      const factOf = FACTS[condition.fact];
      return (_head, peer) => {
        const text = factOf(peer);
        return text !== '' && matches(text);
      };
    }
    case 'path': {
      const matches = compileValueMatch(condition.value);
      return (head) => matches(pathWithoutQuery(head.path));
    }
    case 'path-template': {
      const matches = compilePathTemplate(condition.template);
      return (head) => matches(pathWithoutQuery(head.path));
    }
    case 'destination-ip': {
      const contains = compileIpRange(condition.cidr);
      return (_head, peer) => contains(withoutPort(peer.localAddress));
    }
    case 'direct-remote-ip': {
      const contains = compileIpRange(condition.cidr);
      return (_head, peer) => contains(withoutPort(peer.remoteAddress));
    }
    case 'remote-ip': {
      const contains = compileIpRange(condition.cidr);
      return (head, peer) => contains(clientAddress(head, peer));
    }
    case 'destination-port': {
      const { from, to } = condition;
      return (_head, peer) => {
        const port = portOf(peer.localAddress);
        return port >= from && port <= to;
      };
    }
    case 'server-name': {
      const matches = compileValueMatch(condition.value);
      return (_head, peer) => matches(peer.serverName ?? '');
    }
    case 'authenticated': {
      if (condition.name === null) return (_head, peer) => peer.tls;
      const matches = compileValueMatch(condition.name);
      return (_head, peer) => peer.tls && hasName(peer, matches);
    }
  }
}

/** '' = there is no such thing. */
const FACTS: Readonly<
  Record<Extract<RbacCondition, { kind: 'fact' }>['fact'], (peer: PeerFacts) => string>
> = {
  'source-ip': ({ remoteAddress }) => withoutPort(remoteAddress),
  'source-port': ({ remoteAddress }) => String(portOf(remoteAddress)),
  'destination-ip': ({ localAddress }) => withoutPort(localAddress),
  'destination-port': ({ localAddress }) => String(portOf(localAddress)),
  'uri-names': (peer) => namesOf(peer, 'uri'),
  'dns-names': (peer) => namesOf(peer, 'dns'),
};

function allOf(predicates: readonly AccessPredicate[]): AccessPredicate {
  return (head, peer) => {
    for (let i = 0; i < predicates.length; i++) if (!predicates[i]!(head, peer)) return false;
    return true;
  };
}

function anyOf(predicates: readonly AccessPredicate[]): AccessPredicate {
  return (head, peer) => {
    for (let i = 0; i < predicates.length; i++) if (predicates[i]!(head, peer)) return true;
    return false;
  };
}

/** The last address that `x-forwarded-for` names, as Envoy takes it without trusted hops. */
function clientAddress(head: Head, peer: PeerFacts): string {
  const forwarded = head.get('x-forwarded-for');
  if (forwarded === undefined) return withoutPort(peer.remoteAddress);
  return forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
}

function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
