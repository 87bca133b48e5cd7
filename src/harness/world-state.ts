/**
 * The whole mesh at one moment of a run: requests in flight, machines, pools, ejections, faults.
 * Plain JSON. For replays that stop somewhere.
 */
import { type Ns, SECOND } from '../core/time.ts';
import type { BuiltWorld } from './build.ts';
import { lookAtProxy } from './proxy-look.ts';

export interface WorldState {
  readonly atS: number;
  readonly events: number;
  readonly clients: readonly { readonly name: string; readonly inFlight: number }[];
  /** Machines of services, in the order of the scenario. */
  readonly machines: readonly MachineState[];
  /** Pools that are in use or hold connections, by proxy and cluster. */
  readonly pools: readonly PoolState[];
  /** Ejections in force. */
  readonly ejections: readonly {
    readonly proxy: string;
    readonly endpoint: string;
    readonly detector: string;
    readonly sinceS: number;
  }[];
  /** Faults in force. */
  readonly faults: readonly {
    readonly id: string;
    readonly sinceS: number;
    readonly untilS: number;
  }[];
}

export interface MachineState {
  readonly name: string;
  readonly isUp: boolean;
  readonly busyWorkers: number;
  /** 0 = unlimited. */
  readonly workers: number;
  readonly queueLength: number;
}

export interface PoolState {
  readonly proxy: string;
  readonly cluster: string;
  readonly connections: number;
  readonly pending: number;
  readonly requests: number;
  /** Endpoints that are not chosen, and why. */
  readonly excluded: readonly string[];
}

/** The world as it stands. */
export function worldState(built: BuiltWorld): WorldState {
  const { world, recorder, faults } = built;
  const nowNs = world.nowNs;
  return {
    atS: nowNs / SECOND,
    events: world.kernel.eventCount,
    clients: world.clients.map(({ name, inFlight }) => ({ name, inFlight })),
    machines: machinesOf(built),
    pools: built.proxies.flatMap((_, proxy) => poolsOf(built, proxy)),
    ejections: recorder.ejections
      .list(0, nowNs + 1)
      .filter(({ untilS, refusedBy }) => untilS === null && refusedBy === null)
      .map(({ proxy, endpoint, detector, atS }) => ({ proxy, endpoint, detector, sinceS: atS })),
    faults: faults
      .windows()
      .filter(({ startNs, endNs }) => startNs <= nowNs && nowNs < endNs)
      .map(({ id, startNs, endNs }) => ({ id, sinceS: startNs / SECOND, untilS: endNs / SECOND })),
  };
}

function machinesOf({ world, recorder }: BuiltWorld): MachineState[] {
  return world.hosts
    .filter(({ id }) => (recorder.plan.hostServiceRow[id] ?? -1) >= 0)
    .map(({ name, isUp, busyWorkers, workers, queueLength }) => {
      return { name, isUp, busyWorkers, workers, queueLength };
    });
}

function poolsOf(built: BuiltWorld, proxy: number): PoolState[] {
  const { name, isInbound } = built.proxies[proxy]!;
  if (isInbound) return [];
  return lookAtProxy(built, proxy).flatMap(({ cluster, breakers, endpoints }) => {
    const [connections = 0, pending = 0, requests = 0] = breakers.map(({ used }) => used);
    const excluded = endpoints
      .filter(({ flags }) => flags !== '')
      .map(({ name: endpoint, flags }) => `${endpoint} ${flags}`);
    const isIdle = connections + pending + requests + excluded.length === 0;
    return isIdle ? [] : [{ proxy: name, cluster, connections, pending, requests, excluded }];
  });
}

/** Runs a world that has not begun up to an instant, inclusive. */
export function runUntil({ world, faults }: BuiltWorld, durationNs: Ns, atNs: Ns): void {
  faults.arm();
  world.start(durationNs);
  world.run(atNs);
}
