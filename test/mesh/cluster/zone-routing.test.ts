import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ClusterStats } from '../../../src/mesh/cluster/cluster-stats.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { HostSet } from '../../../src/mesh/cluster/host-set.ts';
import {
  EVERYWHERE,
  LocalZone,
  NOWHERE,
  ZoneRouting,
} from '../../../src/mesh/cluster/zone-routing.ts';
import type { ZoneRoutingConfig } from '../../../src/mesh/config/load-balancing.ts';
import { anEndpoint, TestChoice } from '../../helpers/hosts.ts';

const CONFIG: ZoneRoutingConfig = {
  enabledPercent: 100,
  minClusterSize: 1,
  forceLocalMinSize: null,
  basis: 'hosts',
};

/** `{ a: 2 }` = two hosts in zone a. */
function hostsIn(zones: Readonly<Record<string, number>>): Host[] {
  const names = Object.entries(zones).flatMap(([zone, n]) => Array<string>(n).fill(zone));
  return names.map((locality, i) => new Host(anEndpoint(i, { locality }), i));
}

function allHealthy(hosts: readonly Host[]) {
  return { hosts, healthy: hosts, degraded: [], excludedCount: 0 };
}

function routingOf(
  local: Readonly<Record<string, number>>,
  upstream: Readonly<Record<string, number>>,
  config: Partial<ZoneRoutingConfig> = {},
  fails = false,
) {
  const stats = new ClusterStats();
  const zone = new LocalZone('me', 'a');
  zone.changed(allHealthy(hostsIn(local)));
  const panic = { thresholdPercent: 50, fails };
  const routing = new ZoneRouting({ ...CONFIG, ...config }, zone, stats, panic);
  routing.refresh(allHealthy(hostsIn(upstream)));
  return { routing, stats, zone };
}

/** Where picks go, by zone, as parts of all. */
function sharesOf(routing: ZoneRouting, zones: readonly string[]): Record<string, number> {
  const choice = new TestChoice([]);
  const counts = Object.fromEntries(zones.map((zone) => [zone, 0]));
  const picks = 4_000;
  for (let i = 0; i < picks; i++) {
    const [host] = routing.hostsOf(routing.pick(choice), false);
    counts[host!.endpoint.locality]! += 1 / picks;
  }
  return counts;
}

describe('zones', () => {
  it('keep everything when the own one has enough hosts', () => {
    const { routing, stats } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 });
    expect(sharesOf(routing, ['a', 'b'])).toEqual({ a: expect.closeTo(1), b: 0 });
    expect(stats.lbZoneRoutingAllDirectly).toBe(4_000);
  });

  it('take what they can carry and leave the rest to spare hosts', () => {
    const { routing } = routingOf({ a: 6, b: 3, c: 1 }, { a: 1, b: 1, c: 2 });
    const shares = sharesOf(routing, ['a', 'b', 'c']);
    expect(shares['a']).toBeCloseTo(2_500 / 6_000, 1);
    expect(shares['b']).toBe(0);
    expect(shares['c']).toBeCloseTo(3_500 / 6_000, 1);
  });

  test.each<[string, Record<string, number>, Record<string, number>, Partial<ZoneRoutingConfig>]>([
    ['the upstream has one', { a: 1, b: 1 }, { a: 4 }, {}],
    ['the proxies have one', { a: 2 }, { a: 2, b: 2 }, {}],
    ['no proxy is in the own one', { b: 1, c: 1 }, { a: 2, b: 2 }, {}],
    ['the upstream is too small', { a: 1, b: 1 }, { a: 2, b: 2 }, { minClusterSize: 5 }],
  ])('do not count when %s', (_why, local, upstream, config) => {
    expect(routingOf(local, upstream, config).routing.isActive).toBe(false);
  });

  it('can be forced on a proxy that has no others', () => {
    const { routing } = routingOf({ a: 3 }, { a: 1, b: 9 }, { forceLocalMinSize: 1 });
    expect(sharesOf(routing, ['a', 'b'])).toEqual({ a: expect.closeTo(1), b: 0 });
  });

  it('need the given number of healthy hosts, exactly', () => {
    const isActive = (minClusterSize: number) =>
      routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }, { minClusterSize }).routing.isActive;
    expect([isActive(4), isActive(5)]).toEqual([true, false]);
  });

  it('are counted as Envoy’s two threads do', () => {
    const of = (
      local: Record<string, number>,
      upstream: Record<string, number>,
      config: Partial<ZoneRoutingConfig> = {},
    ) => {
      const { stats } = routingOf(local, upstream, config);
      const { lbRecalculateZoneStructures, lbLocalClusterNotOk, lbZoneClusterTooSmall } = stats;
      return [lbRecalculateZoneStructures, lbLocalClusterNotOk, lbZoneClusterTooSmall];
    };
    expect(of({ a: 1, b: 1 }, { a: 2, b: 2 })).toEqual([4, 0, 0]);
    expect(of({ b: 1, c: 1 }, { a: 2, b: 2 })).toEqual([4, 2, 0]);
    expect(of({ a: 1, b: 1 }, { a: 2, b: 2 }, { minClusterSize: 5 })).toEqual([4, 0, 2]);
    // Where it is forced, it is asked before the proxies are known.
    expect(of({ a: 1, b: 1 }, { a: 2, b: 2 }, { forceLocalMinSize: 1 })).toEqual([4, 2, 0]);
    expect(of({ a: 1, b: 1 }, { a: 2 }, { forceLocalMinSize: 1 })).toEqual([4, 0, 0]);
    const { routing, stats } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 });
    routing.refresh(allHealthy(hostsIn({ a: 2, b: 2 })));
    expect(stats.lbRecalculateZoneStructures).toBe(6);
  });

  it('are recalculated when the proxies change, until nobody asks any more', () => {
    const { routing, stats, zone } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 });
    zone.changed(allHealthy(hostsIn({ a: 1 })));
    expect([routing.isActive, stats.lbRecalculateZoneStructures]).toEqual([false, 6]);
    routing.close();
    routing.close();
    zone.changed(allHealthy(hostsIn({ a: 1, b: 1 })));
    expect(stats.lbRecalculateZoneStructures).toBe(6);
  });

  it('follow the cluster of the proxies, and no other', () => {
    const zone = new LocalZone('me', 'a');
    const set = new HostSet(hostsIn({ a: 1, b: 1 }), 0, 0);
    zone.watch('other', set);
    expect(zone.hosts).toBeNull();
    let told = 0;
    set.onRefresh = () => {
      told += 1;
    };
    zone.watch('me', set);
    expect(zone.hosts?.hosts).toHaveLength(2);
    set.replace(hostsIn({ a: 3 }), 0);
    expect([zone.hosts?.hosts.length, told]).toEqual([3, 1]);
  });

  it('do not count before the proxies are known, or where the own one is not', () => {
    const stats = new ClusterStats();
    const panic = { thresholdPercent: 50, fails: false };
    const early = new ZoneRouting(CONFIG, new LocalZone('me', 'a'), stats, panic);
    early.refresh(allHealthy(hostsIn({ a: 2, b: 2 })));
    expect(early.isActive).toBe(false);
    const nowhere = new LocalZone('me', null);
    nowhere.changed(allHealthy(hostsIn({ a: 1, b: 1 })));
    const lost = new ZoneRouting(CONFIG, nowhere, new ClusterStats(), panic);
    lost.refresh(allHealthy(hostsIn({ a: 2, b: 2 })));
    expect(lost.isActive).toBe(false);
  });

  it('may be shared out by weight', () => {
    const weighing = (basis: 'hosts' | 'weight') => {
      const heavy = hostsIn({ a: 1, b: 1 }).map(
        ({ endpoint, index }) => new Host({ ...endpoint, weight: index === 0 ? 1 : 3 }, index),
      );
      const { routing } = routingOf({ a: 1, b: 1 }, { a: 1, b: 1 }, { basis });
      routing.refresh(allHealthy(heavy));
      return sharesOf(routing, ['a', 'b'])['a'];
    };
    expect(weighing('hosts')).toBeCloseTo(1);
    expect(weighing('weight')).toBeCloseTo(0.5, 1);
  });

  it('count what became of picks', () => {
    const { routing, stats } = routingOf({ a: 6, b: 3, c: 1 }, { a: 1, b: 1, c: 2 });
    sharesOf(routing, ['a', 'b', 'c']);
    expect(stats.lbZoneRoutingSampled + stats.lbZoneRoutingCrossZone).toBe(4_000);
    expect(stats.lbZoneRoutingSampled / 4_000).toBeCloseTo(2_500 / 6_000, 1);
  });

  it('draw the own zone below its share, and others by what they can take', () => {
    // Shares: a has 6000 of the proxies and 2500 of the hosts; only c has some to spare.
    const { routing } = routingOf({ a: 6, b: 3, c: 1 }, { a: 1, b: 1, c: 2 });
    expect(routing.pick(new TestChoice([], [4_165]))).toBe(0);
    expect(routing.pick(new TestChoice([], [4_166, 0]))).toBe(2);
    const four = routingOf({ a: 7, b: 1, c: 1, d: 1 }, { a: 1, b: 1, c: 1, d: 1 }).routing;
    const others = [0, 1_499, 1_500, 2_999, 3_000, 4_499].map((drawn) =>
      four.pick(new TestChoice([], [9_999, drawn])),
    );
    expect(others).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('are drawn evenly when none can take anything', () => {
    const { routing, stats } = routingOf({ a: 1, b: 1 }, { a: 1, b: 1 }, { minClusterSize: 0 });
    routing.refresh({ ...allHealthy(hostsIn({ a: 2, b: 2 })), healthy: [] });
    expect([0, 1].map((drawn) => routing.pick(new TestChoice([], [0, drawn])))).toEqual([0, 1]);
    expect(stats).toMatchObject({ lbZoneNoCapacityLeft: 2, lbZoneRoutingCrossZone: 2 });
  });

  it('have degraded hosts of their own', () => {
    const hosts = hostsIn({ a: 2, b: 2 });
    const { routing } = routingOf({ a: 1, b: 1 }, { a: 1, b: 1 });
    routing.refresh({
      hosts,
      healthy: [hosts[0]!, hosts[2]!],
      degraded: [hosts[1]!],
      excludedCount: 0,
    });
    expect(routing.hostsOf(0, false)).toEqual([hosts[0]]);
    expect(routing.hostsOf(0, true)).toEqual([hosts[1]]);
    expect(routing.hostsOf(1, true)).toEqual([]);
    expect(routing.count).toBe(2);
  });

  it('are never asked at 0 percent, and always at 100', () => {
    const { routing } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }, { enabledPercent: 0 });
    const choice = new TestChoice([]);
    expect([routing.pick(choice), choice.asked]).toEqual([EVERYWHERE, []]);
    const always = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }).routing;
    expect([always.pick(choice), choice.asked]).toEqual([0, []]);
    const some = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }, { enabledPercent: 30 }).routing;
    expect([29, 30].map((drawn) => some.pick(new TestChoice([], [drawn])))).toEqual([
      0,
      EVERYWHERE,
    ]);
  });

  it('count excluded and degraded proxies as panic does, strictly below the threshold', () => {
    const { routing, stats, zone } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 });
    const hosts = hostsIn({ a: 4, b: 2 });
    const choice = new TestChoice([]);
    const pickWith = (healthy: number, degraded: number, excludedCount: number) => {
      zone.changed({
        hosts,
        healthy: hosts.slice(0, healthy),
        degraded: hosts.slice(5, 5 + degraded),
        excludedCount,
      });
      return routing.pick(choice) === EVERYWHERE;
    };
    expect(pickWith(3, 0, 0)).toBe(false);
    expect(pickWith(2, 0, 0)).toBe(true);
    expect(pickWith(2, 1, 0)).toBe(false);
    expect(pickWith(2, 0, 2)).toBe(false);
    expect(pickWith(0, 0, 6)).toBe(true);
    expect(stats.lbLocalClusterNotOk).toBe(2);
  });

  it('are left out when too few proxies are healthy', () => {
    const choice = new TestChoice([]);
    const hosts = hostsIn({ a: 3, b: 3 });
    const sick = { hosts, healthy: hosts.slice(2, 4), degraded: [], excludedCount: 0 };
    const open = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 });
    open.zone.changed(sick);
    expect(open.routing.pick(choice)).toBe(EVERYWHERE);
    const failing = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }, {}, true);
    failing.zone.changed(sick);
    expect(failing.routing.pick(choice)).toBe(NOWHERE);
  });

  it('are asked for the given part of the picks', () => {
    const { routing } = routingOf({ a: 1, b: 1 }, { a: 2, b: 2 }, { enabledPercent: 30 });
    const choice = new TestChoice([]);
    const picks = Array.from({ length: 2_000 }, () => routing.pick(choice));
    expect(picks.filter((zone) => zone === 0).length / 2_000).toBeCloseTo(0.3, 1);
  });

  it('never get a pick without a host, whatever the numbers', () => {
    const count = fc.nat(4);
    fc.assert(
      fc.property(count, count, count, count, count, (a, b, x, y, z) => {
        fc.pre(a > 0 && b > 0 && x + y + z > 0);
        const { routing } = routingOf({ a, b }, { a: x, b: y, c: z });
        fc.pre(routing.isActive);
        const choice = new TestChoice([]);
        for (let i = 0; i < 50; i++) {
          expect(routing.hostsOf(routing.pick(choice), false).length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
