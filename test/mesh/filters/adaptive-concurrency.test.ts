import { describe, expect, it } from 'vitest';
import { OneProxy } from '../engine/one-proxy.ts';

const CONFIG = {
  enabled: null,
  percentile: 50,
  maxConcurrency: 1_000,
  minConcurrency: 3,
  updateIntervalMs: 100,
  measureIntervalMs: 60_000,
  fixedMinRttMs: null,
  requestCount: 50,
  jitterPercent: 15,
  bufferPercent: 25,
  exceededStatus: 503,
};

describe('adaptive concurrency', () => {
  it('admits the least concurrency while it measures, and answers the rest itself', () => {
    const filters = [{ kind: 'adaptive-concurrency' as const, config: CONFIG }];
    const proxy = new OneProxy({ listener: { filters } });
    for (let i = 0; i < 4; i++) proxy.request({});
    expect(proxy.outcome).toBe('503 - reached_concurrency_limit');
    const prefix = 'http.in.adaptive_concurrency.gradient_controller.';
    expect(proxy.stat(`${prefix}rq_blocked`)).toBe(1);
    expect(proxy.stat(`${prefix}concurrency_limit`)).toBe(3);
    expect(proxy.stat(`${prefix}min_rtt_calculation_active`)).toBe(1);
  });
});
