/**
 * From sketches to runs: reads a generated scenario, builds its world and records all that happens.
 *
 * An observed run is a list of numbered records: those of `core/records.ts` as the observer hears
 * them, and between them what crosses the boundary of engines (`Boundary`), in one order of time.
 * Laws read this list. Everything is tapped from outside; the code under test knows nothing of it.
 */
import { Diagnostics } from '../../src/core/diagnostics.ts';
import type { RequestLogEntry } from '../../src/core/engine.ts';
import type { Measurements } from '../../src/core/measurements.ts';
import { RecordKind } from '../../src/core/records.ts';
import type { Ns } from '../../src/core/time.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { type BuiltWorld, buildWorld } from '../../src/harness/build.ts';
import type { Scenario } from '../../src/harness/scenario.ts';
import { readScenarioFile } from '../../src/harness/scenario-file.ts';
import { NO_OVERRIDES } from '../../src/harness/variants.ts';
import type { PolicyEngine } from '../../src/mesh/engine/engine.ts';
import { measure } from '../../src/trace/measure.ts';
import { clusterOfConnection, dispatcherOf, enginesOf, portsOf } from './insides.ts';
import { after, before } from './patch.ts';
import type { ScenarioSketch } from './sketch.ts';

/** What crosses an engine's boundary, as kinds of records; owner = proxy id. */
export const Boundary = {
  dial: 101, // connection, endpoint id, cluster id
  /** A connection counts no more: closed, failed, or given up by the engine. */
  connectionOver: 102, // connection
  openStream: 103, // stream, connection, attempt's uid
  /** The last byte of a response, or a reset by either side. */
  streamOver: 104, // stream, connection
  /** Of an input in which an attempt was started. */
  inputEnds: 105,
  /** A host's queue or workers changed; owner = host id. */
  hostLoad: 106, // queue length, busy workers
  clientStarted: 107, // owner = client id
  clientDone: 108, // status, 1 = good, latency in ns; owner = client id
  requestLogged: 109, // uid, cluster id, attempts made
} as const;

export interface RunRecord {
  readonly atNs: Ns;
  readonly kind: number;
  readonly owner: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface ObservedRun {
  readonly scenario: Scenario;
  readonly built: BuiltWorld;
  /** Indexed by proxy id. */
  readonly engines: readonly PolicyEngine[];
  readonly records: readonly RunRecord[];
  /** Of a run as the command line makes it, which drains for two minutes. */
  readonly digest: string;
  /** When everything had arrived. */
  readonly measurements: Measurements;
}

/** Plants a bug into a world that is built and has not begun. @returns how to undo it, if need be */
export type Plant = (parts: PlantParts) => undefined | (() => void);

export interface PlantParts {
  readonly built: BuiltWorld;
  readonly engines: readonly PolicyEngine[];
}

export interface ObserveOptions {
  /** Default: the sketch's. */
  readonly seed?: string;
  readonly plant?: Plant;
}

/** @throws Error with the diagnostics when the generated file is wrong, which is a bug of the test */
export function readSketch(sketch: ScenarioSketch): Scenario {
  const diagnostics = new Diagnostics();
  const text = JSON.stringify(sketch.scenario);
  const mesh = sketch.mesh.map((document) => JSON.stringify(document)).join('\n---\n');
  const { scenarios } = readScenarioFile(
    { name: 'generated', path: 'scenario.yaml', text },
    (path) => ({ ok: true, files: [{ path, text: mesh }] }),
    diagnostics,
    NO_OVERRIDES,
  );
  const [scenario] = scenarios;
  if (scenario !== undefined) return scenario;
  throw new Error(
    diagnostics
      .sorted()
      .map(({ code, message }) => `${code} ${message}`)
      .join('\n'),
  );
}

/** Longer than any retransmission goes on, so that every close has arrived. */
const SETTLE_NS = 30 * MINUTE;
const DRAIN_NS = 2 * MINUTE;

/** Runs a scenario as `runScenario` does, records it, and then lets everything under way arrive. */
export function observe(sketch: ScenarioSketch, options: ObserveOptions = {}): ObservedRun {
  const scenario = readSketch(sketch);
  const built = buildWorld(scenario, options.seed ?? sketch.seed);
  const { world, recorder, faults } = built;
  const engines = enginesOf(world);
  const undo = options.plant?.({ built, engines });
  const records: RunRecord[] = [];
  tap(built, engines, records);
  try {
    faults.arm();
    world.start(scenario.durationNs);
    world.run(scenario.durationNs - 1);
    recorder.rotate(scenario.durationNs);
    world.drain(scenario.durationNs + DRAIN_NS);
    const digest = recorder.digest.hex();
    world.run(world.nowNs + SETTLE_NS);
    recorder.rotate(world.nowNs);
    const window = { fromNs: 0, toNs: scenario.durationNs, bucketNs: SECOND };
    const measurements = measure(recorder, { ...window, faultWindows: faults.windows() });
    return { scenario, built, engines, records, digest, measurements };
  } finally {
    undo?.();
  }
}

/** Writes down whatever the observer hears and whatever crosses an engine's boundary. */
function tap(built: BuiltWorld, engines: readonly PolicyEngine[], records: RunRecord[]): void {
  const { world, recorder } = built;
  let hasStarted = false;
  const note: Note = (kind, owner, a = 0, b = 0, c = 0) => {
    if (kind === RecordKind.attemptStarted) hasStarted = true;
    else if (kind === Boundary.inputEnds) hasStarted = false;
    records.push({ atNs: world.nowNs, kind, owner, a, b, c });
  };
  before(recorder, 'record', note);
  before(recorder, 'clientStarted', (client) => note(Boundary.clientStarted, client));
  before(recorder, 'clientDone', (client, status, ok, latencyNs) =>
    note(Boundary.clientDone, client, status, ok ? 1 : 0, latencyNs),
  );
  before(recorder, 'requestLogged', (proxy: number, entry: RequestLogEntry) =>
    note(Boundary.requestLogged, proxy, entry.uid, entry.cluster, entry.attemptCount),
  );
  for (const [proxy, engine] of engines.entries()) {
    tapEngine(engine, proxy, note, () => hasStarted);
  }
  tapHosts(built, note);
}

type Note = (kind: number, owner: number, a?: number, b?: number, c?: number) => void;

/** @param hasStarted whether an attempt was started since the last input ended */
function tapEngine(
  engine: PolicyEngine,
  proxy: number,
  note: Note,
  hasStarted: () => boolean,
): void {
  const ports = portsOf(engine);
  const connectionOf = new Map<number, number>();
  const streamOver = (stream: number): void => {
    note(Boundary.streamOver, proxy, stream, connectionOf.get(stream) ?? -1);
  };
  const connectionOver = (connection: number): void => {
    note(Boundary.connectionOver, proxy, connection);
  };
  before(ports, 'dial', (connection, endpoint) => {
    const cluster = clusterOfConnection(engine, connection)?.id ?? -1;
    note(Boundary.dial, proxy, connection, endpoint.id, cluster);
  });
  before(ports, 'openStream', (stream, connection, uid) => {
    connectionOf.set(stream, connection);
    note(Boundary.openStream, proxy, stream, connection, uid);
  });
  before(ports, 'resetStream', (stream) => {
    streamOver(stream);
    connectionOver(connectionOf.get(stream) ?? -1);
  });
  before(ports, 'closeUpstream', connectionOver);
  before(engine, 'onConnectFailed', connectionOver);
  before(engine, 'onConnectionClosed', connectionOver);
  before(engine, 'onStreamReset', streamOver);
  before(engine, 'onResponseHead', (stream, _head, end) => {
    if (end) streamOver(stream);
  });
  for (const input of INPUTS) {
    after(engine, input, () => {
      if (hasStarted()) note(Boundary.inputEnds, proxy);
    });
  }
}

const INPUTS = [
  'onRequest',
  'onRequestReset',
  'onConnected',
  'onConnectFailed',
  'onConnectionClosed',
  'onResponseHead',
  'onStreamReset',
  'onTimer',
] as const;

/** After each kernel event: hosts whose queue or workers changed. */
function tapHosts({ world }: BuiltWorld, note: Note): void {
  const known = world.hosts.map(() => '');
  after(dispatcherOf(world), 'onEvent', () => {
    for (const { id, queueLength, busyWorkers } of world.hosts) {
      const load = `${queueLength}/${busyWorkers}`;
      if (load === known[id]) continue;
      known[id] = load;
      note(Boundary.hostLoad, id, queueLength, busyWorkers);
    }
  });
}
