import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ClusterStats } from '../../../src/mesh/cluster/cluster-stats.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
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
