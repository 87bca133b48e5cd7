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
