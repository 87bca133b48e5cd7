/**
 * Configuration of balancers: which one, by which key of a request, inside which subset of hosts.
 *
 * Source: policy-engine.md §7; Envoy, Cluster.lb_policy, RouteAction.hash_policy, lb_subset_config.
 */
import type { HeaderList, LbMetadata } from '../../core/engine.ts';

/** One member per file in `mesh/lb`. */
export type LoadBalancerConfig =
  | { readonly kind: 'round-robin'; readonly slowStart?: SlowStartConfig }
  | { readonly kind: 'random' }
  | {
      readonly kind: 'least-request';
      readonly choiceCount: number;
      readonly activeRequestBias: number;
      readonly fullScan: boolean;
      readonly slowStart?: SlowStartConfig;
    }
  | RingHashConfig
  | MaglevConfig
  | ClientSideWeightedConfig
  | PeakEwmaConfig;

/** Weights from what hosts report of their load. Source: §7.11. */
export interface ClientSideWeightedConfig {
  readonly kind: 'client-side-weighted-round-robin';
  /** How long a host has to report before its reports count. */
  readonly blackoutPeriodMs: number;
  /** How long the last report counts. */
  readonly weightExpirationPeriodMs: number;
  /** More than 0. */
  readonly weightUpdatePeriodMs: number;
  /** 0 or more: weight of errors per request in the utilisation. */
  readonly errorUtilizationPenalty: number;
  /** Such as `named_metrics.queue`; empty = the application's utilisation, else the CPU's. */
  readonly metricNames: readonly string[];
  readonly slowStart?: SlowStartConfig;
}

/** Source: config-other-meshes.md §1.2. */
export interface PeakEwmaConfig {
  readonly kind: 'peak-ewma';
  /** What a host counts as before its first answer; 1 or more. */
  readonly defaultRttMs: number;
  /** More than 0: after so long, what was measured counts for 1/e. */
  readonly decayMs: number;
  /** What failures count as; undefined = the time that they took. */
  readonly penalty?: LatencyPenalty;
}

export interface LatencyPenalty {
  readonly penaltyMs: number;
  /** Longest `retry-after` that is believed. */
  readonly maxRetryAfterMs: number;
}

/** What both hashing balancers have. */
export interface HashingConfig {
  /**
   * Percent of the mean load at which a host counts as full and another one is taken; 0 = never,
   * else 100 or more.
   */
  readonly balanceFactorPercent: number;
  /** Hosts are known by their name instead of their address. */
  readonly usesHostname: boolean;
  /** Takes the place of the route's; undefined = the route's. */
  readonly hashPolicy?: readonly HashPolicy[];
}

export interface RingHashConfig extends HashingConfig {
  readonly kind: 'ring-hash';
  /** 1..8388608, as the next, which is not smaller. */
  readonly minimumRingSize: number;
  readonly maximumRingSize: number;
  readonly hashFunction: 'xx-hash' | 'murmur-hash-2';
}

export interface MaglevConfig extends HashingConfig {
  readonly kind: 'maglev';
  /** A prime number, up to 5000011. */
  readonly tableSize: number;
}

/** Requests stay in the proxy's own zone as far as they can. Source: §6.5. */
export interface ZoneRoutingConfig {
  /** 0..100: share of the picks that go by zones. */
  readonly enabledPercent: number;
  /** Healthy hosts of the first priority below which zones do not count. */
  readonly minClusterSize: number;
  /** Healthy hosts in the own zone from which on it takes everything; null = by shares only. */
  readonly forceLocalMinSize: number | null;
  /** What shares are counted in. */
  readonly basis: 'hosts' | 'weight';
}

/** New hosts get little at first and their full share after a while. Source: §7.9. */
export interface SlowStartConfig {
  /** More than 0. */
  readonly windowMs: number;
  /** More than 0; 1 = the share grows linearly. */
  readonly aggression: number;
  /** 0..100 */
  readonly minWeightPercent: number;
}

/** A part of a request that decides about its host; those that are absent are skipped. §7.5. */
export type HashPolicy = HashKey & {
  /** Nothing after it counts, if there is a hash by then. */
  readonly isTerminal: boolean;
};

export type HashKey =
  | {
      readonly kind: 'header';
      /** Lower-case. */
      readonly name: string;
      /** RE2: every match in a value is replaced; `\1` stands for a group. */
      readonly rewrite?: { readonly pattern: string; readonly substitution: string };
    }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** null = a missing cookie is not made; 0 = one for the session. */
      readonly ttlSeconds: number | null;
      readonly path: string;
      /** Of the cookie that is made; '' as value = the name alone. */
      readonly attributes: HeaderList;
    }
  | { readonly kind: 'source-ip' }
  | { readonly kind: 'query-parameter'; readonly name: string };

/** Hosts by what their metadata says. Source: §7.10. */
export interface SubsetConfig {
  readonly selectors: readonly SubsetSelector[];
  readonly fallback: 'no-fallback' | 'any-endpoint' | 'default-subset';
  /** What hosts of the default subset have. */
  readonly defaultSubset: LbMetadata;
  /** Each item of a list is a value of its own. */
  readonly listAsAny: boolean;
  /** Any host, when the fallback finds none. */
  readonly panicModeAny: boolean;
  /** Keys of a request that no selector has are dropped before the look-up. */
  readonly allowRedundantKeys: boolean;
  /** Whether weights of localities count inside subsets; undefined = no. */
  readonly localities?: 'weighted' | 'scaled';
  /** Whether a request may bring alternatives of its own, under the key `fallback_list`. */
  readonly usesFallbackList?: boolean;
}

export interface SubsetSelector {
  readonly keys: readonly string[];
  /** `inherit` = that of the cluster. */
  readonly fallback: 'inherit' | 'no-fallback' | 'any-endpoint' | 'default-subset' | 'keys-subset';
  /** For `keys-subset`: the keys that stay. */
  readonly fallbackKeys: readonly string[];
  /** A value stands for one host; of several with the same value the first is taken. */
  readonly isSingleHost: boolean;
}
