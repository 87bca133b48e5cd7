/**
 * The envelope that every environment fault shares: whom it strikes, when, how likely.
 * Source: surface.md §5; safety rules §6 (probability 0 does nothing, zero strikes = inconclusive).
 */
import type { Ns } from '../core/time.ts';
import type { ParameterValues } from './fault.ts';

export interface FaultEnvelope {
  readonly id: string;
  readonly kind: string;
  readonly target: FaultTargetSpec;
  readonly direction: 'to' | 'from' | 'both';
  readonly window: { readonly atNs: Ns; readonly durationNs: Ns; readonly rampNs: Ns };
  /** Alternative to one window. */
  readonly schedule: FaultSchedule | null;
  /** Of each window to happen at all, 0..1. */
  readonly probability: number;
  /** Of a window with the one before it, 0..1. */
  readonly correlation: number;
  readonly maxActive: number;
  readonly overlap: 'queue' | 'forbid' | 'allow';
  readonly minStrikes: number;
  /** Zero strikes are fine. */
  readonly optional: boolean;
  readonly parameters: ParameterValues;
}

export interface FaultTargetSpec {
  /** Scenario service names; empty = not selected by service. */
  readonly service: string | null;
  readonly version: string | null;
  /** `payments-2` */
  readonly instance: string | null;
  readonly client: string | null;
  /** Zone or region. Of machines: those in it; of links alone: those across its border. */
  readonly zone: string | null;
  /** Link kinds: names of services, clients, zones or regions, `*` = any. */
  readonly from: string | null;
  readonly to: string | null;
  readonly mode: 'one' | 'all' | 'fixed' | 'share' | 'max-share';
  /** A count (fixed) or a ratio (share, max-share). */
  readonly value: number;
}

export type FaultSchedule =
  | { readonly kind: 'every'; readonly periodNs: Ns; readonly firstNs: Ns }
  | { readonly kind: 'poisson'; readonly meanBetweenNs: Ns; readonly meanLengthNs: Ns }
  | { readonly kind: 'burst'; readonly atNs: Ns; readonly count: number; readonly gapNs: Ns };
