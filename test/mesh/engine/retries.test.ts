import { describe, expect, it } from 'vitest';
import { ResetReason } from '../../../src/core/engine.ts';
import { OneProxy } from './one-proxy.ts';

/** Backoff of 0 ms, so that a retry follows as soon as time moves. */
const AT_ONCE = { backoffBaseMs: 1, backoffMaxMs: 1 };

describe('a retry', () => {
  it('follows a retriable response after its backoff, on a head of its own uid', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 1, ...AT_ONCE } });
    proxy.request();
    proxy.answer(503);
    proxy.advance(0);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.logged.attemptCount).toBe(2);
    expect(new Set(proxy.ports.sentHeads.map(({ uid }) => uid)).size).toBe(2);
    expect(proxy.clusterStat('upstream_rq_retry')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_retry_backoff_exponential')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_retry_success')).toBe(1);
    expect(proxy.clusterStat('retry.upstream_rq_503')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_503')).toBe(0);
    expect(proxy.clusterStat('upstream_rq_completed')).toBe(1);
  });

  it('waits a drawn number of whole milliseconds below the bound', () => {
    const waits = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 1 } }, `seed-${seed}`);
      proxy.request();
      proxy.answer(503);
      const timer = proxy.ports.armed.find((name) => name.startsWith('retryBackoff'));
      waits.add(Number(timer?.split('@')[1]));
    }
    expect(waits.size).toBeGreaterThan(8);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(25);
  });

  it('gives the last response through, with URX only because another retry was wanted', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 2, ...AT_ONCE } });
    proxy.request();
    for (let attempt = 1; attempt <= 3; attempt++) {
      proxy.answer(503);
      proxy.advance(0);
    }
    expect(proxy.outcome).toBe('503 URX via_upstream');
    expect(proxy.clusterStat('upstream_rq_retry_limit_exceeded')).toBe(1);
    proxy.request();
    proxy.answer(404);
    expect(proxy.outcome).toBe('404 - via_upstream');
  });

  it('says URX with the first failure when there are no retries', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 0 } });
    proxy.request();
    proxy.answer(500);
    expect(proxy.outcome).toBe('500 URX via_upstream');
  });

  it('that ends in something not retriable counts as a success of retrying', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 3, ...AT_ONCE } });
    proxy.request();
    proxy.answer(503);
    proxy.advance(0);
    proxy.answer(404);
    expect(proxy.clusterStat('upstream_rq_retry_success')).toBe(1);
  });

  it('follows a reset, and the last reset becomes a local reply that says so', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['reset'], numRetries: 1, ...AT_ONCE } });
    proxy.request();
    proxy.resetUpstream();
    proxy.advance(0);
    proxy.resetUpstream();
    expect(proxy.outcome).toBe(
      '503 URX,UC upstream_reset_before_response_started{connection_termination}',
    );
    expect(proxy.ports.answers[0]?.body).toBe(
      'upstream connect error or disconnect/reset before headers. ' +
        'retried and the latest reset reason: connection termination',
    );
  });

  it('of 425 skips the backoff and its counters', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['retriable-status-codes'], retriableStatusCodes: [425], numRetries: 1 },
    });
    proxy.request();
    proxy.answer(425);
    expect(proxy.ports.armed).toContain('retryBackoff@0');
    proxy.advance(0);
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_rq_retry')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_retry_backoff_exponential')).toBe(0);
  });

  it('never follows once a head went downstream', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['reset', '5xx'], numRetries: 3 } });
    proxy.request();
    proxy.answerHead(200);
    proxy.resetUpstream(proxy.stream, ResetReason.protocolError);
    expect(proxy.outcome).toBe('200 UPE upstream_reset_after_response_started{protocol_error}');
    expect(proxy.clusterStat('upstream_rq_retry')).toBe(0);
  });

  it('never follows once an informational response came', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 3 } });
    proxy.request();
    proxy.engine.onInformational(proxy.stream, proxy.ports.sentHeads[0]!.head);
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 - via_upstream');
  });

  it('does not go to hosts that were tried, where a predicate says so', () => {
    const retry = {
      retryOn: ['5xx'],
      numRetries: 3,
      hostPredicates: ['previous-hosts'] as const,
      hostSelectionMaxAttempts: 50,
      ...AT_ONCE,
    };
    const proxy = new OneProxy({ endpoints: 4, cluster: { lb: { kind: 'random' } }, retry });
    for (let request = 0; request < 10; request++) {
      proxy.ports.takeRecords();
      proxy.request();
      for (let attempt = 1; attempt <= 4; attempt++) {
        proxy.answer(503);
        proxy.advance(0);
      }
      const hosts = proxy.ports.takeRecords().filter((line) => line.startsWith('attemptHost'));
      expect(new Set(hosts.map((line) => line.split(' ')[2])).size).toBe(4);
    }
  });

  it('carries the attempt number and whether a timeout caused it, where configured', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 2, perTryTimeoutMs: 100, ...AT_ONCE },
      virtualHost: {
        includeRequestAttemptCount: true,
        includeIsTimeoutRetryHeader: true,
        includeAttemptCountInResponse: true,
      },
    });
    proxy.request();
    proxy.advance(100);
    proxy.answer(503);
    proxy.advance(0);
    proxy.answer(200);
    const heads = proxy.ports.sentHeads.map(({ head }) => head);
    const counts = heads.map((head) => head.get('x-envoy-attempt-count'));
    const causes = heads.map((head) => head.get('x-envoy-is-timeout-retry'));
    expect(counts).toEqual(['1', '2', '3']);
    expect(causes).toEqual([undefined, 'true', 'false']);
    expect(proxy.ports.answers[0]?.head.get('x-envoy-attempt-count')).toBe('3');
  });
});

describe('what a retry spends, in this order', () => {
  it('the retry of the policy is spent even when the breaker refuses', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 1, backoffBaseMs: 100, backoffMaxMs: 100 },
      thresholds: { maxRetries: 0 },
    });
    proxy.request();
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 UO via_upstream');
    expect(proxy.clusterStat('upstream_rq_retry_overflow')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_retry_limit_exceeded')).toBe(0);
  });

  it('the limit of the policy is asked before the breaker', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 0 },
      thresholds: { maxRetries: 0 },
    });
    proxy.request();
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 URX via_upstream');
    expect(proxy.clusterStat('upstream_rq_retry_overflow')).toBe(0);
  });

  it('a unit of the breaker is held from the decision to the end of the retry', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 1, ...AT_ONCE },
      thresholds: { maxRetries: 1 },
    });
    const open = (): number => proxy.clusterStat('circuit_breakers.default.rq_retry_open');
    proxy.request();
    proxy.answer(503);
    expect(open()).toBe(1);
    proxy.advance(0);
    expect(open()).toBe(1);
    const retry = proxy.stream;
    proxy.request();
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 UO via_upstream');
    proxy.answer(200, retry);
    expect(open()).toBe(0);
  });

  it('a budget admits a share of the load, and at least its minimum', () => {
    const retryBudget = { percent: 50, minConcurrency: 1, intervalMs: 0 };
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 1, backoffBaseMs: 1000, backoffMaxMs: 1000 },
      thresholds: { maxRetries: 0, retryBudget },
    });
    for (let i = 0; i < 6; i++) proxy.request();
    const streams = [...proxy.ports.openStreams.keys()];
    for (const stream of streams) proxy.answer(503, stream);
    // Active requests at each decision: 6, 5, 4, 3, 2, 1, half of them may be retries.
    expect(proxy.clusterStat('upstream_rq_retry_overflow')).toBe(4);
    expect(proxy.ports.takeRecords().filter((line) => line.startsWith('retryRefused'))[0]).toMatch(
      / 2$/,
    );
  });
});

describe('who may steer retries', () => {
  const headers = [
    ['x-envoy-retry-on', '5xx'],
    ['x-envoy-max-retries', '1'],
  ] as const;

  it('clients whose control headers are honoured', () => {
    const proxy = new OneProxy({ listener: { honoursControlHeaders: true } });
    proxy.request({ headers });
    expect(proxy.ports.sentHeads[0]?.head.headers).toEqual([]);
    proxy.answer(503);
    proxy.advance(25);
    proxy.answer(200);
    expect(proxy.logged.attemptCount).toBe(2);
  });

  it('nobody else: the headers are removed', () => {
    const proxy = new OneProxy({ listener: { honoursControlHeaders: false } });
    proxy.request({ headers });
    expect(proxy.ports.sentHeads[0]?.head.headers).toEqual([]);
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 - via_upstream');
  });
});
