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
function setUp(lastMs = 0) {
  const clock = { nowNs: 0 };
  const balancer = createBalancer(CONFIG, startOf(0, clock));
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
  return { countsAt, hosts: choice.candidates };
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
