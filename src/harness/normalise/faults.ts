/** Faults of a scenario file → `FaultEnvelope`. Source: surface.md §5 (envelope and its defaults). */
import { type Ns, SECOND } from '../../core/time.ts';
import { parseRatio } from '../../core/units.ts';
import type { FaultEnvelope, FaultSchedule, FaultTargetSpec } from '../../faults/envelope.ts';
import type { FaultKind, ParameterValues } from '../../faults/fault.ts';
import type { ScenarioInput } from '../scenario-schema.ts';
import { type FaultInput, readParameterDefault } from '../schema/fault.ts';

const DEFAULT_LENGTH_NS: Ns = 30 * SECOND;

export function normaliseFaults(
  input: ScenarioInput,
  kinds: readonly FaultKind[],
): readonly FaultEnvelope[] {
  return (input.faults ?? []).flatMap((fault) => {
    const kind = kinds.find((candidate) => candidate.kind === fault.kind);
    return kind === undefined ? [] : [envelopeOf(fault, kind)];
  });
}

function envelopeOf(fault: FaultInput, kind: FaultKind): FaultEnvelope {
  const { window } = fault;
  return {
    id: fault.id,
    kind: fault.kind,
    target: targetOf(fault, kind),
    direction: fault.direction ?? 'both',
    window: {
      atNs: window?.at ?? 0,
      durationNs: window?.duration ?? DEFAULT_LENGTH_NS,
      rampNs: window?.ramp ?? 0,
    },
    schedule: scheduleOf(fault),
    probability: fault.probability ?? 1,
    correlation: fault.correlation ?? 0,
    maxActive: fault.maxActive ?? 1,
    overlap: fault.overlap ?? 'queue',
    minStrikes: fault.expectEffect?.minStrikes ?? 1,
    optional: fault.optional ?? false,
    parameters: parametersOf(fault, kind),
  };
}

function targetOf(fault: FaultInput, kind: FaultKind): FaultTargetSpec {
  const { target } = fault;
  const isLink = kind.targets === 'links' && target?.service === undefined;
  const machines = target?.instance ?? target?.client ?? target?.zone;
  const anyEnd = isLink && machines === undefined ? '*' : null;
  return {
    service: target?.service ?? null,
    version: target?.version ?? null,
    instance: target?.instance ?? null,
    client: target?.client ?? null,
    zone: target?.zone ?? null,
    from: target?.from ?? anyEnd,
    to: target?.to ?? anyEnd,
    mode: target?.mode === 'maxShare' ? 'max-share' : (target?.mode ?? 'all'),
    value: targetValue(target?.value),
  };
}

/** A count or a ratio; 1 when not given, NaN when it is neither. */
export function targetValue(value: number | string | undefined): number {
  if (typeof value !== 'string') return value ?? 1;
  const parsed = parseRatio(value);
  return parsed.ok ? parsed.value : Number.NaN;
}

function scheduleOf(fault: FaultInput): FaultSchedule | null {
  const { schedule } = fault;
  if (schedule?.every !== undefined) {
    return { kind: 'every', periodNs: schedule.every, firstNs: schedule.first ?? schedule.every };
  }
  if (schedule?.poisson !== undefined) {
    const { mtbf, mttr } = schedule.poisson;
    return { kind: 'poisson', meanBetweenNs: mtbf, meanLengthNs: mttr };
  }
  if (schedule?.burst !== undefined) {
    const { at, count, gap } = schedule.burst;
    return { kind: 'burst', atNs: at, count, gapNs: gap };
  }
  return null;
}

function parametersOf(fault: FaultInput, kind: FaultKind): ParameterValues {
  const given = fault as unknown as Readonly<Record<string, ParameterValues[string] | undefined>>;
  const values: Record<string, ParameterValues[string]> = {};
  for (const spec of kind.parameters) {
    const value = given[spec.name] ?? readParameterDefault(spec);
    if (value !== undefined) values[spec.name] = value as ParameterValues[string];
  }
  return values;
}
