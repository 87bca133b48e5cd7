/**
 * A finished run, cut into windows: what expectations and verdicts look at.
 * `trace/metrics.ts` implements it, `harness/` reads it.
 */
import type {
  ClientSummary,
  EdgeSummary,
  EjectionSummary,
  FaultSummary,
  IdentitySummary,
  ProxiesSummary,
  ServiceSummary,
} from './summary.ts';
import type { Ns } from './time.ts';
import type { Timeline } from './timeline.ts';

/** The figures of one window; the same shapes as in the summary. */
export interface WindowDocument {
  readonly clients: readonly ClientSummary[];
  readonly edges: readonly EdgeSummary[];
  readonly services: readonly ServiceSummary[];
  readonly proxies: ProxiesSummary;
  readonly ejections: readonly EjectionSummary[];
  /** Absent in a run in which nothing of the kind happened. */
  readonly identity?: IdentitySummary;
  readonly faults: readonly FaultSummary[];
  /** Requests that ended in the window, of all clients: too few make an expectation inconclusive. */
  readonly samples: number;
}

/** A fault's occurrence as it happened. */
export interface FaultWindow {
  readonly id: string;
  readonly kind: string;
  readonly startNs: Ns;
  readonly endNs: Ns;
  readonly strikes: number;
  readonly minStrikes: number;
  readonly optional: boolean;
}

export interface Measurements {
  /** Both ends must be among the cut points the run was given, or multiples of its bucket. */
  window(fromNs: Ns, toNs: Ns): WindowDocument;
  /** Successes per second of all clients together in [fromNs, toNs). */
  goodputRps(fromNs: Ns, toNs: Ns): number;
  readonly faultWindows: readonly FaultWindow[];
  readonly timeline: Timeline;
  /** Bucket length; recovery and windows are judged on this grid. */
  readonly bucketNs: Ns;
  /** Measured part of the run. */
  readonly fromNs: Ns;
  readonly toNs: Ns;
}
