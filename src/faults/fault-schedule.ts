/**
 * Runs the faults of a scenario over a world.
 *
 * `harness/build.ts` makes one from the envelopes; `arm` enters all windows into the world's
 * calendar. Each window applies its kind to the targets it chose, ramps it up in up to ten steps, and
 * takes it back at the end, always. Strikes are counted per window.
 * Source: surface.md §5 and §6.
 */

import type { FaultWindow } from '../core/measurements.ts';
import { RecordKind } from '../core/records.ts';
import type { Ns } from '../core/time.ts';
import { MILLISECOND } from '../core/time.ts';
import type { FaultEnvelope } from './envelope.ts';
import type { ActiveFault, FaultKind, Selection } from './fault.ts';
import { planFault } from './fault-plan.ts';
import { selectTargets } from './fault-targets.ts';
import type { FaultWorld } from './fault-world.ts';
import { FAULT_KINDS } from './index.ts';

export type { FaultWorld } from './fault-world.ts';

const MOST_RAMP_STEPS = 10;
const SHORTEST_RAMP_STEP_NS = MILLISECOND;

/** One occurrence, known before the run. */
export interface PlannedWindow {
  /** Index into the envelopes. */
  readonly fault: number;
  readonly occurrence: number;
  readonly startNs: Ns;
  readonly endNs: Ns;
}

export class FaultSchedule {
  /** In order of their starts. Known at once, so that a run can cut its measurements there. */
  readonly planned: readonly PlannedWindow[];
  private readonly world: FaultWorld;
  private readonly envelopes: readonly FaultEnvelope[];
  private readonly begun: RunningWindow[];

  /**
   * @param untilNs windows that would begin later are left out
   * @throws RangeError when an envelope's kind is unknown
   */
  constructor(world: FaultWorld, envelopes: readonly FaultEnvelope[], untilNs: Ns) {
    this.world = world;
    this.envelopes = envelopes;
    this.begun = [];
    for (const { kind } of envelopes) kindNamed(kind);
    this.planned = envelopes
      .flatMap((envelope, fault) =>
        planFault(envelope, world.draws, untilNs).map((window) => ({ fault, ...window })),
      )
      .sort((one, other) => one.startNs - other.startNs || one.fault - other.fault);
  }

  /** Enters the windows into the world's calendar. Call once, before the run. */
  arm(): void {
    const edges = this.planned.flatMap((window) => {
      const run = new RunningWindow(this.world, this.envelopes[window.fault]!, window);
      const begin = (): void => {
        this.begun.push(run);
        run.begin();
      };
      return [
        { atNs: window.startNs, order: 1, action: begin },
        { atNs: window.endNs, order: 0, action: () => run.end() },
      ];
    });
    // What ends at an instant ends before anything begins there: windows that waited do not overlap.
    edges.sort((one, other) => one.atNs - other.atNs || one.order - other.order);
    for (const { atNs, action } of edges) this.world.at(atNs, action);
  }

  /** Windows that have begun, in order, with their strikes so far. */
  windows(): readonly FaultWindow[] {
    return this.begun.map((run) => run.describe());
  }
}

/** One window of one fault. */
class RunningWindow {
  private readonly world: FaultWorld;
  private readonly envelope: FaultEnvelope;
  private readonly window: PlannedWindow;
  private active: ActiveFault | null;
  private strikes: number;

  constructor(world: FaultWorld, envelope: FaultEnvelope, window: PlannedWindow) {
    this.world = world;
    this.envelope = envelope;
    this.window = window;
    this.active = null;
    this.strikes = 0;
  }

  begin(): void {
    const { world, envelope, window } = this;
    const kind = kindNamed(envelope.kind);
    const selection = selectTargets(world, envelope, kind, window.occurrence);
    world.record(RecordKind.faultStarted, window.fault, window.fault, 0, 0);
    this.recordTargets(kind, selection);
    const steps = rampSteps(envelope.window.rampNs);
    const target = world.faultTargetFor((count) => {
      this.strikes += count;
    });
    this.active = kind.apply(target, selection, {
      id: envelope.id,
      occurrence: window.occurrence,
      strength: 1 / steps,
      parameters: envelope.parameters,
      draws: world.draws,
      after: (afterNs, action) => this.after(afterNs, action),
      durationNs: window.endNs - window.startNs,
      endNs: window.endNs,
    });
    for (let step = 1; step < steps; step++) {
      const afterNs = Math.floor((envelope.window.rampNs * step) / steps);
      this.after(afterNs, () => this.active?.setStrength?.((step + 1) / steps));
    }
  }

  end(): void {
    this.active?.revert();
    this.active = null;
    this.world.record(RecordKind.faultEnded, this.window.fault, this.window.fault, 0, 0);
  }

  describe(): FaultWindow {
    const { envelope, window } = this;
    return {
      id: envelope.id,
      kind: envelope.kind,
      startNs: window.startNs,
      endNs: window.endNs,
      strikes: this.strikes,
      minStrikes: envelope.minStrikes,
      optional: envelope.optional,
    };
  }

  /** Within the window only. */
  private after(afterNs: Ns, action: () => void): void {
    if (this.world.nowNs + afterNs >= this.window.endNs) return;
    this.world.at(this.world.nowNs + afterNs, () => {
      if (this.active !== null) action();
    });
  }

  private recordTargets(kind: FaultKind, { hosts, clients }: Selection): void {
    const { fault } = this.window;
    for (const id of kind.targets === 'clients' ? clients : hosts) {
      this.world.record(RecordKind.faultStruck, fault, fault, id, 0);
    }
  }
}

/** How many steps a ramp has; 1 = at full strength at once. */
function rampSteps(rampNs: Ns): number {
  if (rampNs <= 0) return 1;
  return Math.max(1, Math.min(MOST_RAMP_STEPS, Math.floor(rampNs / SHORTEST_RAMP_STEP_NS)));
}

function kindNamed(name: string): FaultKind {
  const found = FAULT_KINDS.find(({ kind }) => kind === name);
  if (found === undefined) throw new RangeError(`there is no fault kind "${name}"`);
  return found;
}
