/**
 * `hash_policy` lists of routes and hashing balancers.
 *
 * Source: Envoy v3 API, RouteAction.HashPolicy; policy-engine.md §7.5.
 */
import type { HashKey, HashPolicy } from '../../mesh/config/load-balancing.ts';
import type { Fields } from './fields.ts';
import { readSubstitution } from './matchers.ts';

export function readHashPolicies(owner: Fields): HashPolicy[] {
  return owner.messages('hash_policy', 'HashPolicy').flatMap((fields) => {
    const isTerminal = fields.flag('terminal');
    const key = readKey(fields);
    fields.close();
    return key === undefined ? [] : [{ ...key, isTerminal }];
  });
}

function readKey(fields: Fields): HashKey | undefined {
  const header = fields.message('header', 'HashPolicy.Header');
  if (header !== undefined) {
    const name = (header.text('header_name') ?? '').toLowerCase();
    const rewrite = header.message('regex_rewrite', 'RegexMatchAndSubstitute');
    header.close();
    if (rewrite === undefined) return { kind: 'header', name };
    return { kind: 'header', name, rewrite: readSubstitution(rewrite) };
  }
  const cookie = fields.message('cookie', 'HashPolicy.Cookie');
  if (cookie !== undefined) return readCookie(cookie);
  const query = fields.message('query_parameter', 'HashPolicy.QueryParameter');
  if (query !== undefined) {
    const name = query.text('name') ?? '';
    query.close();
    return { kind: 'query-parameter', name };
  }
  const connection = fields.message('connection_properties', 'HashPolicy.ConnectionProperties');
  if (connection !== undefined) {
    const usesSource = connection.flag('source_ip');
    connection.close();
    return usesSource ? { kind: 'source-ip' } : undefined;
  }
  const state = fields.message('filter_state', 'HashPolicy.FilterState');
  if (state !== undefined) {
    // No filter that is modelled leaves an object behind, so there is never anything to hash.
    state.ignore('key');
    state.close();
    return undefined;
  }
  fields.node.error('MQ-ENVOY-002', 'this kind of hash policy is not modelled');
  return undefined;
}

function readCookie(fields: Fields): HashKey {
  const attributes = fields.messages('attributes', 'CookieAttribute').map((attribute) => {
    const name = attribute.text('name') ?? '';
    const value = attribute.text('value') ?? '';
    attribute.close();
    return [name, value] as const;
  });
  const ttlMs = fields.durationMs('ttl');
  const cookie = {
    kind: 'cookie' as const,
    name: fields.text('name') ?? '',
    ttlSeconds: ttlMs === undefined ? null : Math.floor(ttlMs / 1_000),
    path: fields.text('path') ?? '',
    attributes,
  };
  fields.close();
  return cookie;
}
