import { describe, expect, it } from 'vitest';
import type { LbMetadata } from '../../../src/core/engine.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { SubsetTable } from '../../../src/mesh/cluster/subset-table.ts';
import type { SubsetConfig, SubsetSelector } from '../../../src/mesh/config/load-balancing.ts';
import { anEndpoint } from '../../helpers/hosts.ts';

interface Group {
  hosts: readonly number[];
}

function selector(keys: readonly string[], partial: Partial<SubsetSelector> = {}): SubsetSelector {
  return { keys, fallback: 'inherit', fallbackKeys: [], isSingleHost: false, ...partial };
}

function hostsOf(...metadata: readonly LbMetadata[]): Host[] {
  return metadata.map((one, i) => new Host(anEndpoint(i, { metadata: one }), i));
}

function tableOf(hosts: readonly Host[], config: Partial<SubsetConfig>) {
  const indices = (members: readonly Host[]) => members.map(({ index }) => index);
  const closed: (readonly number[])[] = [];
  const full: SubsetConfig = {
    selectors: [],
    fallback: 'no-fallback',
    defaultSubset: {},
    listAsAny: false,
    panicModeAny: false,
    allowRedundantKeys: false,
    ...config,
  };
  const table = new SubsetTable<Group>(full, hosts, {
    make: (members) => ({ hosts: indices(members) }),
    update: (group, members) => {
      group.hosts = indices(members);
    },
    close: (group) => closed.push(group.hosts),
  });
  return { table, closed };
}

describe('subsets', () => {
  const hosts = hostsOf({ v: '1', s: 'x' }, { v: '2', s: 'x' }, { v: '1', s: 'y' });

  it('are found by exactly the keys of a selector', () => {
    const { table } = tableOf(hosts, { selectors: [selector(['v']), selector(['s', 'v'])] });
    expect(table.find({ v: '1' })?.group.hosts).toEqual([0, 2]);
    expect(table.find({ v: '1', s: 'y' })?.group.hosts).toEqual([2]);
    expect(table.find({ s: 'y' })).toBeNull();
    expect(table.find({ v: '1', z: '1' })).toBeNull();
    expect(table.find(null)).toBeNull();
  });

  it('with redundant keys are those of the longest selector that applies', () => {
    const selectors = [selector(['v']), selector(['s', 'v'])];
    const { table } = tableOf(hosts, { selectors, allowRedundantKeys: true });
    expect(table.find({ v: '2', z: '1' })?.group.hosts).toEqual([1]);
    expect(table.find({ v: '1', s: 'x', z: '1' })?.group.hosts).toEqual([0]);
    expect(table.find({ v: '7', s: 'x' })).toBeNull();
  });

  it('go on when members change, and end when they have none', () => {
    const { table, closed } = tableOf(hosts, { selectors: [selector(['v'])] });
    const first = table.find({ v: '1' })!.group;
    table.replace(hostsOf({ v: '1' }, { v: '3' }));
    expect(table.find({ v: '1' })!.group).toBe(first);
    expect(first.hosts).toEqual([0]);
    expect(closed).toEqual([[1]]);
    expect([table.count, table.created, table.removed]).toEqual([2, 3, 1]);
  });

  it('take one host each, where the selector says so', () => {
    const { table } = tableOf(hosts, { selectors: [selector(['v'], { isSingleHost: true })] });
    expect(table.find({ v: '1' })).toEqual({ group: { hosts: [0] }, isSingleHost: true });
    expect(table.duplicates).toBe(1);
  });

  it('fall back as their selector says, then as the cluster does', () => {
    const { table } = tableOf(hosts, {
      fallback: 'any-endpoint',
      selectors: [
        selector(['v'], { fallback: 'no-fallback' }),
        selector(['v', 's'], { fallback: 'keys-subset', fallbackKeys: ['s'] }),
        selector(['s']),
      ],
    });
    expect(table.fallback({ v: '9' })).toEqual({ kind: 'own', group: null });
    expect(table.fallback({ s: 'x', v: '9' })).toEqual({
      kind: 'fewer-keys',
      criteria: { s: 'x' },
    });
    expect(table.fallback({ s: 'q' })).toEqual({ kind: 'cluster', group: { hosts: [0, 1, 2] } });
  });

  it('overlook a selector’s fallback behind a longer one of the same beginning', () => {
    const own = { fallback: 'any-endpoint' } as const;
    const { table } = tableOf(hosts, {
      selectors: [selector(['s', 'v'], own), selector(['s'], own)],
    });
    expect(table.fallback({ s: 'q' }).kind).toBe('cluster');
    expect(table.fallback({ s: 'q', v: '1' }).kind).toBe('own');
  });

  it('take each item of a list for a value, where configured', () => {
    const listed = hostsOf({ v: ['1', '2'] }, { v: '2' }, {});
    const asAny = tableOf(listed, { selectors: [selector(['v'])], listAsAny: true }).table;
    expect(asAny.find({ v: '1' })?.group.hosts).toEqual([0]);
    expect(asAny.find({ v: '2' })?.group.hosts).toEqual([0, 1]);
    const whole = tableOf(listed, { selectors: [selector(['v'])] }).table;
    expect(whole.find({ v: '1' })).toBeNull();
    expect(whole.find({ v: ['1', '2'] })?.group.hosts).toEqual([0]);
    expect(whole.find({ v: ['12'] })).toBeNull();
    expect(whole.count).toBe(2);
    const bare = [new Host(anEndpoint(0), 0)];
    expect(tableOf(bare, { selectors: [selector(['v'])] }).table.count).toBe(0);
  });

  it('compare whole structures, whatever the order of their keys', () => {
    const structured = hostsOf({ v: { a: '1', b: [true, null] } }, { v: null }, { v: 1 });
    const { table } = tableOf(structured, { selectors: [selector(['v'])] });
    expect(table.find({ v: { b: [true, null], a: '1' } })?.group.hosts).toEqual([0]);
    expect(table.find({ v: { a: '1' } })).toBeNull();
    expect(table.find({ v: { a: '1', b: [true] } })).toBeNull();
    expect(table.find({ v: { a: '2', b: [true, null] } })).toBeNull();
    expect(table.find({ v: null })?.group.hosts).toEqual([1]);
    expect(table.find({ v: 1 })?.group.hosts).toEqual([2]);
    expect(table.find({ v: '1' })).toBeNull();
  });

  it('have a default, of the hosts that say all of it', () => {
    const defaultSubset = { v: '1', s: 'x' };
    const { table } = tableOf(hosts, { fallback: 'default-subset', defaultSubset });
    expect(table.fallback({ q: '1' })).toEqual({ kind: 'cluster', group: { hosts: [0] } });
    expect(table.fallback(null)).toEqual({ kind: 'cluster', group: { hosts: [0] } });
    expect(table.lastResort).toBeNull();
    const bare = tableOf([new Host(anEndpoint(0), 0)], { panicModeAny: true, defaultSubset }).table;
    expect(bare.lastResort).toEqual({ hosts: [0] });
    expect(bare.groups).toEqual([{ hosts: [0] }, { hosts: [] }]);
  });

  it('are all groups that there are', () => {
    const { table } = tableOf(hosts, { selectors: [selector(['v'])] });
    expect(table.groups.map(({ hosts: members }) => members)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 2],
      [1],
    ]);
  });

  it('know fallbacks of selectors only where keys must match exactly', () => {
    const selectors = [selector(['v'], { fallback: 'any-endpoint' })];
    expect(tableOf(hosts, { selectors }).table.fallback({ v: '9' }).kind).toBe('own');
    const redundant = tableOf(hosts, { selectors, allowRedundantKeys: true }).table;
    expect(redundant.fallback({ v: '9' }).kind).toBe('cluster');
    const standard = [selector(['v'], { fallback: 'default-subset' })];
    expect(
      tableOf(hosts, { selectors: standard, defaultSubset: { v: '2' } }).table.fallback({ v: '9' }),
    ).toEqual({ kind: 'own', group: { hosts: [1] } });
  });

  it('find a fallback behind selectors that have none of their own', () => {
    const own = { fallback: 'any-endpoint' } as const;
    const selectors = [selector(['s', 'v']), selector(['s'], own), selector(['v'], own)];
    const { table } = tableOf(hosts, { selectors });
    expect([table.fallback({ s: 'q' }).kind, table.fallback({ v: 'q' }).kind]).toEqual([
      'own',
      'own',
    ]);
  });

  it('let a request bring no alternatives where that is not configured', () => {
    const { table } = tableOf(hosts, { selectors: [selector(['v'])] });
    expect(table.alternatives({ fallback_list: [{ v: '2' }] })).toBeNull();
    expect(table.alternatives(null)).toBeNull();
    const able = tableOf(hosts, { usesFallbackList: true }).table;
    expect(able.alternatives(null)).toBeNull();
    expect(able.alternatives({ v: '1', fallback_list: 'none' })).toEqual([{ v: '1' }]);
    expect(able.alternatives({ v: '1', fallback_list: ['x', null, ['y']] })).toEqual([
      { v: '1' },
      { v: '1' },
      { v: '1' },
    ]);
  });

  it('let a request bring alternatives', () => {
    const { table } = tableOf(hosts, { usesFallbackList: true, selectors: [selector(['v'])] });
    const list = [{ v: '9' }, { v: '2' }];
    expect(table.alternatives({ s: 'x', fallback_list: list })).toEqual([
      { s: 'x', v: '9' },
      { s: 'x', v: '2' },
    ]);
    expect(table.alternatives({ v: '1', fallback_list: [] })).toEqual([{ v: '1' }]);
    expect(table.alternatives({ v: '1' })).toBeNull();
  });
});
