/**
 * Generated fault plans, from the list of kinds: a kind that joins the list joins the laws.
 *
 * Parameters with a default are left out half of the time; others are drawn by their unit. Who is
 * struck is chosen among the names of a chain.
 */
import fc from 'fast-check';
import type { FaultKind, ParameterSpec } from '../../src/faults/fault.ts';
import { FAULT_KINDS } from '../../src/faults/index.ts';
import { type Chain, given, type Json, type JsonMap, maybe, ms, ratioUpTo } from './sketch.ts';

/** A fault that still has to be told whom it may strike. */
export interface FaultSketch {
  on(chain: Chain, durationMs: number, id: string): JsonMap;
}

const PERMILLE = 1000;

function valueFor(spec: ParameterSpec): fc.Arbitrary<Json> {
  switch (spec.unit) {
    case 'duration':
      return ms(1, 300);
    case 'ratio':
      return ratioUpTo(80);
    case 'number':
      return fc.constantFrom(0.5, 1.5, 2, 5);
    case 'integer':
      return fc.integer({ min: 1, max: 3 });
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...spec.range.split('|').map((word) => word.trim()));
    case 'names':
      return fc.constant([]);
  }
}

function parametersOf(kind: FaultKind): fc.Arbitrary<JsonMap> {
  const entries = kind.parameters
    .filter((spec) => spec.unit !== 'names')
    .map((spec): [string, fc.Arbitrary<Json | undefined>] => {
      const value = valueFor(spec);
      return [spec.name, spec.default === undefined ? value : fc.option(value, { nil: undefined })];
    });
  return fc.record(Object.fromEntries(entries)).map(given);
}

/** Of whom, as numbers that `targetOf` turns into names. */
const selector = fc.record({
  first: fc.nat(7),
  second: fc.nat(7),
  isInstance: fc.boolean(),
  mode: fc.constantFrom(
    {},
    { mode: 'all' },
    { mode: 'one' },
    { mode: 'fixed', value: 1 },
    { mode: 'share', value: '50%' },
  ),
});
type Selector = typeof selector extends fc.Arbitrary<infer T> ? T : never;

function targetOf(kind: FaultKind, chain: Chain, chosen: Selector): JsonMap {
  const services = Object.keys(chain.services);
  const clients = Object.keys(chain.clients);
  const pick = (names: readonly string[], at: number): string => names[at % names.length] ?? '';
  switch (kind.targets) {
    case 'hosts': {
      const service = pick(services, chosen.first);
      const hasVersions = 'versions' in (chain.services[service] as JsonMap);
      if (chosen.isInstance) return { instance: `${service}${hasVersions ? '-v1' : ''}-0` };
      return { service, ...chosen.mode };
    }
    case 'clients':
      return { client: pick(clients, chosen.first) };
    case 'links': {
      const everybody = [...services, ...clients];
      if (chosen.isInstance) return { service: pick(services, chosen.first) };
      return { from: pick(everybody, chosen.first), to: pick(services, chosen.second) };
    }
  }
}

function sketchOf(kind: FaultKind): fc.Arbitrary<FaultSketch> {
  return fc
    .record({
      parameters: parametersOf(kind),
      selector,
      start: fc.nat(PERMILLE - 1),
      length: ms(20, 600),
      ramp: maybe(2, ms(1, 200)),
      period: maybe(2, ms(200, 800)),
      direction: maybe(3, fc.constantFrom('to', 'from', 'both')),
      probability: maybe(3, fc.constant(0.5)),
    })
    .map((sketch): FaultSketch => {
      return {
        on: (chain, durationMs, id) => {
          const { length, ramp, period, direction, probability } = sketch;
          const at = `${Math.floor((sketch.start * durationMs) / PERMILLE)}ms`;
          const once = period === undefined;
          return given({
            id,
            kind: kind.kind,
            target: targetOf(kind, chain, sketch.selector),
            window: given({ at: once ? at : undefined, duration: length, ramp }),
            schedule: once ? undefined : { every: period, first: at },
            direction: kind.targets === 'links' ? direction : undefined,
            probability,
            ...sketch.parameters,
          });
        },
      };
    });
}

/** None to three faults of any kinds. */
export const faultSketches: fc.Arbitrary<FaultSketch[]> =
  FAULT_KINDS.length === 0
    ? fc.constant([])
    : fc.array(fc.oneof(...FAULT_KINDS.map(sketchOf)), { maxLength: 3 });
