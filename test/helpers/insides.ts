/**
 * The only place where tests of whole runs look behind the public face of engine and simulator.
 *
 * Laws need names and settings (which cluster is this, how many workers has it) and, once everything
 * has ended, what is left in the tables. They count for themselves what goes on meanwhile.
 */
import type { Ports } from '../../src/core/engine.ts';
import type { BuiltWorld } from '../../src/harness/build.ts';
import type { Cluster } from '../../src/mesh/cluster/cluster.ts';
import type { PolicyEngine } from '../../src/mesh/engine/engine.ts';

type World = BuiltWorld['world'];

/** Indexed by proxy id. */
export function enginesOf(world: World): readonly PolicyEngine[] {
  return world['proxies'].map((proxy) => proxy.engine as PolicyEngine);
}

/** Indexed by proxy id. */
export function inboundProxies(world: World): readonly boolean[] {
  return world['proxies'].map((proxy) => proxy.isInbound);
}

export function portsOf(engine: PolicyEngine): Ports {
  return engine['context'].ports;
}

/** Those that were used. */
export function clustersOf(engine: PolicyEngine): readonly Cluster[] {
  return engine['context'].clusters;
}

/** Tables that all engines of a run share. */
export function engineTables(engine: PolicyEngine) {
  return engine['context'].tables;
}

/** The cluster for which a connection was dialled; undefined = unknown. */
export function clusterOfConnection(engine: PolicyEngine, connection: number): Cluster | undefined {
  const { pools, connections } = engineTables(engine);
  return clustersOf(engine)[pools[connections.poolOf(connection)]?.clusterIndex ?? -1];
}

/** Stream rows that were ever used. */
export function streamRows(engine: PolicyEngine): number {
  return engineTables(engine).streams['unused'];
}

/** Bodies and rare timers of requests that are still there. */
export function requestExtras(engine: PolicyEngine): number {
  return engineTables(engine).requests['extras'].size;
}

/** Indexed by host id. */
export function hostSpecs(world: World) {
  return world['commons'].hosts.map((host) => host.spec);
}

export function simulatorTables(world: World) {
  const { requests, turns, wires } = world['commons'];
  return { requests, turns, wires };
}

/** What handles each kernel event and turn entry. */
export function dispatcherOf(world: World) {
  return world['dispatcher'];
}

export function answersOf(world: World) {
  return world['portParts'].answers;
}
