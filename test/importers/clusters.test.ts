import { describe, expect, it } from 'vitest';
import type { ClusterConfig } from '../../src/mesh/config/config.ts';
import {
  aService,
  cluster,
  destinationRule,
  fullName,
  importText,
  istio,
  resolve,
} from './mesh-helpers.ts';

const A = fullName('a');
const UNLIMITED = 4_294_967_295;

function clusterOf(policy: string, port = 80): ClusterConfig {
  const config = resolve(destinationRule(policy), [aService('a', { on: [port] })]).proxy();
  return cluster(config, `outbound|${port}||${A}`);
}

/** The cluster of a subset `v1` that has this policy, under a rule with that one. */
function subsetOf(own: string, policy = '{loadBalancer: {simple: RANDOM}}'): ClusterConfig {
  const spec = `{host: a, trafficPolicy: ${policy}, subsets: [{name: v1${own === '' ? '' : `, trafficPolicy: ${own}`}}]}`;
  const config = resolve(istio('DestinationRule', spec), [aService('a')]).proxy();
  return cluster(config, `outbound|80|v1|${A}`);
}

describe('defaults', () => {
  it('without any rule everything is unlimited and least request', () => {
    const config = resolve('', [aService('a')]).proxy();
    expect(cluster(config, `outbound|80||${A}`)).toMatchObject({
      lb: { kind: 'least-request', choiceCount: 2 },
      connectTimeoutMs: 10_000,
      circuitBreakers: {
        default: {
          maxConnections: UNLIMITED,
          maxPendingRequests: UNLIMITED,
          maxRequests: UNLIMITED,
          maxRetries: UNLIMITED,
          retryBudget: null,
        },
      },
      outlier: null,
      panicThresholdPercent: 0,
      maxRequestsPerConnection: 0,
      idleTimeoutMs: 3_600_000,
    });
  });

  it('outlier detection by its presence alone watches for five 5xx', () => {
    expect(clusterOf('{outlierDetection: {}}').outlier).toEqual({
      consecutive5xx: 5,
      enforcingConsecutive5xxPercent: 100,
      consecutiveGatewayFailure: 5,
      enforcingConsecutiveGatewayFailurePercent: 0,
      consecutiveLocalOriginFailure: 5,
      enforcingConsecutiveLocalOriginFailurePercent: 100,
      splitExternalLocalOriginErrors: false,
      intervalMs: 10_000,
      baseEjectionTimeMs: 30_000,
      maxEjectionTimeMs: 300_000,
      maxEjectionTimeJitterMs: 0,
      maxEjectionPercent: 10,
      alwaysEjectOneHost: false,
    });
  });
});

describe('connection pools', () => {
  it('sets each limit', () => {
    const pool =
      '{connectionPool: {tcp: {maxConnections: 7, connectTimeout: 250ms, maxConnectionDuration: 30s}, http: {http1MaxPendingRequests: 3, http2MaxRequests: 9, maxRequestsPerConnection: 1, maxRetries: 4, idleTimeout: 7s}}}';
    const made = clusterOf(pool);
    expect(made.circuitBreakers.default).toMatchObject({
      maxConnections: 7,
      maxPendingRequests: 3,
      maxRequests: 9,
      maxRetries: 4,
    });
    expect(made).toMatchObject({
      connectTimeoutMs: 250,
      maxConnectionDurationMs: 30_000,
      maxRequestsPerConnection: 1,
      idleTimeoutMs: 7000,
    });
  });

  it('trap 11: 0 means unlimited', () => {
    const made = clusterOf(
      '{connectionPool: {http: {http2MaxRequests: 0}, tcp: {maxConnections: 0}}}',
    );
    expect(made.circuitBreakers.default).toMatchObject({
      maxRequests: UNLIMITED,
      maxConnections: UNLIMITED,
    });
  });

  it('takes the TCP idle timeout for HTTP where that has none', () => {
    expect(clusterOf('{connectionPool: {tcp: {idleTimeout: 20s}}}').idleTimeoutMs).toBe(20_000);
    expect(clusterOf('{connectionPool: {tcp: {idleTimeout: 0s}}}').idleTimeoutMs).toBe(0);
  });

  it('a retry budget has defaults of its own', () => {
    const budgetOf = (budget: string) =>
      clusterOf(`{retryBudget: ${budget}}`).circuitBreakers.default.retryBudget;
    expect(budgetOf('{}')).toEqual({ percent: 20, minConcurrency: 3, intervalMs: 0 });
    expect(budgetOf('{percent: 25.5, minRetryConcurrency: 0, budgetInterval: 5s}')).toEqual({
      percent: 25.5,
      minConcurrency: 3,
      intervalMs: 5000,
    });
  });

  it('leaves the high priority to Envoy', () => {
    expect(
      clusterOf('{connectionPool: {tcp: {maxConnections: 1}}}').circuitBreakers.high,
    ).toMatchObject({
      maxConnections: 1024,
      maxRetries: 3,
    });
  });
});

describe('outlier detection', () => {
  const outlierOf = (fields: string) => clusterOf(`{outlierDetection: {${fields}}}`).outlier;

  it('a count of 0 switches a detector off', () => {
    expect(outlierOf('consecutive5xxErrors: 0')).toMatchObject({
      consecutive5xx: 0,
      enforcingConsecutive5xxPercent: 0,
    });
  });

  it('gateway errors are enforced once counted', () => {
    expect(outlierOf('consecutiveGatewayErrors: 3')).toMatchObject({
      consecutiveGatewayFailure: 3,
      enforcingConsecutiveGatewayFailurePercent: 100,
    });
  });

  it('trap 11: maxEjectionPercent 0 is 10', () => {
    expect(outlierOf('maxEjectionPercent: 0')?.maxEjectionPercent).toBe(10);
    expect(outlierOf('maxEjectionPercent: 50')?.maxEjectionPercent).toBe(50);
  });

  it('the longest ejection is at least the base', () => {
    expect(outlierOf('baseEjectionTime: 10m')?.maxEjectionTimeMs).toBe(600_000);
  });

  it('local failures are counted apart on request', () => {
    const split = 'splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2';
    expect(outlierOf(split)).toMatchObject({
      splitExternalLocalOriginErrors: true,
      consecutiveLocalOriginFailure: 2,
    });
  });

  it('trap 13: the panic threshold is 0 with and without it, unless minHealthPercent is set', () => {
    expect(clusterOf('{outlierDetection: {}}').panicThresholdPercent).toBe(0);
    expect(clusterOf('{outlierDetection: {minHealthPercent: 40}}').panicThresholdPercent).toBe(40);
  });
});

describe('4.3: which policy holds for a port and a subset', () => {
  it('a subset inherits block by block', () => {
    const made = subsetOf('{connectionPool: {tcp: {maxConnections: 3}}}');
    expect(made.lb.kind).toBe('random');
    expect(made.circuitBreakers.default.maxConnections).toBe(3);
    expect(subsetOf('{loadBalancer: {simple: ROUND_ROBIN}}').lb.kind).toBe('round-robin');
  });

  it('nothing is merged inside a block', () => {
    const made = subsetOf(
      '{connectionPool: {http: {http2MaxRequests: 5}}}',
      '{connectionPool: {tcp: {maxConnections: 3}}}',
    );
    expect(made.circuitBreakers.default).toMatchObject({
      maxConnections: UNLIMITED,
      maxRequests: 5,
    });
  });

  it('trap 11: a port-level entry replaces the whole policy', () => {
    const policy =
      '{loadBalancer: {simple: RANDOM}, retryBudget: {}, portLevelSettings: [{port: {number: 80}, outlierDetection: {}}]}';
    const made = clusterOf(policy);
    expect(made.lb.kind).toBe('least-request');
    expect(made.circuitBreakers.default.retryBudget).toBeNull();
    expect(made.outlier).not.toBeNull();
    expect(clusterOf(policy, 8080).lb.kind).toBe('random');
  });

  it('a subset’s port-level entry resets the blocks it lacks, but not the retry budget', () => {
    const made = subsetOf(
      '{portLevelSettings: [{port: {number: 80}, outlierDetection: {}}]}',
      '{loadBalancer: {simple: RANDOM}, retryBudget: {percent: 7}}',
    );
    expect(made.lb.kind).toBe('least-request');
    expect(made.circuitBreakers.default.retryBudget?.percent).toBe(7);
  });

  it('a subset without a policy is the service', () => {
    expect(subsetOf('').lb.kind).toBe('random');
  });
});

describe('4.1, 4.2: which DestinationRule is in force', () => {
  const rule = (name: string, host: string, max: number, namespace = 'default', more = '') =>
    istio(
      'DestinationRule',
      `{host: "${host}", ${more} trafficPolicy: {connectionPool: {tcp: {maxConnections: ${max}}}}}`,
      name,
      namespace,
    );
  const limit = (text: string, namespace: string) => {
    const config = resolve(text, [aService('a')]).proxy({ namespace });
    return cluster(config, `outbound|80||${A}`).circuitBreakers.default.maxConnections;
  };

  it('trap 12: one of the client’s namespace, even a wildcard, hides the service’s', () => {
    const text = rule('a', A, 1) + rule('w', '*.cluster.local', 2, 'client');
    expect(limit(text, 'client')).toBe(2);
    expect(limit(text, 'other')).toBe(1);
  });

  it('the root namespace comes last', () => {
    const text = rule('r', '*.local', 9, 'istio-system');
    expect(limit(text, 'client')).toBe(9);
    expect(limit(text + rule('a', 'a', 1), 'client')).toBe(1);
  });

  it('rules for one host merge: the oldest policy, all subsets, each first one', () => {
    const one = istio(
      'DestinationRule',
      '{host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}, subsets: [{name: v1, labels: {v: one}}]}',
      'x1',
    );
    const two = istio(
      'DestinationRule',
      `{host: ${A}, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {v: two}}, {name: v2}]}`,
      'x2',
    );
    const config = resolve(two + one, [aService('a')]).proxy();
    expect(config.clusters.map((item) => item.service.subset)).toEqual(['', 'v1', 'v2']);
    expect(cluster(config, `outbound|80||${A}`)).toMatchObject({
      lb: { kind: 'least-request' },
      circuitBreakers: { default: { maxConnections: 1 } },
    });
  });

  it('trap 29: with different exportTo the youngest visible wins whole', () => {
    const text =
      rule('c1', 'a', 1, 'default', 'exportTo: [client],') +
      rule('c2', 'a', 2, 'default', 'exportTo: [client, other],') +
      rule('c3', 'a', 3, 'default', 'exportTo: [third],');
    expect(limit(text, 'client')).toBe(1);
    expect(limit(text, 'other')).toBe(UNLIMITED);
    expect(limit(text, 'third')).toBe(3);
  });

  it('one that is not exported is not seen', () => {
    expect(limit(rule('a', 'a', 1, 'default', 'exportTo: ["."],'), 'client')).toBe(UNLIMITED);
  });
});

describe('origins', () => {
  it('every number of a cluster has one', () => {
    const made = clusterOf(
      '{connectionPool: {tcp: {maxConnections: 7}}, outlierDetection: {interval: 1s}}',
    );
    const paths = [
      'connectTimeoutMs',
      'lb',
      'panicThresholdPercent',
      'maxRequestsPerConnection',
      'idleTimeoutMs',
      'maxConnectionDurationMs',
      'updateMergeWindowMs',
      'bufferLimitBytes',
      ...Object.keys(made.circuitBreakers.default).map((key) => `circuitBreakers.default.${key}`),
      ...Object.keys(made.outlier ?? {}).map((key) => `outlier.${key}`),
    ];
    for (const path of paths) expect(made.origins.get(path), path).toBeDefined();
    expect(made.origins.get('circuitBreakers.default.maxConnections')).toMatchObject({
      kind: 'explicit',
      line: 5,
    });
    expect(made.origins.get('outlier.intervalMs')).toMatchObject({ kind: 'explicit' });
    expect(made.origins.get('outlier.baseEjectionTimeMs')).toMatchObject({
      kind: 'default',
      product: 'istio-1.28',
    });
  });
});

it('a wildcard rule of no service is only a warning', () => {
  const { found } = resolve(istio('DestinationRule', '{host: "*.example.com"}'), [aService('a')]);
  expect(found).toEqual(['warning MQ-REF-003 no service has the host "*.example.com"']);
  expect(importText(istio('DestinationRule', '{host: "*.example.com"}')).found).toEqual([]);
});
