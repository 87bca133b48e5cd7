import { describe, expect, it, test } from 'vitest';
import { MILLISECOND } from '../../../src/core/time.ts';
import type { LoadBalancerConfig } from '../../../src/mesh/config/config.ts';
import { createBalancer } from '../../../src/mesh/lb/index.ts';
import { SlowStart } from '../../../src/mesh/lb/slow-start.ts';
import { startOf } from '../../helpers/balancers.ts';
import { equalHosts, TestChoice } from '../../helpers/hosts.ts';
import { anEndpoint, OneProxy } from '../engine/one-proxy.ts';

const WINDOW = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };

/** Two hosts of weight 1, the second one in service since `ageMs` before `nowMs`. */
function pair(nowMs: number, ageMs: number) {
  const hosts = equalHosts(2);
  const clock = { nowNs: nowMs * MILLISECOND };
  hosts[1]!.inServiceNs = (nowMs - ageMs) * MILLISECOND;
  return { hosts, clock };
}

describe('the weight of a new host', () => {
  test.each([
    [0, 1, 0.1],
    [2_500, 1, 0.25],
    [5_000, 1, 0.5],
    [5_000, 2, Math.sqrt(0.5)],
    [9_999, 1, 0.9999],
    [10_000, 1, 1],
  ])('after %d ms, aggression %d: %d', (ageMs, aggression, ratio) => {
    const { hosts, clock } = pair(60_000, ageMs);
    const slowStart = new SlowStart({ ...WINDOW, aggression }, clock, 0);
    expect(slowStart.weightOf(hosts[1]!, 4)).toBeCloseTo(4 * ratio, 10);
    expect(slowStart.weightOf(hosts[0]!, 4)).toBe(4);
  });

  it('is whole while the host is not healthy', () => {
    const { hosts, clock } = pair(60_000, 0);
    hosts[1]!.isEjected = true;
    expect(new SlowStart(WINDOW, clock, 0).weightOf(hosts[1]!, 4)).toBe(4);
  });

  it('grows linearly for an aggression that makes no sense', () => {
    const { hosts, clock } = pair(60_000, 5_000);
    for (const aggression of [0, -1]) {
      const slowStart = new SlowStart({ ...WINDOW, aggression }, clock, 0);
      expect(slowStart.weightOf(hosts[1]!, 4)).toBe(2);
    }
  });

  it('may matter for one window after the newest start', () => {
    const { hosts, clock } = pair(60_000, 10_000);
    expect(new SlowStart(WINDOW, clock, 0).mayMatter(hosts)).toBe(true);
    clock.nowNs += MILLISECOND;
    expect(new SlowStart(WINDOW, clock, 0).mayMatter(hosts)).toBe(false);
    expect(new SlowStart(WINDOW, clock, clock.nowNs).mayMatter(equalHosts(1))).toBe(true);
  });
});

describe('balancers with a slow start', () => {
  test.each([
    [{ kind: 'round-robin', slowStart: WINDOW }],
    [
      {
        kind: 'least-request',
        choiceCount: 2,
        activeRequestBias: 1,
        fullScan: false,
        slowStart: WINDOW,
      },
    ],
  ] as [LoadBalancerConfig][])('%j gives a new host its part, growing with time', (config) => {
    const shareAfter = (ageMs: number): number => {
      const { hosts, clock } = pair(60_000, ageMs);
      const balancer = createBalancer(config, startOf(0, clock));
      const choice = new TestChoice(hosts);
      let picks = 0;
      for (let i = 0; i < 1100; i++) picks += balancer.pick(choice);
      return picks / 1100;
    };
    expect(shareAfter(0)).toBeCloseTo(0.1 / 1.1, 2);
    expect(shareAfter(5_000)).toBeCloseTo(0.5 / 1.5, 2);
    expect(shareAfter(10_000)).toBeCloseTo(0.5, 2);
  });

  it('read the part of a host again each time it was picked', () => {
    const { hosts, clock } = pair(60_000, 0);
    const slowStart = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };
    const balancer = createBalancer({ kind: 'round-robin', slowStart }, startOf(0, clock));
    const choice = new TestChoice(hosts);
    const share = (): number => {
      let picks = 0;
      for (let i = 0; i < 1_100; i++) picks += balancer.pick(choice);
      return picks / 1_100;
    };
    expect(share()).toBeCloseTo(0.1 / 1.1, 2);
    clock.nowNs += 5_000 * MILLISECOND;
    expect(share()).toBeCloseTo(0.5 / 1.5, 2);
    clock.nowNs += 50_000 * MILLISECOND;
    expect(share()).toBeCloseTo(0.5, 2);
  });

  it('ease a member in that joins a running cluster', () => {
    const slowStart = { windowMs: 100_000, aggression: 1, minWeightPercent: 10 };
    const proxy = new OneProxy({
      endpoints: 2,
      cluster: { lb: { kind: 'round-robin', slowStart } },
    });
    proxy.advance(200_000);
    const hosts = Array.from({ length: 20 }, () => {
      proxy.request();
      proxy.answer(200);
      return proxy.logged.upstreamHost;
    });
    expect(hosts.filter((host) => host === '10.0.0.2:80')).toHaveLength(10);
    const members = [1, 2, 3].map((id) => anEndpoint(id));
    proxy.engine.onEndpoints(7, { version: 2, members });
    const later = Array.from({ length: 42 }, () => {
      proxy.request();
      proxy.answer(200);
      return proxy.logged.upstreamHost;
    });
    const share = later.filter((host) => host === '10.0.0.3:80').length;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(6);
  });
});
