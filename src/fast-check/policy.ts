/**
 * Generated policy, in Istio's own words: parts of resources, and whole resources of a service.
 *
 * Shrinks towards saying nothing, which is the product's default policy. Source: Istio API reference,
 * VirtualService and DestinationRule.
 */
import fc from 'fast-check';
import type { PolicyResource } from '../library/read-scenario.ts';
import { given, milliseconds, optional } from './values.ts';

/** `retries` of a VirtualService's HTTP rule. */
export interface HttpRetry {
  /** Retries beyond the first try; 0 = none. */
  readonly attempts: number;
  readonly perTryTimeout?: string;
  /** Conditions of Envoy and status codes, separated by commas. */
  readonly retryOn?: string;
}

/** `connectionPool` of a DestinationRule: Envoy's circuit breakers. */
export interface ConnectionPool {
  readonly tcp?: { readonly maxConnections?: number; readonly connectTimeout?: string };
  readonly http?: {
    readonly http1MaxPendingRequests?: number;
    readonly http2MaxRequests?: number;
    readonly maxRequestsPerConnection?: number;
    readonly maxRetries?: number;
  };
}

/** `outlierDetection` of a DestinationRule. */
export interface OutlierDetection {
  readonly consecutive5xxErrors?: number;
  readonly consecutiveGatewayErrors?: number;
  readonly interval: string;
  readonly baseEjectionTime: string;
  /** Percent of the endpoints, 0..100. */
  readonly maxEjectionPercent?: number;
}

const RETRY_ON = ['5xx', 'gateway-error,reset', 'connect-failure,refused-stream,503', 'reset'];

/** Retry policy; shrinks towards no retries. */
export function retryPolicy(): fc.Arbitrary<HttpRetry> {
  return (
    fc
      .record({
        attempts: fc.integer({ min: 0, max: 5 }),
        perTryTimeout: optional(milliseconds(20, 500)),
        retryOn: optional(fc.constantFrom(...RETRY_ON)),
      })
      // Istio refuses the other fields where there are no attempts.
      .map((retry) => (retry.attempts === 0 ? { attempts: 0 } : given(retry)))
  );
}

/** `timeout` of a VirtualService's HTTP rule, for all tries together; shrinks towards 3 s. */
export function timeoutPolicy(): fc.Arbitrary<string> {
  return downFrom(3000, 50).map((ms) => `${ms}ms`);
}

/** Limits of connections and requests; shrinks towards one that is hard to reach. */
export function breakerPolicy(): fc.Arbitrary<ConnectionPool> {
  const tcp = fc
    .record({ maxConnections: downFrom(64), connectTimeout: optional(milliseconds(20, 1000)) })
    .map(given);
  const http = fc
    .record({
      http2MaxRequests: downFrom(128),
      http1MaxPendingRequests: optional(downFrom(64)),
      maxRequestsPerConnection: optional(downFrom(100)),
      maxRetries: optional(downFrom(16)),
    })
    .map(given);
  return fc.record({ http, tcp: optional(tcp) }).map(given);
}

/** Ejection of endpoints that fail; shrinks towards being slow to eject. */
export function ejectionPolicy(): fc.Arbitrary<OutlierDetection> {
  const count = optional(downFrom(10));
  return fc
    .record({
      consecutive5xxErrors: count,
      consecutiveGatewayErrors: count,
      interval: downFrom(10).map((seconds) => `${seconds}s`),
      baseEjectionTime: fc.integer({ min: 1, max: 30 }).map((seconds) => `${seconds}s`),
      maxEjectionPercent: optional(fc.integer({ min: 0, max: 100 })),
    })
    .map(given);
}

/** From `min` to `max`; shrinks towards `max`, where limits hurt least. */
function downFrom(max: number, min: number = 1): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: max - min }).map((less) => max - less);
}

/** At most one VirtualService and one DestinationRule of a service; shrinks towards none. */
export function policyOf(host: string): fc.Arbitrary<readonly PolicyResource[]> {
  return fc
    .record({
      timeout: optional(timeoutPolicy()),
      retries: optional(retryPolicy()),
      connectionPool: optional(breakerPolicy()),
      outlierDetection: optional(ejectionPolicy()),
    })
    .map(({ timeout, retries, connectionPool, outlierDetection }) => {
      const http = given({ timeout, retries });
      const trafficPolicy = given({ connectionPool, outlierDetection });
      const route = [{ destination: { host } }];
      return [
        ...(isEmpty(http)
          ? []
          : [resource('VirtualService', host, { hosts: [host], http: [{ ...http, route }] })]),
        ...(isEmpty(trafficPolicy)
          ? []
          : [resource('DestinationRule', host, { host, trafficPolicy })]),
      ];
    });
}

function resource(kind: string, name: string, spec: object): PolicyResource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name, namespace: 'default' },
    spec,
  };
}

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}
