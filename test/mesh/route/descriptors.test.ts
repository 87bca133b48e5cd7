import { describe, expect, it, test } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import type { Descriptor, RateLimitAction } from '../../../src/mesh/config/rate-limits.ts';
import { DescriptorRules } from '../../../src/mesh/route/descriptors.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const HEAD = new HttpHead({
  method: 'GET',
  authority: 'shop',
  path: '/cart?size=9&empty=&size=1',
  headers: [
    ['x-user', 'ann'],
    ['x-user', 'bob'],
    ['x-blank', ''],
  ],
});

function context(remoteAddress = '10.11.12.13:5555') {
  return { head: HEAD, peer: { ...DOWNSTREAM_PEER, remoteAddress }, cluster: 'payments' };
}

/** The descriptors of stage 0; each list of actions makes one. */
function of(...lists: readonly RateLimitAction[][]): Descriptor[] {
  const rules = new DescriptorRules(lists.map((actions) => ({ stage: 0, actions })));
  return rules.of(context(), 0);
}

const KEY: RateLimitAction = { kind: 'generic-key', key: 'generic_key', value: 'all' };

function header(name: string, isOptional: boolean): RateLimitAction {
  return { kind: 'request-header', header: name, key: 'user', isOptional };
}

function parameter(name: string, isOptional: boolean): RateLimitAction {
  return { kind: 'query-parameter', parameter: name, key: 'size', isOptional };
}

describe('an entry of a descriptor', () => {
  test.each<[RateLimitAction, string, string]>([
    [KEY, 'generic_key', 'all'],
    [header('x-user', false), 'user', 'ann'],
    [header(':path', false), 'user', '/cart?size=9&empty=&size=1'],
    [parameter('size', false), 'size', '9'],
    [{ kind: 'remote-address' }, 'remote_address', '10.11.12.13'],
    [{ kind: 'source-cluster', value: 'me' }, 'source_cluster', 'me'],
    [{ kind: 'destination-cluster' }, 'destination_cluster', 'payments'],
  ])('of %j is %s = %s', (action, key, value) => {
    expect(of([action])).toEqual([[{ key, value }]]);
  });

  test.each<[number, string]>([
    [32, '10.11.12.13/32'],
    [31, '10.11.12.12/31'],
    [24, '10.11.12.0/24'],
    [17, '10.11.0.0/17'],
    [15, '10.10.0.0/15'],
    [8, '10.0.0.0/8'],
    [5, '8.0.0.0/5'],
    [0, '0.0.0.0/0'],
  ])('of an address with %d bits is %s', (v4Bits, value) => {
    const key = 'masked_remote_address';
    expect(of([{ kind: 'masked-remote-address', v4Bits }])).toEqual([[{ key, value }]]);
  });

  it('that is optional is left out; the others stay', () => {
    const rest = [[{ key: 'generic_key', value: 'all' }]];
    expect(of([header('x-none', true), KEY])).toEqual(rest);
    expect(of([header('x-blank', true), KEY])).toEqual(rest);
    expect(of([parameter('none', true), KEY])).toEqual(rest);
    expect(of([parameter('empty', true), KEY])).toEqual(rest);
  });

  it('that is missed takes the whole descriptor with it', () => {
    expect(of([KEY, header('x-none', false)])).toEqual([]);
    expect(of([KEY, header('x-blank', false)])).toEqual([]);
    expect(of([parameter('none', false), KEY])).toEqual([]);
    expect(of([parameter('empty', false), KEY])).toEqual([]);
  });

  it('alone and left out makes no descriptor at all', () => {
    expect(of([header('x-none', true)])).toEqual([]);
  });
});

describe('an entry for what matches', () => {
  const value = (text: string) => ({ kind: 'exact', value: text }) as const;
  const user = (text: string) => {
    return { name: 'x-user', value: value(text), invert: false, treatMissingAsEmpty: false };
  };
  const headers = (expectsMatch: boolean, ...names: string[]): RateLimitAction => {
    const entry = { key: 'header_match', value: 'yes' };
    return { kind: 'header-match', ...entry, expectsMatch, headers: names.map(user) };
  };
  const query = (expectsMatch: boolean, ...sizes: string[]): RateLimitAction => {
    const parameters = sizes.map((size) => ({ name: 'size', value: value(size) }));
    return { kind: 'query-match', key: 'query_match', value: 'yes', expectsMatch, parameters };
  };

  test.each<[RateLimitAction, number]>([
    [headers(true, 'ann'), 1],
    [headers(true, 'ann', 'bob'), 1],
    [headers(true, 'ann', 'eve'), 0],
    [headers(false, 'ann', 'eve'), 1],
    [headers(false, 'ann'), 0],
    [query(true, '9'), 1],
    [query(true, '9', '1'), 0],
    [query(false, '9', '1'), 1],
    [query(false, '9'), 0],
  ])('%j holds in %d descriptors', (action, count) => {
    const { kind } = action;
    const key = kind === 'header-match' ? 'header_match' : 'query_match';
    expect(of([action])).toEqual(Array(count).fill([{ key, value: 'yes' }]));
  });
});

describe('the descriptors of a request', () => {
  it('keep the order of the configuration and of their actions', () => {
    const cluster: RateLimitAction = { kind: 'destination-cluster' };
    const found = of([KEY, cluster], [header('x-none', false)], [cluster]);
    expect(found.map((entries) => entries.map(({ key }) => key))).toEqual([
      ['generic_key', 'destination_cluster'],
      ['destination_cluster'],
    ]);
  });

  it('are those of one stage', () => {
    const rules = new DescriptorRules([
      { stage: 0, actions: [KEY] },
      { stage: 1, actions: [{ kind: 'destination-cluster' }] },
    ]);
    expect(rules.of(context(), 1)).toEqual([[{ key: 'destination_cluster', value: 'payments' }]]);
    expect(rules.of(context(), 2)).toEqual([]);
  });
});
