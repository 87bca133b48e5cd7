/**
 * The `mesh.*` rows: the three-tier model on the real engine and simulator, beside the baselines.
 * Source: performance.md A4; surface.md §1 (names).
 */
import { runClosures } from './closures-baseline.ts';
import { runIndexedHeap } from './indexed-heap.ts';
import { LEAN, MeshWorld, type MeshWorldOptions } from './mesh-world.ts';
import { perCpuSecond, type Row } from './row.ts';

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

const lean = meshRow('mesh.lean', LEAN, 1_200_000, ['mesh.closures', 'mesh.indexed-heap']);
const full = meshRow('mesh.full', { ...LEAN, mode: 'full' }, 600_000, ['mesh.closures']);
const withoutDigest = meshRow('mesh.no-digest', { ...LEAN, digest: false }, 1_200_000, []);
const endpoints10k = meshRow('mesh.endpoints10k', { ...LEAN, endpoints: 10_000 }, 300_000, []);

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

/** Heap bytes that 200,000 requests allocate once everything is warm, collections included. */
const allocated: Row = {
  name: 'mesh.lean.allocatedBytesPerRequest',
  unit: 'bytes',
  best: 'lowest',
  ratioTo: [],
  measure() {
    const world = new MeshWorld(LEAN);
    world.advance(400_000);
    const requests = 100_000;
    let bytes = 0;
    // The young generation may be collected in between: add up what each short stretch allocated.
    for (let i = 0; i < 100; i++) {
      const before = process.memoryUsage().heapUsed;
      world.advance(requests / 100);
      bytes += Math.max(0, process.memoryUsage().heapUsed - before);
    }
    return bytes / requests;
  },
};

const IN_FLIGHT = 100_000;

/** Memory of 100,000 attempts under way at once, all tables and events together. */
const bytesPerAttempt: Row = {
  name: 'mesh.inFlight100k.bytesPerAttempt',
  unit: 'bytes',
  best: 'lowest',
  ratioTo: [],
  measure() {
    const before = memory();
    const world = inFlightWorld();
    return (memory() - before - memoryOfIdleWorld()) / attemptsInFlight(world);
  },
};

/** Long delays keep many requests in the air: Little's law sets how many. */
function inFlightWorld(delayNs = (IN_FLIGHT / 2 / 10_000) * 1e9): MeshWorld {
  const world = new MeshWorld({ ...LEAN, rateRps: 10_000, delayNs });
  const untilNs = delayNs;
  while (world.world.nowNs < untilNs) world.world.run(world.world.nowNs + 50_000_000);
  return world;
}

function memoryOfIdleWorld(): number {
  return 0;
}

function attemptsInFlight(world: MeshWorld): number {
  return world.world.inFlight;
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export const MESH_ROWS: readonly Row[] = [
  lean,
  full,
  closures,
  indexedHeap,
  allocated,
  bytesPerAttempt,
  costRow('mesh.digestCost', lean, withoutDigest),
  costRow('mesh.endpoints10k.costRatio', endpoints10k, lean),
];
