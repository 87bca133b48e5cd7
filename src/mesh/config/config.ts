/**
 * ProxyConfig with policy: all that one proxy was told, resolved, immutable and complete.
 *
 * Importers write it (`importers/resolve.ts`), the engine reads it; the engine never parses and
 * never fills a default in. Numbers carry their unit in the name; 0 means "off" exactly where the
 * comment says so. The vocabulary is Envoy's.
 * Source: policy-engine.md §1–4, 6–9; Envoy v3 API.
 */
import type {
  ClusterPlan,
  HeaderList,
  LbMetadata,
  ListenerPlan,
  ProxyConfig,
  TlsPlan,
} from '../../core/engine.ts';
import type { CodecConfig, EdgeConfig } from './edge.ts';
import type { ErrorMatch } from './error-match.ts';
import type {
  AdaptiveConcurrencyConfig,
  AdmissionControlConfig,
  BufferConfig,
  HealthFilterConfig,
  LocalRateLimitConfig,
  RateLimitConfig,
} from './filters.ts';
import type { HealthCheckConfig } from './health-check.ts';
import type { InternalRedirectConfig } from './internal-redirect.ts';
import type { BalancerQueueConfig, FailureAccrualConfig, RetryTokensConfig } from './linkerd.ts';
import type {
  HashPolicy,
  LoadBalancerConfig,
  SubsetConfig,
  ZoneRoutingConfig,
} from './load-balancing.ts';
import type { LocalReplyConfig, ReplyFormat } from './local-replies.ts';
import type { Origin } from './origin.ts';
import type { OutlierConfig } from './outlier.ts';
import type { OverloadConfig } from './overload.ts';
import type { RateLimitActions } from './rate-limits.ts';
import type { RetryPolicyConfig, RouterOptions } from './retrying.ts';
import type { HeaderMutations, HostRewrite, PathRewrite, RedirectAction } from './rewriting.ts';
import type { HeaderMatch, RouteMatch } from './route-match.ts';
import type { MtlsConfig, RbacConfig } from './security.ts';
import type { TcpProxyConfig } from './tcp-proxy.ts';

export type {
  AdaptiveConcurrencyConfig,
  AdmissionControlConfig,
  BufferConfig,
  HealthFilterConfig,
  LimitedDescriptor,
  LocalRateLimitConfig,
  RateLimitConfig,
  TokenBucketConfig,
} from './filters.ts';
export type { HealthCheckConfig, StatusRange } from './health-check.ts';
export type { LoadBalancerConfig } from './load-balancing.ts';
export type { OutlierConfig, OutlierStatistics } from './outlier.ts';
export type { RateLimitActions } from './rate-limits.ts';
export type { RateLimitedBackoff, RetryPolicyConfig, RouterOptions } from './retrying.ts';
export type {
  CookieMatch,
  HeaderMatch,
  PathMatch,
  QueryMatch,
  RouteMatch,
  ValueMatch,
} from './route-match.ts';

/** The engine's configuration of one proxy. */
export interface MeshConfig extends ProxyConfig {
  readonly listeners: readonly ListenerConfig[];
  readonly clusters: readonly ClusterConfig[];
  /** Region/zone/subzone of the proxy; undefined = unknown. */
  readonly locality?: string;
  /** The cluster whose hosts are this proxy and its likes; undefined = zones do not count. */
  readonly localCluster?: string;
  /** undefined = nothing is done about overload. */
  readonly overload?: OverloadConfig;
}

/** A listener with its HTTP connection manager. */
export interface ListenerConfig extends ListenerPlan {
  /** Prefix of its counters: `http.<statPrefix>.`, or `tcp.<statPrefix>.`. */
  readonly statPrefix: string;
  /** In place of its address in `listener.<address>.`; undefined = the address. */
  readonly listenerStatPrefix?: string;
  /** In order of execution; the router comes last and is implied. */
  readonly filters: readonly FilterConfig[];
  readonly routes: RouteTableConfig;
  /** 0 = off. Envoy's default is 5 min, which the importer writes out. */
  readonly streamIdleTimeoutMs: number;
  /** 0 = off. */
  readonly requestTimeoutMs: number;
  /** Whether `x-envoy-*` control headers of the client are honoured (else they are removed). */
  readonly honoursControlHeaders: boolean;
  /** Longest a kept-alive downstream connection may be idle; 0 = off. */
  readonly downstreamIdleTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  /** Whether 1xx responses of upstreams are passed on; Envoy's default is no. */
  readonly forwardsInformational?: boolean;
  /** Which connections it takes; absent = plain text and TLS alike. */
  readonly mtls?: MtlsConfig;
  /** From the first byte of a request to the end of its head; 0 or undefined = off. */
  readonly requestHeadersTimeoutMs?: number;
  /** Between the drain of a downstream connection and its close; undefined = Envoy's 5 s. */
  readonly drainTimeoutMs?: number;
  /** Requests after which a downstream connection is closed; 0 or undefined = unlimited. */
  readonly maxRequestsPerConnection?: number;
  /** Of downstream connections; 0 or undefined = off. */
  readonly maxConnectionDurationMs?: number;
  /** Of one request with its response; 0 or undefined = off. */
  readonly maxStreamDurationMs?: number;
  /** Protocols, lower-case, that a request may upgrade to; undefined = none. */
  readonly upgrades?: readonly string[];
  /** How the client's address is found and trusted; undefined = `honoursControlHeaders` says it. */
  readonly clientTrust?: ClientTrust;
  /** undefined = Envoy's defaults: nothing suppressed, nothing checked. */
  readonly router?: RouterOptions;
  /** Of a request's body, kept for another attempt; undefined = Envoy's 1 MiB. */
  readonly bufferLimitBytes?: number;
  /** Timeouts answer gRPC requests with 4 in place of 14. */
  readonly grpcTimeoutsAreDeadlines?: boolean;
  /** What happens to heads on their way in and out; undefined = nothing. */
  readonly edge?: EdgeConfig;
  /** What its codec takes; undefined = Envoy's defaults. */
  readonly codec?: CodecConfig;
  /** With `protocol` tcp, in place of filters and routes; undefined = it takes requests. */
  readonly tcp?: TcpProxyConfig;
  /** How its own answers are worded; undefined = as Envoy words them. */
  readonly localReplies?: LocalReplyConfig;
}

/** Source: policy-engine.md §0.4; Envoy, HttpConnectionManager.use_remote_address. */
export interface ClientTrust {
  /** The peer's address counts, and is appended to `x-forwarded-for`. */
  readonly usesRemoteAddress: boolean;
  /** Proxies in front of this one whose `x-forwarded-for` entries are believed. */
  readonly trustedHops: number;
  readonly appendsForwardedFor: boolean;
  /** Peers whose control headers are honoured. */
  readonly internalRanges: readonly string[];
}

/** One HTTP filter of a listener. A union that grows by one member per file in `mesh/filters`. */
export type FilterConfig = (
  | { readonly kind: 'fault'; readonly config: FaultConfig | null }
  | { readonly kind: 'rbac'; readonly config: RbacConfig }
  | { readonly kind: 'local-rate-limit'; readonly config: LocalRateLimitConfig }
  | { readonly kind: 'rate-limit'; readonly config: RateLimitConfig }
  | { readonly kind: 'adaptive-concurrency'; readonly config: AdaptiveConcurrencyConfig }
  | { readonly kind: 'admission-control'; readonly config: AdmissionControlConfig }
  | { readonly kind: 'buffer'; readonly config: BufferConfig }
  | { readonly kind: 'health-check'; readonly config: HealthFilterConfig }
) & {
  /** Only routes that configure it have it. */
  readonly isDisabled?: boolean;
};

/** What a route says in place of the listener's configuration of a filter; null = it is off. */
export type RouteFilters = {
  readonly [K in FilterConfig['kind']]?: Extract<FilterConfig, { kind: K }> | null;
};

/** A percentage as Envoy draws it: `numerator` of `denominator`. */
export interface FractionalPercent {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
}

/** HTTP fault filter. Source: policy-engine.md §9.1. */
export interface FaultConfig {
  readonly delay: {
    readonly fixedDelayMs: number;
    readonly percentage: FractionalPercent;
    /** The request's headers say how long. */
    readonly fromHeader?: boolean;
  } | null;
  readonly abort: {
    readonly httpStatus: number | null;
    readonly grpcStatus: number | null;
    readonly percentage: FractionalPercent;
    /** The request's headers say which status. */
    readonly fromHeader?: boolean;
  } | null;
  /** Bodies of responses go down at a steady pace; undefined = as they come. */
  readonly pace?: {
    /** 1024 bytes a second each; null = the request's headers say it. */
    readonly kilobytesPerSecond: number | null;
    readonly percentage: FractionalPercent;
  };
  /** All must match for the filter to act. */
  readonly headers: readonly HeaderMatch[];
  /** Only clients that name one of these in `x-envoy-downstream-service-node`; undefined = all. */
  readonly downstreamNodes?: readonly string[];
  /** Only requests routed to this cluster; null = any. */
  readonly upstreamCluster: string | null;
  /** null = unlimited. */
  readonly maxActiveFaults: number | null;
}

export interface RouteTableConfig {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostConfig[];
  readonly ignorePortInHostMatching: boolean;
  /** Of all requests and responses; undefined = no changes, as on the levels below. */
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
  /** Whether changes of routes come after those of the table; Envoy's default is before. */
  readonly mostSpecificHeaderMutationsWins?: boolean;
  /** The header that chooses the virtual host, lower-case; undefined = the request's host. */
  readonly hostHeader?: string;
  /** What follows a `;` in a path does not count for matches. */
  readonly ignoresPathParameters?: boolean;
}

export interface VirtualHostConfig {
  readonly name: string;
  /** Exact, `*.suffix`, `*-suffix`, `prefix.*`, or `*`. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly includeIsTimeoutRetryHeader: boolean;
  /** Kinds of requests that are counted apart, the first that matches; undefined = none. */
  readonly virtualClusters?: readonly VirtualClusterConfig[];
  /** Plain requests are sent to https: all, or those from outside; undefined = none. */
  readonly requiresTls?: 'all' | 'external';
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
}

/** Requests that are counted under a name of their own. Source: policy-engine.md §12.4. */
export interface VirtualClusterConfig {
  readonly name: string;
  /** All must match. */
  readonly headers: readonly HeaderMatch[];
}

export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteAction;
  /** Replaces the listener's fault filter configuration for this route; undefined = the listener's. */
  readonly fault?: FaultConfig | null;
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
  /** What the route says in place of the listener's configuration of other filters. */
  readonly filters?: RouteFilters;
  /** Its requests are counted under `vhost.<host>.route.<prefix>.`, too; undefined = they are not. */
  readonly statPrefix?: string;
  /** Where each setting of this route came from, by path (`timeoutMs`, `retry.numRetries`). */
  readonly origins: Origins;
}

export type RouteAction = ForwardAction | DirectResponseAction | RedirectAction;

/** Send to a cluster. Source: Envoy RouteAction. */
export interface ForwardAction {
  readonly kind: 'forward';
  /** One (its weight is ignored) or several; weight 0 is never chosen. */
  readonly clusters: readonly WeightedCluster[];
  /** Whole request with all attempts; 0 = no limit. */
  readonly timeoutMs: number;
  /**
   * Lets `grpc-timeout` replace `timeoutMs` for gRPC requests, up to this; 0 = no cap, undefined =
   * the header is not read. Source: Envoy RouteAction.max_grpc_timeout.
   */
  readonly maxGrpcTimeoutMs?: number;
  /** Taken off what a gRPC client asks for, where it is longer than this; undefined = 0. */
  readonly grpcTimeoutOffsetMs?: number;
  readonly retry: RetryPolicyConfig | null;
  /** Whether an attempt goes on after its per-try timeout, beside another one. */
  readonly hedgesOnPerTryTimeout?: boolean;
  /** Bytes of a request's body that are kept for another attempt; undefined = the listener's. */
  readonly bodyLimitBytes?: number;
  /** By which parts of a request hashing balancers choose; undefined = none. */
  readonly hashPolicy?: readonly HashPolicy[];
  /** The subset of hosts that requests want; undefined = any. */
  readonly metadataMatch?: LbMetadata;
  /** undefined = the path stays as it is. */
  readonly pathRewrite?: PathRewrite;
  /** undefined = the host stays as it is. */
  readonly hostRewrite?: HostRewrite;
  readonly priority: 'default' | 'high';
  /** Of several clusters one without a ready host is passed over; undefined = only weights count. */
  readonly splitsByAvailability?: boolean;
  /** Status when the cluster does not exist. Envoy 503; Gateway API routes 500. */
  readonly clusterNotFoundStatus: number;
  /** The request header that names the cluster, in place of `clusters`; lower-case. */
  readonly clusterHeader?: string;
  readonly appendsForwardedHost?: boolean;
  /** In place of the listener's stream idle timeout; 0 = off. */
  readonly idleTimeoutMs?: number;
  /** In place of the listener's; with it `timeoutMs` does not apply. */
  readonly streamDuration?: StreamDuration;
  /** Copies of requests; undefined = none. */
  readonly mirrors?: readonly MirrorPolicy[];
  /** Descriptors of its requests; undefined = none. */
  readonly rateLimits?: readonly RateLimitActions[];
  /** What decides between several clusters; undefined = a draw. */
  readonly splitBy?:
    | { readonly kind: 'header'; readonly name: string }
    | { readonly kind: 'hash-policy' };
  /** The host becomes the name of the chosen endpoint. */
  readonly takesHostname?: boolean;
  /** Redirects of upstreams that the proxy follows; undefined = they go to the client. */
  readonly internalRedirect?: InternalRedirectConfig;
  /** By protocol, lower-case: whether an upgrade is allowed here whatever the listener says. */
  readonly upgrades?: ReadonlyMap<string, boolean>;
}

/** Sends copies of requests to another cluster. Source: policy-engine.md §8.4. */
export interface MirrorPolicy {
  /** '' = a header names it. */
  readonly cluster: string;
  /** Lower-case; '' = `cluster` says it. */
  readonly clusterHeader: string;
  /** null = all requests. */
  readonly fraction: FractionalPercent | null;
  /** Whether the copy's host is the original's; else `-shadow` is appended to it. */
  readonly keepsHost: boolean;
  /** The copy's host; '' = as `keepsHost` says. */
  readonly hostRewrite: string;
  /** Done one after the other. */
  readonly requestHeaders: readonly HeaderMutations[];
}

/** Source: policy-engine.md §1.1, 1.2. */
export interface StreamDuration {
  /** null = the listener's; 0 = off. */
  readonly maxMs: number | null;
  /** `grpc-timeout` decides, up to this; 0 = no cap, null = it is not read. */
  readonly grpcHeaderMaxMs: number | null;
  readonly grpcHeaderOffsetMs: number;
}

export interface DirectResponseAction {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: string;
  /** Makes the body that is sent; it knows no status yet. Undefined = `body` as it is. */
  readonly format?: ReplyFormat;
}

export interface WeightedCluster {
  readonly cluster: string;
  readonly weight: number;
  /** The request header that names it, lower-case, in place of `cluster`. */
  readonly clusterHeader?: string;
  /** What it says in place of the route's configurations of filters. */
  readonly filters?: RouteFilters;
  /** Added to the route's; of one key this one counts. */
  readonly metadataMatch?: LbMetadata;
  readonly requestHeaders?: HeaderMutations;
  readonly responseHeaders?: HeaderMutations;
  /** In place of the route's. */
  readonly hostRewrite?: HostRewrite;
}

export interface ClusterConfig extends ClusterPlan {
  /** `host:port` and subset as people know them; '' subset = the whole service. */
  readonly service: { readonly host: string; readonly port: number; readonly subset: string };
  readonly protocol: 'http1' | 'http2';
  /** Of one HTTP/2 connection, unless the peer takes fewer; undefined = Envoy's default. */
  readonly maxConcurrentStreams?: number;
  readonly tls: TlsPlan | null;
  readonly connectTimeoutMs: number;
  readonly lb: LoadBalancerConfig;
  /** undefined = all hosts are one set. */
  readonly subsets?: SubsetConfig;
  readonly circuitBreakers: { readonly default: Thresholds; readonly high: Thresholds };
  /** null = no outlier detection. */
  readonly outlier: OutlierConfig | null;
  /** undefined = hosts have no gates. */
  readonly failureAccrual?: FailureAccrualConfig;
  /** undefined = a request that finds no ready host fails at once. */
  readonly queue?: BalancerQueueConfig;
  /** In place of the breakers' limits on retries. */
  readonly retryTokens?: RetryTokensConfig;
  /** Failed connections and resets count as answers: 504 when connecting took too long, else 502. */
  readonly answersFailures?: boolean;
  /** 0 disables panic. */
  readonly panicThresholdPercent: number;
  /** 0 = unlimited. */
  readonly maxRequestsPerConnection: number;
  /** 0 = off. */
  readonly idleTimeoutMs: number;
  /** 0 = off. */
  readonly maxConnectionDurationMs: number;
  /** Health changes within this time after a delivered one are merged; 0 = each at once. */
  readonly updateMergeWindowMs: number;
  /** Replay buffer and back-pressure limit. */
  readonly bufferLimitBytes: number;
  /** How far requests stay in the proxy's zone; undefined, or without a local cluster: not at all. */
  readonly zoneRouting?: ZoneRoutingConfig;
  /** In panic nobody is chosen. */
  readonly failsOnPanic?: boolean;
  /** A change of the members drains every connection of the cluster. */
  readonly drainsOnSetChange?: boolean;
  /** Accepted: HTTP connections only drain, with or without it. */
  readonly closesOnHealthFailure?: boolean;
  /** Of one attempt, from its connection on; 0 or undefined = off. */
  readonly maxStreamDurationMs?: number;
  /** A host has to pass all of them; undefined = hosts are not checked. */
  readonly healthChecks?: readonly HealthCheckConfig[];
  /** In place of those of routes; undefined = routes decide. */
  readonly mirrors?: readonly MirrorPolicy[];
  /** In place of the routes', but for their time limits; undefined = theirs count. */
  readonly retryPolicy?: RetryPolicyConfig;
  /** Which responses outlier detection takes for errors; undefined = their status says it. */
  readonly errorMatch?: ErrorMatch;
  /** Share of requests that are refused before a host is chosen, percent; undefined = 0. */
  readonly maintenancePercent?: number;
  /** Connections made ahead of need; undefined = none. */
  readonly preconnect?: PreconnectConfig;
  /** Hosts are left out of the denominators of panic and priorities until their first check. */
  readonly excludesUnchecked?: boolean;
  /** Hosts that leave go at once; undefined = those that pass checks stay until one fails. */
  readonly dropsHealthyHosts?: boolean;
  /** Made with the engine, as Envoy does with static clusters; else on its first use. */
  readonly isEager?: boolean;
  readonly origins: Origins;
}

/** Source: policy-engine.md §3.4. */
export interface PreconnectConfig {
  /** Connections of a host per request there, 1..3. */
  readonly perUpstreamRatio: number;
  /** Connections of the cluster per request, made at hosts that come next; at most 1 = off. */
  readonly predictiveRatio: number;
}

/** Limits of one priority. Source: policy-engine.md §3.1. */
export interface Thresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** When set, `maxRetries` is not consulted. */
  readonly retryBudget: {
    readonly percent: number;
    readonly minConcurrency: number;
    readonly intervalMs: number;
  } | null;
  /** Whether the gauges `remaining_…` tell what is left; undefined = they stay 0, as in Envoy. */
  readonly trackRemaining?: boolean;
  /** Hosts that may have connections at once; undefined = unlimited. */
  readonly maxConnectionPools?: number;
  /** Whether requests beyond `maxRequests` count as overflows of the queue, too. */
  readonly countsActiveAsPending?: boolean;
  /** Of one host; undefined = unlimited. */
  readonly maxConnectionsPerHost?: number;
}

/** Where values came from, by the path of the setting inside its object. */
export type Origins = ReadonlyMap<string, Origin>;

export const NO_ORIGINS: Origins = new Map();
export const NO_HEADERS: HeaderList = [];
