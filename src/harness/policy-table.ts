/**
 * Reads the policy table out of resolved configurations: every value that has an origin, by edge.
 *
 * Whatever an importer notes the origin of appears here by itself; nothing is listed by hand but the
 * few names that read badly, and what is counted per proxy.
 */
import type { EdgePolicy, PolicySetting } from '../core/policy-table.ts';
import { MILLISECOND } from '../core/time.ts';
import { formatDuration } from '../core/units.ts';
import type { ClusterConfig, MeshConfig, RouteConfig } from '../mesh/config/config.ts';
import type { Origin } from '../mesh/config/origin.ts';
import type { BuiltWorld } from './build.ts';
import { originText } from './route-origin.ts';

const UINT32_MAX = 0xffffffff;

/** The edges of a scenario's world, in the order of its summary. */
export function policyOfWorld(built: BuiltWorld): EdgePolicy[] {
  const { plan } = built.recorder;
  const callers = callersByEdge(built);
  return plan.edges.flatMap(({ from, to }, edge) => {
    const caller = callers[edge];
    if (caller === undefined) return [];
    const { config } = built.proxies[caller.proxy]!;
    const { edgeOfCluster } = plan.proxies[caller.proxy]!;
    const held = config.clusters.filter((cluster) => edgeOfCluster[cluster.id] === edge);
    return held.flatMap((cluster) => {
      const routes = routesTo(config, cluster.name);
      if (routes.length === 0) return [];
      return [edgePolicy({ from, to, cluster, routes, proxies: caller.count })];
    });
  });
}

/** Of each edge one proxy that is on it, and how many are. */
function callersByEdge({ recorder }: BuiltWorld) {
  const callers: { readonly proxy: number; count: number }[] = [];
  recorder.plan.proxies.forEach(({ edgeOfCluster }, proxy) => {
    for (const edge of new Set(edgeOfCluster)) {
      if (edge < 0) continue;
      const known = callers[edge];
      if (known === undefined) callers[edge] = { proxy, count: 1 };
      else known.count++;
    }
  });
  return callers;
}

/** Every destination of one proxy that a route or a TCP proxy leads to. @param from whose proxy it is */
export function policyOfProxy(config: MeshConfig, from: string): EdgePolicy[] {
  const ofTcp = new Set(
    config.listeners.flatMap(({ tcp }) => tcp?.clusters.map(({ cluster }) => cluster) ?? []),
  );
  return config.clusters.flatMap((cluster) => {
    const routes = routesTo(config, cluster.name);
    if (routes.length === 0 && !ofTcp.has(cluster.name)) return [];
    if (cluster.name.startsWith('inbound')) return [];
    return [edgePolicy({ from, to: cluster.service.host, cluster, routes, proxies: 1 })];
  });
}

function routesTo(config: MeshConfig, cluster: string): RouteConfig[] {
  const routes = config.listeners
    .filter((listener) => listener.direction === 'outbound')
    .flatMap((listener) => listener.routes.virtualHosts.flatMap((host) => host.routes))
    .filter(({ action }) => {
      return action.kind === 'forward' && action.clusters.some((item) => item.cluster === cluster);
    });
  return [...new Set(routes)];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly cluster: ClusterConfig;
  readonly routes: readonly RouteConfig[];
  readonly proxies: number;
}

function edgePolicy({ from, to, cluster, routes, proxies }: Edge): EdgePolicy {
  const routeSettings = routes.flatMap((route, index) => {
    const prefix = routes.length === 1 ? 'route' : `route ${route.name || index + 1}`;
    const settings = settingsOf(prefix, route.action, route.origins, proxies);
    return [...shareOf(prefix, route, cluster.name), ...settings];
  });
  const own = settingsOf('cluster', cluster, cluster.origins, proxies);
  const settings = [...routeSettings, ...own, ...absent(cluster)];
  return { from, to, subset: cluster.service.subset, proxies, settings };
}

/** Of a traffic split: how much of it this cluster is given. */
function shareOf(prefix: string, { action, origins }: RouteConfig, cluster: string) {
  if (action.kind !== 'forward' || action.clusters.length < 2) return [];
  const at = action.clusters.findIndex((item) => item.cluster === cluster);
  const total = action.clusters.reduce((sum, { weight }) => sum + weight, 0);
  const path = `clusters.${at}.weight`;
  const origin = origins.get(path);
  if (origin === undefined) return [];
  const setting: PolicySetting = {
    path: `${prefix}.weight`,
    name: nameOf(prefix, 'weight'),
    value: `${action.clusters[at]?.weight ?? 0} of ${total}`,
    isExplicit: origin.kind === 'explicit',
    origin: originText(origin),
    inAll: '',
  };
  return [setting];
}

/** Outlier detection that nobody asked for has no origin. */
function absent(cluster: ClusterConfig): PolicySetting[] {
  if (cluster.outlier !== null) return [];
  const path = 'cluster.outlier';
  const origin = 'off unless given';
  return [{ path, name: 'outlier detection', value: 'off', isExplicit: false, origin, inAll: '' }];
}

function settingsOf(
  prefix: string,
  config: object,
  origins: ReadonlyMap<string, Origin>,
  proxies: number,
): PolicySetting[] {
  const paths = [...origins.keys()];
  return paths.flatMap((path): PolicySetting[] => {
    const isGroup = paths.some((other) => other.startsWith(`${path}.`));
    const value = valueAt(config, path);
    if (value === undefined || (isGroup && value !== null) || /^clusters\b/.test(path)) return [];
    const origin = origins.get(path)!;
    return [
      {
        path: `${prefix}.${path}`,
        name: nameOf(prefix, path),
        value: valueText(path, value),
        isExplicit: origin.kind === 'explicit',
        origin: originText(origin),
        inAll: inAllText(path, value, proxies),
      },
    ];
  });
}

function valueAt(config: object, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Groups whose name says nothing that the setting's own does not say. */
const SILENT = ['circuitBreakers', 'default', 'retry'];

/** Names that the rule below would spell badly. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['lb', 'load balancer'],
  ['retry', 'retries'],
  ['retry.numRetries', 'retries'],
  ['retry.perTryTimeoutMs', 'per-try timeout'],
  ['retry.perTryIdleTimeoutMs', 'per-try idle timeout'],
  ['outlier', 'outlier detection'],
]);

/** `outlier.maxEjectionPercent` → `outlier max ejection`: the unit stands with the value. */
function nameOf(prefix: string, path: string): string {
  const words = path
    .split('.')
    .filter((part) => !SILENT.includes(part))
    .map((part) => part.replace(/(Ms|Percent|Bytes)$/, ''))
    .join(' ')
    .replace(/([a-z])([A-Z0-9])/g, '$1 $2')
    .toLowerCase();
  const name = NAMES.get(path) ?? words;
  return prefix === 'route' || prefix === 'cluster' ? name : `${prefix}: ${name}`;
}

/** Settings for which 0 means that there is no limit, or that it does not act. */
const UNLIMITED_AT_0 = /(?:^timeoutMs|maxRequestsPerConnection|maxConnectionDurationMs)$/;
const OFF_AT_0 = /(?:TimeoutMs|Percent|WindowMs|JitterMs)$/;

function valueText(path: string, value: unknown): string {
  if (value === null) return 'off';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value === 'object') {
    const { kind } = value as { readonly kind?: unknown };
    return typeof kind === 'string' ? kind : JSON.stringify(value);
  }
  if (typeof value !== 'number') return String(value);
  if (value >= UINT32_MAX || (value === 0 && UNLIMITED_AT_0.test(path))) return 'no limit';
  if (value === 0 && OFF_AT_0.test(path)) return 'off';
  if (path.endsWith('Ms')) return formatDuration(value * MILLISECOND);
  return path.toLowerCase().endsWith('percent') ? `${value} %` : grouped(value);
}

/** Counted by every proxy for itself. */
const PER_PROXY = /^circuitBreakers\.\w+\.(?:max\w+|retryBudget\.minConcurrency)$/;

function inAllText(path: string, value: unknown, proxies: number): string {
  if (!PER_PROXY.test(path) || typeof value !== 'number' || value >= UINT32_MAX) return '';
  if (proxies === 1) return `${grouped(value)} per proxy`;
  const total = grouped(value * proxies);
  return `${grouped(value)} per proxy × ${grouped(proxies)} proxies = ${total} in all`;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
