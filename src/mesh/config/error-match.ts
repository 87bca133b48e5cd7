/**
 * Which responses count as errors for outlier detection, whatever their status.
 *
 * Source: policy-engine.md §4.2; Envoy v3 API, HttpProtocolOptions.OutlierDetection, MatchPredicate.
 */
import type { HeaderMatch } from './config.ts';

export type ErrorMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'not'; readonly of: ErrorMatch }
  | { readonly kind: 'and' | 'or'; readonly of: readonly ErrorMatch[] }
  /** All must match the response's head. */
  | { readonly kind: 'headers'; readonly headers: readonly HeaderMatch[] };
