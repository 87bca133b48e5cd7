/**
 * The gates of a cluster's hosts as the engine runs them: their timers, draws and records.
 *
 * Made by the cluster, which hears when a host became ready or stopped being so.
 */
import type { StreamKey } from '../../core/draws.ts';
import type { Clock, Ports, TimerId } from '../../core/engine.ts';
import { TimerKind } from '../../core/engine.ts';
import { EjectionType, RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { ClusterSurroundings } from './cluster-surroundings.ts';
import type { GateKeeper, HostGate } from './failure-accrual.ts';
import type { Host } from './host.ts';

export class HostGates implements GateKeeper {
  readonly clock: Clock;
  readonly readinessChanged: () => void;
  private readonly ports: Ports;
  private readonly gates: HostGate[];
  private readonly clusterId: number;
  private readonly draws: StreamKey;

  constructor(
    { ports, gates, proxyName }: ClusterSurroundings,
    clusterName: string,
    clusterId: number,
    onReadiness: () => void,
  ) {
    this.clock = ports.clock;
    this.readinessChanged = onReadiness;
    this.ports = ports;
    this.gates = gates;
    this.clusterId = clusterId;
    this.draws = ports.draws.stream(`proxy/${proxyName}/cluster/${clusterName}/gate`);
  }

  armGate(gate: HostGate, delayNs: Ns): TimerId {
    if (gate.slot < 0) gate.slot = this.gates.push(gate) - 1;
    return this.ports.arm(this.clock.nowNs + delayNs, TimerKind.gateBackoff, gate.slot);
  }

  disarmGate(timer: TimerId): void {
    this.ports.disarm(timer);
  }

  backoffDraw(host: Host, shutCount: number): number {
    return this.ports.draws.unit(this.draws, host.id, shutCount);
  }

  tripped(host: Host): void {
    const type = EjectionType.failureAccrual;
    this.ports.record(RecordKind.ejected, host.id, this.clusterId, type);
  }

  reopened(host: Host): void {
    this.ports.record(RecordKind.unejected, host.id, this.clusterId, 0);
  }
}
