/**
 * Generated Istio policy for scenarios: what a VirtualService and a DestinationRule may say.
 *
 * Limits are small, so that scenarios of some hundred requests reach them.
 */
import fc from 'fast-check';
import { given, type JsonMap, ms, ratioUpTo } from './sketch.ts';

const RETRY_ON = [
  '5xx',
  '5xx,reset,connect-failure',
  'connect-failure,refused-stream,unavailable,503',
  'gateway-error,reset',
  'retriable-4xx,503',
] as const;

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const retries = fc.integer({ min: 0, max: 3 }).chain((attempts): fc.Arbitrary<JsonMap> => {
  if (attempts === 0) return fc.constant({ attempts });
  return fc
    .record({
      attempts: fc.constant(attempts),
      perTryTimeout: optional(ms(10, 200)),
      retryOn: optional(fc.constantFrom(...RETRY_ON)),
      backoff: optional(ms(1, 50)),
      retryIgnorePreviousHosts: optional(fc.boolean()),
    })
    .map(given);
});

const percentage = fc.integer({ min: 1, max: 40 }).map((value) => ({ value }));

const fault = fc
  .record({
    delay: optional(fc.record({ fixedDelay: ms(1, 80), percentage })),
    abort: optional(fc.record({ httpStatus: fc.constantFrom(503, 500, 418), percentage })),
  })
  .filter(({ delay, abort }) => delay !== undefined || abort !== undefined)
  .map(given);

/** What stands beside `route` in an HTTP rule, and the weight of the first of two subsets. */
export const virtualService = fc.record({
  weight: fc.integer({ min: 0, max: 100 }),
  http: fc
    .record({ timeout: optional(ms(20, 400)), retries: optional(retries), fault: optional(fault) })
    .map(given),
});

const limit = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

const connectionPool = fc
  .record({
    tcp: optional(
      fc
        .record({ maxConnections: optional(limit(6)), connectTimeout: optional(ms(1, 200)) })
        .map(given),
    ),
    http: fc
      .record({
        http1MaxPendingRequests: optional(limit(5)),
        http2MaxRequests: optional(limit(8)),
        maxRequestsPerConnection: optional(limit(10)),
        maxRetries: optional(limit(3)),
        idleTimeout: optional(ms(5, 200)),
      })
      .map(given),
  })
  .map(given);

const outlierDetection = fc
  .record({
    consecutive5xxErrors: optional(limit(5)),
    consecutiveGatewayErrors: optional(limit(4)),
    interval: ms(50, 500),
    baseEjectionTime: ms(50, 800),
    maxEjectionPercent: optional(fc.integer({ min: 0, max: 100 })),
    minHealthPercent: optional(fc.integer({ min: 0, max: 100 })),
  })
  .map(given);

const retryBudget = fc
  .record({
    percent: ratioUpTo(100).map((ratio) => Math.round(ratio * 100)),
    minRetryConcurrency: optional(limit(3)),
    budgetInterval: optional(ms(100, 1000)),
  })
  .map(given);

/** The spec of a DestinationRule without host and subsets. */
export const destinationRule: fc.Arbitrary<JsonMap> = fc
  .record({
    loadBalancer: optional(
      fc.constantFrom('ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST').map((simple) => ({ simple })),
    ),
    connectionPool: optional(connectionPool),
    outlierDetection: optional(outlierDetection),
    retryBudget: optional(retryBudget),
  })
  .map(given)
  .map((trafficPolicy): JsonMap => {
    return Object.keys(trafficPolicy).length === 0 ? {} : { trafficPolicy };
  });
