import { describe, expect, it } from 'vitest';
import { OneProxy } from '../engine/one-proxy.ts';

const CONFIG = {
  enabled: null,
  windowSeconds: 30,
  aggression: 1,
  thresholdPercent: 95,
  rpsThreshold: 0,
  maxPercent: 100,
  successRanges: [{ from: 100, to: 500 }],
};

function rejectedOf(statuses: readonly number[], change: Partial<typeof CONFIG> = {}): number {
  const config = { ...CONFIG, ...change };
  const proxy = new OneProxy({ listener: { filters: [{ kind: 'admission-control', config }] } });
  for (const status of statuses) {
    const logged = proxy.ports.log.length;
    proxy.request({});
    if (proxy.ports.log.length === logged) proxy.answer(status);
  }
  return proxy.stat('http.in.admission_control.rq_rejected');
}

describe('admission control', () => {
  it('refuses nobody while requests succeed', () => {
    expect(rejectedOf(Array.from({ length: 40 }, () => 200))).toBe(0);
  });

  it('refuses ever more requests while they fail', () => {
    expect(rejectedOf(Array.from({ length: 60 }, () => 503))).toBeGreaterThan(10);
  });

  it('refuses nobody below the rate from which it acts', () => {
    expect(
      rejectedOf(
        Array.from({ length: 60 }, () => 503),
        { rpsThreshold: 1_000 },
      ),
    ).toBe(0);
  });
});
