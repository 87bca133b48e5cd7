import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { DELIVERED, HostSet } from '../../../src/mesh/cluster/host-set.ts';
import { anEndpoint, equalHosts } from '../../helpers/hosts.ts';

const MS = 1_000_000;

function indices(hosts: readonly Host[]): number[] {
  return hosts.map((host) => host.index);
}

function eject(host: Host | undefined): void {
  if (host) host.isEjected = true;
}

describe('the candidates of a pick', () => {
  it('are the healthy hosts in cluster order', () => {
    const hosts = equalHosts(4);
    eject(hosts[1]);
    expect(indices(new HostSet(hosts, 50, 0).candidates())).toEqual([0, 2, 3]);
  });

  it('are one and the same list until something is delivered', () => {
    const set = new HostSet(equalHosts(3), 50, 0);
    expect(set.candidates()).toBe(set.candidates());
  });

  test.each<['unhealthy' | 'degraded' | 'draining']>([
    ['unhealthy'],
    ['degraded'],
    ['draining'],
  ])('leave out %s endpoints while enough are healthy', (health) => {
    const hosts = equalHosts(5);
    hosts.push(new Host(anEndpoint(5, { health }), 5));
    expect(indices(new HostSet(hosts, 50, 0).candidates())).toEqual([0, 1, 2, 3, 4]);
  });

  it('are degraded hosts for the share that healthy ones cannot carry', () => {
    const hosts = equalHosts(10).map(
      (host) =>
        new Host(
          anEndpoint(host.index, { health: host.index < 5 ? 'healthy' : 'degraded' }),
          host.index,
        ),
    );
    const set = new HostSet(hosts, 50, 0);
    expect(indices(set.candidates(69))).toEqual([0, 1, 2, 3, 4]);
    expect(indices(set.candidates(70))).toEqual([5, 6, 7, 8, 9]);
  });

  it('are all hosts in panic', () => {
    const hosts = equalHosts(4);
    hosts.slice(0, 3).forEach(eject);
    const set = new HostSet(hosts, 50, 0);
    expect(set.isPanicking).toBe(true);
    expect(indices(set.candidates(99))).toEqual([0, 1, 2, 3]);
  });

  it('are none when panic is off and nothing is healthy', () => {
    const hosts = equalHosts(2);
    hosts.forEach(eject);
    const set = new HostSet(hosts, 0, 0);
    expect(set.isPanicking).toBe(false);
    expect(set.candidates()).toEqual([]);
  });

  it('are none without hosts', () => {
    expect(new HostSet([], 50, 0).candidates()).toEqual([]);
  });

  it('at exactly half healthy are the healthy half: the threshold is strict', () => {
    const hosts = equalHosts(4);
    hosts.slice(0, 2).forEach(eject);
    expect(indices(new HostSet(hosts, 50, 0).candidates())).toEqual([2, 3]);
  });
});

describe('health changes', () => {
  it('reach the balancer at once when the last delivery is long ago', () => {
    const hosts = equalHosts(3);
    const set = new HostSet(hosts, 0, 1_000);
    eject(hosts[0]);
    expect(set.changed(0)).toBe(DELIVERED);
    expect(indices(set.candidates())).toEqual([1, 2]);
    eject(hosts[1]);
    expect(set.changed(1_001 * MS)).toBe(DELIVERED);
    expect(indices(set.candidates())).toEqual([2]);
  });

  it('within the window are delivered together, one window after the first of them', () => {
    const hosts = equalHosts(4);
    const set = new HostSet(hosts, 0, 1_000);
    eject(hosts[0]);
    set.changed(0);
    eject(hosts[1]);
    expect(set.changed(500 * MS)).toBe(1_500 * MS);
    eject(hosts[2]);
    expect(set.changed(900 * MS)).toBe(1_500 * MS);
    expect(indices(set.candidates())).toEqual([1, 2, 3]);
    expect(set.hosts.filter((host) => host.isHealthy)).toHaveLength(1);
    set.deliver(1_500 * MS);
    expect(indices(set.candidates())).toEqual([3]);
    expect(set.pendingDeliveryNs).toBe(DELIVERED);
  });

  it('after a merged delivery start a new window', () => {
    const set = new HostSet(equalHosts(2), 0, 1_000);
    set.changed(0);
    set.changed(500 * MS);
    set.deliver(1_500 * MS);
    expect(set.changed(2_400 * MS)).toBe(3_400 * MS);
  });

  it('deliver what is collected as soon as one comes outside the window', () => {
    const hosts = equalHosts(3);
    const set = new HostSet(hosts, 0, 1_000);
    set.changed(0);
    eject(hosts[0]);
    expect(set.changed(500 * MS)).toBe(1_500 * MS);
    eject(hosts[1]);
    expect(set.changed(1_200 * MS)).toBe(DELIVERED);
    expect(set.pendingDeliveryNs).toBe(DELIVERED);
    expect(indices(set.candidates())).toEqual([2]);
  });

  it('in the last millisecond of the window still belong to it', () => {
    const set = new HostSet(equalHosts(2), 0, 1_000);
    set.changed(0);
    expect(set.changed(1_000 * MS + 999_999)).toBe(2_000 * MS + 999_999);
  });

  it('are each delivered at once with a window of 0', () => {
    const set = new HostSet(equalHosts(2), 0, 0);
    expect(set.changed(0)).toBe(DELIVERED);
    expect(set.changed(0)).toBe(DELIVERED);
  });

  it('grow the generation with every delivery and only then', () => {
    const set = new HostSet(equalHosts(2), 0, 1_000);
    const first = set.generation;
    set.changed(0);
    expect(set.generation).toBe(first + 1);
    set.changed(1 * MS);
    expect(set.generation).toBe(first + 1);
    set.deliver(1_001 * MS);
    expect(set.generation).toBe(first + 2);
  });

  it('end panic only with the delivery', () => {
    const hosts = equalHosts(2);
    hosts.forEach(eject);
    const set = new HostSet(hosts, 50, 1_000);
    set.changed(0);
    expect(set.isPanicking).toBe(true);
    for (const host of hosts) host.isEjected = false;
    set.changed(10 * MS);
    expect(set.isPanicking).toBe(true);
    set.deliver(1_010 * MS);
    expect(set.isPanicking).toBe(false);
  });

  it('are never held back for more than one window', () => {
    const gaps = fc.array(fc.nat({ max: 1_500 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        const set = new HostSet(equalHosts(1), 0, 1_000);
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const due = set.pendingDeliveryNs;
          if (due !== DELIVERED && due <= nowMs * MS) set.deliver(due);
          const at = set.changed(nowMs * MS);
          expect(at === DELIVERED || at <= (nowMs + 1_000) * MS).toBe(true);
        }
      }),
    );
  });
});

describe('a new membership', () => {
  it('is visible at once, with the changes collected so far', () => {
    const hosts = equalHosts(3);
    const set = new HostSet(hosts, 0, 1_000);
    set.changed(0);
    eject(hosts[0]);
    set.changed(1 * MS);
    set.replace(hosts.slice(0, 2), 2 * MS);
    expect(indices(set.candidates())).toEqual([1]);
    expect(set.hosts).toHaveLength(2);
    expect(set.pendingDeliveryNs).toBe(DELIVERED);
    expect(set.changed(3 * MS)).toBe(1_003 * MS);
  });
});

/** Hosts of these priorities; `down` are ejected. */
function ofPriorities(priorities: readonly number[], down: readonly number[] = []): Host[] {
  return priorities.map((priority, i) => {
    const host = new Host(anEndpoint(i, { priority }), i);
    host.isEjected = down.includes(i);
    return host;
  });
}

/** How many of the hundred percentiles lead to each list of hosts. */
function spread(set: HostSet): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let percentile = 0; percentile < 100; percentile++) {
    const key = indices(set.candidates(percentile)).join(',');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('priorities', () => {
  const near = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1];
  const farHosts = '10,11,12';

  it('leave everything to the first while 1/1.4 of it is healthy', () => {
    const set = new HostSet(ofPriorities(near, [0, 1]), 0, 0);
    expect(set.needsPercentile).toBe(true);
    expect(spread(set)).toEqual({ '2,3,4,5,6,7,8,9': 100 });
  });

  it('spill over what the first cannot carry: 5 of 10 hosts carry 70 percent', () => {
    const set = new HostSet(ofPriorities(near, [0, 1, 2, 3, 4]), 0, 0);
    expect(spread(set)).toEqual({ '5,6,7,8,9': 70, [farHosts]: 30 });
  });

  it('go over entirely when the first has nobody left, and say which list was taken', () => {
    const set = new HostSet(ofPriorities(near, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 0, 0);
    expect(spread(set)).toEqual({ [farHosts]: 100 });
    expect(set.source).toBe(2);
    expect(set.isPanicking).toBe(false);
  });

  it('panic only when all together cannot carry the load', () => {
    // 4 of 10 near (56 %) and 1 of 3 far (46 %) carry 102 %, so health suffices and none panics.
    const enough = new HostSet(ofPriorities(near, [0, 1, 2, 3, 4, 5, 10, 11]), 50, 0);
    expect(spread(enough)).toEqual({ '6,7,8,9': 56, '12': 44 });
    // 1 of 10 (14 %) and 1 of 3 (46 %) carry 60 % only, and both are below half.
    const some = new HostSet(ofPriorities(near, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11]), 50, 0);
    expect(some.candidates(0)).toHaveLength(10);
    expect(some.isPanicking).toBe(true);
  });
});

describe('whether a pick would find a host', () => {
  test.each<[number[], number[], number, boolean]>([
    [[0, 0], [], 50, true],
    [[0, 0], [0], 0, true],
    [[0, 0], [0, 1], 50, true],
    [[0, 0], [0, 1], 0, false],
    [[0, 1], [0], 0, true],
    [[], [], 50, false],
  ])('of priorities %j with %j out, panic below %d %%: %s', (priorities, down, panic, found) => {
    expect(new HostSet(ofPriorities(priorities, down), panic, 0).hasCandidates).toBe(found);
  });

  it('counts degraded hosts', () => {
    const hosts = [new Host(anEndpoint(0, { health: 'degraded' }), 0)];
    expect(new HostSet(hosts, 0, 0).hasCandidates).toBe(true);
  });
});

describe('what endpoints say of all', () => {
  it('is how far healthy hosts count for more than themselves', () => {
    const hosts = [0, 0, 1, 1].map((priority, i) => {
      const host = new Host(anEndpoint(i, { priority, overprovisioningPercent: 100 }), i);
      host.isEjected = i === 0;
      return host;
    });
    expect(spread(new HostSet(hosts, 0, 0))).toEqual({ '1': 50, '2,3': 50 });
  });

  it('is whether priorities share their load by weight', () => {
    const hosts = [9, 1, 1, 1].map((weight, i) => {
      const facts = { weight, priority: i < 2 ? 0 : 1, weightsPriorities: true };
      const host = new Host(anEndpoint(i, facts), i);
      host.isEjected = i === 0;
      return host;
    });
    // 1 of 10 in weight carries 14 %; by number it would be 70 %.
    expect(spread(new HostSet(hosts, 0, 0))).toEqual({ '1': 14, '2,3': 86 });
    hosts[0]!.isExcludedByCheck = true;
    expect(spread(new HostSet(hosts, 0, 0))).toEqual({ '1': 100 });
  });
});

describe('candidates without some priorities', () => {
  it('are those of the others, or the usual ones', () => {
    const set = new HostSet(ofPriorities([0, 0, 1, 1]), 0, 0);
    expect(indices(set.candidatesWithout([true, false], 0)!)).toEqual([2, 3]);
    expect(set.source).toBe(2);
    const excluded = [true, true];
    expect(indices(set.candidatesWithout(excluded, 0)!)).toEqual([0, 1]);
    expect(excluded).toEqual([false, false]);
    const nobody = new HostSet(ofPriorities([0, 1], [0, 1]), 0, 0);
    expect(nobody.candidatesWithout([true, false], 0)).toBeNull();
  });

  it('are all hosts of a priority that panics, or its degraded ones', () => {
    const panicking = new HostSet(ofPriorities([0, 1, 1, 1], [0, 1, 2]), 50, 0);
    expect(indices(panicking.candidatesWithout([true], 0)!)).toEqual([1, 2, 3]);
    expect(panicking.isPanicking).toBe(true);
    const degraded = [0, 1].map((priority, i) => {
      return new Host(anEndpoint(i, { priority, health: i === 1 ? 'degraded' : 'healthy' }), i);
    });
    const set = new HostSet(degraded, 0, 0);
    expect(indices(set.candidatesWithout([true], 0)!)).toEqual([1]);
    expect([set.source, set.isPanicking]).toEqual([3, false]);
  });
});

describe('hosts in a table', () => {
  const tabled = (down: readonly number[], weights?: Readonly<Record<string, number>>) => {
    const hosts = ['b', 'b', 'a', 'c'].map((locality, i) => {
      const weight = weights?.[locality];
      const where = weight === undefined ? { locality } : { locality, localityWeight: weight };
      const host = new Host(anEndpoint(i, where), i);
      host.isEjected = down.includes(i);
      return host;
    });
    return new HostSet(hosts, 50, 0, { isHashing: true, ownLocality: 'c' });
  };

  it('are the healthy ones, or all in panic, by their own weights', () => {
    const set = tabled([0]);
    expect([indices(set.candidates()), set.shares]).toEqual([[1, 2, 3], null]);
    expect(indices(set.tableHosts(0))).toEqual([1, 2, 3]);
    expect(indices(tabled([0, 1, 2]).candidates())).toEqual([0, 1, 2, 3]);
    expect(indices(tabled([0, 1, 2]).tableHosts(0))).toEqual([0, 1, 2, 3]);
    expect(set.priorityCount).toBe(1);
  });

  it('have their part of their locality’s part, the own locality first, then by name', () => {
    const set = tabled([0], { a: 1, b: 2, c: 1 });
    expect([indices(set.candidates()), set.shares]).toEqual([
      [3, 2, 1],
      [0.25, 0.25, 0.5],
    ]);
    expect([indices(set.tableHosts(0)), set.shares]).toEqual([
      [3, 2, 1],
      [0.25, 0.25, 0.5],
    ]);
    const panicking = tabled([0, 1, 2], { a: 1, b: 2, c: 1 });
    expect([indices(panicking.candidates()), panicking.shares]).toEqual([
      [3, 2, 0, 1],
      [0.25, 0.25, 0.25, 0.25],
    ]);
  });

  it('are none of a locality without weight', () => {
    const set = tabled([], { a: 0, b: 1, c: 1 });
    expect(indices(set.candidates())).toEqual([3, 0, 1]);
  });

  it('of degraded hosts only are none, and who is meant for those finds the healthy ones', () => {
    const hosts = [0, 1, 2, 3].map((i) => {
      return new Host(anEndpoint(i, { health: i < 2 ? 'degraded' : 'healthy' }), i);
    });
    const set = new HostSet(hosts, 0, 0, { isHashing: true });
    expect(set.needsPercentile).toBe(true);
    expect([indices(set.candidates(0)), set.source]).toEqual([[2, 3], 0]);
    expect([indices(set.candidates(99)), set.source]).toEqual([[2, 3], 0]);
  });
});

describe('a set that others follow', () => {
  it('tells them of each delivery, with the hosts of the first priority', () => {
    const hosts = ofPriorities([0, 0, 1], [0]);
    const set = new HostSet(hosts, 0, 1_000);
    let told = 0;
    set.onRefresh = () => {
      told += 1;
    };
    set.deliver(0);
    set.restart();
    set.renew(hosts.slice(0, 2));
    expect([told, set.hosts.length]).toEqual([3, 2]);
    hosts[1]!.isExcludedByCheck = true;
    set.deliver(0);
    expect(indices(set.zoneHosts.hosts)).toEqual([0, 1]);
    expect(indices(set.zoneHosts.healthy)).toEqual([1]);
    expect([set.zoneHosts.degraded, set.zoneHosts.excludedCount]).toEqual([[], 1]);
    expect(set.firstFreeSource).toBe(2);
  });

  it('is not delivered by beginning anew', () => {
    const set = new HostSet(equalHosts(2), 0, 1_000);
    set.restart();
    expect(set.changed(0)).toBe(DELIVERED);
  });
});

describe('localities with weights', () => {
  /** Four hosts in a (weight 80) and four in b (weight 20). */
  function weighted(down: readonly number[]): HostSet {
    const hosts = Array.from({ length: 8 }, (_, i) => {
      const inA = i < 4;
      const where = { locality: inA ? 'eu/a' : 'eu/b', localityWeight: inA ? 80 : 20 };
      const host = new Host(anEndpoint(i, where), i);
      host.isEjected = down.includes(i);
      return host;
    });
    return new HostSet(hosts, 0, 0);
  }

  it('share the picks by weight', () => {
    expect(spread(weighted([]))).toEqual({ '0,1,2,3': 80, '4,5,6,7': 20 });
  });

  it('count in full while 1/1.4 of a locality is healthy, then in proportion', () => {
    expect(spread(weighted([0]))).toEqual({ '1,2,3': 80, '4,5,6,7': 20 });
    // 80 × 1.4 × 1/4 = 28 against 20
    const { '3': ofA = 0 } = spread(weighted([0, 1, 2]));
    expect(ofA).toBeGreaterThanOrEqual(58);
    expect(ofA).toBeLessThanOrEqual(59);
  });

  it('are left out without a healthy host', () => {
    expect(spread(weighted([0, 1, 2, 3]))).toEqual({ '4,5,6,7': 100 });
    expect(weighted([0, 1, 2, 3, 4, 5, 6, 7]).candidates()).toEqual([]);
  });

  it('have balancer states of their own', () => {
    const set = weighted([]);
    const sources = new Set<number>();
    for (let i = 0; i < 10; i++) {
      set.candidates();
      sources.add(set.source);
    }
    expect([...sources].sort()).toEqual([2, 3]);
  });
});
