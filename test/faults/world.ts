/** A small world with faults, for the tests of this folder. */

import { SECOND } from '../../src/core/time.ts';
import { parseDurationNs } from '../../src/core/units.ts';
import type { FaultEnvelope, FaultTargetSpec } from '../../src/faults/envelope.ts';
import type { FaultKind, ParameterValues } from '../../src/faults/fault.ts';
import { FaultSchedule } from '../../src/faults/fault-schedule.ts';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import type { SmallWorldOptions } from '../helpers/small-world.ts';
import { SmallWorld } from '../helpers/small-world.ts';

export function kindOf(name: string): FaultKind {
  return FAULT_KINDS.find(({ kind }) => kind === name)!;
}

/** What the scenario file would make of the defaults. */
export function defaultsOf(kind: FaultKind): ParameterValues {
  const entries = kind.parameters.flatMap((spec) => {
    const { name, unit, default: given } = spec;
    if (given === undefined) return [];
    if (unit === 'duration') {
      const parsed = parseDurationNs(String(given));
      return [[name, parsed.ok ? parsed.value : Number.NaN] as const];
    }
    if (unit === 'ratio') return [[name, Number.parseFloat(String(given)) / 100] as const];
    return [[name, given] as const];
  });
  return Object.fromEntries(entries) as ParameterValues;
}

export type EnvelopeParts = Partial<Omit<FaultEnvelope, 'target' | 'window' | 'parameters'>> & {
  readonly target?: Partial<FaultTargetSpec>;
  readonly window?: Partial<FaultEnvelope['window']>;
  readonly parameters?: ParameterValues;
};

export function envelope(kind: string, parts: EnvelopeParts = {}): FaultEnvelope {
  return {
    id: 'it',
    kind,
    direction: 'both',
    schedule: null,
    probability: 1,
    correlation: 0,
    maxActive: 1,
    overlap: 'queue',
    minStrikes: 1,
    optional: false,
    ...parts,
    target: {
      service: null,
      version: null,
      instance: null,
      client: null,
      zone: null,
      from: null,
      to: null,
      mode: 'all',
      value: 1,
      ...parts.target,
    },
    window: { atNs: SECOND, durationNs: SECOND, rampNs: 0, ...parts.window },
    parameters: { ...defaultsOf(kindOf(kind)), ...parts.parameters },
  };
}

/** Runs a world with these faults until everything has ended. */
export function runWith(
  options: SmallWorldOptions,
  faults: readonly FaultEnvelope[],
  untilNs = 3 * SECOND,
): { run: SmallWorld; schedule: FaultSchedule } {
  const run = new SmallWorld(options);
  const schedule = new FaultSchedule(run.world, faults, untilNs);
  schedule.arm();
  run.runAll(untilNs);
  return { run, schedule };
}
