/**
 * What the parts of one engine share: ports, tables, clusters, listeners, counters.
 *
 * Made once by `PolicyEngine`; the parts keep it and each other, never the engine.
 */
import type { StreamKey } from '../../core/draws.ts';
import type { Ports, Slot } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import type { DownstreamTable } from './downstream-table.ts';
import type { Probe } from './health-probe.ts';
import { Hedges } from './hedges.ts';
import type { ListenerState } from './listener-state.ts';
import type { OverloadManager } from './overload.ts';
import type { RequestTable } from './request-table.ts';
import { SideStreams } from './side-streams.ts';
import type { StreamIdleQueue } from './stream-idle.ts';
import type { StreamTable } from './stream-table.ts';
import type { EngineTables } from './tables.ts';

const NO_STREAM: StreamKey = -1;
/** A multiple of every denominator of a share, below 2^31. */
const SHARES = 2_000_000_000;

export class EngineContext {
  readonly ports: Ports;
  readonly tables: EngineTables;
  readonly requests: RequestTable;
  readonly streams: StreamTable;
  readonly downstreams: DownstreamTable;
  /** Indexed by pool id. */
  readonly pools: readonly ConnectionPool[];
  readonly directory: ClusterDirectory;
  /** Indexed by `Cluster.index`. */
  readonly clusters: readonly Cluster[];
  /** In the order of their appearance; requests and connections hold positions. */
  readonly listeners: ListenerState[];
  readonly proxyName: string;
  /** By the slots of their timers. */
  readonly idleQueues: StreamIdleQueue[];
  /** Responses ask downstream peers to close their connections. */
  isDraining: boolean;
  /** Clusters whose detectors posted ejections during this input; may name one twice. */
  readonly posted: Cluster[];
  /** Streams and connections of nobody's request. */
  readonly side: SideStreams;
  /** null = nothing is done about overload. */
  overload: OverloadManager | null;
  /** Health checks by the slots of their timers. */
  readonly probes: Probe[];
  /** Slow attempts beside the latest one of their request. */
  readonly hedges: Hedges;
  private routeStream: StreamKey;
  private backoffStream: StreamKey;
  private useRetryStream: StreamKey;

  constructor(ports: Ports, tables: EngineTables, directory: ClusterDirectory, proxyName: string) {
    this.ports = ports;
    this.tables = tables;
    this.requests = tables.requests;
    this.streams = tables.streams;
    this.downstreams = tables.downstreams;
    this.pools = tables.pools;
    this.directory = directory;
    this.clusters = directory.all;
    this.listeners = [];
    this.idleQueues = [];
    this.proxyName = proxyName;
    this.routeStream = NO_STREAM;
    this.backoffStream = NO_STREAM;
    this.useRetryStream = NO_STREAM;
    this.isDraining = false;
    this.posted = [];
    this.side = new SideStreams();
    this.probes = [];
    this.overload = null;
    this.hedges = new Hedges(tables.requests, tables.streams);
  }

  /** The pool that a connection belongs to. */
  poolOf(connection: Slot): ConnectionPool {
    return this.pools[this.tables.connections.poolOf(connection)]!;
  }

  /** Draws between weighted clusters. Streams cost microseconds, so idle proxies make none. */
  get routeDraws(): StreamKey {
    if (this.routeStream === NO_STREAM) {
      this.routeStream = this.ports.draws.stream(`proxy/${this.proxyName}/route`);
    }
    return this.routeStream;
  }

  /** A request's number, by which all shares of requests are decided: what one takes, others take. */
  shareDraw(uid: number): number {
    return this.ports.draws.below(this.routeDraws, uid, 0, SHARES);
  }

  /** Draws of backoff times. */
  get backoffDraws(): StreamKey {
    if (this.backoffStream === NO_STREAM) {
      this.backoffStream = this.ports.draws.stream(`proxy/${this.proxyName}/backoff`);
    }
    return this.backoffStream;
  }

  /** Draws of whether a retry takes place at all. */
  get useRetryDraws(): StreamKey {
    if (this.useRetryStream === NO_STREAM) {
      this.useRetryStream = this.ports.draws.stream(`proxy/${this.proxyName}/use-retry`);
    }
    return this.useRetryStream;
  }
}
