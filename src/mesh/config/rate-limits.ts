/**
 * Which descriptors a request has for rate limits, and what limits say of them.
 *
 * Source: policy-engine.md §9.2, 9.3; Envoy, RateLimit (config/route/v3).
 */
import type { HeaderMatch, QueryMatch } from './config.ts';

/** One descriptor: a request has it when every action finds its entry. */
export interface RateLimitActions {
  /** Only filters of this stage look at it. */
  readonly stage: number;
  readonly actions: readonly RateLimitAction[];
}

/** Where one entry of a descriptor comes from. */
export type RateLimitAction =
  | { readonly kind: 'generic-key'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'request-header';
      /** Lower-case. */
      readonly header: string;
      readonly key: string;
      /** Whether the entry is left out, and not the whole descriptor, when the header is absent. */
      readonly isOptional: boolean;
    }
  | {
      readonly kind: 'query-parameter';
      readonly parameter: string;
      readonly key: string;
      readonly isOptional: boolean;
    }
  | { readonly kind: 'remote-address' }
  | { readonly kind: 'masked-remote-address'; readonly v4Bits: number }
  | { readonly kind: 'source-cluster'; readonly value: string }
  | { readonly kind: 'destination-cluster' }
  | {
      readonly kind: 'header-match';
      readonly key: string;
      readonly value: string;
      readonly expectsMatch: boolean;
      readonly headers: readonly HeaderMatch[];
    }
  | {
      readonly kind: 'query-match';
      readonly key: string;
      readonly value: string;
      readonly expectsMatch: boolean;
      readonly parameters: readonly QueryMatch[];
    };

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}
export type Descriptor = readonly DescriptorEntry[];
