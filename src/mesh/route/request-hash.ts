/**
 * The hash of a request, by which hashing balancers choose its host.
 *
 * Compiled once per list of policies. Policies without a value in the request are skipped; a cookie
 * may be made for a client that has none, the same one for all requests of a connection.
 * Source: policy-engine.md §7.5; Envoy, hash policy.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import { rotateLeftByOne, xxHash64 } from '../../core/hash64.ts';
import { withoutPort } from '../../core/socket-address.ts';
import type { HashKey, HashPolicy } from '../config/load-balancing.ts';
import { cookieOf, headerValues, queryParameter } from './match.ts';
import { compileRegexRewrite } from './regex-rewrite.ts';

/** @param cookies takes the `set-cookie` values that the response has to carry */
type HashMethod = (head: Head, peer: PeerFacts, cookies: string[]) => bigint | null;

export class RequestHash {
  /** Whether equal heads may have different hashes, because the connection matters. */
  readonly readsConnection: boolean;
  /** Whether responses may have to carry a cookie. */
  readonly makesCookies: boolean;
  private readonly methods: readonly (readonly [method: HashMethod, isTerminal: boolean])[];

  constructor(policies: readonly HashPolicy[]) {
    this.makesCookies = policies.some((key) => key.kind === 'cookie' && key.ttlSeconds !== null);
    this.readsConnection = this.makesCookies || policies.some(({ kind }) => kind === 'source-ip');
    this.methods = policies.map((policy) => [compileKey(policy), policy.isTerminal]);
  }

  /** @returns in [0, 2^64); null = the request has nothing to hash */
  of(head: Head, peer: PeerFacts, cookies: string[]): bigint | null {
    let hash: bigint | null = null;
    for (const [method, isTerminal] of this.methods) {
      const next = method(head, peer, cookies);
      if (next !== null) hash = hash === null ? next : rotateLeftByOne(hash) ^ next;
      if (isTerminal && hash !== null) break;
    }
    return hash;
  }
}

function compileKey(key: HashKey): HashMethod {
  switch (key.kind) {
    case 'header':
      return headerMethod(key);
    case 'cookie':
      return cookieMethod(key);
    case 'source-ip':
      return (_head, peer) => xxHash64(withoutPort(peer.remoteAddress));
    case 'query-parameter':
      return (head) => hashOrNull(queryParameter(head.path, key.name));
  }
}

/** Several lines of a header hash alike in any order: each hash is the seed of the next. */
function headerMethod(key: Extract<HashKey, { kind: 'header' }>): HashMethod {
  const rewrite = key.rewrite === undefined ? identity : compileRegexRewrite(key.rewrite);
  return (head) => {
    const values = headerValues(head, key.name).map(rewrite).sort();
    if (values.length === 0) return null;
    return values.reduce((seed, value) => xxHash64(value, seed), 0n);
  };
}

function cookieMethod(key: Extract<HashKey, { kind: 'cookie' }>): HashMethod {
  return (head, peer, cookies) => {
    // An empty one is as good as none.
    const given = cookieOf(head, key.name) ?? '';
    if (given !== '') return xxHash64(given);
    if (key.ttlSeconds === null) return null;
    const made = xxHash64(peer.remoteAddress + peer.localAddress)
      .toString(16)
      .padStart(16, '0');
    // Each attempt adds it once more, as in Envoy.
    cookies.push(setCookie(key, made, key.ttlSeconds));
    return xxHash64(made);
  };
}

function setCookie(
  key: Extract<HashKey, { kind: 'cookie' }>,
  value: string,
  ttlSeconds: number,
): string {
  let text = `${key.name}="${value}"`;
  if (ttlSeconds > 0) text += `; Max-Age=${ttlSeconds}`;
  if (key.path !== '') text += `; Path=${key.path}`;
  for (const [name, given] of key.attributes)
    text += given === '' ? `; ${name}` : `; ${name}=${given}`;
  return `${text}; HttpOnly`;
}

function hashOrNull(value: string | undefined): bigint | null {
  return value === undefined ? null : xxHash64(value);
}

function identity(text: string): string {
  return text;
}
