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
  Destination,
  FaultSettings,
  HttpMatch,
  HttpRule,
  Labels,
  Placed,
  VirtualService,
} from '../mesh-resources.ts';
import { inboundRetry, outboundRetry } from './retries.ts';
import { Settings } from './settings.ts';

/** Who asks: what `sourceLabels` and `sourceNamespace` are compared with. */
export interface ClientContext {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Replaces a destination's host by the service that it is only another name for. */
export type HostResolver = (host: string) => string;

const EVERYTHING: PathMatch = { kind: 'prefix', value: '/', ignoreCase: false };

/** Routes in order; none when no entry is for this client and port. */
export function routesFor(
  service: VirtualService,
  client: ClientContext,
  port: number,
  resolveHost: HostResolver,
): RouteConfig[] {
  const routes: RouteConfig[] = [];
  for (const rule of service.http) {
    const action = (): Omit<RouteConfig, 'name' | 'match'> => toAction(rule, port, resolveHost);
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
  resolveHost: HostResolver,
): Omit<RouteConfig, 'name' | 'match'> {
  const settings = new Settings();
  const action = routeAction(rule, port, resolveHost, settings);
  const fault = rule.fault === undefined ? undefined : faultConfig(rule.fault, settings);
  const origins = settings.origins;
  return fault === undefined ? { action, origins } : { action, fault, origins };
}

function routeAction(
  rule: HttpRule,
  port: number,
  resolveHost: HostResolver,
  settings: Settings,
): RouteAction {
  if (rule.directResponse !== null) {
    settings.explicit('status', rule);
    return { kind: 'direct-response', ...rule.directResponse };
  }
  settings.explicit('clusters', rule);
  const clusters = weightedClusters(rule.destinations, port, resolveHost, settings);
  return forward(clusters, rule.timeoutMs, outboundRetry(rule.retries, settings), settings);
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
  resolveHost: HostResolver,
  settings: Settings,
): WeightedCluster[] {
  const [only, second] = destinations;
  if (only !== undefined && second === undefined) {
    return [{ cluster: destinationCluster(only, port, resolveHost), weight: 1 }];
  }
  const clusters: WeightedCluster[] = [];
  for (const destination of destinations) {
    const weight = destination.weight?.value ?? 0;
    if (weight === 0 || destination.weight === undefined) continue;
    settings.explicit(`clusters.${clusters.length}.weight`, destination.weight);
    clusters.push({ cluster: destinationCluster(destination, port, resolveHost), weight });
  }
  return clusters;
}

/** Without a port, a sidecar takes the port that the client called. */
function destinationCluster(
  destination: Destination,
  listenerPort: number,
  resolveHost: HostResolver,
): string {
  const host = resolveHost(destination.host.value);
  const port = destination.port?.value ?? listenerPort;
  return clusterName(port, destination.subset?.value ?? '', host);
}

/** `outbound|port|subset|host` */
export function clusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** What a service gets that no VirtualService is for. */
export function defaultRoute(host: string, port: number): RouteConfig {
  const settings = new Settings();
  const clusters = [{ cluster: clusterName(port, '', host), weight: 1 }];
  const action = forward(clusters, undefined, outboundRetry(undefined, settings), settings);
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
