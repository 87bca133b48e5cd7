/**
 * Generated services and who calls whom.
 *
 * Every service is reached from the first one, and calls end. Capacity is ample for the loads of
 * `load.ts`, so that what breaks is broken by faults and policy. Shrinks towards one service of one
 * instance that answers at once.
 */
import fc from 'fast-check';
import { given, milliseconds, optional, pick } from './values.ts';

/** What a topology may look like. */
export interface TopologyOptions {
  /** Fewest services, from 1 on; 1 by default. */
  readonly minServices?: number;
  /** Most services; 4 by default. */
  readonly maxServices?: number;
  /** Most instances of a service; 3 by default. */
  readonly maxInstances?: number;
}

/** A service as the scenario file writes it. */
export interface ServiceDefinition {
  readonly instances: number;
  /** Requests in progress per instance; absent = unlimited. */
  readonly workers?: number;
  /** Requests waiting per instance; absent = unlimited. */
  readonly queue?: number;
  readonly serviceTime: string | { readonly exponential: string };
  readonly calls?: readonly (string | { readonly parallel: readonly string[] })[];
}

/** Services by name: `s0` is where clients enter; a service calls only those with higher numbers. */
export type Topology = Readonly<Record<string, ServiceDefinition>>;

const FEWEST_WORKERS = 4;

function service(maxInstances: number) {
  return fc.record({
    /** Which of the services before this one calls it; the second one may be the same. */
    caller: fc.nat(7),
    second: optional(fc.nat(7)),
    isParallel: fc.boolean(),
    instances: fc.integer({ min: 1, max: maxInstances }),
    workers: optional(fc.integer({ min: FEWEST_WORKERS, max: 16 })),
    queue: optional(fc.integer({ min: 10, max: 100 })),
    serviceTime: fc.oneof(
      { withCrossShrink: true },
      milliseconds(1, 20),
      milliseconds(1, 20).map((mean) => ({ exponential: mean })),
    ),
  });
}
type ServiceSketch = ReturnType<typeof service> extends fc.Arbitrary<infer T> ? T : never;

/** One to four services by default. */
export function topology(options: TopologyOptions = {}): fc.Arbitrary<Topology> {
  const { minServices = 1, maxServices = 4, maxInstances = 3 } = options;
  return fc
    .array(service(maxInstances), { minLength: minServices, maxLength: maxServices })
    .map((sketches) =>
      Object.fromEntries(
        sketches.map((sketch, at) => [`s${at}`, definition(sketches, sketch, at)]),
      ),
    );
}

function definition(
  sketches: readonly ServiceSketch[],
  sketch: ServiceSketch,
  at: number,
): ServiceDefinition {
  const { instances, workers, queue, serviceTime, isParallel } = sketch;
  const called = sketches.flatMap((other, index) => (callersOf(other, index).has(at) ? index : []));
  const names = called.map((index) => `s${index}`);
  const calls = isParallel && names.length > 1 ? [{ parallel: names }] : names;
  return given({
    instances,
    workers,
    queue,
    serviceTime,
    calls: calls.length > 0 ? calls : undefined,
  });
}

function callersOf({ caller, second }: ServiceSketch, index: number): ReadonlySet<number> {
  if (index === 0) return new Set();
  const before = Array.from({ length: index }, (_, at) => at);
  return new Set([pick(before, caller), pick(before, second ?? caller)]);
}
