/**
 * Routes of one VirtualService for one kind of client and one listener port.
 *
 * Source: config-istio.md §2.2 (expansion), §2.4 (catch-all), §2.5 to 2.8.
 */
import type {
  FaultConfig,
  ForwardAction,
  PathMatch,
  RetryPolicyConfig,
  RouteAction,
  RouteConfig,
  RouteMatch,
  WeightedCluster,
} from '../../mesh/config/config.ts';
import { ENVOY, ISTIO } from '../../mesh/config/defaults.ts';
import { hasLabels } from '../istio/names.ts';
import type {
  ConsistentHash,
  Destination,
  FaultSettings,
  HttpMatch,
  HttpRule,
  Labels,
  Placed,
  VirtualService,
} from '../mesh-resources.ts';
import { withoutAbsent } from '../optional.ts';
import { inboundRetry, outboundRetry } from './retries.ts';
import {
  clusterChanges,
  hashPolicies,
  headerChanges,
  redirectAction,
  rewrites,
} from './route-changes.ts';
import { Settings } from './settings.ts';

/** Who asks: what `sourceLabels` and `sourceNamespace` are compared with. */
export interface ClientContext {
  readonly namespace: string;
  readonly labels: Labels;
}

/** What a route has to know of the services it names. */
export interface Destinations {
  /** The service that a host is only another name for, or the host. */
  hostOf(host: string): string;
  /** By what a destination's balancer hashes; undefined = it does not. */
  hashOf(host: string, port: number, subset: string): ConsistentHash | undefined;
}

const EVERYTHING: PathMatch = { kind: 'prefix', value: '/', ignoreCase: false };

/** Routes in order; none when no entry is for this client and port. */
export function routesFor(
  service: VirtualService,
  client: ClientContext,
  port: number,
  services: Destinations,
): RouteConfig[] {
  const routes: RouteConfig[] = [];
  for (const rule of service.http) {
    const action = (): Omit<RouteConfig, 'name' | 'match'> => toAction(rule, port, services);
    if (rule.matches.length === 0) {
      routes.push({ name: rule.name, match: toMatch(undefined), ...action() });
      return routes;
    }
    for (const match of rule.matches) {
      if (!appliesTo(match, client, port)) continue;
      const route = { name: routeName(rule, match), match: toMatch(match), ...action() };
      routes.push(route);
      if (isCatchAll(route.match)) return routes;
    }
  }
  return routes;
}

function routeName(rule: HttpRule, match: HttpMatch): string {
  return match.name === '' ? rule.name : `${rule.name}.${match.name}`;
}

/** A list of gateways decides alone; the source is then not looked at. */
function appliesTo(match: HttpMatch, client: ClientContext, port: number): boolean {
  if (match.port !== 0 && match.port !== port) return false;
  if (match.gateways.length > 0) return match.gateways.includes('mesh');
  const { sourceLabels, sourceNamespace } = match;
  const isFromThere = sourceNamespace === '' || sourceNamespace === client.namespace;
  return isFromThere && hasLabels(client.labels, sourceLabels);
}

function toMatch(match: HttpMatch | undefined): RouteMatch {
  return {
    path: match?.path ?? EVERYTHING,
    headers: match?.headers ?? [],
    query: match?.query ?? [],
  };
}

function isCatchAll(match: RouteMatch): boolean {
  const { path, headers, query } = match;
  if (headers.length + query.length > 0) return false;
  return path.kind === 'regex' ? path.value === '.*' : path.kind === 'prefix' && path.value === '/';
}

function toAction(
  rule: HttpRule,
  port: number,
  services: Destinations,
): Omit<RouteConfig, 'name' | 'match'> {
  const settings = new Settings();
  const action = routeAction(rule, port, services, settings);
  const fault = rule.fault === undefined ? undefined : faultConfig(rule.fault, settings);
  const changes = headerChanges(rule, settings);
  return { action, ...changes, ...withoutAbsent({ fault }), origins: settings.origins };
}

function routeAction(
  rule: HttpRule,
  port: number,
  services: Destinations,
  settings: Settings,
): RouteAction {
  if (rule.directResponse !== null) {
    settings.explicit('status', rule);
    return { kind: 'direct-response', ...rule.directResponse };
  }
  if (rule.redirect !== undefined) {
    settings.explicit('redirect', rule.redirect);
    return redirectAction(rule.redirect, port);
  }
  settings.explicit('clusters', rule);
  const clusters = weightedClusters(rule.destinations, port, services, settings);
  const hashes = rule.destinations.map((item) => hashOf(item, port, services));
  const retry = retryFor(outboundRetry(rule.retries, settings), hashes);
  return {
    ...forward(clusters, rule.timeoutMs, retry, settings),
    ...rewrites(rule, settings),
    ...hashPolicies(hashes, settings),
    ...mirrorsOf(rule, port, services, settings),
  };
}

/** Copies keep the host of the original. */
function mirrorsOf(
  { mirrors = [], at }: HttpRule,
  port: number,
  services: Destinations,
  settings: Settings,
): Partial<ForwardAction> {
  if (mirrors.length === 0) return {};
  settings.explicit('mirrors', { at });
  return {
    mirrors: mirrors.map(({ destination, share }) => ({
      cluster: destinationCluster(destination, port, services),
      clusterHeader: '',
      fraction: share,
      keepsHost: true,
      hostRewrite: '',
      requestHeaders: [],
    })),
  };
}

/** A retry of a hashed request may go to the same host again. */
function retryFor(
  retry: RetryPolicyConfig | null,
  hashes: readonly (ConsistentHash | undefined)[],
): RetryPolicyConfig | null {
  const isHashed = hashes.length === 1 && (hashes[0]?.key ?? null) !== null;
  return retry !== null && isHashed ? { ...retry, hostPredicates: [] } : retry;
}

function hashOf(
  destination: Destination,
  listenerPort: number,
  services: Destinations,
): ConsistentHash | undefined {
  const host = services.hostOf(destination.host.value);
  const port = destination.port?.value ?? listenerPort;
  return services.hashOf(host, port, destination.subset?.value ?? '');
}

function forward(
  clusters: readonly WeightedCluster[],
  timeoutMs: Placed<number> | undefined,
  retry: RetryPolicyConfig | null,
  settings: Settings,
): ForwardAction {
  const { priority, clusterNotFoundStatus } = ENVOY.route;
  return {
    kind: 'forward',
    clusters,
    timeoutMs: settings.take('timeoutMs', timeoutMs, ISTIO.product, ISTIO.route.timeoutMs),
    maxGrpcTimeoutMs: settings.take(
      'maxGrpcTimeoutMs',
      timeoutMs,
      ISTIO.product,
      ISTIO.route.maxGrpcTimeoutMs,
    ),
    retry,
    priority: settings.fallBack('priority', ENVOY.product, priority),
    clusterNotFoundStatus: settings.fallBack(
      'clusterNotFoundStatus',
      ENVOY.product,
      clusterNotFoundStatus,
    ),
  };
}

/** A single destination's weight does not matter, not even 0. */
function weightedClusters(
  destinations: readonly Destination[],
  port: number,
  services: Destinations,
  settings: Settings,
): WeightedCluster[] {
  const [only, second] = destinations;
  if (only !== undefined && second === undefined) {
    return [{ cluster: destinationCluster(only, port, services), weight: 1 }];
  }
  const clusters: WeightedCluster[] = [];
  for (const destination of destinations) {
    const weight = destination.weight?.value ?? 0;
    if (weight === 0 || destination.weight === undefined) continue;
    settings.explicit(`clusters.${clusters.length}.weight`, destination.weight);
    const cluster = destinationCluster(destination, port, services);
    clusters.push({ cluster, weight, ...clusterChanges(destination.headers) });
  }
  return clusters;
}

/** Without a port, a sidecar takes the port that the client called. */
function destinationCluster(
  destination: Destination,
  listenerPort: number,
  services: Destinations,
): string {
  const host = services.hostOf(destination.host.value);
  const port = destination.port?.value ?? listenerPort;
  return clusterName(port, destination.subset?.value ?? '', host);
}

/** `outbound|port|subset|host` */
export function clusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** What a service gets that no VirtualService is for. */
export function defaultRoute(host: string, port: number, services: Destinations): RouteConfig {
  const settings = new Settings();
  const hashes = [services.hashOf(host, port, '')];
  const clusters = [{ cluster: clusterName(port, '', host), weight: 1 }];
  const retry = outboundRetry(undefined, settings);
  const action = {
    ...forward(clusters, undefined, retry, settings),
    ...hashPolicies(hashes, settings),
  };
  return { name: 'default', match: toMatch(undefined), action, origins: settings.origins };
}

/** Of requests to the application behind a sidecar. */
export function inboundRoute(cluster: string): RouteConfig {
  const settings = new Settings();
  const retry = inboundRetry(settings);
  const action = forward([{ cluster, weight: 1 }], undefined, retry, settings);
  const match = toMatch(undefined);
  return { name: 'default', match, action, origins: settings.origins };
}

/** undefined when nothing would ever be injected. */
function faultConfig(given: FaultSettings, settings: Settings): FaultConfig | undefined {
  if (given.delay !== undefined) settings.explicit('fault.delay', given.delay);
  if (given.abort !== undefined) settings.explicit('fault.abort', given.abort);
  if (given.delay === undefined && given.abort === undefined) return undefined;
  const { maxActiveFaults } = ENVOY.fault;
  return {
    delay: given.delay?.value ?? null,
    abort: given.abort?.value ?? null,
    headers: [],
    upstreamCluster: null,
    maxActiveFaults: settings.fallBack('fault.maxActiveFaults', ENVOY.product, maxActiveFaults),
  };
}
