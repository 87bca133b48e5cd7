/**
 * What clusters need of the engine around them.
 */
import type { Ports } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { HostGate } from './failure-accrual.ts';
import type { HostChoice } from './host-choice.ts';
import type { PoolListener } from './pool-settings.ts';
import type { LocalZone } from './zone-routing.ts';

export interface ClusterSurroundings {
  readonly ports: Ports;
  readonly connections: ConnectionTable;
  /** Indexed by pool id; a new pool is pushed. */
  readonly pools: ConnectionPool[];
  /** By the slots of their timers; a gate that waits is pushed. */
  readonly gates: HostGate[];
  /** Set once the engine is complete, before the first cluster is made. */
  poolListener: PoolListener;
  readonly choice: HostChoice;
  /** Whether an overloaded proxy makes no connection for this request. */
  readonly sheds: (uid: number) => boolean;
  /** Prefix of the labels of its draws. */
  readonly proxyName: string;
  /** Sweeps happen at whole intervals after this. */
  readonly sweepOriginNs: Ns;
  /** Of the proxy; '' = unknown. */
  readonly ownLocality: string;
  /** null = balancing does not go by zones. */
  readonly localZone: LocalZone | null;
}

/** Where requests wait until a host is ready. */
export interface WaitingRoom {
  /** Hosts may be ready now. */
  post(): void;
  /** The input that posted is over. */
  serve(): void;
}
