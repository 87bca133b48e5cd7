import { describe, expect, it } from 'vitest';
import { CloseReason, ResetReason } from '../../../src/core/engine.ts';
import { OneProxy } from './one-proxy.ts';

const OVERFLOW_DETAILS = 'upstream_reset_before_response_started{overflow}';

describe('circuit breakers', () => {
  it('max_pending_requests 0 refuses whatever needs a new connection, even the first', () => {
    const proxy = new OneProxy({ thresholds: { maxPendingRequests: 0 } });
    proxy.request();
    expect(proxy.outcome).toBe(`503 UO ${OVERFLOW_DETAILS}`);
    expect(proxy.ports.answers[0]?.head.get('x-envoy-overloaded')).toBe('true');
    expect(proxy.ports.answers[0]?.body).toBe(
      'upstream connect error or disconnect/reset before headers. reset reason: overflow',
    );
    expect(proxy.clusterStat('upstream_rq_pending_overflow')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(0);
  });

  it('max_requests refuses at once when a connection is ready', () => {
    const proxy = new OneProxy({ thresholds: { maxRequests: 1 } });
    proxy.request();
    const busy = proxy.stream;
    proxy.request();
    expect(proxy.outcome).toBe(`503 UO ${OVERFLOW_DETAILS}`);
    expect(proxy.clusterStat('upstream_rq_active_overflow')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_pending_overflow')).toBe(0);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(2);
    proxy.request();
    expect(proxy.ports.log).toHaveLength(2);
    proxy.answer(200, busy);
    proxy.request();
    expect(proxy.ports.openStreams.size).toBe(1);
  });

  it('with one connection and one pending place, the third request gets UO', () => {
    const proxy = new OneProxy({ thresholds: { maxConnections: 1, maxPendingRequests: 1 } });
    proxy.request();
    proxy.request();
    proxy.request();
    expect(proxy.ports.log).toHaveLength(1);
    expect(proxy.outcome).toBe(`503 UO ${OVERFLOW_DETAILS}`);
    proxy.answer(200);
    proxy.answer(201);
    expect(proxy.ports.log.map((entry) => entry.status)).toEqual([503, 200, 201]);
  });

  it('max_connections 0 still lets a pool without connections make one', () => {
    const proxy = new OneProxy({ endpoints: 2, thresholds: { maxConnections: 0 } });
    for (let i = 0; i < 4; i++) proxy.request();
    expect(proxy.clusterStat('upstream_cx_active')).toBe(2);
    expect(proxy.clusterStat('upstream_cx_overflow')).toBe(4);
    expect(proxy.clusterStat('upstream_rq_pending_active')).toBe(2);
  });

  it.each([
    [1, 7],
    [2, 5],
  ])('five requests at a limit of %i connections count %i connection overflows', (limit, count) => {
    const proxy = new OneProxy({ thresholds: { maxConnections: limit } });
    for (let i = 0; i < 5; i++) proxy.request();
    for (let i = 0; i < 5; i++) proxy.answer(200);
    expect(proxy.ports.log.map((entry) => entry.status)).toEqual([200, 200, 200, 200, 200]);
    expect(proxy.clusterStat('upstream_cx_overflow')).toBe(count);
  });

  it('an overflow is never retried and blames no host', () => {
    const proxy = new OneProxy({
      thresholds: { maxPendingRequests: 0 },
      retry: { retryOn: ['5xx', 'reset', 'gateway-error'], numRetries: 3 },
      outlier: { consecutive5xx: 1, maxEjectionPercent: 100 },
    });
    proxy.request();
    expect(proxy.outcome).toBe(`503 UO ${OVERFLOW_DETAILS}`);
    expect(proxy.clusterStat('upstream_rq_retry')).toBe(0);
    expect(proxy.clusterStat('outlier_detection.ejections_detected_consecutive_5xx')).toBe(0);
  });

  it('the priority of the route has limits of its own', () => {
    const proxy = new OneProxy({
      thresholds: { maxPendingRequests: 0 },
      forward: { priority: 'high' },
    });
    proxy.request();
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('records which breaker refused', () => {
    const proxy = new OneProxy({ thresholds: { maxPendingRequests: 0 } });
    proxy.request();
    expect(proxy.ports.takeRecords()).toContain('overflow 1000 7 1');
  });
});

describe('connections', () => {
  it('are made one per waiting request, and waiting ones attach oldest first', () => {
    const proxy = new OneProxy();
    for (const path of ['/1', '/2', '/3', '/4']) proxy.start({ path });
    expect(proxy.ports.takeCalls().filter((call) => call.startsWith('dial'))).toHaveLength(4);
    proxy.settle();
    const paths = proxy.ports.sentHeads.map(({ head }) => head.path);
    expect(paths).toEqual(['/1', '/2', '/3', '/4']);
  });

  it('that fail take all waiting requests with them', () => {
    const proxy = new OneProxy();
    proxy.refusing.add('10.0.0.1:80');
    proxy.start();
    proxy.start();
    proxy.settle();
    expect(proxy.ports.log.map((entry) => entry.flags)).toEqual(['UF', 'UF']);
    expect(proxy.logged.details).toBe(
      'upstream_reset_before_response_started{remote_connection_failure|' +
        'delayed_connect_error:_Connection_refused}',
    );
    expect(proxy.logged.upstreamTransportFailure).toMatch(/Connection refused/);
    expect(proxy.clusterStat('upstream_rq_pending_failure_eject')).toBe(2);
    expect(proxy.clusterStat('upstream_cx_connect_fail')).toBe(2);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });

  it('that fail do not take a retry with them that came after', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['connect-failure'], numRetries: 1, backoffBaseMs: 1, backoffMaxMs: 1 },
    });
    proxy.refusing.add('10.0.0.1:80');
    proxy.start();
    proxy.settle();
    proxy.refusing.clear();
    proxy.advance(0);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.logged.attemptCount).toBe(2);
  });

  it('that do not come up in time fail with UF', () => {
    const proxy = new OneProxy({ cluster: { connectTimeoutMs: 400 } });
    proxy.hanging.add('10.0.0.1:80');
    proxy.request();
    proxy.ports.takeCalls();
    proxy.advance(400);
    expect(proxy.ports.takeCalls()).toContain('closeUpstream 0');
    expect(proxy.outcome).toBe('503 UF upstream_reset_before_response_started{connection_timeout}');
    expect(proxy.clusterStat('upstream_cx_connect_timeout')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_connect_fail')).toBe(1);
    expect(proxy.ports.takeRecords()).toContain('connectFailed 1 7 5');
  });

  it('close after so many requests as configured', () => {
    const proxy = new OneProxy({ cluster: { maxRequestsPerConnection: 2 } });
    for (let i = 0; i < 3; i++) {
      proxy.request();
      proxy.answer(200);
    }
    expect(proxy.ports.calls.filter((call) => call.startsWith('closeUpstream'))).toHaveLength(1);
    expect(proxy.clusterStat('upstream_cx_max_requests')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
  });

  it('close when they were idle for the configured time, counted from their last request', () => {
    const proxy = new OneProxy({ cluster: { idleTimeoutMs: 1000 } });
    proxy.request();
    proxy.advance(600);
    proxy.answer(200);
    proxy.advance(500);
    proxy.request();
    proxy.advance(2000);
    proxy.answer(200);
    proxy.advance(999);
    expect(proxy.clusterStat('upstream_cx_idle_timeout')).toBe(0);
    proxy.advance(1);
    expect(proxy.clusterStat('upstream_cx_idle_timeout')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_destroy_local')).toBe(1);
    expect(proxy.ports.armed).toEqual([]);
  });

  it('drain when they reach their greatest age', () => {
    const proxy = new OneProxy({ cluster: { maxConnectionDurationMs: 1000 } });
    proxy.request();
    proxy.advance(1500);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(1);
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
    expect(proxy.clusterStat('upstream_cx_max_duration_reached')).toBe(1);
  });

  it('close after the response when the upstream says `connection: close`', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.engine.onGoAway(proxy.connectionOf(proxy.stream));
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_cx_close_notify')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_active')).toBe(0);
  });

  it('that the upstream closes while idle are used no more', () => {
    const proxy = new OneProxy();
    proxy.request();
    const connection = proxy.connectionOf(proxy.stream);
    proxy.answer(200);
    proxy.engine.onConnectionClosed(connection, CloseReason.remoteEnd);
    proxy.request();
    proxy.answer(200);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
    expect(proxy.clusterStat('upstream_cx_destroy_remote')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_destroy_with_active_rq')).toBe(0);
  });

  it('that die under a request make place for those who wait', () => {
    const proxy = new OneProxy({ thresholds: { maxConnections: 1 } });
    proxy.request();
    proxy.request();
    proxy.resetUpstream();
    expect(proxy.outcome).toBe(
      '503 UC upstream_reset_before_response_started{connection_termination}',
    );
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.clusterStat('upstream_cx_destroy_remote_with_active_rq')).toBe(1);
    expect(proxy.clusterStat('upstream_cx_total')).toBe(2);
  });

  it('slots are reused only after the closed input', () => {
    const proxy = new OneProxy();
    const request = proxy.request();
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    proxy.start();
    expect(proxy.ports.calls.at(-1)).toBe('dial 1 10.0.0.1:80');
    proxy.settle();
    proxy.start();
    expect(proxy.ports.calls.at(-1)).toBe('dial 0 10.0.0.1:80');
  });
});
