/**
 * Redirects of upstreams that the proxy follows itself. Part of `config.ts`; the words are Envoy's.
 *
 * Source: policy-engine.md §8.3; Envoy, InternalRedirectPolicy.
 */
export interface InternalRedirectConfig {
  /** How often one request may be redirected, 0 or more. */
  readonly maxRedirects: number;
  /** Which answers are followed: some of 301, 302, 303, 307, 308. */
  readonly statuses: readonly number[];
  /** Whether http may lead to https and back. */
  readonly allowsCrossScheme: boolean;
  /** All must agree. */
  readonly predicates: readonly RedirectPredicate[];
  /** Lower-case; taken from the response, or removed where it has none. */
  readonly copiedHeaders: readonly string[];
}

export type RedirectPredicate =
  /** Only to routes of these names. */
  | { readonly kind: 'allow-listed-routes'; readonly routes: readonly string[] }
  /** To no route that this request was redirected to from the same route. */
  | { readonly kind: 'previous-routes' }
  /** Never from http to https. */
  | { readonly kind: 'safe-cross-scheme' };
