import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/records.ts';
import { MILLISECOND } from '../../../src/core/time.ts';
import type { ClientSideWeightedConfig } from '../../../src/mesh/config/load-balancing.ts';
import { createBalancer } from '../../../src/mesh/lb/index.ts';
import { startOf } from '../../helpers/balancers.ts';
import { equalHosts, TestChoice } from '../../helpers/hosts.ts';
import { OneProxy } from '../engine/one-proxy.ts';

const CONFIG: ClientSideWeightedConfig = {
  kind: 'client-side-weighted-round-robin',
  blackoutPeriodMs: 10_000,
  weightExpirationPeriodMs: 180_000,
  weightUpdatePeriodMs: 1_000,
  errorUtilizationPenalty: 0,
  metricNames: [],
};

/** Three hosts, of which the first two report from time 0 to `lastMs`. */
function setUp(lastMs = 0, config: Partial<ClientSideWeightedConfig> = {}, startMs = 0) {
  const clock = { nowNs: 0 };
  const start = { ...startOf(0, clock), startNs: startMs * MILLISECOND };
  const balancer = createBalancer({ ...CONFIG, ...config }, start);
  const choice = new TestChoice(equalHosts(3));
  const [a, b] = choice.candidates;
  a!.reported = { weight: 300, sinceNs: 0, lastNs: lastMs * MILLISECOND };
  b!.reported = { weight: 100, sinceNs: 0, lastNs: lastMs * MILLISECOND };
  const countsAt = (ms: number): number[] => {
    clock.nowNs = ms * MILLISECOND;
    const counts = [0, 0, 0];
    for (let i = 0; i < 600; i++) {
      const index = balancer.pick(choice);
      counts[index] = counts[index]! + 1;
    }
    return counts;
  };
  return { countsAt, hosts: choice.candidates, balancer, clock, choice };
}

describe('client-side weighted round robin', () => {
  it('takes hosts in turn until the blackout is over', () => {
    expect(setUp().countsAt(9_999)).toEqual([200, 200, 200]);
  });

  it('then goes by their reports; silent hosts count as the median', () => {
    const { countsAt } = setUp();
    const [a, b, c] = countsAt(10_000);
    expect([a, b, c]).toEqual([300, 100, 200]);
  });

  it('forgets reports that are too old, and waits anew when they come back', () => {
    const { countsAt, hosts } = setUp();
    expect(countsAt(20_000)).toEqual([300, 100, 200]);
    expect(countsAt(181_000)).toEqual([200, 200, 200]);
    expect(hosts[0]?.reported?.sinceNs).toBe(Number.POSITIVE_INFINITY);
  });

  it('changes weights on its ticks only', () => {
    const { countsAt, hosts } = setUp();
    countsAt(10_000);
    hosts[0]!.reported!.weight = 100;
    expect(countsAt(10_999)).toEqual([300, 100, 200]);
    expect(countsAt(11_000)).toEqual([200, 200, 200]);
  });

  it('believes a report up to the very end of its time', () => {
    expect(setUp().countsAt(180_000)).toEqual([300, 100, 200]);
    expect(setUp(20_000).countsAt(200_000)).toEqual([300, 100, 200]);
    expect(setUp(20_000).countsAt(201_000)).toEqual([200, 200, 200]);
  });

  it('counts a host whose reports are too old as the median of the others', () => {
    const { countsAt, hosts } = setUp();
    hosts[1]!.reported!.lastNs = 100_000 * MILLISECOND;
    // Only the second one is believed: all have its weight.
    expect(countsAt(181_000)).toEqual([200, 200, 200]);
  });

  it('takes the middle of the reports as median, in whatever order, rounded down', () => {
    const { countsAt, hosts } = setUp();
    const report = (weight: number) => ({ weight, sinceNs: 0, lastNs: 0 });
    hosts[2]!.reported = report(200);
    expect(countsAt(10_000)).toEqual([300, 100, 200]);
    const four = setUp();
    four.choice.candidates = equalHosts(4);
    const given = [5, 1, 3];
    given.forEach((weight, i) => {
      four.choice.candidates[i]!.reported = report(weight);
    });
    const counts = [0, 0, 0, 0];
    four.clock.nowNs = 10_000 * MILLISECOND;
    // Its hosts are those of the pick before the update.
    four.balancer.pick(four.choice);
    for (let i = 0; i < 1_200; i++) counts[four.balancer.pick(four.choice)]! += 1;
    expect(counts).toEqual([500, 100, 300, 300]);
    const odd = setUp();
    odd.hosts[1]!.reported = report(101);
    odd.hosts[0]!.reported = report(100);
    const [, , median] = odd.countsAt(10_000);
    expect(median).toBe(199);
  });

  it('gives nothing to a host that reports no room', () => {
    const { countsAt, hosts } = setUp();
    hosts[1]!.reported!.weight = 0;
    const [a, b, c] = countsAt(10_000);
    expect([b, a! + c!]).toEqual([0, 600]);
    expect(a! / c!).toBeCloseTo(2, 1);
  });

  it('counts its periods from when its cluster began', () => {
    const { countsAt, hosts } = setUp(0, {}, 300);
    countsAt(10_300);
    hosts[0]!.reported!.weight = 100;
    expect(countsAt(11_299)).toEqual([300, 100, 200]);
    expect(countsAt(11_300)).toEqual([200, 200, 200]);
  });

  it('settles what is due before a new report counts', () => {
    const { countsAt, hosts, balancer, clock } = setUp();
    countsAt(5_000);
    clock.nowNs = 10_000 * MILLISECOND;
    balancer.beforeReport?.();
    hosts[0]!.reported!.weight = 100;
    expect(countsAt(10_000)).toEqual([300, 100, 200]);
  });

  it('goes on with its turns while all weigh the same', () => {
    const balancer = createBalancer(CONFIG, startOf(5));
    const choice = new TestChoice(equalHosts(3));
    const picks = (count: number) => Array.from({ length: count }, () => balancer.pick(choice));
    expect(picks(4)).toEqual([1, 2, 0, 1]);
    choice.generation += 1;
    expect(picks(2)).toEqual([2, 0]);
  });

  it('lets new hosts in slowly, where configured', () => {
    const slowStart = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };
    const { countsAt, hosts } = setUp(0, { slowStart });
    for (const host of hosts) host.reported = null;
    for (const host of hosts.slice(0, 2)) host.inServiceNs = -1_000_000 * MILLISECOND;
    const [, , atFirst] = countsAt(0);
    expect(atFirst! / 600).toBeCloseTo(0.1 / 2.1, 2);
    const [, , later] = countsAt(5_000);
    expect(later! / 600).toBeCloseTo(0.5 / 2.5, 2);
  });

  it('reads reports from responses', () => {
    const proxy = new OneProxy({ endpoints: 2, cluster: { lb: CONFIG } });
    const exchange = (): string | null => {
      proxy.request();
      const { records } = proxy.ports;
      const chosen = records.findLast(({ kind }) => kind === RecordKind.attemptHost);
      const load = chosen?.b === 1 ? '0.1' : '0.4';
      const report = `TEXT rps_fractional=100,cpu_utilization=${load}`;
      proxy.answer(200, proxy.stream, [['endpoint-load-metrics', report]]);
      return proxy.logged.upstreamHost;
    };
    for (let i = 0; i < 30; i++) {
      exchange();
      proxy.advance(500);
    }
    const hosts = Array.from({ length: 100 }, exchange);
    expect(hosts.filter((host) => host === '10.0.0.1:80')).toHaveLength(80);
  });
});
