import { describe, expect, it, test } from 'vitest';
import {
  envoyCluster,
  envoyForward,
  envoyListener,
  envoyOutlier,
  envoyRetryPolicy,
  envoyRoute,
  envoyThresholds,
  envoyVirtualHost,
  valuesOf,
} from '../../../src/mesh/config/complete.ts';
import { ENVOY, ISTIO, originOf, UINT32_MAX } from '../../../src/mesh/config/defaults.ts';
import type { Default } from '../../../src/mesh/config/origin.ts';

function everyDefault(tables: object): [string, Default<unknown>][] {
  return Object.entries(tables).flatMap(([group, table]) =>
    typeof table === 'string'
      ? []
      : Object.entries(table as Record<string, Default<unknown>>).map(
          ([name, value]): [string, Default<unknown>] => [`${group}.${name}`, value],
        ),
  );
}

describe('a default', () => {
  test.each([...everyDefault(ENVOY), ...everyDefault(ISTIO)])('%s says who says so', (_, entry) => {
    expect(entry).toHaveProperty('value');
    expect(entry.source).not.toBe('');
  });

  it('that names a time gives milliseconds, a percentage an integer', () => {
    for (const [name, { value, unit }] of everyDefault(ENVOY)) {
      if (name.endsWith('Ms')) expect(unit).toMatch(/^ms\b/);
      if (name.endsWith('Percent')) expect(Number.isInteger(value)).toBe(true);
    }
  });

  it('becomes the origin of a setting', () => {
    expect(originOf(ISTIO.product, ISTIO.cluster.connectTimeoutMs)).toEqual({
      kind: 'default',
      product: 'istio-1.28',
      source: 'MeshConfig.connectTimeout',
    });
  });
});

describe("Envoy's objects", () => {
  it('are complete without anything given', () => {
    expect(envoyThresholds()).toEqual({
      maxConnections: 1_024,
      maxPendingRequests: 1_024,
      maxRequests: 1_024,
      maxRetries: 3,
      retryBudget: null,
    });
    expect(envoyRetryPolicy()).toEqual({
      retryOn: [],
      retriableStatusCodes: [],
      numRetries: 1,
      perTryTimeoutMs: 0,
      perTryIdleTimeoutMs: 0,
      backoffBaseMs: 25,
      backoffMaxMs: 250,
      hostSelectionMaxAttempts: 1,
      hostPredicates: [],
    });
    expect(envoyCluster()).toMatchObject({
      lb: { kind: 'round-robin' },
      connectTimeoutMs: 5_000,
      panicThresholdPercent: 50,
      updateMergeWindowMs: 1_000,
      outlier: null,
    });
    expect(envoyForward()).toMatchObject({ timeoutMs: 15_000, clusterNotFoundStatus: 503 });
    expect(envoyListener()).toMatchObject({ streamIdleTimeoutMs: 300_000, filters: [] });
  });

  it('hold nothing undefined and nothing besides their fields', () => {
    const made = [
      envoyCluster(),
      envoyListener(),
      envoyVirtualHost(),
      envoyRoute(),
      envoyOutlier(),
    ];
    for (const object of made) expect(Object.values(object)).not.toContain(undefined);
    expect(envoyCluster()).not.toHaveProperty('leastRequest');
    expect(envoyRetryPolicy()).not.toHaveProperty('backoffMaxFactor');
  });

  it('take what is given', () => {
    expect(envoyCluster({ name: 'payments', connectTimeoutMs: 7 })).toMatchObject({
      name: 'payments',
      service: { host: 'payments', port: 80, subset: '' },
      connectTimeoutMs: 7,
    });
    expect(envoyVirtualHost({ domains: ['a'] }).domains).toEqual(['a']);
  });

  it('derive the longest back-off from the base', () => {
    expect(envoyRetryPolicy({ backoffBaseMs: 40 }).backoffMaxMs).toBe(400);
    expect(envoyRetryPolicy({ backoffBaseMs: 40, backoffMaxMs: 50 }).backoffMaxMs).toBe(50);
  });

  it('derive the longest ejection from the base', () => {
    expect(envoyOutlier().maxEjectionTimeMs).toBe(300_000);
    expect(envoyOutlier({ baseEjectionTimeMs: 400_000 }).maxEjectionTimeMs).toBe(400_000);
  });

  it('list outlier detection as its documentation does', () => {
    expect(envoyOutlier()).toEqual({
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

describe("istiod's defaults", () => {
  it('lift the limits and panic, and retry twice elsewhere', () => {
    expect(valuesOf(ISTIO.thresholds)).toEqual({
      maxConnections: UINT32_MAX,
      maxPendingRequests: UINT32_MAX,
      maxRequests: UINT32_MAX,
      maxRetries: UINT32_MAX,
    });
    expect(ISTIO.cluster.panicThresholdPercent.value).toBe(0);
    expect(envoyRetryPolicy(valuesOf(ISTIO.retry))).toMatchObject({
      numRetries: 2,
      retriableStatusCodes: [],
      hostSelectionMaxAttempts: 5,
      hostPredicates: ['previous-hosts'],
      backoffBaseMs: 25,
      backoffMaxMs: 250,
    });
    expect(ISTIO.route.timeoutMs.value).toBe(0);
  });
});
