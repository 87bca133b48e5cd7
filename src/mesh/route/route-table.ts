/**
 * From a request head to the route that handles it.
 *
 * One table per route configuration, compiled once and without state, so engines of the same
 * configuration may share it. It remembers no heads: the engine asks once per shape of head.
 * Source: policy-engine.md §8.1; Envoy, virtual host and route selection.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import type {
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
  WeightedCluster,
} from '../config/config.ts';
import { NO_ORIGINS } from '../config/config.ts';
import { readsConnection } from '../config/header-commands.ts';
import { compileRetryRules, type RetryRules } from '../policy/retry.ts';
import { DescriptorRules } from './descriptors.ts';
import {
  compileGuard,
  compileHeaderMatch,
  compileRouteMatch,
  type HeadPredicate,
  type RequestPredicate,
} from './match.ts';
import { RequestHash } from './request-hash.ts';
import { RouteEdits } from './route-edits.ts';
import { TrafficSplit } from './traffic-split.ts';

/** A route with what its requests need, computed once. */
export interface CompiledRoute {
  /** Unique in its table, 0 … routeCount − 1, in the order of the configuration. */
  readonly index: number;
  readonly config: RouteConfig;
  readonly virtualHost: VirtualHostConfig;
  /** null when it forwards to one cluster or to none. */
  readonly split: TrafficSplit | null;
  /** null = no retry policy. */
  readonly retry: RetryRules | null;
  /** null = its requests have no descriptors for rate limits. */
  readonly descriptors: DescriptorRules | null;
  /** null = no hash policy. */
  readonly hash: RequestHash | null;
  /** null = requests and responses pass as they are. */
  readonly edits: RouteEdits | null;
  /** By cluster of the split, where clusters differ in more than their weight; null = they do not. */
  readonly variants: readonly RouteVariant[] | null;
}

/** What a cluster of a split adds to its route. */
export interface RouteVariant {
  readonly cluster: WeightedCluster;
  readonly edits: RouteEdits | null;
}

interface Candidate {
  readonly matches: RequestPredicate;
  readonly route: CompiledRoute;
  /** Decides before anything else; null = nothing does. */
  readonly guard: HeadPredicate | null;
}

interface CompiledVirtualHost {
  readonly routes: readonly Candidate[];
  /** Where plain requests go in place of any route; null = they are served. */
  readonly tlsRedirect: { readonly isForAll: boolean; readonly route: CompiledRoute } | null;
}

interface Wildcard {
  /** The domain without its `*`. */
  readonly text: string;
  readonly host: CompiledVirtualHost;
}

/** Virtual hosts by domain, each with its routes in order. */
export class RouteTable {
  readonly routeCount: number;
  /** Whether some route takes only a share of its requests: then `find` needs a draw. */
  readonly hasFractions: boolean;
  /** Whether equal heads may have different routes: then `find` is asked for each request. */
  readonly isPerRequest: boolean;
  private readonly hostHeader: string | null;
  private readonly ignoresPort: boolean;
  private readonly exact = new Map<string, CompiledVirtualHost>();
  /** `*.a.b`, longest first. */
  private readonly suffixes: Wildcard[] = [];
  /** `a.*`, longest first. */
  private readonly prefixes: Wildcard[] = [];
  private fallback: CompiledVirtualHost | null = null;

  constructor(config: RouteTableConfig) {
    this.ignoresPort = config.ignorePortInHostMatching;
    let routeCount = 0;
    for (const virtualHost of config.virtualHosts) {
      const host = compileVirtualHost(config, virtualHost, routeCount);
      routeCount += virtualHost.routes.length + (host.tlsRedirect === null ? 0 : 1);
      for (const domain of virtualHost.domains) this.addDomain(domain.toLowerCase(), host);
    }
    this.routeCount = routeCount;
    this.hasFractions = config.virtualHosts.some((host) =>
      host.routes.some(({ match }) => match.fraction !== undefined),
    );
    this.hostHeader = config.hostHeader ?? null;
    this.isPerRequest =
      this.hasFractions ||
      levelsOf(config).some(editsReadConnection) ||
      config.virtualHosts.some((host) => host.routes.some(({ match }) => match.tls !== undefined));
    this.suffixes.sort(longestFirst);
    this.prefixes.sort(longestFirst);
  }

  /**
   * The first matching route of the best virtual host.
   *
   * @param draw 0 … 2^31 − 1, the request's; the same for all shares it is compared with
   * @param peer of the connection; null = nobody asks about it
   * @returns null when no virtual host takes the authority or none of its routes matches
   */
  find(head: Head, draw = 0, peer: PeerFacts | null = null): CompiledRoute | null {
    const name = this.hostHeader === null ? head.authority : head.get(this.hostHeader);
    const host = name === undefined ? null : this.virtualHostOf(name);
    if (host === null) return null;
    const { tlsRedirect, routes } = host;
    if (tlsRedirect !== null && isSentToTls(head, tlsRedirect.isForAll)) return tlsRedirect.route;
    for (const { guard, matches, route } of routes) {
      if (guard !== null && !guard(head)) continue;
      if (isDrawn(route, draw) && matches(head, peer)) return route;
      if (guard !== null) return null;
    }
    return null;
  }

  private virtualHostOf(authority: string): CompiledVirtualHost | null {
    const name = (this.ignoresPort ? withoutPort(authority) : authority).toLowerCase();
    return (
      this.exact.get(name) ??
      this.suffixes.find(({ text }) => name.length > text.length && name.endsWith(text))?.host ??
      this.prefixes.find(({ text }) => name.length > text.length && name.startsWith(text))?.host ??
      this.fallback
    );
  }

  /** Of two virtual hosts with one domain the first keeps it; importers report the second. */
  private addDomain(domain: string, host: CompiledVirtualHost): void {
    if (domain === '*') this.fallback ??= host;
    else if (domain.startsWith('*')) this.suffixes.push({ text: domain.slice(1), host });
    else if (domain.endsWith('*')) this.prefixes.push({ text: domain.slice(0, -1), host });
    else if (!this.exact.has(domain)) this.exact.set(domain, host);
  }
}

function isDrawn({ config }: CompiledRoute, draw: number): boolean {
  const { fraction } = config.match;
  return fraction === undefined || draw % fraction.denominator < fraction.numerator;
}

/** Requests from inside may be exempt. */
function isSentToTls(head: Head, isForAll: boolean): boolean {
  if (head.get('x-forwarded-proto') === 'https') return false;
  return isForAll || head.get('x-envoy-internal') !== 'true';
}

/** Where a virtual host that wants TLS sends requests in plain text. */
const NO_CHANGES = { remove: [], add: [] };
const UNCHANGED = { requestHeaders: NO_CHANGES, responseHeaders: NO_CHANGES };
const TO_TLS: RouteConfig = {
  name: '',
  match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
  action: {
    kind: 'redirect',
    status: 301,
    scheme: 'https',
    host: '',
    port: 0,
    path: null,
    stripsQuery: false,
  },
  origins: NO_ORIGINS,
};

type Level = Pick<RouteConfig, 'requestHeaders' | 'responseHeaders'>;

/** Everything that may change headers. */
function levelsOf(table: RouteTableConfig): Level[] {
  const routes = table.virtualHosts.flatMap((host) => host.routes);
  const clusters = routes.flatMap(({ action }) =>
    action.kind === 'forward' ? action.clusters : [],
  );
  return [table, ...table.virtualHosts, ...routes, ...clusters];
}

function editsReadConnection({ requestHeaders, responseHeaders }: Level): boolean {
  const additions = [...(requestHeaders?.add ?? []), ...(responseHeaders?.add ?? [])];
  return additions.some(({ value }) => readsConnection(value));
}

function compileVirtualHost(
  table: RouteTableConfig,
  virtualHost: VirtualHostConfig,
  first: number,
): CompiledVirtualHost {
  const routes = virtualHost.routes.map((config, i) => ({
    matches: compileRouteMatch(config.match, table.ignoresPathParameters === true),
    route: compileRoute(config, virtualHost, table, first + i),
    guard: config.match.guard === undefined ? null : compileGuard(config.match.guard),
  }));
  const { requiresTls } = virtualHost;
  if (requiresTls === undefined) return { routes, tlsRedirect: null };
  // Nobody changes the headers of this answer.
  const host = { ...virtualHost, ...UNCHANGED };
  const bare = { ...table, ...UNCHANGED };
  const route = compileRoute(TO_TLS, host, bare, first + routes.length);
  return { routes, tlsRedirect: { isForAll: requiresTls === 'all', route } };
}

function compileRoute(
  config: RouteConfig,
  virtualHost: VirtualHostConfig,
  table: RouteTableConfig,
  index: number,
): CompiledRoute {
  const { action } = config;
  const editsWith = (cluster: WeightedCluster | null) =>
    RouteEdits.of({ cluster, route: config, virtualHost, table });
  const route = { index, config, virtualHost };
  if (action.kind !== 'forward') {
    const edits = editsWith(null);
    const nothing = { split: null, retry: null, hash: null, variants: null, descriptors: null };
    return { ...route, edits, ...nothing };
  }
  const [first = null] = action.clusters;
  const edits = editsWith(action.clusters.length === 1 ? first : null);
  const differ = action.clusters.length > 1 && action.clusters.some(hasOwnSettings);
  const variants = differ
    ? action.clusters.map((cluster) => ({ cluster, edits: editsWith(cluster) }))
    : null;
  const split = action.clusters.length > 1 ? new TrafficSplit(action.clusters) : null;
  const retry = action.retry === null ? null : compileRetryRules(action.retry, compileHeaderMatch);
  const { hashPolicy = [] } = action;
  const hash = hashPolicy.length === 0 ? null : new RequestHash(hashPolicy);
  const { rateLimits = [] } = action;
  const descriptors = rateLimits.length === 0 ? null : new DescriptorRules(rateLimits);
  return { ...route, edits, split, retry, hash, variants, descriptors };
}

function hasOwnSettings(cluster: WeightedCluster): boolean {
  return Object.keys(cluster).some((key) => key !== 'cluster' && key !== 'weight');
}

/** Stable: equal lengths keep their order, so the earlier domain wins. */
function longestFirst(a: Wildcard, b: Wildcard): number {
  return b.text.length - a.text.length;
}

const PORT = /:\d+$/;

/** `[::1]:80` and `host:80` lose their port; a bare IPv6 address has none. */
function withoutPort(authority: string): string {
  const isBareIpv6 =
    !authority.startsWith('[') && authority.indexOf(':') !== authority.lastIndexOf(':');
  return isBareIpv6 ? authority : authority.replace(PORT, '');
}
