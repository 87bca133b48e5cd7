/**
 * Configurations of HTTP filters that limit and refuse. Part of `config.ts`; the vocabulary is Envoy's.
 *
 * Source: policy-engine.md §9.2 to 9.5; Envoy v3 API, extensions/filters/http.
 */
import type { FractionalPercent, StatusRange } from './config.ts';
import type { Descriptor, RateLimitActions } from './rate-limits.ts';
import type { HeaderAddition } from './rewriting.ts';
import type { HeaderMatch } from './route-match.ts';

/** Source: policy-engine.md §9.2. */
export interface LocalRateLimitConfig {
  readonly statPrefix: string;
  /** null = no bucket: everything passes. */
  readonly bucket: TokenBucketConfig | null;
  /** null = never. */
  readonly enabled: FractionalPercent | null;
  readonly enforced: FractionalPercent | null;
  /** Of refusals; below 400 means 429. */
  readonly status: number;
  /** Added to requests that are over the limit and pass all the same. */
  readonly whenNotEnforced: readonly HeaderAddition[];
  /** Buckets of descriptors; undefined = none. */
  readonly descriptors?: readonly LimitedDescriptor[];
  /** Which of the route's descriptors count. */
  readonly stage?: number;
  /** In place of the route's; undefined = the route's. */
  readonly rateLimits?: readonly RateLimitActions[];
  /** The bucket is only for requests without a descriptor that is limited. */
  readonly sparesBucket?: boolean;
  /** Each connection has buckets of its own. */
  readonly isPerConnection?: boolean;
  /** Most buckets of values that no descriptor names; undefined = Envoy's 20. */
  readonly maxDynamicDescriptors?: number;
  /** Added to refusals. */
  readonly responseHeaders?: readonly HeaderAddition[];
  /** gRPC callers are told "resource exhausted" in place of "unavailable". */
  readonly tellsExhausted?: boolean;
  /** Refusals with 429 say in `retry-after` when the next token comes. */
  readonly tellsRetryAfter?: boolean;
  /** A descriptor in shadow mode that is over its limit ends the search, as before Envoy 1.40. */
  readonly shadowStops?: boolean;
  /** Responses say limit, rest and reset in `x-ratelimit-…`. */
  readonly tellsLimits?: boolean;
}

export interface LimitedDescriptor {
  /** A value of '' stands for any, each with a bucket of its own. */
  readonly entries: Descriptor;
  readonly bucket: TokenBucketConfig;
  /** Counted, not enforced. */
  readonly isShadow: boolean;
}

/** Limits that a service decides. Source: policy-engine.md §9.3. */
export interface RateLimitConfig {
  readonly domain: string;
  readonly stage: number;
  /** Whose requests are asked about. */
  readonly requestType: 'internal' | 'external' | 'both';
  /** Of one call; 0 = none. */
  readonly timeoutMs: number;
  readonly deniesOnFailure: boolean;
  /** Of the service. */
  readonly cluster: string;
  /** '' = the cluster's name. */
  readonly authority: string;
  readonly tellsExhausted: boolean;
  /** Whether refusals do without `x-envoy-ratelimited`. */
  readonly hidesLimited: boolean;
  /** Of refusals; below 400 means 429. */
  readonly status: number;
  readonly statusOnError: number;
  /** null = always, as the next. */
  readonly enabled: FractionalPercent | null;
  readonly enforced: FractionalPercent | null;
  /** Added to refusals. */
  readonly responseHeaders: readonly HeaderAddition[];
}

export interface TokenBucketConfig {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** Source: policy-engine.md §9.4. */
export interface AdaptiveConcurrencyConfig {
  /** null = always. */
  readonly enabled: FractionalPercent | null;
  /** 0..100: which latency stands for a window. */
  readonly percentile: number;
  readonly maxConcurrency: number;
  readonly minConcurrency: number;
  /** Lowest limit that is calculated; undefined = `minConcurrency`. */
  readonly lowestLimit?: number;
  readonly updateIntervalMs: number;
  readonly measureIntervalMs: number;
  /** In place of measuring; null = it is measured. */
  readonly fixedMinRttMs: number | null;
  /** Samples of one measurement. */
  readonly requestCount: number;
  readonly jitterPercent: number;
  readonly bufferPercent: number;
  readonly exceededStatus: number;
}

/** Source: policy-engine.md §9.5. */
export interface AdmissionControlConfig {
  /** null = always. */
  readonly enabled: FractionalPercent | null;
  readonly windowSeconds: number;
  readonly aggression: number;
  readonly thresholdPercent: number;
  readonly rpsThreshold: number;
  readonly maxPercent: number;
  readonly successRanges: readonly StatusRange[];
}

/** Requests wait until their body is complete. Source: Envoy, buffer filter. */
export interface BufferConfig {
  /** Larger bodies are answered with 413. */
  readonly maxRequestBytes: number;
}

/** Answers the health checks of others. Source: Envoy, health_check filter. */
export interface HealthFilterConfig {
  /** Which requests are checks: all of these match. */
  readonly headers: readonly HeaderMatch[];
  /** Checks go to the upstream. */
  readonly passesThrough: boolean;
  /** How long its answer stands for others; 0 = off. */
  readonly cacheMs: number;
  /** Clusters of which so many percent must be healthy or degraded. */
  readonly leastHealthy: readonly { readonly cluster: string; readonly percent: number }[];
  /** What answers name as this proxy's own cluster. */
  readonly ownCluster: string;
}
