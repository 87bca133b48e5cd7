/**
 * A simulated world: hosts, their proxies, clients, the network between them, and virtual time.
 * (Signatures; the parts follow.)
 */
import type { Draws } from '../core/draws.ts';
import type { EndpointSet, Engine, Ports, ProxyConfig } from '../core/engine.ts';
import type { FaultTarget } from '../core/fault-target.ts';
import type { HeadInterner } from '../core/head.ts';
import type { Ns } from '../core/time.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { Network } from './net/network.ts';
import type {
  CallTarget,
  ClientView,
  HostSpec,
  HostView,
  LoadClientSpec,
  ProxySpec,
  WorldOptions,
} from './world-spec.ts';

export class World {
  declare readonly kernel: Kernel;
  declare readonly draws: Draws;
  declare readonly heads: HeadInterner;
  declare readonly hosts: readonly HostView[];
  declare readonly clients: readonly ClientView[];
  declare readonly network: Network;
  /** Strikes of this one are counted in `strikes`; a fault takes its own from `faultTargetFor`. */
  declare readonly faultTarget: FaultTarget;

  constructor(_options: WorldOptions) {
    throw new Error('not built yet');
  }

  addHost(_spec: HostSpec): number {
    throw new Error('not built yet');
  }
  addProxy(_spec: ProxySpec, _create: (ports: Ports) => Engine): number {
    throw new Error('not built yet');
  }
  setCallTarget(_host: number, _service: string, _port: number, _target: CallTarget): void {}
  addClient(_spec: LoadClientSpec): number {
    throw new Error('not built yet');
  }

  /** A target whose strikes go to `onStrike`. */
  faultTargetFor(_onStrike: (count: number) => void): FaultTarget {
    throw new Error('not built yet');
  }
  engineOf(_proxy: number): Engine {
    throw new Error('not built yet');
  }
  /** Gives a proxy a new configuration, as an input of its own. Between runs or from an `at` action. */
  configure(_proxy: number, _config: ProxyConfig): void {}
  updateEndpoints(_proxy: number, _cluster: number, _members: EndpointSet): void {}

  /** Runs `action` at `atNs`, between events. For faults, operations and scripts. */
  at(_atNs: Ns, _action: () => void): void {}

  /** Arms the clients: arrivals happen in [now, untilNs). Call once. */
  start(_untilNs: Ns): void {}
  /** Runs until `untilNs`, inclusive. */
  run(_untilNs: Ns): void {}
  /** Runs on without new arrivals until everything has ended, or until `maxNs`. @returns whether it has */
  drain(_maxNs: Ns): boolean {
    throw new Error('not built yet');
  }

  /** A record of `core/records.ts` that a fault makes. */
  record(_kind: number, _owner: number, _a: number, _b: number, _c: number): void {}

  get nowNs(): Ns {
    return 0;
  }
  /** Requests of clients not yet answered. */
  get inFlight(): number {
    return 0;
  }
  /** Requests at applications, abandoned ones included. */
  get workInProgress(): number {
    return 0;
  }
  get strikes(): number {
    return 0;
  }
}
