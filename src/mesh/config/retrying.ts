/**
 * Retry policies and what the router is told besides.
 *
 * Part of `config.ts`, which names these types too.
 * Source: policy-engine.md §0.4, 1.2, 2; Envoy v3 API, RetryPolicy and Router.
 */
import type { LbMetadata } from '../../core/engine.ts';
import type { HeaderMatch } from './config.ts';

/** Source: policy-engine.md §0.4, 1.2; Envoy, extensions/filters/http/router. */
export interface RouterOptions {
  /** Upstreams and clients see none of the headers that the router adds by itself. */
  readonly suppressesEnvoyHeaders: boolean;
  /** `x-envoy-expected-rq-timeout-ms` of another proxy replaces the route's timeout. */
  readonly respectsExpectedTimeout: boolean;
  /** Control headers, lower-case, whose nonsense is answered with 400. */
  readonly strictHeaders: readonly string[];
  /** Of the retries that limits admit, so many take place; undefined = 100. */
  readonly retryPercent?: number;
  /** Answers are not counted by code. */
  readonly countsNoCodes?: boolean;
  /** Of gRPC requests only the number of answers counts. */
  readonly hidesGrpcCodes?: boolean;
}

/** Source: policy-engine.md §2.1. */
export interface RetryPolicyConfig {
  /** Envoy's tokens; unknown ones are ignored. */
  readonly retryOn: readonly string[];
  readonly retriableStatusCodes: readonly number[];
  /** Retries beyond the first try. */
  readonly numRetries: number;
  /** 0 = off. */
  readonly perTryTimeoutMs: number;
  /** 0 = off. */
  readonly perTryIdleTimeoutMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly hostSelectionMaxAttempts: number;
  readonly hostPredicates: readonly ('previous-hosts' | 'omit-canary-hosts')[];
  /** Hosts with all of this metadata are rejected on retries; undefined = none are. */
  readonly omittedHostMetadata?: LbMetadata;
  /** Response headers that ask for a retry under `retriable-headers`. */
  readonly retriableHeaders?: readonly HeaderMatch[];
  /** Requests that match none of these are not retried. */
  readonly retriableRequestHeaders?: readonly HeaderMatch[];
  /** Every so many attempts, priorities that were tried are left out. */
  readonly previousPriorities?: { readonly updateFrequency: number };
  readonly rateLimitedBackoff?: RateLimitedBackoff;
  /** Backoffs are at least their base, and up to so much of it longer; undefined = Envoy's draw. */
  readonly jitterRatio?: number;
  /** The last try that is allowed has no per-try timeout. */
  readonly leavesLastTry?: boolean;
  /** Whether retries go to other clusters of the route's split, each once before any comes again. */
  readonly refreshesCluster?: boolean;
}

/** Waits that the upstream asks for. Source: policy-engine.md §2.4. */
export interface RateLimitedBackoff {
  readonly headers: readonly {
    readonly name: string;
    readonly format: 'seconds' | 'unix-time';
  }[];
  readonly maxIntervalMs: number;
}
