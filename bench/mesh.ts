/**
 * The `mesh.*` rows: the three-tier model on the real engine and simulator, beside the baselines.
 * Source: performance.md A4; surface.md §1 (names).
 */

import { allocatedBytes } from './allocations.ts';
import { runClosures } from './closures-baseline.ts';
import { runIndexedHeap } from './indexed-heap.ts';
import { LEAN, MeshWorld, type MeshWorldOptions } from './mesh-world.ts';
import { perCpuSecond, type Row } from './row.ts';
import { liveBytes, TRACE_COST_ROW } from './scale.ts';
import { SIMPY_ROW } from './simpy.ts';

const PER_CPU_SECOND = 'requests per CPU second';

function meshRow(
  name: string,
  options: MeshWorldOptions,
  requests: number,
  ratioTo: readonly string[],
): Row {
  return {
    name,
    unit: PER_CPU_SECOND,
    best: 'highest',
    ratioTo,
    measure() {
      const world = new MeshWorld(options);
      return perCpuSecond((count) => world.advance(count), requests / 4, requests / 20, 20);
    },
  };
}

const lean = meshRow('mesh.lean', LEAN, 1_200_000, [
  'mesh.closures',
  'mesh.indexed-heap',
  'mesh.simpy',
]);
const full = meshRow('mesh.full', { ...LEAN, mode: 'full' }, 600_000, ['mesh.closures']);
const withoutDigest = meshRow('mesh.no-digest', { ...LEAN, digest: false }, 1_200_000, []);
/** One caller, one service: what the caller's proxy has to choose from. */
const oneTier = (endpoints: number): Row =>
  meshRow(`mesh.endpoints.${endpoints}`, { ...LEAN, tiers: 1, endpoints }, 1_200_000, []);

const closures: Row = {
  name: 'mesh.closures',
  unit: PER_CPU_SECOND,
  best: 'highest',
  ratioTo: ['mesh.indexed-heap'],
  // Each call is a run of its own: long enough to fill the heap with cancelled timeouts.
  measure: () => perCpuSecond((count) => runClosures(count), 20_000, 200_000, 3),
};

const indexedHeap: Row = {
  name: 'mesh.indexed-heap',
  unit: PER_CPU_SECOND,
  best: 'highest',
  ratioTo: [],
  measure: () => perCpuSecond((count) => runIndexedHeap(count), 50_000, 200_000, 4),
};

/** How much longer a CPU takes with than without: 0.04 = 4 %. */
function costRow(name: string, withIt: Row, without: Row, scale = 1): Row {
  return {
    name,
    unit: 'ratio',
    best: 'lowest',
    ratioTo: [],
    async measure() {
      const rateWith = await withIt.measure();
      const rateWithout = await without.measure();
      return (rateWithout / rateWith) * scale - 1;
    },
  };
}

/** Bytes that a request allocates once everything is warm, as V8's allocation profiler finds them. */
const allocated: Row = {
  name: 'mesh.lean.allocatedBytesPerRequest',
  unit: 'bytes',
  best: 'lowest',
  ratioTo: [],
  async measure() {
    const world = new MeshWorld(LEAN);
    world.advance(500_000);
    const requests = 200_000;
    return (await allocatedBytes(() => world.advance(requests))) / requests;
  },
};

const IN_FLIGHT = 100_000;
const FLIGHT_RPS = 10_000;

/**
 * A service that takes ten seconds: by Little's law 10 s × 10,000 rps = 100,000 attempts are under way
 * at once. The limit of a try is far longer, so that it is armed and never fires.
 */
const SLOW: MeshWorldOptions = {
  ...LEAN,
  tiers: 1,
  rateRps: FLIGHT_RPS,
  serviceNs: (IN_FLIGHT / FLIGHT_RPS) * 1e9,
  workers: IN_FLIGHT,
  perTryTimeoutNs: 600_000_000_000,
};

/** Heap and typed arrays of an attempt under way: row, connection, timer, event; tables' slack, too. */
const bytesPerAttempt: Row = {
  name: 'mesh.inFlight100k.bytesPerAttempt',
  unit: 'bytes',
  best: 'lowest',
  ratioTo: [],
  measure() {
    new MeshWorld(LEAN).advance(20_000);
    const before = liveBytes();
    const idle = new MeshWorld(SLOW);
    const withIdle = liveBytes();
    const busy = new MeshWorld(SLOW);
    busy.world.run(FLIGHT_SETTLED_NS);
    const bytes = liveBytes() - withIdle - (withIdle - before);
    const attempts = busy.world.inFlight;
    if (attempts < IN_FLIGHT * 0.95) throw new Error(`only ${attempts} in flight`);
    if (idle.world.inFlight !== 0) throw new Error('the idle world is not idle');
    return bytes / attempts;
  },
};

/** Six mean times: as many end as begin. */
const FLIGHT_SETTLED_NS = 60_000_000_000;

export const MESH_ROWS: readonly Row[] = [
  lean,
  full,
  closures,
  indexedHeap,
  SIMPY_ROW,
  allocated,
  bytesPerAttempt,
  costRow('mesh.digestCost', lean, withoutDigest),
  TRACE_COST_ROW,
  costRow('mesh.endpoints10k.costRatio', oneTier(10_000), oneTier(10)),
];
