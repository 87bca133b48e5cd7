import { describe, expect, it, test } from 'vitest';
import type { Endpoint } from '../../../src/core/engine.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { stayingBeside } from '../../../src/mesh/cluster/leaving-hosts.ts';
import { byLocality, inOrder } from '../../../src/mesh/cluster/localities.ts';
import { LocalitySchedule } from '../../../src/mesh/cluster/locality-schedule.ts';
import { envoyCluster } from '../../../src/mesh/config/complete.ts';
import type { ClusterConfig } from '../../../src/mesh/config/config.ts';
import { anEndpoint } from '../../helpers/hosts.ts';

function hostsIn(...localities: readonly string[]): Host[] {
  return localities.map((locality, i) => new Host(anEndpoint(i, { locality }), i));
}

describe('hosts by locality', () => {
  it('stand in the order of the first host of each', () => {
    const groups = byLocality(hostsIn('b', 'a', 'b', 'c', 'a'));
    expect(groups.map(({ name, hosts }) => [name, hosts.map(({ index }) => index)])).toEqual([
      ['b', [0, 2]],
      ['a', [1, 4]],
      ['c', [3]],
    ]);
  });

  test.each<[string[], string, string[]]>([
    [['eu/b', 'eu/a', 'us/a'], 'us/a', ['us/a', 'eu/a', 'eu/b']],
    [['eu/b', 'eu/a'], 'asia', ['eu/a', 'eu/b']],
    [['eu/b', '', 'eu/a'], '', ['', 'eu/a', 'eu/b']],
    [['eu/a/2', 'eu/a/1', 'eu/a'], 'x', ['eu/a', 'eu/a/1', 'eu/a/2']],
    [['eu-2/a', 'eu/z'], 'x', ['eu/z', 'eu-2/a']],
    [['b/a/c', 'a/z/z'], 'x', ['a/z/z', 'b/a/c']],
  ])('%j of a proxy in %j stand in Envoy’s order: %j', (names, own, ordered) => {
    expect(inOrder(hostsIn(...names), own).map(({ name }) => name)).toEqual(ordered);
  });
});

describe('a schedule of localities', () => {
  const sixHosts = () => hostsIn('a', 'a', 'b', 'b', 'b', 'c');
  const weights: Readonly<Record<string, number>> = { a: 3, b: 1, c: 0 };

  function scheduleOf(hosts: readonly Host[], eligible = hosts, seed = 0) {
    return LocalitySchedule.of(byLocality(hosts), eligible, {
      seed,
      firstSource: 7,
      weightOf: ({ name }) => weights[name] ?? 0,
    });
  }

  it('leaves out localities without weight or without eligible hosts', () => {
    const hosts = sixHosts();
    expect(scheduleOf(hosts)?.count).toBe(2);
    expect(scheduleOf(hosts)?.firstSource).toBe(7);
    const onlyB = scheduleOf(hosts, hosts.slice(2));
    expect(onlyB?.count).toBe(1);
    expect(onlyB?.hostsOf(0).map(({ index }) => index)).toEqual([2, 3, 4]);
    expect(scheduleOf(hosts, hosts.slice(5))).toBeNull();
    expect(scheduleOf(hosts, [])).toBeNull();
  });

  it('leaves out a locality whose hosts are all excluded', () => {
    const hosts = sixHosts();
    for (const host of hosts.slice(0, 2)) host.isExcludedByCheck = true;
    expect(scheduleOf(hosts)?.count).toBe(1);
  });

  it('picks by weight, evenly, from a point that its seed says', () => {
    const picks = (seed: number) => {
      const schedule = scheduleOf(sixHosts(), undefined, seed)!;
      return Array.from({ length: 8 }, () => schedule.pick()).join('');
    };
    expect(picks(0)).toBe('00100010');
    expect(picks(1)).toBe('01000100');
  });

  it('weighs by hosts that are not excluded, times the overprovisioning of its cluster', () => {
    const shareOfA = (overprovisioningPercent: number | undefined, excluded: number) => {
      const hosts = Array.from({ length: 10 }, (_, i) => {
        const locality = i < 5 ? 'a' : 'b';
        const more = overprovisioningPercent === undefined ? {} : { overprovisioningPercent };
        return new Host(anEndpoint(i, { locality, ...more }), i);
      });
      for (const host of hosts.slice(0, excluded)) host.isExcludedByCheck = true;
      const eligible = hosts.filter(({ index }) => index === 4 || index >= 5);
      const schedule = LocalitySchedule.of(byLocality(hosts), eligible, {
        seed: 0,
        firstSource: 0,
        weightOf: () => 1,
      })!;
      const picks = Array.from({ length: 1_000 }, () => schedule.pick());
      return picks.filter((pick) => pick === 0).length / 1_000;
    };
    expect(shareOfA(undefined, 0)).toBeCloseTo(0.28 / 1.28, 2);
    expect(shareOfA(100, 0)).toBeCloseTo(0.2 / 1.2, 2);
    expect(shareOfA(undefined, 3)).toBeCloseTo(0.7 / 1.7, 2);
    expect(shareOfA(undefined, 4)).toBeCloseTo(0.5, 2);
  });
});

describe('hosts that left their cluster', () => {
  const check = { healthChecks: [] };
  const idsBeside = (
    config: Partial<ClusterConfig>,
    second: Partial<Endpoint> = {},
    change: (host: Host) => void = () => {},
  ) => {
    const hosts = [anEndpoint(1), anEndpoint(2, second)].map((e, i) => new Host(e, i));
    change(hosts[1]!);
    const members = { version: 2, members: [anEndpoint(1)] };
    return stayingBeside(members, hosts, envoyCluster(config)).map(({ id }) => id);
  };

  it('stay while their health checks pass', () => {
    expect(idsBeside(check)).toEqual([2]);
  });

  it('go at once where nobody checks them, or where that is configured', () => {
    expect(idsBeside({})).toEqual([]);
    expect(idsBeside({ ...check, dropsHealthyHosts: true })).toEqual([]);
    expect(idsBeside(check, { check: { isOff: true } })).toEqual([]);
  });

  it('go at once when a check has failed or the control plane calls them unhealthy', () => {
    const failing = (host: Host) => {
      host.failsChecks = true;
    };
    expect(idsBeside(check, {}, failing)).toEqual([]);
    expect(idsBeside(check, { health: 'unhealthy' })).toEqual([]);
  });
});
