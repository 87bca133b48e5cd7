import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitBreakers } from '../../../src/mesh/cluster/circuit-breakers.ts';
import { envoyThresholds } from '../../../src/mesh/config/complete.ts';
import type { Thresholds } from '../../../src/mesh/config/config.ts';

function breakers(limits: Partial<Thresholds> = {}): CircuitBreakers {
  return new CircuitBreakers(envoyThresholds(limits));
}

function gauges(of: CircuitBreakers, pools = 0): Record<string, number> {
  const found: Record<string, number> = {};
  of.visitGauges(pools, (name, value) => {
    found[name] = value;
  });
  return found;
}

describe('circuit breakers', () => {
  it('admit as many of each as their limit says', () => {
    const b = breakers({ maxConnections: 1, maxPendingRequests: 2, maxRequests: 1, maxRetries: 1 });
    b.addConnection();
    b.addPending();
    b.addRequest(0);
    b.addRetry();
    expect([b.canConnect(), b.canPend(), b.canRequest(), b.canRetry(0)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    b.addPending();
    expect(b.canPend()).toBe(false);
  });

  it('admit again when something ended', () => {
    const b = breakers({ maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 1 });
    b.addConnection();
    b.addPending();
    b.addRequest(0);
    b.addRetry();
    b.removeConnection();
    b.removePending();
    b.removeRequest();
    b.removeRetry();
    expect([b.canConnect(), b.canPend(), b.canRequest(), b.canRetry(0)]).not.toContain(false);
    expect([b.connections, b.pending, b.requests, b.retries]).toEqual([0, 0, 0, 0]);
  });

  it('with limits of 0 refuse everything', () => {
    const b = breakers({ maxConnections: 0, maxPendingRequests: 0, maxRequests: 0, maxRetries: 0 });
    expect([b.canConnect(), b.canPend(), b.canRequest(), b.canRetry(0)]).not.toContain(true);
  });

  it('show in gauges which of them are open', () => {
    const b = breakers({ maxConnections: 2, maxRetries: 1, maxRequests: 0 });
    b.addConnection();
    b.addRetry();
    expect(gauges(b)).toEqual({
      cx_open: 0,
      cx_pool_open: 0,
      rq_pending_open: 0,
      rq_open: 0,
      rq_retry_open: 1,
    });
    // Nothing ever went over the limit of 0, so Envoy shows it shut.
    b.addConnection();
    expect(gauges(b)['cx_open']).toBe(1);
  });

  it('show one that is full, and one with a limit of 0 once something went beyond it', () => {
    const full = breakers({ maxPendingRequests: 1, maxRequests: 1, maxConnectionPools: 2 });
    full.addPending();
    full.addRequest(0);
    expect(gauges(full, 2)).toMatchObject({ rq_pending_open: 1, rq_open: 1, cx_pool_open: 1 });
    full.removePending();
    expect(gauges(full, 1)).toMatchObject({ rq_pending_open: 0, rq_open: 1, cx_pool_open: 0 });
    const none = breakers({ maxConnections: 0, maxPendingRequests: 0 });
    expect(gauges(none)).toMatchObject({ cx_open: 0, rq_pending_open: 0 });
    none.addPending();
    none.addConnection();
    expect(gauges(none)).toMatchObject({ cx_open: 1, rq_pending_open: 1 });
    // That of connections stays open when they are gone; the others do not.
    none.removePending();
    none.removeConnection();
    expect(gauges(none)).toMatchObject({ cx_open: 1, rq_pending_open: 0 });
  });

  it('show what is left, where that is tracked', () => {
    const tracked = breakers({
      maxConnections: 3,
      maxPendingRequests: 2,
      maxRequests: 1,
      maxRetries: 5,
      maxConnectionPools: 4,
      trackRemaining: true,
    });
    tracked.addConnection();
    tracked.addPending();
    for (let i = 0; i < 2; i++) tracked.addRequest(0);
    tracked.addRetry();
    expect(gauges(tracked, 3)).toMatchObject({
      remaining_cx: 2,
      remaining_cx_pools: 1,
      remaining_pending: 1,
      remaining_rq: 0,
      remaining_retries: 4,
    });
    const unlimited = breakers({ trackRemaining: true });
    expect(gauges(unlimited)['remaining_cx_pools']).toBe(2 ** 64);
    expect(gauges(breakers())).not.toHaveProperty('remaining_cx');
    const retryBudget = { percent: 50, minConcurrency: 1, intervalMs: 0 };
    const budgeted = breakers({ trackRemaining: true, retryBudget });
    expect(gauges(budgeted)['remaining_retries']).toBe(3);
    budgeted.canRetry(0);
    expect(gauges(budgeted)['remaining_retries']).toBe(0);
    const none = breakers({ maxRetries: 0, retryBudget });
    expect(gauges(none)['rq_retry_open']).toBe(0);
    none.addRetry();
    none.removeRetry();
    expect(gauges(none)['rq_retry_open']).toBe(1);
  });

  it('tell what their configuration says', () => {
    const plain = breakers();
    expect([plain.countsOverTime, plain.hasBudget, plain.countsActiveAsPending]).toEqual([
      false,
      false,
      false,
    ]);
    expect([plain.maxPools, plain.maxConnectionsPerHost]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    const retryBudget = { percent: 50, minConcurrency: 1, intervalMs: 1 };
    const more = breakers({
      retryBudget,
      countsActiveAsPending: true,
      maxConnectionPools: 2,
      maxConnectionsPerHost: 3,
    });
    expect([more.countsOverTime, more.hasBudget, more.countsActiveAsPending]).toEqual([
      true,
      true,
      true,
    ]);
    expect([more.maxPools, more.maxConnectionsPerHost]).toEqual([2, 3]);
    const present = breakers({ retryBudget: { ...retryBudget, intervalMs: 0 } });
    expect([present.countsOverTime, present.hasBudget]).toEqual([false, true]);
  });

  it('never let the counts pass the limits, whoever asks first', () => {
    const limits = fc.record({
      maxConnections: fc.nat({ max: 5 }),
      maxPendingRequests: fc.nat({ max: 5 }),
      maxRequests: fc.nat({ max: 5 }),
      maxRetries: fc.nat({ max: 5 }),
    });
    const steps = fc.array(fc.nat({ max: 7 }), { maxLength: 60 });
    fc.assert(
      fc.property(limits, steps, (given, moves) => {
        const b = breakers(given);
        for (const move of moves) {
          if (move === 0 && b.canConnect()) b.addConnection();
          if (move === 1 && b.canPend()) b.addPending();
          if (move === 2 && b.canRequest()) b.addRequest(0);
          if (move === 3 && b.canRetry(0)) b.addRetry();
          if (move === 4 && b.connections > 0) b.removeConnection();
          if (move === 5 && b.pending > 0) b.removePending();
          if (move === 6 && b.requests > 0) b.removeRequest();
          if (move === 7 && b.retries > 0) b.removeRetry();
          expect(b.connections).toBeLessThanOrEqual(given.maxConnections);
          expect(b.pending).toBeLessThanOrEqual(given.maxPendingRequests);
          expect(b.requests).toBeLessThanOrEqual(given.maxRequests);
          expect(b.retries).toBeLessThanOrEqual(given.maxRetries);
        }
      }),
    );
  });
});

describe('a retry budget', () => {
  const retryBudget = { percent: 50, minConcurrency: 1, intervalMs: 0 };

  it('follows active and pending requests, and max_retries is not consulted', () => {
    const b = breakers({ maxRetries: 0, retryBudget });
    expect(b.canRetry(0)).toBe(true);
    b.addRetry();
    expect(b.canRetry(0)).toBe(false);
    b.addRequest(0);
    b.addRequest(0);
    b.addPending();
    expect(b.currentRetryLimit(0)).toBe(1);
    b.addPending();
    expect(b.currentRetryLimit(0)).toBe(2);
    expect(b.canRetry(0)).toBe(true);
  });

  it('still shows rq_retry_open by max_retries', () => {
    const b = breakers({ maxRetries: 1, retryBudget: { ...retryBudget, minConcurrency: 9 } });
    b.addRetry();
    expect(b.canRetry(0)).toBe(true);
    expect(gauges(b)['rq_retry_open']).toBe(1);
  });

  it('with an interval follows the attempts of its window, not those in flight', () => {
    const b = breakers({ retryBudget: { ...retryBudget, intervalMs: 1_000 } });
    for (let i = 0; i < 10; i++) {
      b.addRequest(0);
      b.removeRequest();
    }
    expect(b.currentRetryLimit(0)).toBe(5);
    expect(b.currentRetryLimit(1_100_000_000)).toBe(1);
  });
});
