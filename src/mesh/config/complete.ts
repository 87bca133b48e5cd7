/**
 * Complete configuration objects from partial ones, with Envoy's defaults.
 *
 * Used by importers (which override what their product writes out) and by tests. An object given
 * in `partial` replaces the default whole; nothing is merged inside it.
 * Source: `defaults.ts`.
 */

import type {
  ClusterConfig,
  ForwardAction,
  ListenerConfig,
  OutlierConfig,
  RetryPolicyConfig,
  RouteConfig,
  Thresholds,
  VirtualHostConfig,
} from './config.ts';
import { NO_ORIGINS } from './config.ts';
import { ENVOY } from './defaults.ts';
import type { Default } from './origin.ts';

type Table = Readonly<Record<string, Default<unknown>>>;
type ValuesOf<T extends Table> = { [K in keyof T]: T[K]['value'] };

/** The bare values of a table of defaults. */
export function valuesOf<T extends Table>(table: T): ValuesOf<T> {
  const values: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(table)) values[name] = value;
  return values as ValuesOf<T>;
}

/** Limits of one priority that has no thresholds entry. */
export function envoyThresholds(partial: Partial<Thresholds> = {}): Thresholds {
  return { ...valuesOf(ENVOY.thresholds), ...partial };
}

/** The longest back-off defaults to ten times the base that is in force. */
export function envoyRetryPolicy(partial: Partial<RetryPolicyConfig> = {}): RetryPolicyConfig {
  const { backoffMaxFactor, ...retry } = valuesOf(ENVOY.retry);
  const backoffBaseMs = partial.backoffBaseMs ?? retry.backoffBaseMs;
  return { ...retry, backoffMaxMs: backoffMaxFactor * backoffBaseMs, ...partial };
}

/** The longest ejection defaults to 300 s, or to the base ejection time if that is longer. */
export function envoyOutlier(partial: Partial<OutlierConfig> = {}): OutlierConfig {
  const outlier = valuesOf(ENVOY.outlier);
  const baseEjectionTimeMs = partial.baseEjectionTimeMs ?? outlier.baseEjectionTimeMs;
  const maxEjectionTimeMs = Math.max(outlier.maxEjectionTimeMs, baseEjectionTimeMs);
  return { ...outlier, maxEjectionTimeMs, ...partial };
}

/** A cluster `cluster` without endpoints. */
export function envoyCluster(partial: Partial<ClusterConfig> = {}): ClusterConfig {
  const { leastRequest, ...cluster } = valuesOf(ENVOY.cluster);
  const name = partial.name ?? 'cluster';
  return {
    id: 0,
    name,
    endpoints: { version: 0, members: [] },
    service: { host: name, port: 80, subset: '' },
    protocol: 'http1',
    tls: null,
    ...cluster,
    circuitBreakers: { default: envoyThresholds(), high: envoyThresholds() },
    outlier: null,
    origins: NO_ORIGINS,
    ...partial,
  };
}

/** An outbound listener on 0.0.0.0:80 without filters and routes. */
export function envoyListener(partial: Partial<ListenerConfig> = {}): ListenerConfig {
  const name = partial.name ?? 'listener';
  return {
    id: 0,
    name,
    direction: 'outbound',
    address: '0.0.0.0',
    port: 80,
    protocol: 'http1',
    statPrefix: name,
    filters: [],
    routes: { name: 'routes', virtualHosts: [], ...valuesOf(ENVOY.routeTable) },
    ...valuesOf(ENVOY.listener),
    ...partial,
  };
}

/** A virtual host for every domain, without routes. */
export function envoyVirtualHost(partial: Partial<VirtualHostConfig> = {}): VirtualHostConfig {
  return {
    name: 'virtual-host',
    domains: ['*'],
    routes: [],
    ...valuesOf(ENVOY.virtualHost),
    ...partial,
  };
}

/** An action that forwards to `cluster`. */
export function envoyForward(partial: Partial<ForwardAction> = {}): ForwardAction {
  return {
    kind: 'forward',
    clusters: [{ cluster: 'cluster', weight: 1 }],
    retry: null,
    ...valuesOf(ENVOY.route),
    ...partial,
  };
}

/** A route that matches every request and forwards to `cluster`. */
export function envoyRoute(partial: Partial<RouteConfig> = {}): RouteConfig {
  return {
    name: '',
    match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
    action: envoyForward(),
    origins: NO_ORIGINS,
    ...partial,
  };
}
