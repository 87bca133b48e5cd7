import { describe, expect, it, test } from 'vitest';
import { Draws } from '../../../src/core/draws.ts';
import type { LbMetadata } from '../../../src/core/engine.ts';
import { ClusterStats } from '../../../src/mesh/cluster/cluster-stats.ts';
import { groupMaker } from '../../../src/mesh/cluster/group-maker.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { HostChoice } from '../../../src/mesh/cluster/host-choice.ts';
import { HostPicker } from '../../../src/mesh/cluster/host-picker.ts';
import { type HostWish, TriedPriorities } from '../../../src/mesh/cluster/host-wish.ts';
import { isHashing } from '../../../src/mesh/cluster/own-hash.ts';
import { envoyCluster } from '../../../src/mesh/config/complete.ts';
import type { ClusterConfig } from '../../../src/mesh/config/config.ts';
import type { SubsetConfig, SubsetSelector } from '../../../src/mesh/config/load-balancing.ts';
import { aMaglev, aRing, startOf } from '../../helpers/balancers.ts';
import { anEndpoint, equalHosts } from '../../helpers/hosts.ts';

/** A picker over hosts, asked for one request after another. */
class TestPicker {
  readonly stats = new ClusterStats();
  readonly panics: number[] = [];
  readonly picker: HostPicker;
  readonly choice = new HostChoice(new Draws('test'));

  constructor(hosts: readonly Host[], partial: Partial<ClusterConfig> = {}, ownLocality = '') {
    const config = envoyCluster({ lb: { kind: 'round-robin' }, ...partial });
    const place = { ownLocality, localZone: null };
    const start = { start: startOf(0), localitySeed: () => 0 };
    const groupOf = groupMaker(config, this.stats, place, start);
    const hashes = isHashing(config.lb);
    const onPanic = (uid: number) => this.panics.push(uid);
    this.picker = new HostPicker(config, groupOf, hosts, this.stats, hashes, onPanic);
  }

  pick(wish: HostWish | null = null, repick = 0): number | null {
    this.choice.uid += 1;
    this.choice.repick = repick;
    return this.picker.pick(this.choice, wish)?.index ?? null;
  }

  /** Which hosts a hundred picks go to. */
  used(wish: HostWish | null = null): (number | null)[] {
    return [...new Set(Array.from({ length: 100 }, () => this.pick(wish)))].sort();
  }

  gauges(): Record<string, number> {
    const found: Record<string, number> = {};
    this.picker.visitStats((name, value) => {
      found[name] = value;
    });
    return found;
  }
}

function wishing(criteria: LbMetadata | null, priorities: TriedPriorities | null = null): HostWish {
  return { criteria, priorities, omitsCanaries: false, omits: null };
}

function ejected(hosts: readonly Host[], ...out: readonly number[]): readonly Host[] {
  for (const index of out) hosts[index]!.isEjected = true;
  return hosts;
}

describe('a pick in panic', () => {
  it('goes to any host, is counted and told', () => {
    const test = new TestPicker(ejected(equalHosts(3), 0, 1));
    expect(test.used()).toEqual([0, 1, 2]);
    expect(test.stats.lbHealthyPanic).toBe(100);
    expect(test.panics).toHaveLength(100);
    const calm = new TestPicker(ejected(equalHosts(3), 0));
    expect(calm.used()).toEqual([1, 2]);
    expect([calm.stats.lbHealthyPanic, calm.panics]).toEqual([0, []]);
  });

  it('fails where that is configured', () => {
    const hosts = ejected(equalHosts(3), 0, 1);
    const failing = new TestPicker(hosts, { failsOnPanic: true });
    expect([failing.pick(), failing.stats.lbHealthyPanic]).toEqual([null, 1]);
    expect(new TestPicker(hosts, { failsOnPanic: false }).pick()).not.toBeNull();
    // A table has no such thing.
    const hashing = new TestPicker(hosts, { failsOnPanic: true, lb: aRing() });
    expect(hashing.pick()).not.toBeNull();
  });

  it('of a table is counted once for all re-picks, of others each time', () => {
    const hosts = ejected(equalHosts(3), 0, 1);
    const counted = (lb: ClusterConfig['lb']) => {
      const test = new TestPicker(hosts, { lb });
      for (const repick of [0, 1, 2]) test.pick(null, repick);
      return test.stats.lbHealthyPanic;
    };
    expect([counted(aRing()), counted({ kind: 'round-robin' })]).toEqual([1, 3]);
  });

  it('without hosts fails', () => {
    expect(new TestPicker([]).pick()).toBeNull();
    const nobody = new TestPicker(ejected(equalHosts(2), 0, 1), { panicThresholdPercent: 0 });
    expect(nobody.pick()).toBeNull();
  });
});

describe('a pick among priorities', () => {
  /** Two hosts of each priority, those of the first half ejected. */
  const hosts = () =>
    ejected(
      [0, 0, 1, 1].map((priority, i) => new Host(anEndpoint(i, { priority }), i)),
      0,
    );

  test.each(['round-robin', 'random'] as const)('by %s follows their loads', (kind) => {
    const test = new TestPicker(hosts(), { lb: { kind }, panicThresholdPercent: 0 });
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4_000; i++) counts[test.pick()!]! += 1;
    expect(counts[0]).toBe(0);
    // One host of two carries 70 percent.
    expect(counts[1]! / 4_000).toBeCloseTo(0.7, 1);
    expect(counts[2]! / 4_000).toBeCloseTo(0.15, 1);
    expect(counts[3]! / 4_000).toBeCloseTo(0.15, 1);
  });

  it('of a hashed request always goes to the same one', () => {
    const test = new TestPicker(hosts(), { lb: aMaglev(), panicThresholdPercent: 0 });
    const at = (hash: bigint) => {
      test.choice.hash = hash;
      return test.pick();
    };
    expect([0n, 69n, 100n, 1_069n].map(at)).toEqual([1, 1, 1, 1]);
    for (const hash of [70n, 99n, 170n]) expect([2, 3]).toContain(at(hash));
  });

  it('leaves out those that the request has tried', () => {
    const test = new TestPicker(hosts(), { panicThresholdPercent: 0 });
    const priorities = new TriedPriorities(1);
    priorities.tried(new Host(anEndpoint(9), 9));
    expect(test.used(wishing(null, priorities))).toEqual([2, 3]);
  });

  it('hashing does not care what was tried', () => {
    const test = new TestPicker(hosts(), { lb: aMaglev(), panicThresholdPercent: 0 });
    const priorities = new TriedPriorities(1);
    priorities.tried(new Host(anEndpoint(9), 9));
    test.choice.hash = 0n;
    expect(test.pick(wishing(null, priorities))).toBe(1);
  });
});

describe('a peek', () => {
  it('tells the next picks, as many as there are healthy hosts', () => {
    const test = new TestPicker(ejected(equalHosts(4), 0));
    test.pick();
    const peeks = () =>
      Array.from({ length: 4 }, () => test.picker.peek(test.choice)?.index ?? null);
    expect(peeks()).toEqual([2, 3, 1, null]);
    expect(test.pick()).toBe(2);
    // One was used up, so one more is told.
    expect(test.picker.peek(test.choice)).not.toBeNull();
    expect(test.picker.peek(test.choice)).toBeNull();
  });

  it('tells nothing where balancers draw, where nobody is, or among subsets', () => {
    const random = new TestPicker(equalHosts(2), { lb: { kind: 'random' } });
    expect(random.picker.peek(random.choice)).toBeNull();
    const empty = new TestPicker([]);
    expect(empty.picker.peek(empty.choice)).toBeNull();
    const subsets = new TestPicker(equalHosts(2), { subsets: subsetsBy([]) });
    expect(subsets.picker.peek(subsets.choice)).toBeNull();
  });
});

function selector(keys: readonly string[], partial: Partial<SubsetSelector> = {}): SubsetSelector {
  return { keys, fallback: 'inherit', fallbackKeys: [], isSingleHost: false, ...partial };
}

function subsetsBy(
  selectors: readonly SubsetSelector[],
  partial: Partial<SubsetConfig> = {},
): SubsetConfig {
  return {
    selectors,
    fallback: 'no-fallback',
    defaultSubset: {},
    listAsAny: false,
    panicModeAny: false,
    allowRedundantKeys: false,
    ...partial,
  };
}

describe('a pick among subsets', () => {
  const hosts = () =>
    ['1', '1', '2'].map((v, i) => new Host(anEndpoint(i, { metadata: { v, s: 'x' } }), i));
  const by = (
    selectors: readonly SubsetSelector[],
    partial: Partial<SubsetConfig> = {},
    members = hosts(),
  ) => new TestPicker(members, { subsets: subsetsBy(selectors, partial) });

  it('goes to the hosts that the request wants', () => {
    const test = by([selector(['v'])]);
    expect(test.used(wishing({ v: '1' }))).toEqual([0, 1]);
    expect(test.used(wishing({ v: '2' }))).toEqual([2]);
    expect(test.stats).toMatchObject({ lbSubsetsSelected: 200, lbSubsetsFallback: 0 });
    expect([test.pick(wishing({ v: '3' })), test.pick(wishing(null)), test.pick()]).toEqual([
      null,
      null,
      null,
    ]);
    expect(test.stats.lbSubsetsFallback).toBe(0);
  });

  it('falls back to any host, or to a default subset', () => {
    const any = by([selector(['v'])], { fallback: 'any-endpoint' });
    expect(any.used(wishing({ v: '3' }))).toEqual([0, 1, 2]);
    expect(any.used()).toEqual([0, 1, 2]);
    expect(any.stats).toMatchObject({ lbSubsetsSelected: 0, lbSubsetsFallback: 200 });
    const standard = { fallback: 'default-subset', defaultSubset: { v: '2' } } as const;
    expect(by([selector(['v'])], standard).used()).toEqual([2]);
  });

  it('by a selector’s own fallback counts as none', () => {
    const test = by([selector(['v'], { fallback: 'any-endpoint' })]);
    expect(test.used(wishing({ v: '3' }))).toEqual([0, 1, 2]);
    expect(test.stats.lbSubsetsFallback).toBe(0);
  });

  it('tries again with fewer keys, where a selector says so', () => {
    const fewer = { fallback: 'keys-subset', fallbackKeys: ['v'] } as const;
    const test = by([selector(['v']), selector(['v', 's'], fewer)]);
    expect(test.used(wishing({ v: '1', s: 'y' }))).toEqual([0, 1]);
    expect(test.stats.lbSubsetsSelected).toBe(100);
  });

  it('takes any host at last, where that is configured', () => {
    const empty = { fallback: 'default-subset', defaultSubset: { v: '9' } } as const;
    const test = by([selector(['v'])], { ...empty, panicModeAny: true });
    expect(test.used(wishing({ v: '3' }))).toEqual([0, 1, 2]);
    expect(test.stats).toMatchObject({ lbSubsetsFallback: 0, lbSubsetsFallbackPanic: 100 });
    const strict = by([selector(['v'])], empty);
    expect(strict.pick(wishing({ v: '3' }))).toBeNull();
    expect(strict.stats.lbSubsetsFallbackPanic).toBe(0);
  });

  it('takes the one host of a value whatever its health', () => {
    const members = hosts();
    const test = by([selector(['v'], { isSingleHost: true })], {}, members);
    members[0]!.isEjected = true;
    test.picker.deliverToSubsets(0);
    expect(test.used(wishing({ v: '1' }))).toEqual([0]);
    expect(test.gauges()['lb_subsets_single_host_per_subset_duplicate']).toBe(1);
  });

  it('goes through the alternatives that a request brings', () => {
    const test = by([selector(['v'])], { usesFallbackList: true });
    const list = (...values: string[]) => wishing({ fallback_list: values.map((v) => ({ v })) });
    expect(test.used(list('3', '2'))).toEqual([2]);
    expect(test.used(list('1', '2'))).toEqual([0, 1]);
    expect(test.pick(list('3', '4'))).toBeNull();
    expect(test.used(wishing({ v: '2' }))).toEqual([2]);
  });

  it('sees health and members that are delivered', () => {
    const members = hosts();
    const test = by([selector(['v'])], {}, members);
    members[0]!.isEjected = true;
    expect(test.used(wishing({ v: '1' }))).toEqual([0, 1]);
    test.picker.deliverToSubsets(0);
    expect(test.used(wishing({ v: '1' }))).toEqual([1]);
    members[0]!.isEjected = false;
    test.picker.restart();
    expect(test.used(wishing({ v: '1' }))).toEqual([0, 1]);
    test.picker.replace(members.slice(1), 0);
    expect(test.used(wishing({ v: '1' }))).toEqual([1]);
    test.picker.replace(members.slice(2), 0);
    expect(test.pick(wishing({ v: '1' }))).toBeNull();
  });

  it('is counted as Envoy’s two threads do', () => {
    const members = hosts();
    const test = by([selector(['v'])], {}, members);
    test.picker.replace(members.slice(2), 0);
    expect(test.gauges()).toEqual({
      lb_subsets_active: 2,
      lb_subsets_created: 4,
      lb_subsets_removed: 2,
      lb_subsets_single_host_per_subset_duplicate: 0,
    });
    expect(new TestPicker(hosts()).gauges()).toEqual({});
  });
});

describe('localities inside subsets', () => {
  /** Four hosts in a (weight 3), one in b (weight 1); subset x has one of each. */
  const hosts = () =>
    Array.from({ length: 5 }, (_, i) => {
      const where =
        i < 4 ? { locality: 'a', localityWeight: 8 } : { locality: 'b', localityWeight: 1 };
      const metadata = i === 0 || i === 4 ? { s: 'x' } : { s: 'y' };
      return new Host(anEndpoint(i, { ...where, metadata }), i);
    });
  const shareOfA = (localities: SubsetConfig['localities'] | 'none') => {
    const partial = localities === 'none' || localities === undefined ? {} : { localities };
    const test = new TestPicker(hosts(), { subsets: subsetsBy([selector(['s'])], partial) });
    const picks = Array.from({ length: 900 }, () => test.pick(wishing({ s: 'x' })));
    return picks.filter((index) => index === 0).length / 900;
  };

  it('count not at all, by weight, or by weight and the part of their hosts', () => {
    expect(shareOfA('none')).toBeCloseTo(1 / 2, 2);
    expect(shareOfA('weighted')).toBeCloseTo(8 / 9, 2);
    // A quarter of a is there: 8 / 4 against 1.
    expect(shareOfA('scaled')).toBeCloseTo(2 / 3, 2);
  });

  it('count for the whole cluster in any case', () => {
    const test = new TestPicker(hosts());
    const picks = Array.from({ length: 900 }, () => test.pick());
    expect(picks.filter((index) => index === 4).length / 900).toBeCloseTo(1 / 9, 2);
  });
});

describe('a table of hosts', () => {
  it('stands before the first pick, for each priority', () => {
    const hosts = [0, 0, 1].map((priority, i) => new Host(anEndpoint(i, { priority }), i));
    expect(new TestPicker(hosts, { lb: aRing() }).gauges()).toEqual({
      'ring_hash_lb.size': 64,
      'ring_hash_lb.min_hashes_per_host': 64,
      'ring_hash_lb.max_hashes_per_host': 64,
    });
    expect(new TestPicker(hosts.slice(0, 2), { lb: aRing() }).gauges()).toMatchObject({
      'ring_hash_lb.min_hashes_per_host': 32,
    });
    expect(new TestPicker(hosts, { lb: { kind: 'round-robin' } }).gauges()).toEqual({});
  });

  it('shares its places by the weights of localities, where there are any', () => {
    const where = (i: number) =>
      i === 0 ? { locality: 'a', localityWeight: 3 } : { locality: 'b', localityWeight: 1 };
    const hosts = [0, 1].map((i) => new Host(anEndpoint(i, where(i)), i));
    expect(new TestPicker(hosts, { lb: aRing() }).gauges()).toMatchObject({
      'ring_hash_lb.min_hashes_per_host': 16,
      'ring_hash_lb.max_hashes_per_host': 48,
    });
  });
});

describe('the hash of a pick', () => {
  it('is drawn for a request that has none, the same for all its re-picks', () => {
    const choice = new HostChoice(new Draws('test'));
    const drawn = (uid: number, attempt: number) => {
      Object.assign(choice, { uid, attempt, repick: 0, requestHash: null });
      choice.settleHash();
      return choice.hash;
    };
    const hashes = Array.from({ length: 200 }, (_, uid) => drawn(uid, 1));
    expect(new Set(hashes).size).toBe(200);
    expect(drawn(7, 1)).toBe(hashes[7]);
    expect(drawn(7, 2)).not.toBe(hashes[7]);
    // All 64 bits are drawn.
    expect(hashes.reduce((all, hash) => all | hash, 0n)).toBe(2n ** 64n - 1n);
    expect(hashes.reduce((all, hash) => all & hash, 2n ** 64n - 1n)).toBe(0n);
  });

  it('is the request’s own where it has one', () => {
    const choice = new HostChoice(new Draws('test'));
    choice.requestHash = 5n;
    choice.settleHash();
    expect(choice.hash).toBe(5n);
  });

  it('leaves draws of other attempts, re-picks and indices apart', () => {
    const choice = new HostChoice(new Draws('test'));
    const drawn = new Set<number>();
    for (const attempt of [1, 2]) {
      for (const repick of [0, 1]) {
        for (const index of [0, 1]) {
          Object.assign(choice, { attempt, repick });
          drawn.add(choice.draw(index, 1_000_000));
        }
      }
    }
    expect(drawn.size).toBe(8);
  });
});
