/**
 * Generated scenarios for laws: small worlds of every shape that the scenario file can say.
 *
 * A sketch is plain JSON: a scenario file, its policy documents and a seed, so that a failure prints
 * what can be saved and run again. Sizes are chosen for some 50–300 client requests in all.
 * `scenarios.ts` reads and runs sketches.
 */
import fc from 'fast-check';
import { type FaultSketch, faultSketches } from './fault-arbitraries.ts';
import { destinationRule, virtualService } from './policy-arbitraries.ts';
import {
  type Chain,
  given,
  type Json,
  type JsonMap,
  maybe,
  ms,
  ratioUpTo,
  type ScenarioSketch,
} from './sketch.ts';

export interface SketchOptions {
  /** Default: none to three faults. */
  readonly faults?: 'none' | 'some';
  readonly dataPlane?: 'none' | 'sidecar';
}

const duration: fc.Arbitrary<Json> = fc.oneof(
  ms(0, 15),
  ms(1, 15).map((mean) => ({ exponential: mean })),
  fc.tuple(ms(0, 4), ms(5, 20)).map(([min, max]) => ({ uniform: { min, max } })),
);

// Services

interface CallSketch {
  /** Which of the services behind the caller; see `nameBehind`. */
  readonly pick: number;
  readonly extra: JsonMap;
}

const call: fc.Arbitrary<CallSketch> = fc.record({
  pick: fc.nat({ max: 2 }),
  extra: fc
    .record({
      times: maybe(2, fc.integer({ min: 1, max: 3 })),
      share: maybe(2, ratioUpTo(100)),
      timeout: maybe(3, ms(5, 150)),
      onError: maybe(3, fc.constant('ignore')),
      method: maybe(2, fc.constant('POST')),
      bodySize: maybe(2, fc.constant('2KiB')),
    })
    .map(given),
});

const step = fc.oneof(
  { arbitrary: call.map((one) => ({ calls: [one], wait: null })), weight: 3 },
  {
    arbitrary: fc.record({
      calls: fc.array(call, { minLength: 1, maxLength: 3 }),
      wait: fc.constantFrom('all' as const, 'any' as const),
    }),
    weight: 2,
  },
);

const errors = fc.array(
  fc.record({ status: fc.constantFrom(503, 500, 502, 404, 429), ratio: ratioUpTo(30) }),
  { maxLength: 2 },
);

const behaviour = fc.record({
  instances: fc.integer({ min: 1, max: 3 }),
  workers: maybe(6, fc.integer({ min: 1, max: 4 })),
  queue: maybe(5, fc.integer({ min: 0, max: 6 })),
  serviceTime: duration,
  errors: maybe(5, errors),
  onAbandon: maybe(6, fc.constantFrom('keep-working', 'skip-queued', 'cancel')),
});

const service = fc.record({
  behaviour: behaviour.map(given),
  hasVersions: fc.nat({ max: 9 }).map((value) => value >= 7),
  steps: fc.array(step, { maxLength: 3 }),
  virtualService: maybe(7, virtualService),
  destinationRule: maybe(7, destinationRule),
});
type ServiceSketch = typeof service extends fc.Arbitrary<infer T> ? T : never;

/** A service calls only services behind it, so calls end. @returns null when there is none */
function nameBehind(names: readonly string[], caller: number, pick: number): string | null {
  const behind = names.length - 1 - caller;
  return behind === 0 ? null : (names[caller + 1 + (pick % behind)] ?? null);
}

function callsOf(names: readonly string[], at: number, sketch: ServiceSketch): Json[] {
  return sketch.steps.flatMap(({ calls, wait }): Json[] => {
    const branches = calls.flatMap(({ pick, extra }): JsonMap[] => {
      const to = nameBehind(names, at, pick);
      return to === null ? [] : [{ to, ...extra }];
    });
    if (branches.length === 0) return [];
    return wait === null ? branches : [{ parallel: branches, wait }];
  });
}

function serviceOf(names: readonly string[], at: number, sketch: ServiceSketch): JsonMap {
  const calls = callsOf(names, at, sketch);
  const versions = sketch.hasVersions ? { versions: { v1: {}, v2: { instances: 1 } } } : {};
  return { ...sketch.behaviour, ...(calls.length === 0 ? {} : { calls }), ...versions };
}

function policiesOf(name: string, sketch: ServiceSketch): JsonMap[] {
  const metadata = { name, namespace: 'default' };
  const subsets = sketch.hasVersions ? ['v1', 'v2'] : [];
  const documents: JsonMap[] = [];
  const rule = sketch.destinationRule ?? (sketch.hasVersions ? {} : null);
  if (rule !== null) {
    const named = subsets.map((version) => ({ name: version, labels: { version } }));
    const spec = { host: name, ...rule, ...(named.length === 0 ? {} : { subsets: named }) };
    const kind = 'DestinationRule';
    documents.push({ apiVersion: 'networking.istio.io/v1', kind, metadata, spec });
  }
  if (sketch.virtualService !== undefined) {
    const { weight, ...http } = sketch.virtualService;
    const targets = subsets.map((subset) => ({ host: name, subset }));
    const [first = { host: name }, second] = targets;
    const route =
      second === undefined
        ? [{ destination: first }]
        : [
            { destination: first, weight },
            { destination: second, weight: 100 - weight },
          ];
    const spec = { hosts: [name], http: [{ route, ...http.http }] };
    const kind = 'VirtualService';
    documents.push({ apiVersion: 'networking.istio.io/v1', kind, metadata, spec });
  }
  return documents;
}

// Clients

const openLoad = fc.oneof(
  fc.integer({ min: 10, max: 60 }).map((rate) => ({ poisson: `${rate}rps` })),
  fc.integer({ min: 10, max: 60 }).map((rate) => ({ constant: `${rate}rps` })),
  fc
    .tuple(ms(100, 500), fc.integer({ min: 1, max: 20 }))
    .map(([every, size]) => ({ bursts: { every, size } })),
);

const closedLoad = fc.record({
  users: fc.integer({ min: 1, max: 4 }),
  thinkTime: fc.oneof(
    ms(30, 100),
    ms(30, 100).map((mean) => ({ exponential: mean })),
  ),
  iterations: fc.integer({ min: 3, max: 15 }),
});

const client = fc.record({
  pick: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(3), weight: 1 }),
  load: fc.oneof(
    { arbitrary: openLoad.map((open) => ({ open })), weight: 3 },
    { arbitrary: closedLoad.map((closed) => ({ closed })), weight: 1 },
  ),
  instances: maybe(3, fc.integer({ min: 1, max: 2 })),
  deadline: maybe(3, ms(20, 300)),
});

// Chains: some services, who calls them, what is configured for them

/** One to four services and one or two clients, named `<prefix>0`, `<prefix>-c0`. */
export function aChain(prefix: string): fc.Arbitrary<Chain> {
  return fc
    .record({
      services: fc.array(service, { minLength: 1, maxLength: 4 }),
      clients: fc.array(client, { minLength: 1, maxLength: 2 }),
    })
    .map(({ services, clients }): Chain => {
      const names = services.map((_, at) => `${prefix}${at}`);
      const called = clients.map(({ pick, load, instances, deadline }, at): [string, JsonMap] => [
        `${prefix}-c${at}`,
        given({ to: names[pick % names.length] ?? '', ...load, instances, deadline }),
      ]);
      return {
        services: Object.fromEntries(
          services.map((sketch, at) => [names[at] ?? '', serviceOf(names, at, sketch)]),
        ),
        clients: Object.fromEntries(called),
        mesh: services.flatMap((sketch, at) => policiesOf(names[at] ?? '', sketch)),
      };
    });
}

const link = fc
  .record({
    latency: maybe(
      6,
      fc.oneof(
        ms(1, 5),
        ms(1, 4).map((mean) => ({ exponential: mean })),
      ),
    ),
    loss: maybe(2, ratioUpTo(5)),
  })
  .map(given);

/** The world around the chains. */
export const surroundings = fc.record({
  seed: fc.nat({ max: 999_999 }).map(String),
  durationMs: fc.integer({ min: 400, max: 1600 }),
  dataPlane: fc.constantFrom('sidecar', 'sidecar', 'none'),
  overhead: fc.constantFrom('none', 'none', 'none', 'istio-sidecar-1.24'),
  network: maybe(6, link),
});
export type Surroundings = typeof surroundings extends fc.Arbitrary<infer T> ? T : never;

/** The file of some chains in their surroundings. */
export function scenarioOf(
  around: Surroundings,
  chains: readonly Chain[],
  faults: readonly JsonMap[],
): JsonMap {
  const { durationMs, dataPlane, overhead, network } = around;
  const isFree = dataPlane === 'none';
  return given({
    meshquake: 1,
    duration: `${durationMs}ms`,
    mesh: chains.some(({ mesh }) => mesh.length > 0) ? 'mesh.yaml' : undefined,
    dataPlane: isFree ? 'none' : { kind: dataPlane, overhead },
    services: Object.assign({}, ...chains.map((chain) => chain.services)),
    clients: Object.assign({}, ...chains.map((chain) => chain.clients)),
    network: network === undefined ? undefined : { default: network },
    faults: faults.length === 0 ? undefined : faults,
  });
}

/** Any small scenario. */
export function aSketch(options: SketchOptions = {}): fc.Arbitrary<ScenarioSketch> {
  return fc
    .record({
      around: surroundings,
      chain: aChain('s'),
      faults: options.faults === 'none' ? fc.constant<FaultSketch[]>([]) : faultSketches,
    })
    .map(({ around, chain, faults }): ScenarioSketch => {
      const dataPlane = options.dataPlane ?? around.dataPlane;
      const plans = faults.map((fault, at) => fault.on(chain, around.durationMs, `f${at}`));
      return {
        seed: around.seed,
        scenario: scenarioOf({ ...around, dataPlane }, [chain], plans),
        mesh: chain.mesh,
      };
    });
}
