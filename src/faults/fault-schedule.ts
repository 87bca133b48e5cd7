/** Runs the faults of a scenario over a world. (Signatures; the parts follow.) */
import type { Draws } from '../core/draws.ts';
import type { FaultTarget } from '../core/fault-target.ts';
import type { FaultWindow } from '../core/measurements.ts';
import type { Ns } from '../core/time.ts';
import type { FaultEnvelope } from './envelope.ts';

/** What a schedule needs of a world; the simulator's `World` is one. */
export interface FaultWorld {
  readonly nowNs: Ns;
  readonly draws: Draws;
  readonly hosts: readonly {
    readonly id: number;
    readonly name: string;
    readonly service: string;
    readonly version: string;
  }[];
  readonly clients: readonly {
    readonly id: number;
    readonly name: string;
    readonly instances: readonly number[];
  }[];
  faultTargetFor(onStrike: (count: number) => void): FaultTarget;
  at(atNs: Ns, action: () => void): void;
  /** core/records.ts; owner = index of the fault. */
  record(kind: number, owner: number, a: number, b: number, c: number): void;
}

/** One occurrence, known before the run. */
export interface PlannedWindow {
  /** Index into the envelopes. */
  readonly fault: number;
  readonly startNs: Ns;
  readonly endNs: Ns;
}

export class FaultSchedule {
  /** In order of their starts. Known at once, so that a run can cut its measurements there. */
  readonly planned: readonly PlannedWindow[] = [];

  constructor(_world: FaultWorld, _envelopes: readonly FaultEnvelope[], _untilNs: Ns) {}

  /** Enters the windows into the world's calendar. Call once, before the run. */
  arm(): void {}
  /** Windows that have begun, with their strikes so far. */
  windows(): readonly FaultWindow[] {
    return [];
  }
}
