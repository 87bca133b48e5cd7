/**
 * Outbound and inbound clusters from an effective policy, with the origin of every value.
 *
 * Source: config-istio.md §5.1, 5.5 to 5.8, §12; istiod leaves to Envoy what is not named there.
 */

import { envoyThresholds } from '../../mesh/config/complete.ts';
import type {
  ClusterConfig,
  LoadBalancerConfig,
  OutlierConfig,
  Thresholds,
} from '../../mesh/config/config.ts';
import { ENVOY, ISTIO, LEAST_REQUEST } from '../../mesh/config/defaults.ts';
import type { Default } from '../../mesh/config/origin.ts';
import type {
  ConnectionPoolSettings,
  ConsistentHash,
  LoadBalancerSettings,
  OutlierSettings,
  Placed,
  PolicyBlocks,
  RetryBudgetSettings,
} from '../mesh-resources.ts';
import { withoutAbsent } from '../optional.ts';
import { Settings } from './settings.ts';

/** All of a cluster but its name, number and members. */
export type ClusterPolicy = Omit<ClusterConfig, 'id' | 'name' | 'endpoints' | 'service'>;

const ISTIO_NAME = ISTIO.product;
const ENVOY_NAME = ENVOY.product;

/** Policy of an `outbound|…` cluster. */
export function outboundPolicy(blocks: PolicyBlocks): ClusterPolicy {
  const settings = new Settings();
  const outlier = blocks.outlierDetection;
  if (blocks.tls === undefined) settings.fallBack('tls', ISTIO_NAME, ISTIO.cluster.tls);
  else settings.explicit('tls', blocks.tls);
  return {
    ...connectionPolicy(settings, blocks),
    lb: loadBalancer(settings, blocks.loadBalancer),
    outlier: outlier === undefined ? null : outlierConfig(settings, outlier),
    panicThresholdPercent: settings.take(
      'panicThresholdPercent',
      outlier?.minHealthPercent,
      ISTIO_NAME,
      ISTIO.cluster.panicThresholdPercent,
    ),
    origins: settings.origins,
  };
}

/** Policy of an `inbound|…` cluster: the connection limits only. */
export function inboundPolicy(blocks: PolicyBlocks): ClusterPolicy {
  const settings = new Settings();
  const { lb, panicThresholdPercent } = ENVOY.cluster;
  return {
    ...connectionPolicy(settings, blocks),
    lb: settings.fallBack('lb', ENVOY_NAME, lb),
    outlier: null,
    panicThresholdPercent: settings.fallBack(
      'panicThresholdPercent',
      ENVOY_NAME,
      panicThresholdPercent,
    ),
    origins: settings.origins,
  };
}

type ConnectionPolicy = Omit<ClusterPolicy, 'lb' | 'outlier' | 'panicThresholdPercent' | 'origins'>;

function connectionPolicy(settings: Settings, blocks: PolicyBlocks): ConnectionPolicy {
  const pool = blocks.connectionPool ?? {};
  const { cluster } = ENVOY;
  const left = <T>(path: string, given: Placed<T> | undefined, taken: Default<T>) =>
    settings.take(path, given, ENVOY_NAME, taken);
  return {
    protocol: 'http1',
    tls: null,
    connectTimeoutMs: settings.take(
      'connectTimeoutMs',
      pool.connectTimeoutMs,
      ISTIO_NAME,
      ISTIO.cluster.connectTimeoutMs,
    ),
    circuitBreakers: {
      default: thresholds(settings, pool, blocks.retryBudget),
      high: envoyThresholds(),
    },
    maxRequestsPerConnection: left(
      'maxRequestsPerConnection',
      pool.maxRequestsPerConnection,
      cluster.maxRequestsPerConnection,
    ),
    idleTimeoutMs: left(
      'idleTimeoutMs',
      pool.httpIdleTimeoutMs ?? pool.tcpIdleTimeoutMs,
      cluster.idleTimeoutMs,
    ),
    maxConnectionDurationMs: left(
      'maxConnectionDurationMs',
      pool.maxConnectionDurationMs,
      cluster.maxConnectionDurationMs,
    ),
    updateMergeWindowMs: left('updateMergeWindowMs', undefined, cluster.updateMergeWindowMs),
    bufferLimitBytes: left('bufferLimitBytes', undefined, cluster.bufferLimitBytes),
  };
}

function thresholds(
  settings: Settings,
  pool: ConnectionPoolSettings,
  budget: RetryBudgetSettings | undefined,
): Thresholds {
  const limit = (field: keyof typeof ISTIO.thresholds) =>
    settings.take(
      `circuitBreakers.default.${field}`,
      pool[field],
      ISTIO_NAME,
      ISTIO.thresholds[field],
    );
  return {
    maxConnections: limit('maxConnections'),
    maxPendingRequests: limit('maxPendingRequests'),
    maxRequests: limit('maxRequests'),
    maxRetries: limit('maxRetries'),
    retryBudget: retryBudget(settings, budget),
  };
}

function retryBudget(
  settings: Settings,
  budget: RetryBudgetSettings | undefined,
): Thresholds['retryBudget'] {
  const path = 'circuitBreakers.default.retryBudget';
  if (budget === undefined) {
    return settings.fallBack(path, ENVOY_NAME, ENVOY.thresholds.retryBudget);
  }
  settings.explicit(path, budget);
  const part = (field: keyof typeof ISTIO.retryBudget) =>
    settings.take(`${path}.${field}`, budget[field], ISTIO_NAME, ISTIO.retryBudget[field]);
  return {
    percent: part('percent'),
    minConcurrency: part('minConcurrency'),
    intervalMs: part('intervalMs'),
  };
}

function loadBalancer(
  settings: Settings,
  given: Placed<LoadBalancerSettings> | undefined,
): LoadBalancerConfig {
  if (given === undefined) return settings.fallBack('lb', ISTIO_NAME, ISTIO.cluster.lb);
  settings.explicit('lb', given);
  const { hashing, name } = given.value;
  if (hashing !== undefined) return hashBalancer(settings, hashing);
  if (given.value.slowStart !== undefined) settings.explicit('lb.slowStart', given.value.slowStart);
  const warm = withoutAbsent({ slowStart: given.value.slowStart?.value });
  if (name === 'ROUND_ROBIN') return { kind: 'round-robin', ...warm };
  if (name === 'RANDOM') return { kind: 'random' };
  return { ...LEAST_REQUEST, ...warm };
}

function hashBalancer(settings: Settings, { algorithm }: ConsistentHash): LoadBalancerConfig {
  const left = <T>(path: string, value: T | undefined, taken: Default<T>) =>
    value ?? settings.fallBack(path, ENVOY_NAME, taken);
  const { hashing, ringHash, maglev } = ENVOY;
  const common = {
    balanceFactorPercent: left('lb.balanceFactorPercent', undefined, hashing.balanceFactorPercent),
    usesHostname: left('lb.usesHostname', undefined, hashing.usesHostname),
  };
  if (algorithm.kind === 'maglev') {
    const tableSize = left('lb.tableSize', algorithm.tableSize, maglev.tableSize);
    return { kind: 'maglev', tableSize, ...common };
  }
  const { minimumRingSize } = algorithm;
  return {
    kind: 'ring-hash',
    minimumRingSize: left('lb.minimumRingSize', minimumRingSize, ringHash.minimumRingSize),
    maximumRingSize: left('lb.maximumRingSize', undefined, ringHash.maximumRingSize),
    hashFunction: left('lb.hashFunction', undefined, ringHash.hashFunction),
    ...common,
  };
}

function outlierConfig(settings: Settings, outlier: OutlierSettings): OutlierConfig {
  settings.explicit('outlier', outlier);
  const envoy = ENVOY.outlier;
  const left = <T>(field: string, given: Placed<T> | undefined, taken: Default<T>) =>
    settings.take(`outlier.${field}`, given, ENVOY_NAME, taken);
  const istio = <T>(field: string, given: Placed<T> | undefined, taken: Default<T>) =>
    settings.take(`outlier.${field}`, given, ISTIO_NAME, taken);
  const baseEjectionTimeMs = istio(
    'baseEjectionTimeMs',
    outlier.baseEjectionTimeMs,
    ISTIO.outlier.baseEjectionTimeMs,
  );
  const longest = left('maxEjectionTimeMs', undefined, envoy.maxEjectionTimeMs);
  return {
    ...consecutive(settings, outlier),
    ...localOrigin(settings, outlier),
    intervalMs: istio('intervalMs', outlier.intervalMs, ISTIO.outlier.intervalMs),
    baseEjectionTimeMs,
    maxEjectionTimeMs: Math.max(longest, baseEjectionTimeMs),
    maxEjectionTimeJitterMs: left(
      'maxEjectionTimeJitterMs',
      undefined,
      envoy.maxEjectionTimeJitterMs,
    ),
    maxEjectionPercent: istio(
      'maxEjectionPercent',
      outlier.maxEjectionPercent,
      ISTIO.outlier.maxEjectionPercent,
    ),
    alwaysEjectOneHost: left('alwaysEjectOneHost', undefined, envoy.alwaysEjectOneHost),
  };
}

type Consecutive = Pick<
  OutlierConfig,
  | 'consecutive5xx'
  | 'enforcingConsecutive5xxPercent'
  | 'consecutiveGatewayFailure'
  | 'enforcingConsecutiveGatewayFailurePercent'
>;

/** A count of 0 is written out as "not enforced". */
function consecutive(settings: Settings, outlier: OutlierSettings): Consecutive {
  const envoy = ENVOY.outlier;
  const errors = outlier.consecutive5xx;
  const gateway = outlier.consecutiveGatewayErrors;
  return {
    consecutive5xx: settings.take(
      'outlier.consecutive5xx',
      errors,
      ISTIO_NAME,
      ISTIO.outlier.consecutive5xx,
    ),
    enforcingConsecutive5xxPercent: settings.take(
      'outlier.enforcingConsecutive5xxPercent',
      enforcing(errors),
      ENVOY_NAME,
      envoy.enforcingConsecutive5xxPercent,
    ),
    consecutiveGatewayFailure: settings.take(
      'outlier.consecutiveGatewayFailure',
      gateway,
      ENVOY_NAME,
      envoy.consecutiveGatewayFailure,
    ),
    enforcingConsecutiveGatewayFailurePercent: settings.take(
      'outlier.enforcingConsecutiveGatewayFailurePercent',
      enforcing(gateway),
      ISTIO_NAME,
      ISTIO.outlier.enforcingConsecutiveGatewayFailurePercent,
    ),
  };
}

function enforcing(count: Placed<number> | undefined): Placed<number> | undefined {
  return count === undefined ? undefined : { value: count.value > 0 ? 100 : 0, at: count.at };
}

type LocalOrigin = Pick<
  OutlierConfig,
  | 'splitExternalLocalOriginErrors'
  | 'consecutiveLocalOriginFailure'
  | 'enforcingConsecutiveLocalOriginFailurePercent'
>;

/** Counts of local failures matter only when they are counted apart. */
function localOrigin(settings: Settings, outlier: OutlierSettings): LocalOrigin {
  const envoy = ENVOY.outlier;
  const isSplit = settings.take(
    'outlier.splitExternalLocalOriginErrors',
    outlier.splitExternalLocalOriginErrors,
    ENVOY_NAME,
    envoy.splitExternalLocalOriginErrors,
  );
  const count = outlier.consecutiveLocalOriginFailures;
  const failures = isSplit && count !== undefined && count.value > 0 ? count : undefined;
  return {
    splitExternalLocalOriginErrors: isSplit,
    consecutiveLocalOriginFailure: settings.take(
      'outlier.consecutiveLocalOriginFailure',
      failures,
      ENVOY_NAME,
      envoy.consecutiveLocalOriginFailure,
    ),
    enforcingConsecutiveLocalOriginFailurePercent: settings.take(
      'outlier.enforcingConsecutiveLocalOriginFailurePercent',
      enforcing(failures),
      ENVOY_NAME,
      envoy.enforcingConsecutiveLocalOriginFailurePercent,
    ),
  };
}
