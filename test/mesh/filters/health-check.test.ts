import { describe, expect, it } from 'vitest';
import type { HealthFilterConfig } from '../../../src/mesh/config/config.ts';
import { anEndpoint, OneProxy } from '../engine/one-proxy.ts';

const CHECKS: HealthFilterConfig = {
  headers: [
    {
      name: ':path',
      value: { kind: 'exact', value: '/hc' },
      invert: false,
      treatMissingAsEmpty: false,
    },
  ],
  passesThrough: false,
  cacheMs: 0,
  leastHealthy: [],
  ownCluster: 'own',
};

function checked(changes: Partial<HealthFilterConfig>): OneProxy {
  const endpoints = [anEndpoint(1), anEndpoint(2, { health: 'unhealthy' })];
  const config = { ...CHECKS, ...changes };
  return new OneProxy({
    endpoints,
    listener: { filters: [{ kind: 'health-check', config }] },
  });
}

describe('a health-check filter', () => {
  it('answers checks itself and counts no answer', () => {
    const proxy = checked({});
    proxy.request({ path: '/hc' });
    expect(proxy.outcome).toBe('200 - health_check_ok');
    const { responseHead } = proxy.logged;
    expect(responseHead?.get('x-envoy-upstream-healthchecked-cluster')).toBe('own');
    expect(proxy.stat('http.in.downstream_rq_total')).toBe(1);
    expect(proxy.stat('http.in.downstream_rq_completed')).toBe(0);
    proxy.request({ path: '/other' });
    expect(proxy.ports.sentHeads).toHaveLength(1);
  });

  it.each([
    ['cluster', 50, '200 - health_check_ok_cluster_healthy'],
    ['cluster', 51, '503 LH health_check_failed_cluster_unhealthy'],
    ['missing', 0, '503 LH health_check_failed_no_cluster_found'],
  ])('asks whether %s has %d %% of its hosts', (cluster, percent, outcome) => {
    const proxy = checked({ leastHealthy: [{ cluster, percent }] });
    proxy.request({ path: '/hc' });
    expect(proxy.outcome).toBe(outcome);
  });

  it('remembers what the upstream said until its next period', () => {
    const proxy = checked({ passesThrough: true, cacheMs: 500 });
    proxy.request({ path: '/hc' });
    proxy.answer(503);
    proxy.request({ path: '/hc' });
    expect(proxy.outcome).toBe('503 LH health_check_cached');
    proxy.advance(600);
    proxy.request({ path: '/hc' });
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_rq_completed')).toBe(0);
  });
});
