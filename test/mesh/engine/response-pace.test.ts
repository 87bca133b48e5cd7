import { describe, expect, it } from 'vitest';
import { OneProxy } from './one-proxy.ts';

function paced(kilobytesPerSecond: number): OneProxy {
  const config = {
    delay: null,
    abort: null,
    headers: [],
    upstreamCluster: null,
    maxActiveFaults: null,
    pace: { kilobytesPerSecond, percentage: { numerator: 100, denominator: 100 } },
  } as const;
  return new OneProxy({ listener: { filters: [{ kind: 'fault', config }] } });
}

describe('a paced response', () => {
  it('begins with a twentieth of a second’s worth and goes on byte by byte', () => {
    const proxy = paced(1);
    proxy.request();
    proxy.answerHead(200);
    proxy.answerBody('x'.repeat(200), true);
    proxy.advance(0);
    expect(proxy.ports.answers[0]!.body).toHaveLength(51);
    proxy.advance(100);
    const sent = proxy.ports.answers[0]!.body.length;
    expect(sent).toBeGreaterThanOrEqual(150);
    expect(sent).toBeLessThanOrEqual(155);
    expect(proxy.ports.log).toEqual([]);
    proxy.advance(60);
    expect(proxy.ports.answers[0]!.body).toHaveLength(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
  });
});
