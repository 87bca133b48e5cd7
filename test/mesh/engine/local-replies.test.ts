import { describe, expect, it } from 'vitest';
import { Side } from '../../../src/core/engine.ts';
import { envoyCluster } from '../../../src/mesh/config/complete.ts';
import type { FaultConfig } from '../../../src/mesh/config/config.ts';
import { NotServedError } from '../../../src/mesh/engine/engine.ts';
import { anEndpoint, DOWNSTREAM_PEER, OneProxy } from './one-proxy.ts';

function aFault(partial: Partial<FaultConfig>): FaultConfig {
  const nothing = { headers: [], upstreamCluster: null, maxActiveFaults: null };
  return { delay: null, abort: null, ...nothing, ...partial };
}

const ALWAYS = { numerator: 100, denominator: 100 } as const;
const ABORT = { httpStatus: 418, grpcStatus: null, percentage: ALWAYS };

describe('the proxy answers by itself', () => {
  it('404 NR without a route', () => {
    const proxy = new OneProxy({ virtualHost: { domains: ['other'] } });
    proxy.request();
    expect(proxy.outcome).toBe('404 NR route_not_found');
    expect(proxy.logged.cluster).toBe(-1);
    expect(proxy.stat('http.in.no_route')).toBe(1);
    expect(proxy.ports.calls.at(-1)).toBe('respondHead 0 404 end');
  });

  it('NC without the cluster, with the status of the route', () => {
    const clusters = [{ cluster: 'nobody', weight: 1 }];
    const proxy = new OneProxy({ forward: { clusters, clusterNotFoundStatus: 500 } });
    proxy.request();
    expect(proxy.outcome).toBe('500 NC cluster_not_found');
    expect(proxy.stat('http.in.no_cluster')).toBe(1);
  });

  it('UH without a host', () => {
    const proxy = new OneProxy({ endpoints: 0 });
    proxy.request();
    expect(proxy.outcome).toBe('503 UH no_healthy_upstream');
    expect(proxy.ports.answers[0]?.body).toBe('no healthy upstream');
    expect(proxy.clusterStat('upstream_cx_none_healthy')).toBe(1);
    expect(proxy.clusterStat('upstream_rq_503')).toBe(1);
  });

  it('what a direct response says', () => {
    const action = { kind: 'direct-response', status: 410, body: 'gone für immer' } as const;
    const proxy = new OneProxy({ route: { action } });
    proxy.request();
    expect(proxy.outcome).toBe('410 - direct_response');
    expect(proxy.ports.answers[0]?.body).toBe('gone für immer');
    expect(proxy.ports.answers[0]?.head.get('content-length')).toBe('15');
  });

  it('403 to an upgrade, which it does not serve', () => {
    const proxy = new OneProxy();
    proxy.request({ upgrade: 'websocket' }, false);
    expect(proxy.outcome).toBe('403 - upgrade_failed');
  });

  it('400 without a host, and for a fragment in the path', () => {
    const proxy = new OneProxy();
    proxy.request({ authority: '' });
    expect(proxy.outcome).toBe('400 - missing_host_header');
    proxy.request({ path: '/a#b' });
    expect(proxy.outcome).toBe('400 - path_normalization_failed');
  });

  it('DPE to bytes that are no request', () => {
    const proxy = new OneProxy();
    proxy.engine.onDownstreamOpen(5, 3, DOWNSTREAM_PEER);
    proxy.engine.onRequestStart(9, 5);
    proxy.engine.onMalformedRequest(9, 400, 'http1.codec_error');
    expect(proxy.outcome).toBe('400 DPE http1.codec_error');
    expect(proxy.ports.calls.at(-1)).toBe('closeDownstream 5 linger 1000ms');
  });

  it('gRPC callers in gRPC words, with status 200 and no body', () => {
    const proxy = new OneProxy({ endpoints: 0 });
    proxy.request({ headers: [['content-type', 'application/grpc']] });
    const { head } = proxy.ports.answers[0]!;
    expect(head.status).toBe(200);
    expect(head.get('grpc-status')).toBe('14');
    expect(head.get('grpc-message')).toBe('no healthy upstream');
    expect(proxy.ports.calls.at(-1)).toBe('respondHead 0 200 end');
  });

  it('HEAD requests without a body', () => {
    const proxy = new OneProxy({ endpoints: 0 });
    proxy.request({ method: 'HEAD' });
    expect(proxy.ports.calls.at(-1)).toBe('respondHead 0 503 end');
    expect(proxy.ports.answers[0]?.head.get('content-length')).toBe('19');
  });
});

describe('the fault filter', () => {
  it('aborts with FI before the router, and touches no cluster', () => {
    const filters = [{ kind: 'fault', config: aFault({ abort: ABORT }) }] as const;
    const proxy = new OneProxy({ listener: { filters } });
    proxy.request();
    expect(proxy.outcome).toBe('418 FI fault_filter_abort');
    expect(proxy.ports.answers[0]?.body).toBe('fault filter abort');
    expect(proxy.stat('http.in.fault.aborts_injected')).toBe(1);
    expect(proxy.stat('http.in.fault.active_faults')).toBe(0);
    expect(proxy.stat('http.in.rq_total')).toBe(0);
    expect(proxy.clusterStat('upstream_rq_418')).toBe(0);
  });

  it('holds body and request for the delay, then sends both', () => {
    const delay = { fixedDelayMs: 100, percentage: ALWAYS };
    const filters = [{ kind: 'fault', config: aFault({ delay }) }] as const;
    const proxy = new OneProxy({ listener: { filters } });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'abc', true);
    expect(proxy.engine.pendingReason(request)).toBe('held by an HTTP filter');
    expect(proxy.ports.calls).toEqual([]);
    proxy.advance(100);
    expect(proxy.ports.calls.slice(-2)).toEqual(['openStream 0 0 POST /', 'sendBody 0 3 end']);
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 DI via_upstream');
  });

  it('delays, then aborts: DI,FI', () => {
    const delay = { fixedDelayMs: 100, percentage: ALWAYS };
    const filters = [{ kind: 'fault', config: aFault({ delay, abort: ABORT }) }] as const;
    const proxy = new OneProxy({ listener: { filters } });
    proxy.request();
    proxy.advance(100);
    expect(proxy.outcome).toBe('418 DI,FI fault_filter_abort');
  });

  it('stops reading a long body while it holds the request', () => {
    const delay = { fixedDelayMs: 100, percentage: ALWAYS };
    const filters = [{ kind: 'fault', config: aFault({ delay }) }] as const;
    const proxy = new OneProxy({ listener: { filters } });
    const request = proxy.request({ method: 'POST' }, false);
    proxy.body(request, 'x'.repeat(1_100_000));
    expect(proxy.ports.takeCalls()).toEqual(['setReading request 0 off']);
    proxy.advance(100);
    expect(proxy.ports.takeCalls()[0]).toBe('setReading request 0 on');
  });

  it('lets go of a client that leaves during the delay: DI,DC', () => {
    const delay = { fixedDelayMs: 100, percentage: ALWAYS };
    const filters = [{ kind: 'fault', config: aFault({ delay }) }] as const;
    const proxy = new OneProxy({ listener: { filters } });
    const request = proxy.request();
    proxy.engine.onRequestReset(request, 3);
    expect(proxy.outcome).toBe('0 DI,DC downstream_remote_disconnect');
    expect(proxy.stat('http.in.fault.active_faults')).toBe(0);
    expect(proxy.ports.armed).toEqual([]);
  });

  it('acts for one cluster only, where it says so', () => {
    const config = aFault({ abort: ABORT, upstreamCluster: 'other' });
    const proxy = new OneProxy({ listener: { filters: [{ kind: 'fault', config }] } });
    proxy.request();
    proxy.answer(200);
    expect(proxy.outcome).toBe('200 - via_upstream');
  });

  it('follows the route instead of the listener', () => {
    const filters = [{ kind: 'fault', config: null }] as const;
    const fault = aFault({ abort: ABORT });
    const proxy = new OneProxy({ listener: { filters }, route: { fault } });
    proxy.request();
    expect(proxy.outcome).toBe('418 FI fault_filter_abort');
  });
});

describe('a traffic split', () => {
  it('shares requests by weight, each by its own uid', () => {
    const clusters = [
      { cluster: 'cluster', weight: 3 },
      { cluster: 'other', weight: 1 },
    ];
    const other = envoyCluster({
      id: 8,
      name: 'other',
      endpoints: { version: 1, members: [anEndpoint(9)] },
    });
    const proxy = new OneProxy({ forward: { clusters }, moreClusters: [other] });
    for (let i = 0; i < 400; i++) {
      proxy.request();
      proxy.answer(200);
    }
    const names = proxy.ports.log.map((entry) => entry.clusterName);
    expect(names.filter((name) => name === 'other').length).toBeGreaterThan(70);
    expect(names.filter((name) => name === 'other').length).toBeLessThan(130);
  });
});

describe('what is not served yet', () => {
  it('is refused by name', () => {
    const proxy = new OneProxy();
    const stall = () => proxy.engine.onWritable(Side.downstream, 0, false);
    expect(stall).toThrow(
      new NotServedError('back-pressure of whole downstream connections (use the request)'),
    );
  });
});
