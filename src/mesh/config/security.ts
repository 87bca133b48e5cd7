/**
 * What a proxy is told about identity and access: role-based access control and the mTLS mode of a
 * listener. Part of `config.ts`; the vocabulary is Envoy's.
 * Source: policy-engine.md §9.6, 10; config-istio.md §9, 10.
 */
import type { HeaderMatch, ValueMatch } from './config.ts';

/** One RBAC filter. Source: policy-engine.md §9.6. */
export interface RbacConfig {
  /** null = nothing is enforced. */
  readonly rules: RbacRules | null;
  /** Evaluated and counted only; null = none. */
  readonly shadowRules: RbacRules | null;
  /** Stands before the names of shadow counters: `rbac.<prefix>.shadow_denied`. */
  readonly shadowStatPrefix: string;
  /** The same before `allowed` and `denied`; undefined = nothing. */
  readonly statPrefix?: string;
}

export interface RbacRules {
  /**
   * `allow`: only what matches passes. `deny`: only what matches does not. `log`: all passes.
   * `by-policy`: the first that matches says it; nobody else passes.
   */
  readonly action: 'allow' | 'deny' | 'log' | 'by-policy';
  /** Tried in the order of their names, or as they stand where each has its action. */
  readonly policies: readonly RbacPolicy[];
}

/** Matches when any permission and any principal do. */
export interface RbacPolicy {
  readonly name: string;
  /** Where policies say it themselves. */
  readonly action?: 'allow' | 'deny' | 'log';
  readonly permissions: readonly RbacCondition[];
  readonly principals: readonly RbacCondition[];
}

/** A question about a request and whoever sends it. Envoy's Permission and Principal in one. */
export type RbacCondition =
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly RbacCondition[] }
  | { readonly kind: 'not'; readonly of: RbacCondition }
  | { readonly kind: 'header'; readonly match: HeaderMatch }
  /** A text about the connection; names are joined by commas, and absent ones match nothing. */
  | {
      readonly kind: 'fact';
      readonly fact:
        | 'source-ip'
        | 'source-port'
        | 'destination-ip'
        | 'destination-port'
        | 'uri-names'
        | 'dns-names';
      readonly value: ValueMatch;
    }
  /** The path without its query. */
  | { readonly kind: 'path'; readonly value: ValueMatch }
  /** Of segments, `{*}` and `{**}`. */
  | { readonly kind: 'path-template'; readonly template: string }
  /** `direct-remote-ip`: the connection's peer; `remote-ip`: the client that a proxy before names. */
  | {
      readonly kind: 'destination-ip' | 'direct-remote-ip' | 'remote-ip';
      readonly cidr: string;
    }
  /** In [from, to]. */
  | { readonly kind: 'destination-port'; readonly from: number; readonly to: number }
  /** What a TLS client asked for (SNI). */
  | { readonly kind: 'server-name'; readonly value: ValueMatch }
  /** A TLS peer, and where `name` is given one of that name. */
  | { readonly kind: 'authenticated'; readonly name: ValueMatch | null };

/** What an inbound listener asks of connections. Source: Istio, PeerAuthentication. */
export interface MtlsConfig {
  /** `disable`: plain text only. `permissive`: both. `strict`: TLS with a workload's certificate. */
  readonly mode: MtlsMode;
  /** Whose workloads may connect over TLS; empty = of any trust domain. */
  readonly trustDomains: readonly string[];
}

export type MtlsMode = 'disable' | 'permissive' | 'strict';
