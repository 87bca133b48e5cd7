/** What both sides are brought to before they are compared, in this project's own words. */
import type {
  ClusterConfig,
  FaultConfig,
  ForwardAction,
  PathMatch,
  RouteAction,
  RouteConfig,
  ValueMatch,
} from '../../../src/mesh/config/config.ts';
import type { HeaderMutations } from '../../../src/mesh/config/rewriting.ts';
import type { MtlsMode, RbacConfig } from '../../../src/mesh/config/security.ts';

export interface ComparableEndpoint {
  readonly address: string;
  readonly locality: string;
  readonly weight: number;
  readonly priority: number;
  readonly health: string;
}

export interface ComparableCluster
  extends Pick<
    ClusterConfig,
    | 'connectTimeoutMs'
    | 'outlier'
    | 'maxRequestsPerConnection'
    | 'idleTimeoutMs'
    | 'maxConnectionDurationMs'
  > {
  /** '' where the address called decides. */
  readonly lb: string;
  /** What a hashing or warming balancer has besides its kind. */
  readonly lbDetails: Readonly<Record<string, unknown>>;
  readonly limits: ClusterConfig['circuitBreakers']['default'];
  /** null for clusters that are not asked (inbound). */
  readonly panicThresholdPercent: number | null;
  /** Sorted by address; null where the address called decides. */
  readonly endpoints: readonly ComparableEndpoint[] | null;
}

export interface ComparableHeader {
  readonly name: string;
  readonly value: ValueMatch;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface ComparableRoute {
  readonly name: string;
  readonly path: PathMatch;
  /** Sorted. */
  readonly headers: readonly ComparableHeader[];
  readonly query: RouteConfig['match']['query'];
  readonly action: RouteAction | (Omit<ForwardAction, 'clusterNotFoundStatus'> & object);
  readonly fault: FaultConfig | null;
  readonly requestHeaders: HeaderMutations;
  readonly responseHeaders: HeaderMutations;
}

export interface ComparableHost {
  /** Sorted. */
  readonly domains: readonly string[];
  readonly routes: readonly ComparableRoute[];
}

export interface ComparableInbound {
  readonly mtls: MtlsMode;
  readonly access: readonly RbacConfig[];
  readonly routes: readonly ComparableRoute[];
}

export interface Comparable {
  /** By port. */
  readonly outbound: Readonly<Record<string, { readonly streamIdleTimeoutMs: number }>>;
  /** By `port/name`. */
  readonly virtualHosts: Readonly<Record<string, ComparableHost>>;
  readonly inbound: Readonly<Record<string, ComparableInbound>>;
  readonly clusters: Readonly<Record<string, ComparableCluster>>;
  /** Of istiod's answer: what the comparison does not know. */
  readonly unknown: readonly string[];
}

/** One line per value that differs: `path: istiod … , here …`. */
export function differences(istiod: unknown, here: unknown, path = ''): readonly string[] {
  if (Object.is(istiod, here)) return [];
  const isDeep = [istiod, here].every((value) => typeof value === 'object' && value !== null);
  if (!isDeep) return [`${path}: istiod ${text(istiod)}, here ${text(here)}`];
  const left = istiod as Readonly<Record<string, unknown>>;
  const right = here as Readonly<Record<string, unknown>>;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return keys.flatMap((key) =>
    differences(left[key], right[key], path === '' ? key : `${path} › ${key}`),
  );
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
