import { describe, expect, it, test } from 'vitest';
import type { ClusterConfig, ForwardAction } from '../../src/mesh/config/config.ts';
import {
  aService,
  cluster,
  destinationRule,
  fullName,
  importText,
  istio,
  resolve,
  routesTo,
  virtualService,
} from './mesh-helpers.ts';

const A = fullName('a');

function resolved(policy: string, more = '') {
  return resolve(destinationRule(policy) + more, [aService('a')]).proxy();
}

function lbOf(loadBalancer: string): ClusterConfig['lb'] {
  return cluster(resolved(`{loadBalancer: ${loadBalancer}}`), `outbound|80||${A}`).lb;
}

function actionOf(loadBalancer: string, more = ''): ForwardAction {
  const [route] = routesTo(resolved(`{loadBalancer: ${loadBalancer}}`, more), A);
  if (route?.action.kind !== 'forward') throw new Error('the route does not forward');
  return route.action;
}

describe('consistent hashing', () => {
  it('is a ring of Envoy own size unless it says otherwise', () => {
    expect(lbOf('{consistentHash: {useSourceIp: true}}')).toEqual({
      kind: 'ring-hash',
      minimumRingSize: 1024,
      maximumRingSize: 8_388_608,
      hashFunction: 'xx-hash',
      balanceFactorPercent: 0,
      usesHostname: false,
    });
    const sized = '{consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 7}}}';
    expect(lbOf(sized)).toMatchObject({ kind: 'ring-hash', minimumRingSize: 7 });
    const old = '{consistentHash: {useSourceIp: true, minimumRingSize: 9}}';
    expect(lbOf(old)).toMatchObject({ kind: 'ring-hash', minimumRingSize: 9 });
  });

  it('is Maglev where it says so', () => {
    const sized = '{consistentHash: {useSourceIp: true, maglev: {tableSize: 251}}}';
    expect(lbOf(sized)).toMatchObject({ kind: 'maglev', tableSize: 251 });
  });

  test.each([
    ['{httpHeaderName: X-User}', { kind: 'header', name: 'x-user' }],
    ['{httpQueryParameterName: q}', { kind: 'query-parameter', name: 'q' }],
    ['{useSourceIp: true}', { kind: 'source-ip' }],
    [
      '{httpCookie: {name: sid, ttl: 90s, path: /p, attributes: [{name: SameSite, value: Lax}]}}',
      {
        kind: 'cookie',
        name: 'sid',
        ttlSeconds: 90,
        path: '/p',
        attributes: [['SameSite', 'Lax']],
      },
    ],
    [
      '{httpCookie: {name: sid}}',
      { kind: 'cookie', name: 'sid', ttlSeconds: null, path: '', attributes: [] },
    ],
  ])('by %s is on the default route of the service', (key, policy) => {
    const action = actionOf(`{consistentHash: ${key}}`);
    expect(action.hashPolicy).toEqual([{ ...policy, isTerminal: false }]);
  });

  it('is on routes to the service, and its retries may go to the same host', () => {
    const rule = virtualService('{route: [{destination: {host: a}}]}');
    const action = actionOf('{consistentHash: {useSourceIp: true}}', rule);
    expect(action.hashPolicy).toHaveLength(1);
    expect(action.retry?.hostPredicates).toEqual([]);
    expect(actionOf('{simple: RANDOM}', rule).retry?.hostPredicates).toEqual(['previous-hosts']);
  });

  it('is that of the service where a subset has a balancer of another kind', () => {
    const rule = istio(
      'DestinationRule',
      '{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}, subsets: [{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}]}',
    );
    const route = virtualService('{route: [{destination: {host: a, subset: v1}}]}');
    const config = resolve(rule + route, [aService('a')]).proxy();
    expect(routesTo(config, A)[0]?.action).toMatchObject({ hashPolicy: [{ kind: 'source-ip' }] });
    expect(cluster(config, `outbound|80|v1|${A}`).lb.kind).toBe('random');
  });

  it('comes once for each destination of a split', () => {
    const subsets = istio(
      'DestinationRule',
      '{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}, subsets: [{name: v1}, {name: v2}]}',
    );
    const split = virtualService(
      '{route: [{destination: {host: a, subset: v1}, weight: 50}, {destination: {host: a, subset: v2}, weight: 50}]}',
    );
    const [route] = routesTo(resolve(subsets + split, [aService('a')]).proxy(), A);
    expect(route?.action).toMatchObject({
      hashPolicy: [{ kind: 'source-ip' }, { kind: 'source-ip' }],
      retry: { hostPredicates: ['previous-hosts'] },
    });
  });

  test.each([
    ['{consistentHash: {useSourceIp: true, httpHeaderName: x}}'],
    ['{simple: RANDOM, consistentHash: {useSourceIp: true}}'],
    ['{consistentHash: {httpCookie: {path: /}}}'],
    ['{consistentHash: {httpCookie: {name: s, attributes: [{name: a}, {name: a}]}}}'],
    ['{consistentHash: {useSourceIp: true, minimumRingSize: 1, ringHash: {}}}'],
    ['{consistentHash: {useSourceIp: true, maglev: {tableSize: 250}}}'],
    ['{consistentHash: {useSourceIp: true, maglev: {}}}'],
    ['{consistentHash: {useSourceIp: true, ringHash: {}, maglev: {tableSize: 7}}}'],
  ])('%s is refused', (loadBalancer) => {
    const { found } = importText(destinationRule(`{loadBalancer: ${loadBalancer}}`));
    expect(found.map((text) => text.split(' ')[1])).toEqual(['MQ-DEST-017']);
  });
});

describe('warm-up', () => {
  it('is the slow start of round robin and least request', () => {
    const warmup = 'warmup: {duration: 30s, aggression: 2, minimumPercent: 5}';
    const slowStart = { windowMs: 30_000, aggression: 2, minWeightPercent: 5 };
    expect(lbOf(`{${warmup}}`)).toMatchObject({ kind: 'least-request', slowStart });
    expect(lbOf(`{simple: ROUND_ROBIN, ${warmup}}`)).toEqual({ kind: 'round-robin', slowStart });
    expect(lbOf(`{simple: RANDOM, ${warmup}}`)).toEqual({ kind: 'random' });
  });

  it('has Envoy own shape in its older form, and gives way to the newer one', () => {
    const slowStart = { windowMs: 5_000, aggression: 1, minWeightPercent: 10 };
    expect(lbOf('{warmupDurationSecs: 5s}')).toMatchObject({ slowStart });
    const both = '{warmupDurationSecs: 9s, warmup: {duration: 5s}}';
    expect(lbOf(both)).toMatchObject({ slowStart });
  });

  test.each([
    ['{}'],
    ['{duration: 1s, aggression: 0}'],
    ['{duration: 1s, minimumPercent: 101}'],
  ])('%s is refused', (warmup) => {
    const { found } = importText(destinationRule(`{loadBalancer: {warmup: ${warmup}}}`));
    expect(found.map((text) => text.split(' ')[1])).toEqual(['MQ-DEST-018']);
  });
});
