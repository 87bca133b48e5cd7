import { describe, expect, it } from 'vitest';
import { OneProxy } from './one-proxy.ts';

describe('a request that succeeds', () => {
  it('is routed, dials, is sent, answered and logged', () => {
    const proxy = new OneProxy();
    const request = proxy.start();
    expect(proxy.ports.takeCalls()).toEqual(['dial 0 10.0.0.1:80']);
    proxy.settle();
    expect(proxy.ports.takeCalls()).toEqual(['openStream 0 0 GET / end']);
    proxy.advance(5);
    proxy.answer(200);
    expect(proxy.ports.takeCalls()).toEqual(['respondHead 0 200 end']);
    expect(proxy.outcome).toBe('200 - via_upstream');
    expect(proxy.logged).toMatchObject({
      request,
      listener: 3,
      cluster: 7,
      clusterName: 'cluster',
      routeName: 'all',
      attemptCount: 1,
      upstreamHost: '10.0.0.1:80',
      durationNs: 5_000_000,
      upstreamServiceTimeNs: 5_000_000,
      downstreamRemoteAddress: '10.9.9.9:5555',
    });
  });

  it('records each decision with stable ids', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.answer(200);
    expect(proxy.ports.takeRecords()).toEqual([
      'requestStarted 1000 3 0',
      'routed 1000 7 0',
      'attemptStarted 1000 7 1',
      'attemptHost 1000 1 1',
      'connectionOpened 1 7 0',
      'attemptEnded 1000 7 200',
      'requestDone 1000 7 51200',
    ]);
  });

  it('uses the connection that became ready last', () => {
    const proxy = new OneProxy();
    proxy.request();
    proxy.request();
    const [first, second] = proxy.ports.sentHeads.map(({ stream }) => stream);
    proxy.answer(200, second);
    proxy.answer(200, first);
    proxy.ports.takeCalls();
    proxy.request();
    expect(proxy.ports.takeCalls()).toEqual([expect.stringMatching(/^openStream \d 0 /)]);
  });

  it('counts under the names of Envoy', () => {
    const proxy = new OneProxy();
    proxy.request();
    expect(proxy.clusterStat('upstream_rq_active')).toBe(1);
    expect(proxy.stat('http.in.downstream_rq_active')).toBe(1);
    proxy.answer(200);
    const names = [
      'upstream_rq_total',
      'upstream_rq_200',
      'upstream_cx_total',
      'upstream_cx_active',
    ];
    expect(names.map((name) => proxy.clusterStat(name))).toEqual([1, 1, 1, 1]);
    expect(proxy.clusterStat('upstream_rq_active')).toBe(0);
    expect(proxy.stat('http.in.downstream_rq_2xx')).toBe(1);
    expect(proxy.stat('http.in.rq_total')).toBe(1);
  });
});
