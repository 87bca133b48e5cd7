/**
 * What mesh files say, read and checked, but not yet resolved for any proxy.
 *
 * Every value that a report may want to trace carries the place where it was given. Names of hosts
 * are already fully qualified. Written by the importers, read by `registry.ts` and `resolve.ts`.
 * Source: config-istio.md §2, 4, 5, 6.
 */

import type { SourcePosition } from '../core/diagnostics.ts';
import type {
  FractionalPercent,
  HeaderMatch,
  PathMatch,
  QueryMatch,
} from '../mesh/config/config.ts';
import type { HashKey, SlowStartConfig } from '../mesh/config/load-balancing.ts';
import type { HeaderMutations, PathRewrite, RedirectAction } from '../mesh/config/rewriting.ts';
import type { LinkerdSettings } from './linkerd/annotations.ts';
import type { Placed } from './message.ts';
import type { AuthorizationPolicy, PeerAuthentication, UpstreamTls } from './security-resources.ts';

export type { Placed } from './message.ts';

export type Labels = Readonly<Record<string, string>>;

/** Everything that a set of files defines. Lists are in the order of precedence, oldest first. */
export interface MeshResources {
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly serviceEntries: readonly ServiceEntry[];
  readonly workloadEntries: readonly WorkloadEntry[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
  readonly services: readonly KubernetesService[];
  readonly workloads: readonly Workload[];
  readonly endpointSlices: readonly EndpointSlice[];
}

/** Identity of an object. */
export interface ObjectMeta {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Milliseconds since 1970; 0 when absent. */
  readonly createdMs: number;
  /** Of its name. */
  readonly at: SourcePosition;
}

/** Which namespaces see an object: `*` all, `~` none, otherwise names. Never empty. */
export type ExportTo = readonly string[];

export interface VirtualService {
  readonly meta: ObjectMeta;
  /** Fully qualified; may start with `*`. */
  readonly hosts: readonly Placed<string>[];
  /** Whether sidecars use it; otherwise it is for gateways only. */
  readonly appliesToMesh: boolean;
  readonly exportTo: ExportTo;
  readonly http: readonly HttpRule[];
}

/** One entry of `http`. */
export interface HttpRule {
  readonly name: string;
  readonly at: SourcePosition;
  /** Alternatives; empty = everything. */
  readonly matches: readonly HttpMatch[];
  /** Empty when `directResponse` is given. */
  readonly destinations: readonly Destination[];
  readonly directResponse: DirectResponse | null;
  readonly redirect?: RedirectSettings;
  readonly rewrite?: RewriteSettings;
  readonly headers?: HeaderOperations;
  readonly timeoutMs?: Placed<number>;
  readonly retries?: RetrySettings;
  readonly fault?: FaultSettings;
  /** Where copies go, each drawn by itself; absent = nowhere. */
  readonly mirrors?: readonly {
    readonly destination: Destination;
    readonly share: FractionalPercent;
  }[];
}

export interface HttpMatch {
  readonly name: string;
  readonly at: SourcePosition;
  /** null = every path. */
  readonly path: PathMatch | null;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  /** 0 = any. */
  readonly port: number;
  /** When not empty, it alone decides about the context. */
  readonly gateways: readonly string[];
  readonly sourceLabels: Labels;
  /** '' = any. */
  readonly sourceNamespace: string;
}

export interface Destination {
  /** Fully qualified. */
  readonly host: Placed<string>;
  readonly subset?: Placed<string>;
  readonly port?: Placed<number>;
  readonly weight?: Placed<number>;
  readonly headers?: HeaderOperations;
  readonly at: SourcePosition;
}

export interface DirectResponse {
  readonly status: number;
  readonly body: string;
}

export interface RewriteSettings {
  readonly at: SourcePosition;
  readonly path?: PathRewrite;
  readonly authority?: string;
}

export interface RedirectSettings extends Omit<RedirectAction, 'kind' | 'port' | 'stripsQuery'> {
  readonly at: SourcePosition;
  /** 0 = the request's; `listener` = the one that the client called. */
  readonly port: number | 'listener';
}

export interface HeaderOperations {
  readonly at: SourcePosition;
  readonly request?: HeaderMutations;
  readonly response?: HeaderMutations;
  /** Another Host header. */
  readonly host?: string;
}

export interface RetrySettings {
  readonly at: SourcePosition;
  /** 0 = retries are switched off. */
  readonly attempts: Placed<number>;
  readonly perTryTimeoutMs?: Placed<number>;
  /** Conditions and statuses as given; absent = the default conditions. */
  readonly retryOn?: Placed<{
    readonly conditions: readonly string[];
    readonly statuses: readonly number[];
  }>;
  readonly backoffMs?: Placed<number>;
  readonly ignorePreviousHosts?: Placed<boolean>;
}

export interface FaultSettings {
  readonly delay?: Placed<{
    readonly fixedDelayMs: number;
    readonly percentage: FractionalPercent;
  }>;
  readonly abort?: Placed<{
    readonly httpStatus: number | null;
    readonly grpcStatus: number | null;
    readonly percentage: FractionalPercent;
  }>;
}

export interface DestinationRule {
  readonly meta: ObjectMeta;
  /** Fully qualified; may start with `*`. */
  readonly host: Placed<string>;
  readonly exportTo: ExportTo;
  /** As written; rules merge only when these agree. */
  readonly declaredExportTo: readonly string[];
  readonly policy?: TrafficPolicy;
  readonly subsets: readonly Subset[];
}

export interface Subset {
  readonly name: Placed<string>;
  readonly labels: Labels;
  readonly policy?: TrafficPolicy;
}

/** The blocks of a policy; a block that is given replaces the inherited one whole. */
export interface PolicyBlocks {
  readonly loadBalancer?: Placed<LoadBalancerSettings>;
  /** Part of `loadBalancer`, and replaced with it. */
  readonly locality?: LocalitySettings;
  readonly connectionPool?: ConnectionPoolSettings;
  readonly outlierDetection?: OutlierSettings;
  readonly retryBudget?: RetryBudgetSettings;
  /** Absent = automatic. */
  readonly tls?: UpstreamTls;
}

export interface TrafficPolicy extends PolicyBlocks {
  readonly at: SourcePosition;
  /** By service port. */
  readonly ports: ReadonlyMap<number, PolicyBlocks>;
}

/** Lists are empty where not given. Localities are patterns `region/zone/subzone`. */
export interface LocalitySettings {
  readonly at: SourcePosition;
  readonly isEnabled: boolean;
  readonly distribute: readonly {
    readonly from: string;
    /** Weights 1..100, 100 in all. */
    readonly to: readonly { readonly pattern: string; readonly weight: number }[];
  }[];
  /** Regions. */
  readonly failover: readonly { readonly from: string; readonly to: string }[];
  /** `label` or `label=value`. */
  readonly failoverPriority: readonly string[];
}

export interface LoadBalancerSettings {
  /** Without effect where there is `hashing`. */
  readonly name: 'LEAST_REQUEST' | 'ROUND_ROBIN' | 'RANDOM';
  readonly hashing?: ConsistentHash;
  readonly slowStart?: Placed<SlowStartConfig>;
}

export interface ConsistentHash {
  readonly at: SourcePosition;
  /** null = requests have no key. */
  readonly key: HashKey | null;
  readonly algorithm:
    | { readonly kind: 'ring-hash'; readonly minimumRingSize?: number }
    | { readonly kind: 'maglev'; readonly tableSize?: number };
}

/** Numbers above 0; what was given as 0 is absent, except `tcpIdleTimeoutMs`. */
export interface ConnectionPoolSettings {
  readonly maxConnections?: Placed<number>;
  readonly connectTimeoutMs?: Placed<number>;
  readonly maxConnectionDurationMs?: Placed<number>;
  readonly tcpIdleTimeoutMs?: Placed<number>;
  readonly maxPendingRequests?: Placed<number>;
  readonly maxRequests?: Placed<number>;
  readonly maxRequestsPerConnection?: Placed<number>;
  readonly maxRetries?: Placed<number>;
  readonly httpIdleTimeoutMs?: Placed<number>;
}

export interface OutlierSettings {
  readonly at: SourcePosition;
  readonly consecutive5xx?: Placed<number>;
  readonly consecutiveGatewayErrors?: Placed<number>;
  readonly intervalMs?: Placed<number>;
  readonly baseEjectionTimeMs?: Placed<number>;
  /** Above 0. */
  readonly maxEjectionPercent?: Placed<number>;
  /** Above 0. */
  readonly minHealthPercent?: Placed<number>;
  readonly splitExternalLocalOriginErrors?: Placed<boolean>;
  readonly consecutiveLocalOriginFailures?: Placed<number>;
}

export interface RetryBudgetSettings {
  readonly at: SourcePosition;
  readonly percent?: Placed<number>;
  readonly minConcurrency?: Placed<number>;
  readonly intervalMs?: Placed<number>;
}

/** What is spoken on a port, as far as it matters to routing. */
export type AppProtocol = 'http' | 'http2' | 'grpc' | 'https' | 'tls' | 'tcp' | 'udp' | 'unknown';

export interface ServiceEntry {
  readonly meta: ObjectMeta;
  readonly hosts: readonly Placed<string>[];
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly location: 'mesh-external' | 'mesh-internal';
  readonly resolution: 'static' | 'dns';
  readonly endpoints: readonly WorkloadAddress[];
  /** null = no selector. */
  readonly workloadSelector: Labels | null;
  readonly exportTo: ExportTo;
}

export interface ServicePort {
  readonly number: number;
  readonly name: string;
  readonly protocol: AppProtocol;
  /** Number or name of the workload's port; the service port's own number when absent. */
  readonly targetPort: number | string;
}

/** One address where something serves. */
export interface WorkloadAddress {
  /** IP, or a DNS name. */
  readonly address: string;
  /** Port number by the service port's name; others use the target port. */
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Labels;
  /** region/zone/subzone, '' = unknown. */
  readonly locality: string;
  /** 1 or more. */
  readonly weight: number;
  readonly serviceAccount: string;
  readonly at: SourcePosition;
}

export interface WorkloadEntry {
  readonly meta: ObjectMeta;
  readonly workload: WorkloadAddress;
}

export interface KubernetesService {
  readonly meta: ObjectMeta;
  readonly type: 'normal' | 'headless' | 'external-name';
  /** '' unless `type` is `external-name`. */
  readonly externalName: string;
  /** Cluster IPs. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
  /** null = none: endpoints come from slices only. */
  readonly selector: Labels | null;
  readonly exportTo: ExportTo;
  /** What its annotations say to Linkerd; undefined = nothing. */
  readonly linkerd?: LinkerdSettings;
}

/** A Deployment, StatefulSet, DaemonSet, ReplicaSet or Pod. */
export interface Workload {
  readonly meta: ObjectMeta;
  readonly replicas: number;
  /** Of its Pods. */
  readonly podLabels: Labels;
  readonly serviceAccount: string;
  /** Numbers of named container ports. */
  readonly portsByName: Readonly<Record<string, number>>;
  /** Address of a Pod that says it; '' otherwise. */
  readonly podAddress: string;
}

export interface EndpointSlice {
  readonly meta: ObjectMeta;
  /** Name of the service, in the slice's namespace. */
  readonly service: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly hostname: string;
  readonly zone: string;
  /** Name of the Pod, '' = unknown. */
  readonly pod: string;
}
