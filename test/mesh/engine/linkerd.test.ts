/** What Linkerd does in place of ejection, panic, and retry budgets of breakers. */
import { describe, expect, it } from 'vitest';
import { envoyCluster } from '../../../src/mesh/config/complete.ts';
import type { ClusterConfig } from '../../../src/mesh/config/config.ts';
import { anEndpoint, OneProxy, type ProxySketch } from './one-proxy.ts';

const ACCRUAL = { maxFailures: 3, minPenaltyMs: 1_000, maxPenaltyMs: 60_000, jitterRatio: 0 };
const QUEUE = { capacity: 2, failfastMs: 3_000 };
const CLUSTER: Partial<ClusterConfig> = {
  panicThresholdPercent: 0,
  lb: { kind: 'peak-ewma', defaultRttMs: 30, decayMs: 10_000 },
  failureAccrual: ACCRUAL,
};

function linkerd(sketch: ProxySketch = {}): OneProxy {
  return new OneProxy({ ...sketch, cluster: { ...CLUSTER, ...sketch.cluster } });
}

function answers(proxy: OneProxy, ...statuses: readonly number[]): void {
  for (const status of statuses) {
    proxy.request();
    proxy.answer(status);
  }
}

describe('failure accrual', () => {
  it('shuts a host after failures in a row, and success ends the row', () => {
    const proxy = linkerd();
    answers(proxy, 500, 503, 200, 500, 500);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    answers(proxy, 500);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.request();
    expect(proxy.outcome).toBe('503 UH no_healthy_upstream');
  });

  it('has no limit on how many hosts are shut', () => {
    const proxy = linkerd({ endpoints: 2 });
    answers(proxy, ...new Array<number>(12).fill(500).slice(0, 5));
    while (proxy.clusterStat('membership_healthy') > 0) answers(proxy, 500);
    expect(proxy.clusterStat('membership_total')).toBe(2);
  });

  it('lets one request try after the backoff, whose success opens the gate', () => {
    const proxy = linkerd();
    answers(proxy, 500, 500, 500);
    proxy.advance(999);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.advance(1);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    proxy.request();
    const probe = proxy.stream;
    proxy.request();
    expect(proxy.outcome).toBe('503 UH no_healthy_upstream');
    proxy.answer(200, probe);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    // The row begins anew.
    answers(proxy, 500, 500);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
  });

  it('waits twice as long after each failed try, and from the start after the next trip', () => {
    const proxy = linkerd();
    answers(proxy, 500, 500, 500);
    for (const backoffMs of [1_000, 2_000, 4_000]) {
      proxy.advance(backoffMs - 1);
      expect(proxy.clusterStat('membership_healthy')).toBe(0);
      proxy.advance(1);
      answers(proxy, backoffMs === 4_000 ? 200 : 500);
    }
    answers(proxy, 500, 500, 500);
    proxy.advance(1_000);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
  });

  it('believes the first result of a probation, whoever asked for it', () => {
    const proxy = linkerd();
    proxy.request();
    const early = proxy.stream;
    answers(proxy, 500, 500, 500);
    proxy.advance(1_000);
    proxy.answer(500, early);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.advance(1_999);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.advance(1);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
  });

  it('counts resets and timeouts, and a body that breaks off once', () => {
    const proxy = linkerd({ forward: { timeoutMs: 100 } });
    proxy.request();
    proxy.resetUpstream();
    proxy.request();
    proxy.advance(100);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    proxy.request();
    proxy.answerHead(200);
    proxy.resetUpstream();
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
  });

  it('may go by the rate of successes, against which "too many requests" counts', () => {
    const successRate = { threshold: 0.8, windowMs: 10_000, minRequests: 5 };
    const proxy = linkerd({ cluster: { failureAccrual: { ...ACCRUAL, successRate } } });
    answers(proxy, 200, 429, 200, 429);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
    answers(proxy, 200);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
    proxy.advance(1_000);
    answers(proxy, 429);
    expect(proxy.clusterStat('membership_healthy')).toBe(0);
  });

  it('forgets results that are older than the window', () => {
    const successRate = { threshold: 0.8, windowMs: 10_000, minRequests: 5 };
    const proxy = linkerd({ cluster: { failureAccrual: { ...ACCRUAL, successRate } } });
    answers(proxy, 429, 429, 429, 429);
    proxy.advance(11_000);
    answers(proxy, 200, 200, 200, 200, 200);
    expect(proxy.clusterStat('membership_healthy')).toBe(1);
  });

  it('tells the ledger when a gate shuts and when it is open again', () => {
    const proxy = linkerd();
    answers(proxy, 500, 500, 500);
    proxy.advance(1_000);
    answers(proxy, 500);
    proxy.advance(2_000);
    answers(proxy, 200);
    const told = proxy.ports.takeRecords().filter((line) => /ejected/.test(line));
    expect(told.map((line) => line.split(' ')[0])).toEqual(['ejected', 'unejected']);
  });
});

describe('the queue before a balancer', () => {
  const waiting = { cluster: { queue: QUEUE } };

  function shut(proxy: OneProxy): void {
    answers(proxy, 500, 500, 500);
  }

  it('keeps requests until a host is ready, in order', () => {
    const proxy = linkerd(waiting);
    shut(proxy);
    proxy.request({ path: '/first' });
    proxy.request({ path: '/second' });
    expect(proxy.ports.openStreams.size).toBe(0);
    proxy.advance(1_000);
    // In probation one passes.
    expect(proxy.ports.openStreams.size).toBe(1);
    expect(proxy.ports.sentHeads.at(-1)!.head.path).toBe('/first');
    proxy.answer(200);
    expect(proxy.ports.sentHeads.at(-1)!.head.path).toBe('/second');
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('turns away who finds it full', () => {
    const proxy = linkerd(waiting);
    shut(proxy);
    proxy.request();
    proxy.request();
    proxy.request();
    expect(proxy.outcome).toBe('503 UH load_shed');
  });

  it('fails all at once when nobody is ready for too long, and turns away who comes then', () => {
    const slow = { ...ACCRUAL, minPenaltyMs: 10_000 };
    const proxy = linkerd({ cluster: { queue: QUEUE, failureAccrual: slow } });
    shut(proxy);
    proxy.request();
    proxy.advance(1_000);
    proxy.request();
    proxy.advance(1_999);
    expect(proxy.ports.log).toHaveLength(3);
    proxy.advance(1);
    expect(proxy.ports.log.slice(3).map(({ status, details }) => `${status} ${details}`)).toEqual([
      '504 failfast',
      '504 failfast',
    ]);
    proxy.request();
    expect(proxy.outcome).toBe('503 UH load_shed');
    proxy.advance(7_000);
    proxy.request();
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('forgets who went away', () => {
    const proxy = linkerd(waiting);
    shut(proxy);
    const gone = proxy.request({ path: '/gone' });
    proxy.engine.onRequestReset(gone, 6);
    proxy.request({ path: '/stays' });
    proxy.advance(1_000);
    expect(proxy.ports.sentHeads.at(-1)!.head.path).toBe('/stays');
  });

  it('keeps the body that comes meanwhile', () => {
    const proxy = linkerd(waiting);
    shut(proxy);
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'hello', true);
    proxy.advance(1_000);
    expect(proxy.ports.takeCalls().filter((call) => call.startsWith('sendBody'))).toEqual([
      'sendBody 0 5 end',
    ]);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('does not move the deadline of a request that waited', () => {
    const proxy = linkerd({ ...waiting, forward: { timeoutMs: 1_500 } });
    shut(proxy);
    proxy.request();
    proxy.advance(1_000);
    proxy.advance(499);
    expect(proxy.ports.log).toHaveLength(3);
    proxy.advance(1);
    expect(proxy.outcome).toBe('504 UT response_timeout');
  });
});

describe('peak EWMA in the engine', () => {
  it('measures from the start of an attempt to the first byte of its body', () => {
    const proxy = linkerd({ endpoints: 2 });
    // Whoever is asked first gets slow, so that the other one is preferred from then on.
    proxy.request();
    const asked = () => proxy.connectionOf(proxy.stream);
    const slow = asked();
    proxy.answerHead(200);
    proxy.advance(500);
    proxy.answerBody('x', true);
    for (let i = 0; i < 8; i++) {
      proxy.request();
      expect(asked()).not.toBe(slow);
      proxy.answer(200);
    }
  });
});

describe('a split by availability', () => {
  it('passes over a cluster without a ready host, and sheds load when none has one', () => {
    const other = envoyCluster({ id: 8, name: 'other', panicThresholdPercent: 0 });
    const endpoints = { version: 1, members: [anEndpoint(9)] };
    const proxy = linkerd({
      moreClusters: [{ ...other, endpoints }],
      forward: {
        splitsByAvailability: true,
        clusters: [
          { cluster: 'cluster', weight: 99 },
          { cluster: 'other', weight: 1 },
        ],
      },
    });
    while (proxy.clusterStat('membership_healthy') !== 0 || proxy.ports.log.length === 0) {
      answers(proxy, 500);
    }
    for (let i = 0; i < 20; i++) {
      proxy.request();
      proxy.answer(200);
      expect(proxy.logged.clusterName).toBe('other');
    }
    proxy.engine.onEndpoints(8, { version: 2, members: [] });
    proxy.request();
    expect(proxy.outcome).toBe('503 UH load_shed');
  });
});

describe('failures that count as answers', () => {
  it('are 502, or 504 when connecting took too long, and retried by their status', () => {
    const proxy = linkerd({ cluster: { answersFailures: true, connectTimeoutMs: 100 } });
    proxy.refusing.add('10.0.0.1:80');
    proxy.request();
    expect(proxy.logged.status).toBe(502);
    proxy.refusing.clear();
    proxy.hanging.add('10.0.0.1:80');
    proxy.request();
    proxy.advance(100);
    expect(proxy.logged.status).toBe(504);
    const retrying = linkerd({
      cluster: { answersFailures: true },
      retry: { retryOn: ['retriable-status-codes'], retriableStatusCodes: [502], numRetries: 1 },
    });
    retrying.request();
    retrying.resetUpstream();
    retrying.advance(300);
    retrying.answer(200);
    expect(retrying.logged.attemptCount).toBe(2);
  });
});

describe('retries that are paid for', () => {
  it('stop when the budget is spent', () => {
    const proxy = linkerd({
      cluster: {
        failureAccrual: { ...ACCRUAL, maxFailures: 0 },
        retryTokens: { retryRatio: 0.2, minRetriesPerSecond: 1, ttlMs: 2_000 },
      },
      retry: { retryOn: ['5xx'], numRetries: 1, jitterRatio: 1 },
    });
    const attempts: number[] = [];
    for (let i = 0; i < 3; i++) {
      proxy.request();
      proxy.answer(500);
      proxy.advance(60);
      if (proxy.ports.openStreams.size > 0) proxy.answer(500);
      attempts.push(proxy.logged.attemptCount);
    }
    expect(attempts).toEqual([2, 2, 1]);
    expect(proxy.clusterStat('upstream_rq_retry_overflow')).toBe(1);
    proxy.advance(3_000);
    proxy.request();
    proxy.answer(500);
    proxy.advance(60);
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_rq_retry_success')).toBe(1);
  });

  it('leave the last try without its timeout where that is asked for', () => {
    const proxy = linkerd({
      retry: { retryOn: ['reset'], numRetries: 1, perTryTimeoutMs: 100, leavesLastTry: true },
    });
    proxy.request();
    proxy.advance(100);
    proxy.advance(300);
    proxy.advance(10_000);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });
});
