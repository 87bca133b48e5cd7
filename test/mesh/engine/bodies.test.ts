import { describe, expect, it } from 'vitest';
import { ResetReason, Side } from '../../../src/core/engine.ts';
import { HttpHead } from '../../../src/core/head.ts';
import { OneProxy } from './one-proxy.ts';

const POST = { method: 'POST' };
const KB = 'x'.repeat(1024);

describe('a request body', () => {
  it('is streamed piece by piece as it comes', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.ports.takeCalls();
    proxy.body(request, 'abc');
    proxy.body(request, 'de', true);
    expect(proxy.ports.takeCalls()).toEqual(['sendBody 0 3', 'sendBody 0 2 end']);
    proxy.answer(200);
    expect(proxy.logged.bytesReceived).toBe(5);
  });

  it('waits for the connection', () => {
    const proxy = new OneProxy();
    const request = proxy.start(POST, false);
    proxy.body(request, 'abc');
    proxy.body(request, 'de', true);
    proxy.ports.takeCalls();
    proxy.settle();
    expect(proxy.ports.takeCalls()).toEqual([
      'openStream 0 0 POST /',
      'sendBody 0 3',
      'sendBody 0 2 end',
    ]);
  });

  it('ends with trailers, which are passed on', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.body(request, 'abc');
    proxy.engine.onRequestTrailers(request, new HttpHead({ headers: [['x-sum', '1']] }));
    expect(proxy.ports.takeCalls().slice(-2)).toEqual(['sendBody 0 3', 'sendTrailers 0']);
  });

  it('of more than 64 kB is replayed to a retry', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['5xx'], numRetries: 1, backoffBaseMs: 1, backoffMaxMs: 1 },
    });
    const request = proxy.request(POST, false);
    for (let i = 0; i < 100; i++) proxy.body(request, KB, i === 99);
    proxy.answer(503);
    proxy.advance(0);
    expect(proxy.ports.sentBodies.get(proxy.stream)).toBe(KB.repeat(100));
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('is replayed and then streamed when a retry starts before its end', () => {
    const proxy = new OneProxy({
      retry: { retryOn: ['reset'], numRetries: 1, backoffBaseMs: 1, backoffMaxMs: 1 },
    });
    const request = proxy.request(POST, false);
    proxy.body(request, 'one,');
    proxy.resetUpstream();
    proxy.body(request, 'two,');
    proxy.advance(0);
    proxy.body(request, 'three', true);
    expect(proxy.ports.sentBodies.get(proxy.stream)).toBe('one,two,three');
  });

  it('that outgrows the buffer turns retries off', () => {
    const proxy = new OneProxy({
      forward: { bodyLimitBytes: 2048 },
      retry: { retryOn: ['5xx'], numRetries: 1 },
    });
    const request = proxy.request(POST, false);
    for (let i = 0; i < 3; i++) proxy.body(request, KB, i === 2);
    expect(proxy.ports.sentBodies.get(proxy.stream)).toBe(KB.repeat(3));
    proxy.answer(503);
    expect(proxy.outcome).toBe('503 - via_upstream');
    expect(proxy.clusterStat('retry_or_shadow_abandoned')).toBe(1);
  });

  it('that outgrows the buffer during backoff is answered with 507', () => {
    const proxy = new OneProxy({
      forward: { bodyLimitBytes: 2048 },
      retry: { retryOn: ['5xx'], numRetries: 1, backoffBaseMs: 100, backoffMaxMs: 100 },
    });
    const request = proxy.request(POST, false);
    proxy.body(request, KB);
    proxy.resetUpstream();
    proxy.body(request, KB);
    proxy.body(request, KB);
    expect(proxy.outcome).toBe('507 - request_payload_exceeded_retry_buffer_limit');
    expect(proxy.clusterStat('circuit_breakers.default.rq_retry_open')).toBe(0);
  });

  it('of a slow peer stops the client, and goes on with it', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.ports.takeCalls();
    proxy.engine.onWritable(Side.stream, proxy.stream, false);
    proxy.engine.onWritable(Side.upstream, proxy.connectionOf(proxy.stream), false);
    proxy.engine.onWritable(Side.stream, proxy.stream, true);
    expect(proxy.ports.takeCalls()).toEqual([
      `setReading request ${request} off`,
      `setReading request ${request} on`,
    ]);
  });

  it('is read again when the attempt that stopped it is gone', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['reset'], numRetries: 1 } });
    proxy.request(POST, false);
    proxy.engine.onWritable(Side.stream, proxy.stream, false);
    proxy.ports.takeCalls();
    proxy.resetUpstream();
    expect(proxy.ports.takeCalls()).toContain('setReading request 0 on');
  });
});

describe('a response body', () => {
  it('is streamed piece by piece, and the connection is free at its end', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.advance(3);
    proxy.answerHead(200);
    proxy.ports.takeCalls();
    proxy.answerBody('abc', false);
    proxy.advance(4);
    proxy.answerBody('de', true);
    expect(proxy.ports.takeCalls()).toEqual(['respondBody 0 3', 'respondBody 0 2 end']);
    expect(proxy.logged).toMatchObject({
      bytesSent: 5,
      durationNs: 7_000_000,
      upstreamServiceTimeNs: 3_000_000,
    });
    proxy.request();
    expect(proxy.clusterStat('upstream_cx_total')).toBe(1);
  });

  it('may end with trailers', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.answerHead(200);
    proxy.engine.onResponseTrailers(proxy.stream, new HttpHead({}));
    expect(proxy.ports.calls.at(-1)).toBe('respondTrailers 0');
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('of a slow client stops the upstream, and goes on with it', () => {
    const proxy = new OneProxy();
    const request = proxy.request();
    proxy.answerHead(200);
    proxy.ports.takeCalls();
    proxy.engine.onWritable(Side.request, request, false);
    proxy.engine.onWritable(Side.request, request, true);
    expect(proxy.ports.takeCalls()).toEqual(['setReading stream 0 off', 'setReading stream 0 on']);
  });

  it('that breaks off resets the client', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.answerHead(200);
    proxy.answerBody('abc', false);
    proxy.ports.takeCalls();
    proxy.resetUpstream(proxy.stream, ResetReason.protocolError);
    expect(proxy.ports.takeCalls()).toEqual(['resetRequest 0', 'closeDownstream 0 linger 1000ms']);
    expect(proxy.outcome).toBe('200 UPE upstream_reset_after_response_started{protocol_error}');
    expect(proxy.logged.bytesSent).toBe(3);
  });
});

describe('an answer before the end of the request', () => {
  it('closes both connections, because HTTP/1 cannot go on after it', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.ports.takeCalls();
    proxy.answer(413);
    expect(proxy.ports.takeCalls()).toEqual([
      'goAwayDownstream 0',
      'respondHead 0 413 end',
      'closeDownstream 0 linger 1000ms',
      'resetStream 0',
    ]);
    expect(proxy.outcome).toBe('413 - via_upstream');
    proxy.body(request, 'late');
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    expect(proxy.ports.log).toHaveLength(1);
    expect(proxy.engine.pendingReason(request)).toBeNull();
  });

  it('lets go of the slot when the rest of the body comes after all', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.answer(413);
    proxy.body(request, 'late', true);
    expect(proxy.engine.pendingReason(request)).toBeNull();
  });

  it('is passed on while the body still flows', () => {
    const proxy = new OneProxy();
    const request = proxy.request(POST, false);
    proxy.answerHead(200);
    proxy.body(request, 'more', true);
    proxy.answerBody('done', true);
    expect(proxy.ports.calls.slice(-3)).toEqual([
      'respondHead 0 200',
      'sendBody 0 4 end',
      'respondBody 0 4 end',
    ]);
  });
});

describe('a client that goes away', () => {
  it('is logged as DC, and its attempt is reset', () => {
    const proxy = new OneProxy();
    const request = proxy.request();
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    expect(proxy.ports.calls.at(-1)).toBe('resetStream 0');
    expect(proxy.outcome).toBe('0 DC downstream_remote_disconnect');
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
    expect(proxy.stat('http.in.downstream_rq_rx_reset')).toBe(1);
  });

  it('leaves the queue of a pool', () => {
    const proxy = new OneProxy();
    proxy.hanging.add('10.0.0.1:80');
    const request = proxy.request();
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    expect(proxy.clusterStat('upstream_rq_cancelled')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_pending_active')).toBe(0);
  });

  it('ends a backoff', () => {
    const proxy = new OneProxy({ retry: { retryOn: ['5xx'], numRetries: 1 } });
    const request = proxy.request();
    proxy.answer(503);
    proxy.engine.onRequestReset(request, ResetReason.connectionTermination);
    proxy.advance(1000);
    expect(proxy.outcome).toBe('0 DC downstream_remote_disconnect');
    expect(proxy.ports.sentHeads).toHaveLength(1);
  });
});
