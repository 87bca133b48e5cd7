/**
 * How clients make requests: open loop (arrivals do not wait for answers) or closed loop (users that
 * think, ask, and wait). Source: scenario.md §2.4.
 */
import type { DistributionSpec } from '../core/distributions.ts';
import type { Ns } from '../core/time.ts';

export type LoadSpec = OpenLoad | ClosedLoad;

/** A change of the rate: reached linearly over `overNs` from `atNs` on. */
export interface LoadStage {
  readonly atNs: Ns;
  /** Requests per second of all callers together (open loop), or users (closed loop). */
  readonly value: number;
  readonly overNs: Ns;
}

export interface OpenLoad {
  readonly kind: 'open';
  readonly arrivals: 'poisson' | 'constant' | 'bursts';
  /** Of all instances together; for bursts: size / interval. */
  readonly rateRps: number;
  /** bursts only: requests at once. */
  readonly burstSize: number;
  /** bursts only. */
  readonly burstEveryNs: Ns;
  readonly stages: readonly LoadStage[];
}

export interface ClosedLoad {
  readonly kind: 'closed';
  readonly users: number;
  readonly thinkTime: DistributionSpec;
  /** Requests per user; 0 = until the end. */
  readonly iterations: number;
  readonly stages: readonly LoadStage[];
}
