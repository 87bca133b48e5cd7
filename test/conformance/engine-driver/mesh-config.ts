/**
 * A small mesh as a MeshConfig: one outbound listener, routes and clusters over named endpoints.
 *
 * Stories say only what differs from these values. Endpoint ids are the position of the name, so
 * that records of both drivers mean the same endpoint.
 */
import type { Endpoint } from '../../../src/core/engine.ts';
import type {
  ClusterConfig,
  FaultConfig,
  ForwardAction,
  ListenerConfig,
  LoadBalancerConfig,
  MeshConfig,
  OutlierConfig,
  RetryPolicyConfig,
  RouteConfig,
  Thresholds,
} from '../../../src/mesh/config/config.ts';
import { NO_ORIGINS } from '../../../src/mesh/config/config.ts';
import type { RedirectAction } from '../../../src/mesh/config/rewriting.ts';

/** Names of endpoints → `ip:port`. */
export type Addresses = ReadonlyMap<string, string>;

/** A cluster as a story says it. */
export interface ClusterStory {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly limits?: Partial<Thresholds>;
  readonly outlier?: Partial<OutlierConfig>;
  readonly panicThresholdPercent?: number;
  readonly bufferLimitBytes?: number;
  readonly maxRequestsPerConnection?: number;
  readonly idleTimeoutMs?: number;
  readonly maxConnectionDurationMs?: number;
  readonly lb?: LoadBalancerConfig;
}

/** A route as a story says it; its clusters by name, with weights. */
export interface RouteStory {
  readonly prefix?: string;
  readonly to?: Readonly<Record<string, number>>;
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicyConfig>;
  readonly answer?: { readonly status: number; readonly body: string };
  /** In place of all of the above. */
  readonly redirect?: RedirectAction;
  readonly forward?: Partial<ForwardAction>;
  readonly changes?: Partial<RouteConfig>;
}

export interface MeshStory {
  readonly clusters: readonly ClusterStory[];
  readonly routes?: readonly RouteStory[];
  readonly fault?: Partial<FaultConfig>;
  readonly listener?: Partial<ListenerConfig>;
}

/** What a client writes into Host. */
export const AUTHORITY = 'orders.test';
const LISTENER_PORT = 80;

const LIMITS: Thresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: null,
};

const OUTLIER: OutlierConfig = {
  consecutive5xx: 5,
  enforcingConsecutive5xxPercent: 100,
  consecutiveGatewayFailure: 0,
  enforcingConsecutiveGatewayFailurePercent: 0,
  consecutiveLocalOriginFailure: 5,
  enforcingConsecutiveLocalOriginFailurePercent: 100,
  splitExternalLocalOriginErrors: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 100,
  alwaysEjectOneHost: false,
};

const RETRY: RetryPolicyConfig = {
  retryOn: ['5xx'],
  retriableStatusCodes: [],
  numRetries: 2,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  backoffBaseMs: 2,
  backoffMaxMs: 10,
  hostSelectionMaxAttempts: 5,
  hostPredicates: ['previous-hosts'],
};

const FAULT: FaultConfig = {
  delay: null,
  abort: null,
  headers: [],
  upstreamCluster: null,
  maxActiveFaults: null,
};

/** The names of all endpoints, in the order of their ids. */
export function endpointNames(mesh: MeshStory): string[] {
  return [...new Set(mesh.clusters.flatMap((cluster) => cluster.endpoints))];
}

export function meshConfigOf(mesh: MeshStory, addresses: Addresses): MeshConfig {
  const names = endpointNames(mesh);
  return {
    version: 1,
    proxyName: 'story',
    listeners: [listenerOf(mesh)],
    clusters: mesh.clusters.map((cluster, id) => clusterOf(cluster, id, names, addresses)),
  };
}

function listenerOf(mesh: MeshStory): ListenerConfig {
  const { fault } = mesh;
  const routes = mesh.routes ?? [{ to: { [mesh.clusters[0]!.name]: 1 } }];
  return {
    id: 0,
    name: 'outbound',
    direction: 'outbound',
    address: '0.0.0.0',
    port: LISTENER_PORT,
    protocol: 'http1',
    statPrefix: 'outbound',
    filters: fault === undefined ? [] : [{ kind: 'fault', config: { ...FAULT, ...fault } }],
    routes: {
      name: 'routes',
      ignorePortInHostMatching: true,
      virtualHosts: [
        {
          name: 'orders',
          domains: [AUTHORITY],
          routes: routes.map(routeOf),
          includeRequestAttemptCount: true,
          includeAttemptCountInResponse: false,
          includeIsTimeoutRetryHeader: false,
        },
      ],
    },
    streamIdleTimeoutMs: 300_000,
    requestTimeoutMs: 0,
    honoursControlHeaders: false,
    downstreamIdleTimeoutMs: 3_600_000,
    delayedCloseTimeoutMs: 20,
    ...mesh.listener,
  };
}

function routeOf(route: RouteStory, index: number): RouteConfig {
  return {
    name: `route-${index}`,
    match: {
      path: { kind: 'prefix', value: route.prefix ?? '/', ignoreCase: false },
      headers: [],
      query: [],
    },
    action: route.redirect ?? actionOf(route),
    origins: NO_ORIGINS,
    ...route.changes,
  };
}

function actionOf(route: RouteStory): RouteConfig['action'] {
  return route.answer === undefined
    ? forwardOf(route)
    : { kind: 'direct-response', ...route.answer };
}

function forwardOf(route: RouteStory): ForwardAction {
  return {
    kind: 'forward',
    clusters: Object.entries(route.to ?? {}).map(([cluster, weight]) => ({ cluster, weight })),
    timeoutMs: route.timeoutMs ?? 0,
    retry: route.retry === undefined ? null : { ...RETRY, ...route.retry },
    priority: 'default',
    clusterNotFoundStatus: 503,
    ...route.forward,
  };
}

function clusterOf(
  story: ClusterStory,
  id: number,
  names: readonly string[],
  addresses: Addresses,
): ClusterConfig {
  const { name, outlier } = story;
  return {
    id,
    name,
    endpoints: {
      version: 1,
      members: story.endpoints.map((endpoint) => endpointOf(endpoint, names, addresses)),
    },
    service: { host: name, port: 80, subset: '' },
    protocol: 'http1',
    tls: null,
    connectTimeoutMs: 5_000,
    lb: story.lb ?? { kind: 'round-robin' },
    circuitBreakers: { default: { ...LIMITS, ...story.limits }, high: LIMITS },
    outlier: outlier === undefined ? null : { ...OUTLIER, ...outlier },
    panicThresholdPercent: story.panicThresholdPercent ?? 0,
    maxRequestsPerConnection: story.maxRequestsPerConnection ?? 0,
    idleTimeoutMs: story.idleTimeoutMs ?? 3_600_000,
    maxConnectionDurationMs: story.maxConnectionDurationMs ?? 0,
    updateMergeWindowMs: 0,
    bufferLimitBytes: story.bufferLimitBytes ?? 1024 * 1024,
    origins: NO_ORIGINS,
  };
}

function endpointOf(name: string, names: readonly string[], addresses: Addresses): Endpoint {
  const address = addresses.get(name);
  if (address === undefined) throw new Error(`endpoint ${name} has no address`);
  return {
    id: names.indexOf(name),
    address,
    hostname: name,
    labels: {},
    locality: '',
    weight: 1,
    priority: 0,
    health: 'healthy',
  };
}
