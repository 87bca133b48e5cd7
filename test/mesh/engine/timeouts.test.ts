import { describe, expect, it } from 'vitest';
import { OneProxy } from './one-proxy.ts';

const RETRY_5XX = { retryOn: ['5xx'], numRetries: 3 };

describe('the route timeout', () => {
  it('answers 504 UT and resets the attempt', () => {
    const proxy = new OneProxy({ forward: { timeoutMs: 1000 } });
    proxy.request();
    proxy.ports.takeCalls();
    proxy.advance(1000);
    expect(proxy.ports.takeCalls()).toEqual([
      'resetStream 0',
      'respondHead 0 504',
      'respondBody 0 24 end',
    ]);
    expect(proxy.ports.answers[0]?.body).toBe('upstream request timeout');
    expect(proxy.outcome).toBe('504 UT response_timeout');
    expect(proxy.clusterStat('upstream_rq_timeout')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_504')).toBe(1);
    expect(proxy.ports.armed.filter((timer) => !timer.startsWith('connectionIdle'))).toEqual([]);
  });

  it('covers all attempts: a hanging host gets one every 300 ms until it fires', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      retry: { ...RETRY_5XX, perTryTimeoutMs: 300, backoffBaseMs: 1, backoffMaxMs: 1 },
    });
    proxy.request();
    proxy.advance(950);
    expect(proxy.ports.sentHeads).toHaveLength(4);
    proxy.advance(50);
    expect(proxy.outcome).toBe('504 UT response_timeout');
    expect(proxy.logged.attemptCount).toBe(4);
  });

  it('fires while a request still waits for a connection', () => {
    const proxy = new OneProxy({ forward: { timeoutMs: 1000 } });
    proxy.hanging.add('10.0.0.1:80');
    proxy.request();
    proxy.advance(1000);
    expect(proxy.outcome).toBe('504 UT response_timeout');
    expect(proxy.clusterStat('upstream_rq_cancelled')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_timeout')).toBe(1);
  });

  it('is not charged to the cluster when it fires during backoff', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 100 },
      retry: { ...RETRY_5XX, backoffBaseMs: 10_000, backoffMaxMs: 10_000 },
    });
    proxy.request();
    proxy.answer(503);
    proxy.advance(100);
    expect(proxy.outcome).toBe('504 UT response_timeout');
    expect(proxy.clusterStat('upstream_rq_timeout')).toBe(0);
    expect(proxy.clusterStat('upstream_rq_504')).toBe(0);
    expect(proxy.clusterStat('circuit_breakers.default.rq_retry_open')).toBe(0);
  });

  it('resets downstream once the response has begun', () => {
    const proxy = new OneProxy({ forward: { timeoutMs: 1000 } });
    proxy.request();
    proxy.answerHead(200);
    proxy.ports.takeCalls();
    proxy.advance(1000);
    expect(proxy.ports.takeCalls()).toEqual([
      'resetStream 0',
      'resetRequest 0',
      'closeDownstream 0 linger 1000ms',
    ]);
    expect(proxy.outcome).toBe('200 UT response_timeout');
  });

  it('does not run while the request is still being sent', () => {
    const proxy = new OneProxy({ forward: { timeoutMs: 1000 } });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.advance(5000);
    expect(proxy.ports.log).toHaveLength(0);
    proxy.body(request, 'x', true);
    proxy.advance(1000);
    expect(proxy.outcome).toBe('504 UT response_timeout');
  });

  it('is never armed when only a retry in backoff exists as the request ends', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      retry: { ...RETRY_5XX, backoffBaseMs: 100, backoffMaxMs: 100 },
    });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.resetUpstream();
    proxy.body(request, 'x', true);
    proxy.advance(60_000);
    expect(proxy.ports.log).toHaveLength(0);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('answers 204 when the client asked for it, and outlier detection sees a success', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      listener: { honoursControlHeaders: true },
      outlier: { consecutive5xx: 1, maxEjectionPercent: 100 },
    });
    proxy.request({ headers: [['x-envoy-upstream-rq-timeout-alt-response', '1']] });
    proxy.advance(1000);
    expect(proxy.outcome).toBe('204 UT response_timeout');
    expect(proxy.clusterStat('outlier_detection.ejections_active')).toBe(0);
  });
});

describe('the per-try timeout', () => {
  it('does not run while a connection is being made', () => {
    const proxy = new OneProxy({ retry: { ...RETRY_5XX, perTryTimeoutMs: 100 } });
    proxy.hanging.add('10.0.0.1:80');
    proxy.request();
    proxy.advance(1000);
    expect(proxy.clusterStat('upstream_rq_per_try_timeout')).toBe(0);
    proxy.hanging.clear();
    proxy.settle();
    proxy.advance(99);
    expect(proxy.clusterStat('upstream_rq_per_try_timeout')).toBe(0);
    proxy.advance(1);
    expect(proxy.clusterStat('upstream_rq_per_try_timeout')).toBe(1);
  });

  it('is dropped when it is not shorter than the route timeout', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      retry: { ...RETRY_5XX, perTryTimeoutMs: 1000 },
    });
    proxy.request();
    expect(proxy.ports.armed).not.toContain('perTryTimeout@1000');
    expect(proxy.ports.armed).toContain('routeTimeout@1000');
  });

  it.each([
    ['5xx', 1],
    ['gateway-error', 1],
    ['reset', 1],
    ['connect-failure', 0],
    ['refused-stream', 0],
    ['reset-before-request', 0],
  ])('under %s is retried %i times of one', (token, retries) => {
    const proxy = new OneProxy({
      retry: { retryOn: [token], numRetries: 1, perTryTimeoutMs: 100 },
    });
    proxy.request();
    proxy.advance(200);
    expect(proxy.clusterStat('upstream_rq_retry')).toBe(retries);
  });

  it('without a retry left gives 504 URX,UT', () => {
    const proxy = new OneProxy({ retry: { ...RETRY_5XX, numRetries: 0, perTryTimeoutMs: 100 } });
    proxy.request();
    proxy.advance(100);
    expect(proxy.outcome).toBe('504 URX,UT upstream_per_try_timeout');
    expect(proxy.clusterStat('upstream_rq_retry_limit_exceeded')).toBe(1);
  });

  it('ends when the response begins', () => {
    const proxy = new OneProxy({ retry: { ...RETRY_5XX, perTryTimeoutMs: 100 } });
    proxy.request();
    proxy.answerHead(200);
    proxy.advance(500);
    proxy.answerBody('late but whole', true);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('waits for the end of the request', () => {
    const proxy = new OneProxy({ retry: { ...RETRY_5XX, perTryTimeoutMs: 100 } });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.advance(500);
    expect(proxy.clusterStat('upstream_rq_per_try_timeout')).toBe(0);
    proxy.body(request, 'x', true);
    proxy.advance(100);
    expect(proxy.clusterStat('upstream_rq_per_try_timeout')).toBe(1);
  });

  it('of idleness starts again with each piece of the response', () => {
    const proxy = new OneProxy({ retry: { ...RETRY_5XX, perTryIdleTimeoutMs: 100 } });
    proxy.request();
    proxy.advance(90);
    proxy.answerHead(200);
    proxy.advance(90);
    proxy.answerBody('a', false);
    proxy.advance(99);
    expect(proxy.ports.log).toHaveLength(0);
    proxy.advance(1);
    expect(proxy.outcome).toBe('200 UT upstream_per_try_idle_timeout');
    expect(proxy.clusterStat('upstream_rq_per_try_idle_timeout')).toBe(1);
  });
});

describe('timeouts of the listener', () => {
  it('an idle stream gets 504 SI when its request is complete, else 408 SI', () => {
    const listener = { streamIdleTimeoutMs: 300 };
    const proxy = new OneProxy({ listener });
    proxy.request();
    proxy.advance(300);
    expect(proxy.outcome).toBe('504 SI stream_idle_timeout');
    const request = proxy.request({ method: 'POST' }, false);
    proxy.advance(200);
    proxy.body(request, 'x');
    proxy.advance(299);
    expect(proxy.ports.log).toHaveLength(1);
    proxy.advance(1);
    expect(proxy.outcome).toBe('408 SI stream_idle_timeout');
    expect(proxy.stat('http.in.downstream_rq_idle_timeout')).toBe(2);
  });

  it('a request that does not arrive in time gets 408 without a flag', () => {
    const proxy = new OneProxy({ listener: { requestTimeoutMs: 500 } });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'x');
    proxy.ports.takeCalls();
    proxy.advance(500);
    expect(proxy.outcome).toBe('408 - request_overall_timeout');
    expect(proxy.ports.takeCalls()).toEqual([
      'resetStream 0',
      'goAwayDownstream 0',
      'respondHead 0 408',
      'respondBody 0 15 end',
      'closeDownstream 0 linger 1000ms',
    ]);
  });

  it('a delay by a filter is not charged to the route timeout', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      listener: {
        filters: [
          {
            kind: 'fault',
            config: {
              delay: { fixedDelayMs: 10_000, percentage: { numerator: 100, denominator: 100 } },
              abort: null,
              headers: [],
              upstreamCluster: null,
              maxActiveFaults: null,
            },
          },
        ],
      },
    });
    proxy.request();
    proxy.advance(10_000);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 DI via_upstream');
    expect(proxy.logged.durationNs).toBe(10_000_000_000);
  });
});

describe('the expected timeout', () => {
  function sent(proxy: OneProxy, attempt: number): string | undefined {
    return proxy.ports.sentHeads[attempt - 1]?.head.get('x-envoy-expected-rq-timeout-ms');
  }

  it('tells the upstream what is left of the request', () => {
    const proxy = new OneProxy({
      forward: { timeoutMs: 1000 },
      retry: { ...RETRY_5XX, perTryTimeoutMs: 700, backoffBaseMs: 1, backoffMaxMs: 1 },
    });
    proxy.request();
    proxy.advance(600);
    proxy.answer(503);
    proxy.advance(0);
    expect([sent(proxy, 1), sent(proxy, 2)]).toEqual(['700', '400']);
  });

  it('is not written where nothing limits the request', () => {
    const proxy = new OneProxy();
    proxy.request();
    expect(sent(proxy, 1)).toBeUndefined();
  });
});
