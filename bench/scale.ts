/**
 * The `scale.*` rows: how whole scenarios grow, from the text of one to requests per CPU second.
 *
 * Everything takes part that takes part in `meshquake run`: importers, one engine for each side of
 * each sidecar, recorder, digest. Endpoints: one caller, one service of so many instances. Services:
 * chains of three with two instances each; every sidecar knows every service, as in Istio.
 */
import { Diagnostics } from '../src/core/diagnostics.ts';
import { type BuiltWorld, buildWorld } from '../src/harness/build.ts';
import { RequestTap } from '../src/harness/request-tap.ts';
import type { Scenario } from '../src/harness/scenario.ts';
import { readScenarioFile } from '../src/harness/scenario-file.ts';
import { tracerOf } from '../src/harness/trace-requests.ts';
import { perCpuSecond, type Row } from './row.ts';

const STEP_NS = 10_000_000;
const RATE_RPS = 20_000;
const FOREVER_NS = 86_400e9;

export type Growth = 'endpoints' | 'services';

export const SIZES: Readonly<Record<Growth, readonly number[]>> = {
  endpoints: [10, 100, 1_000, 10_000],
  services: [10, 100, 1_000],
};

export function scaleName(growth: Growth, size: number, what: string): string {
  return `scale.${growth}.${size}.${what}`;
}

function endpointsText(count: number): string {
  return `  backend: { instances: ${count}, serviceTime: { exponential: 1ms } }`;
}

function servicesText(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const calls = i % 3 < 2 && i + 1 < count ? `, calls: [s${i + 1}]` : '';
    return `  s${i}: { instances: 2, serviceTime: { exponential: 1ms }${calls} }`;
  }).join('\n');
}

function clientsText(growth: Growth, size: number): string {
  const to = growth === 'endpoints' ? ['backend'] : chainHeads(size);
  const rate = RATE_RPS / to.length;
  return to
    .map((name, i) => `  c${i}: { to: ${name}, open: { poisson: ${rate.toFixed(3)}rps } }`)
    .join('\n');
}

function chainHeads(services: number): string[] {
  return Array.from({ length: Math.ceil(services / 3) }, (_, i) => `s${i * 3}`);
}

export function scenarioOf(growth: Growth, size: number): Scenario {
  const services = growth === 'endpoints' ? endpointsText(size) : servicesText(size);
  const text = `meshquake: 1
title: ${size} ${growth}
duration: 24h
dataPlane: sidecar
services:
${services}
clients:
${clientsText(growth, size)}
`;
  const diagnostics = new Diagnostics();
  const source = { name: 'scale', path: 'scale.yaml', text };
  const { scenarios } = readScenarioFile(source, () => ({ ok: true, files: [] }), diagnostics);
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error(JSON.stringify(diagnostics.sorted()));
  return scenario;
}

function started(growth: Growth, size: number): BuiltWorld {
  const built = buildWorld(scenarioOf(growth, size), 'bench');
  built.world.start(FOREVER_NS);
  return built;
}

/** Simulates until so many more requests of clients have ended. */
function advance({ world, recorder }: BuiltWorld, requests: number): void {
  const target = recorder.requestsDone + requests;
  while (recorder.requestsDone < target) world.run(world.nowNs + STEP_NS);
}

function speedRow(growth: Growth, size: number): Row {
  return {
    name: scaleName(growth, size, 'speed'),
    unit: 'requests per CPU second',
    best: 'highest',
    ratioTo: size === SIZES[growth][0] ? [] : [scaleName(growth, SIZES[growth][0] ?? 0, 'speed')],
    measure() {
      const built = started(growth, size);
      return perCpuSecond((count) => advance(built, count), 40_000, 10_000, 8);
    },
  };
}

/** From the scenario's text to a world that can start. */
function buildRow(growth: Growth, size: number): Row {
  return {
    name: scaleName(growth, size, 'build'),
    unit: 'CPU ms',
    best: 'lowest',
    ratioTo: [],
    measure() {
      buildWorld(scenarioOf(growth, 10), 'warm');
      const before = process.cpuUsage();
      buildWorld(scenarioOf(growth, size), 'bench');
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e3;
    },
  };
}

function memoryRow(growth: Growth, size: number): Row {
  return {
    name: scaleName(growth, size, 'memory'),
    unit: 'MiB',
    best: 'lowest',
    ratioTo: [],
    measure() {
      advance(started(growth, 10), 1_000);
      const before = liveBytes();
      const built = started(growth, size);
      advance(built, 20_000);
      const used = liveBytes() - before;
      if (built.world.nowNs === 0) throw new Error('nothing ran');
      return used / 2 ** 20;
    },
  };
}

/** Heap and typed arrays after a collection. */
export function liveBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** How much longer a run takes in which ten requests are followed. */
export const TRACE_COST_ROW: Row = {
  name: 'mesh.traceCost',
  unit: 'ratio',
  best: 'lowest',
  ratioTo: [],
  measure() {
    const plain = started('services', 10);
    const tap = new RequestTap();
    const followed = buildWorld(scenarioOf('services', 10), 'bench', tap);
    tap.tracer = tracerOf(followed, followedRequests());
    followed.world.start(FOREVER_NS);
    const speed = (built: BuiltWorld): number =>
      perCpuSecond((count) => advance(built, count), 60_000, 20_000, 8);
    return speed(plain) / speed(followed) - 1;
  },
};

function followedRequests(): { client: string; uid: number; endNs: number }[] {
  return Array.from({ length: 10 }, (_, uid) => ({ client: 'c0', uid, endNs: FOREVER_NS }));
}

export const SCALE_ROWS: readonly Row[] = (['endpoints', 'services'] as const).flatMap((growth) =>
  SIZES[growth].flatMap((size) => [
    speedRow(growth, size),
    buildRow(growth, size),
    memoryRow(growth, size),
  ]),
);
