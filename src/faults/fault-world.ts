/**
 * What running faults needs of a world. The simulator's `World` is one.
 */
import type { Draws } from '../core/draws.ts';
import type { FaultTarget } from '../core/fault-target.ts';
import type { Ns } from '../core/time.ts';

export interface FaultHost {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** `region/zone`; '' = in none. */
  readonly zone: string;
}

export interface FaultClient {
  readonly id: number;
  readonly name: string;
  /** Host ids of its callers. */
  readonly instances: readonly number[];
}

export interface FaultWorld {
  readonly nowNs: Ns;
  readonly draws: Draws;
  readonly hosts: readonly FaultHost[];
  readonly clients: readonly FaultClient[];
  /** Verbs whose strikes go to `onStrike`. */
  faultTargetFor(onStrike: (count: number) => void): FaultTarget;
  /** Runs `action` at an instant, between events. */
  at(atNs: Ns, action: () => void): void;
  /** `core/records.ts`; owner = index of the fault. */
  record(kind: number, owner: number, a: number, b: number, c: number): void;
}
