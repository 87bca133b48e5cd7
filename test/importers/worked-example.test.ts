/**
 * The worked example of config-istio.md §21, with weights that add up to 100 (9 and 1 would be
 * refused here on purpose, see MQ-ROUTE-003).
 */
import { describe, expect, it } from 'vitest';
import {
  anEndpoint,
  aService,
  cluster,
  forward,
  fullName,
  resolve,
  virtualHosts,
} from './mesh-helpers.ts';

const PAY = fullName('pay', 'shop');
const UNLIMITED = 4_294_967_295;

const TEXT = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: pay, namespace: shop}
spec:
  hosts: [pay]
  http:
  - match: [{headers: {x-canary: {exact: "1"}}}]
    route: [{destination: {host: pay, subset: v2}}]
    retries: {attempts: 3, perTryTimeout: 200ms, retryOn: "5xx,409"}
    timeout: 1s
  - route:
    - {destination: {host: pay, subset: v1}, weight: 90}
    - {destination: {host: pay, subset: v2}, weight: 10}
    fault: {delay: {fixedDelay: 50ms, percentage: {value: 12.5}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: pay, namespace: shop}
spec:
  host: pay
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 100, maxRetries: 0}}
    outlierDetection: {consecutiveGatewayErrors: 3, maxEjectionPercent: 50}
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
`;

const pay = aService('pay', {
  namespace: 'shop',
  on: [8080],
  addresses: ['10.96.1.1'],
  endpoints: [
    anEndpoint({ address: '10.0.0.1', labels: { version: 'v1' } }),
    anEndpoint({ address: '10.0.0.2', labels: { version: 'v2' } }),
  ],
});

describe('the worked example', () => {
  const { proxy, found } = resolve(TEXT, [pay]);
  const config = proxy({ namespace: 'shop', ip: '10.0.0.1', serves: [PAY] });
  const [host] = virtualHosts(config, 8080);

  it('has no diagnostics but the note about a limit of 0', () => {
    expect(found).toEqual(['info MQ-DEST-008 maxRetries: 0 means "not set", so there is no limit']);
  });

  it('has the domains of a service in its own namespace', () => {
    expect(host?.domains).toEqual([PAY, `${PAY}.`, 'pay', 'pay.shop.svc', 'pay.shop', '10.96.1.1']);
  });

  it('route 1: the canary header', () => {
    const route = host?.routes[0];
    expect(route?.match.headers).toEqual([
      {
        name: 'x-canary',
        value: { kind: 'exact', value: '1' },
        invert: false,
        treatMissingAsEmpty: false,
      },
    ]);
    expect(forward(route)).toMatchObject({
      clusters: [{ cluster: `outbound|8080|v2|${PAY}`, weight: 1 }],
      timeoutMs: 1000,
      retry: {
        numRetries: 3,
        perTryTimeoutMs: 200,
        retryOn: ['5xx', 'retriable-status-codes'],
        retriableStatusCodes: [409],
        hostPredicates: ['previous-hosts'],
        hostSelectionMaxAttempts: 5,
        backoffBaseMs: 25,
        backoffMaxMs: 250,
      },
    });
  });

  it('route 2: the split with its delay', () => {
    const route = host?.routes[1];
    expect(forward(route)).toMatchObject({
      clusters: [
        { cluster: `outbound|8080|v1|${PAY}`, weight: 90 },
        { cluster: `outbound|8080|v2|${PAY}`, weight: 10 },
      ],
      timeoutMs: 0,
      retry: { numRetries: 2, retriableStatusCodes: [] },
    });
    expect(route?.fault?.delay).toEqual({
      fixedDelayMs: 50,
      percentage: { numerator: 125_000, denominator: 1_000_000 },
    });
    expect(host?.routes).toHaveLength(2);
  });

  it.each([
    ['', 'least-request'],
    ['v1', 'least-request'],
    ['v2', 'random'],
  ])('cluster of subset "%s" balances by %s', (subset, kind) => {
    expect(cluster(config, `outbound|8080|${subset}|${PAY}`)).toMatchObject({
      lb: { kind },
      circuitBreakers: {
        default: {
          maxRequests: 100,
          maxRetries: UNLIMITED,
          maxPendingRequests: UNLIMITED,
          maxConnections: UNLIMITED,
        },
      },
      connectTimeoutMs: 10_000,
      panicThresholdPercent: 0,
      outlier: {
        consecutive5xx: 5,
        enforcingConsecutive5xxPercent: 100,
        consecutiveGatewayFailure: 3,
        enforcingConsecutiveGatewayFailurePercent: 100,
        intervalMs: 10_000,
        baseEjectionTimeMs: 30_000,
        maxEjectionPercent: 50,
      },
    });
  });

  it('the server side has the limit, too', () => {
    expect(cluster(config, 'inbound|8080||').circuitBreakers.default.maxRequests).toBe(100);
  });
});
