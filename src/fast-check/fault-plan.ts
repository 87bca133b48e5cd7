/**
 * Generated plans of environment faults, from the list of fault kinds: a kind of the network, of
 * processes or of load that joins the list joins the plans.
 *
 * Parameters with a default are left out half of the time; others are drawn by their unit. Shrinks
 * towards no faults; a fault that is left shrinks towards the start of the plan's window, the shortest
 * length and its kind's defaults.
 */
import fc from 'fast-check';
import { UsageError } from '../core/errors.ts';
import { didYouMean } from '../core/suggest.ts';
import type { FaultKind, ParameterSpec } from '../faults/fault.ts';
import { FAULT_KINDS } from '../faults/index.ts';
import { given, milliseconds, optional, pick } from './values.ts';

/** A fault as the scenario file writes it; the parameters of its kind stand beside these keys. */
export interface FaultDefinition {
  readonly id: string;
  /** One of `meshquake faults list`. */
  readonly kind: string;
  readonly target: Readonly<Record<string, string>>;
  readonly window: { readonly at: string; readonly duration: string };
  readonly [parameter: string]: unknown;
}

/** Whom a plan may strike; names of the scenario. */
export interface FaultTargets {
  readonly services: readonly string[];
  readonly clients: readonly string[];
}

/** What a plan may hold, and when. */
export interface FaultPlanOptions {
  /** Most faults; 3 by default. */
  readonly max?: number;
  /** Kinds to draw from; by default all of the groups network, process and load. */
  readonly kinds?: readonly string[];
  /** Faults begin and end in this stretch of the run, in ms; 10 s to 20 s by default. */
  readonly windowMs?: readonly [from: number, to: number];
}

const GROUPS: readonly string[] = ['network', 'process', 'load'];
/** The window is cut into so many steps, at which faults begin and end. */
const STEPS = 10;

/**
 * None to three faults that strike some of these services and clients.
 *
 * @throws UsageError when a kind does not exist
 */
export function faultPlan(
  targets: FaultTargets,
  options: FaultPlanOptions = {},
): fc.Arbitrary<readonly FaultDefinition[]> {
  return openPlan(options).map((plan) => plan(targets));
}

/** A plan that is still to be told whom it may strike. */
export type OpenPlan = (targets: FaultTargets) => readonly FaultDefinition[];

/** As `faultPlan`, for worlds that shrink along with the plan. */
export function openPlan(options: FaultPlanOptions): fc.Arbitrary<OpenPlan> {
  const { max = 3, windowMs = [10_000, 20_000] } = options;
  const sketches = kindsNamed(options.kinds).map(faultOf);
  return fc
    .array(fc.oneof({ withCrossShrink: true }, ...sketches), { maxLength: max })
    .map((plan): OpenPlan => {
      return (targets) =>
        plan.map((sketch, at) => ({
          id: `f${at}`,
          kind: sketch.kind.kind,
          target: targetOf(sketch, targets),
          window: windowOf(sketch, windowMs),
          ...sketch.parameters,
        }));
    });
}

function kindsNamed(names: readonly string[] | undefined): readonly FaultKind[] {
  if (names === undefined) return FAULT_KINDS.filter(({ group }) => GROUPS.includes(group));
  return names.map((name) => {
    const found = FAULT_KINDS.find(({ kind }) => kind === name);
    if (found !== undefined) return found;
    const known = FAULT_KINDS.map(({ kind }) => kind);
    throw new UsageError(`there is no fault "${name}"${didYouMean(name, known)}`);
  });
}

function faultOf(kind: FaultKind) {
  return fc.record({
    kind: fc.constant(kind),
    first: fc.nat(7),
    second: fc.nat(7),
    start: fc.nat(STEPS - 1),
    length: fc.integer({ min: 1, max: STEPS }),
    isOne: fc.boolean(),
    parameters: parametersOf(kind),
  });
}
type FaultSketch = ReturnType<typeof faultOf> extends fc.Arbitrary<infer T> ? T : never;

function parametersOf(kind: FaultKind): fc.Arbitrary<object> {
  const drawn = kind.parameters.flatMap((spec) => {
    const value = valueFor(spec);
    if (value === null) return [];
    return [[spec.name, spec.default === undefined ? value : optional(value)] as const];
  });
  return fc.record(Object.fromEntries(drawn) as Record<string, fc.Arbitrary<unknown>>).map(given);
}

/** null for what only a default can say. */
function valueFor(spec: ParameterSpec): fc.Arbitrary<unknown> | null {
  switch (spec.unit) {
    case 'duration':
      return milliseconds(100, 2000);
    case 'ratio':
      return fc.integer({ min: 5, max: 80 }).map((percent) => `${percent}%`);
    case 'number':
      return fc.constantFrom(2, 3, 5, 10);
    case 'integer':
      return fc.integer({ min: 1, max: 3 });
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...spec.range.split('|').map((word) => word.trim()));
    default:
      return null;
  }
}

function targetOf(
  { kind, first, second, isOne }: FaultSketch,
  { services, clients }: FaultTargets,
): Readonly<Record<string, string>> {
  const service = pick(services, first);
  if (kind.targets === 'clients') return { client: pick(clients, first) };
  if (kind.targets === 'hosts') return isOne ? { service, mode: 'one' } : { service };
  const others = [...clients, ...services].filter((name) => name !== service);
  if (isOne || others.length === 0) return { service };
  return { from: pick(others, second), to: service };
}

function windowOf(
  { start, length }: FaultSketch,
  [fromMs, toMs]: readonly [number, number],
): FaultDefinition['window'] {
  const stepMs = Math.max(1, Math.floor((toMs - fromMs) / STEPS));
  const steps = Math.min(length, STEPS - start);
  return { at: time(fromMs + start * stepMs), duration: time(steps * stepMs) };
}

function time(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
