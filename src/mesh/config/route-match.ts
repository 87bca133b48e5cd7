/**
 * What routes, filters and retries ask of a request's head. Part of `config.ts`.
 *
 * Source: policy-engine.md §8.1; Envoy, RouteMatch, HeaderMatcher, QueryParameterMatcher.
 */
import type { FractionalPercent } from './config.ts';

export interface RouteMatch {
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  /** Share of the requests for which the route is considered; undefined = all. */
  readonly fraction?: FractionalPercent;
  /** Only gRPC requests. */
  readonly isGrpc?: boolean;
  readonly cookies?: readonly CookieMatch[];
  /** What is asked of the client's connection; undefined parts = anything. */
  readonly tls?: { readonly presented?: boolean; readonly validated?: boolean };
  /**
   * Goes before all else: where it holds no later route is tried, whether or not this one matches.
   * undefined = there is none.
   */
  readonly guard?: RequestGuard;
  /** It asks for what no filter here ever sets. */
  readonly isImpossible?: boolean;
}

export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'separated-prefix'; readonly value: string; readonly ignoreCase: boolean }
  /** RE2 syntax, must match the whole path without query. */
  | { readonly kind: 'regex'; readonly value: string };

export type ValueMatch =
  | { readonly kind: 'present' }
  | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase?: boolean }
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase?: boolean }
  | { readonly kind: 'suffix'; readonly value: string; readonly ignoreCase?: boolean }
  | { readonly kind: 'contains'; readonly value: string; readonly ignoreCase?: boolean }
  | { readonly kind: 'regex'; readonly value: string }
  /** Integer in [from, to). */
  | { readonly kind: 'range'; readonly from: number; readonly to: number };

/** `:method`, `:authority`, `:path` and `:scheme` are names too. */
export interface HeaderMatch {
  readonly name: string;
  readonly value: ValueMatch;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface CookieMatch {
  readonly name: string;
  readonly value: ValueMatch;
  readonly invert: boolean;
}

export interface QueryMatch {
  readonly name: string;
  readonly value: ValueMatch;
  /** The parameter must not be there. */
  readonly isAbsent?: boolean;
}

/** A question about a request's head, put together from smaller ones. */
export type RequestGuard =
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly RequestGuard[] }
  | { readonly kind: 'not'; readonly of: RequestGuard }
  | { readonly kind: 'header'; readonly match: HeaderMatch };
