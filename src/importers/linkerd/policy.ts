/**
 * What a Linkerd proxy does in place of a sidecar of Istio: the same services, other policy.
 *
 * Source: config-other-meshes.md §1.
 */

import { envoyRetryPolicy } from '../../mesh/config/complete.ts';
import type {
  ClusterConfig,
  ForwardAction,
  ListenerConfig,
  MeshConfig,
  RetryPolicyConfig,
  RouteConfig,
} from '../../mesh/config/config.ts';
import { LINKERD } from '../../mesh/config/linkerd-defaults.ts';
import type { LoadBalancerConfig } from '../../mesh/config/load-balancing.ts';
import type { Default } from '../../mesh/config/origin.ts';
import type { Placed } from '../mesh-resources.ts';
import { Settings } from '../resolve/settings.ts';
import type { LinkerdSettings } from './annotations.ts';

/** What the annotations of a service's host say; undefined = nothing. */
export type SettingsOf = (host: string) => LinkerdSettings | undefined;

const NAME = LINKERD.product;

/** @param config of a sidecar that has no policy of its own */
export function linkerdConfig(config: MeshConfig, settingsOf: SettingsOf): MeshConfig {
  const hosts = new Map(config.clusters.map(({ name, service }) => [name, service.host]));
  return {
    ...config,
    listeners: config.listeners.map((listener) =>
      linkerdListener(listener, (cluster) => settingsOf(hosts.get(cluster) ?? '')),
    ),
    clusters: config.clusters.map((cluster) => linkerdCluster(cluster, settingsOf)),
  };
}

function linkerdCluster(cluster: ClusterConfig, settingsOf: SettingsOf): ClusterConfig {
  const { cluster: defaults } = LINKERD;
  const isInbound = cluster.name.startsWith('inbound');
  const side = isInbound ? LINKERD.inbound : LINKERD.outbound;
  const given = isInbound ? undefined : settingsOf(cluster.service.host);
  const settings = new Settings();
  const base = <T>(key: string, taken: Default<T>) => fallBack(settings, key, taken);
  if (given?.failureAccrual !== undefined) {
    explicit(settings, 'failureAccrual', given.failureAccrual, given.failureAccrual.value);
  }
  const { healthChecks: _, subsets: __, ...rest } = cluster;
  return {
    ...rest,
    outlier: null,
    lb: balancer(given, settings),
    circuitBreakers: base('circuitBreakers', defaults.circuitBreakers),
    panicThresholdPercent: base('panicThresholdPercent', defaults.panicThresholdPercent),
    idleTimeoutMs: base('idleTimeoutMs', defaults.idleTimeoutMs),
    maxRequestsPerConnection: base('maxRequestsPerConnection', defaults.maxRequestsPerConnection),
    maxConnectionDurationMs: base('maxConnectionDurationMs', defaults.maxConnectionDurationMs),
    updateMergeWindowMs: base('updateMergeWindowMs', defaults.updateMergeWindowMs),
    bufferLimitBytes: base('bufferLimitBytes', defaults.bufferLimitBytes),
    answersFailures: base('answersFailures', defaults.answersFailures),
    connectTimeoutMs: base('connectTimeoutMs', side.connectTimeoutMs),
    queue: base('queue', side.queue),
    ...(given?.failureAccrual === undefined ? {} : { failureAccrual: given.failureAccrual.value }),
    origins: settings.origins,
  };
}

function balancer(given: LinkerdSettings | undefined, settings: Settings): LoadBalancerConfig {
  const lb = settings.fallBack('lb', NAME, LINKERD.cluster.lb);
  if (given?.penalty === undefined || lb.kind !== 'peak-ewma') return lb;
  settings.explicit('lb', given.penalty);
  return { ...lb, penalty: given.penalty.value };
}

function linkerdListener(
  listener: ListenerConfig,
  settingsOf: (cluster: string) => LinkerdSettings | undefined,
): ListenerConfig {
  const virtualHosts = listener.routes.virtualHosts.map((host) => ({
    ...host,
    includeRequestAttemptCount: false,
    routes: host.routes.map((route) =>
      linkerdRoute(route, listener.direction === 'inbound' ? () => undefined : settingsOf),
    ),
  }));
  return { ...listener, routes: { ...listener.routes, virtualHosts } };
}

function linkerdRoute(
  route: RouteConfig,
  settingsOf: (cluster: string) => LinkerdSettings | undefined,
): RouteConfig {
  const { action } = route;
  if (action.kind !== 'forward') return route;
  const given = settingsOf(action.clusters[0]?.cluster ?? '');
  const settings = new Settings();
  const { maxGrpcTimeoutMs: _, hashPolicy: __, ...rest } = action;
  const forward: ForwardAction = {
    ...rest,
    timeoutMs: settings.take('timeoutMs', given?.requestTimeoutMs, NAME, LINKERD.route.timeoutMs),
    retry: retryPolicy(given, settings),
    ...(given?.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: given.idleTimeoutMs.value }),
  };
  return { ...route, action: forward, origins: settings.origins };
}

function retryPolicy(
  given: LinkerdSettings | undefined,
  settings: Settings,
): RetryPolicyConfig | null {
  if (given?.retry === undefined) return null;
  const { conditions, statuses, limit, timeoutMs } = given.retry.value;
  const { backoffBaseMs, backoffMaxMs, jitterRatio } = LINKERD.retry;
  const said = {
    // Running into the timeout of a try is always worth another one.
    retryOn: [...conditions, 'retriable-status-codes', 'reset'],
    retriableStatusCodes: statuses,
    numRetries: limit,
    perTryTimeoutMs: timeoutMs,
  };
  explicit(settings, 'retry', given.retry, said);
  return envoyRetryPolicy({
    ...said,
    leavesLastTry: true,
    backoffBaseMs: settings.fallBack('retry.backoffBaseMs', NAME, backoffBaseMs),
    backoffMaxMs: settings.fallBack('retry.backoffMaxMs', NAME, backoffMaxMs),
    jitterRatio: settings.fallBack('retry.jitterRatio', NAME, jitterRatio),
  });
}

/** Notes the origin of each value inside. */
function fallBack<T>(settings: Settings, path: string, taken: Default<T>): T {
  for (const leaf of leavesOf(path, taken.value)) settings.fallBack(leaf, NAME, taken);
  return taken.value;
}

function explicit(
  settings: Settings,
  path: string,
  given: Pick<Placed<unknown>, 'at'>,
  value: unknown,
): void {
  for (const leaf of leavesOf(path, value)) settings.explicit(leaf, given);
}

/** Paths of what is no object of values; a balancer is one thing. */
function leavesOf(path: string, value: unknown): string[] {
  const isPlain = typeof value !== 'object' || value === null || Array.isArray(value);
  if (isPlain || 'kind' in (value as object)) return [path];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    leavesOf(`${path}.${key}`, inner),
  );
}
