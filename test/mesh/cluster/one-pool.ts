/**
 * One pool under test, with its driver and its requests played by hand.
 */
import { expect } from 'vitest';
import {
  CloseReason,
  ConnectFailure,
  ResetReason as Reset,
  type ResetReason,
  type Slot,
} from '../../../src/core/engine.ts';
import { CircuitBreakers } from '../../../src/mesh/cluster/circuit-breakers.ts';
import { ClusterStats } from '../../../src/mesh/cluster/cluster-stats.ts';
import type { ConnectionPool } from '../../../src/mesh/cluster/connection-pool.ts';
import { ConnectionTable } from '../../../src/mesh/cluster/connection-table.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import { Http1Pool } from '../../../src/mesh/cluster/http1-pool.ts';
import {
  type PoolListener,
  type PoolSettings,
  WAITS,
} from '../../../src/mesh/cluster/pool-settings.ts';
import { envoyThresholds } from '../../../src/mesh/config/complete.ts';
import type { Thresholds } from '../../../src/mesh/config/config.ts';
import { anEndpoint } from '../../helpers/hosts.ts';
import { RecordingPorts } from '../../helpers/recording-ports.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const PLAN = { protocol: 'http1', tls: null, bufferLimitBytes: 1_048_576 } as const;

export class OnePool implements PoolListener {
  readonly ports = new RecordingPorts();
  readonly stats = new ClusterStats();
  readonly host = new Host(anEndpoint(1), 0);
  readonly breakers: CircuitBreakers;
  readonly pool: ConnectionPool;
  /** Streams by what became of them; waiting ones in order. */
  readonly waiting: Slot[] = [];
  readonly attached = new Map<Slot, Slot>();
  readonly failed: string[] = [];
  readonly idle = new Set<Slot>();
  private nextStream = 0;

  constructor(thresholds: Partial<Thresholds> = {}, settings: Partial<PoolSettings> = {}) {
    this.breakers = new CircuitBreakers(envoyThresholds(thresholds));
    const all: PoolSettings = {
      ports: this.ports,
      connections: new ConnectionTable(),
      listener: this,
      stats: this.stats,
      clusterId: 7,
      reportsConnects: false,
      dialPlan: PLAN,
      plainPlan: PLAN,
      connectTimeoutMs: 5_000,
      idleTimeoutMs: 0,
      maxDurationMs: 0,
      maxRequestsPerConnection: 0,
      isMultiplexed: false,
      maxConcurrentStreams: 1,
      streamsPerConnection: 1,
      maxStreamMs: 0,
      sheds: () => false,
      preconnectRatio: 1,
      ...settings,
    };
    this.pool = new Http1Pool(0, 0, this.host, all, this.breakers);
  }

  onPoolReady(stream: Slot, connection: Slot): void {
    expect(this.waiting.shift()).toBe(stream);
    this.attached.set(stream, connection);
    this.idle.delete(connection);
  }

  onPoolFailure(stream: Slot, reason: ResetReason, detail: string): void {
    expect(this.waiting.shift()).toBe(stream);
    const [name] = Object.entries(Reset).find(([, value]) => value === reason)!;
    this.failed.push(`${name} ${detail}`.trim());
  }

  uidOfStream(stream: Slot): number {
    return 1_000 + stream;
  }

  /** @returns what `newStream` said */
  request(): Slot {
    const stream = this.nextStream++;
    // It may be served at once, so it counts as waiting before it is asked.
    this.waiting.push(stream);
    const answer = this.pool.newStream(stream, 1_000 + stream);
    if (answer === WAITS) return answer;
    this.waiting.splice(this.waiting.indexOf(stream), 1);
    if (answer >= 0) {
      this.attached.set(stream, answer);
      this.idle.delete(answer);
    }
    return answer;
  }

  /** The first connection that is being made comes up. */
  connect(): boolean {
    const connection = this.ports.dialling.keys().next().value;
    if (connection === undefined) return false;
    this.ports.dialling.delete(connection);
    this.idle.add(connection);
    this.pool.onConnected(connection, DOWNSTREAM_PEER);
    return true;
  }

  failConnect(failure: ConnectFailure = ConnectFailure.refused): boolean {
    const connection = this.ports.dialling.keys().next().value;
    if (connection === undefined) return false;
    this.ports.dialling.delete(connection);
    this.pool.onConnectFailed(connection, failure, 'why');
    return true;
  }

  /** The first request that has a connection is over. @returns its connection */
  end(
    how: 'well' | 'abandoned' | 'reset',
    reason: CloseReason = CloseReason.remoteEnd,
  ): Slot | null {
    const [first] = this.attached;
    if (first === undefined) return null;
    const [stream, connection] = first;
    this.attached.delete(stream);
    if (how === 'well') {
      this.idle.add(connection);
      this.pool.release(connection);
    } else if (how === 'abandoned') {
      this.ports.closing.add(connection);
      this.pool.abandon(connection);
    } else {
      this.pool.onStreamReset(connection, Reset.connectionTermination);
      this.pool.onConnectionClosed(connection, reason);
    }
    this.confirm();
    return connection;
  }

  /** The driver confirms what was closed. */
  confirm(): void {
    for (const connection of this.ports.closing) {
      this.ports.closing.delete(connection);
      this.idle.delete(connection);
      this.pool.onConnectionClosed(connection, CloseReason.local);
    }
  }

  cancel(): void {
    const stream = this.waiting.shift();
    if (stream !== undefined) this.pool.cancel(stream);
  }

  loseIdle(reason: CloseReason): void {
    const [connection] = this.idle;
    if (connection === undefined) return;
    this.idle.delete(connection);
    this.pool.onConnectionClosed(connection, reason);
  }

  /** What holds after every step. */
  check(): void {
    const { breakers, host, pool, stats } = this;
    expect([breakers.pending, host.rqPendingActive, pool.pendingCount]).toEqual(
      Array(3).fill(this.waiting.length),
    );
    expect([breakers.requests, host.rqActive, pool.activeCount]).toEqual(
      Array(3).fill(this.attached.size),
    );
    expect([breakers.connections, host.cxActive]).toEqual(
      Array(2).fill(stats.cxTotal - stats.cxDestroy),
    );
    expect(breakers.connections).toBe(pool.unusedCount + pool.activeCount);
    expect([host.cxTotal, stats.cxHttp1Total]).toEqual(Array(2).fill(stats.cxTotal));
    expect(host.cxConnectFail).toBe(stats.cxConnectFail);
    expect(stats.cxDestroy).toBe(stats.cxDestroyLocal + stats.cxDestroyRemote);
    expect(stats.cxDestroyWithActiveRq).toBe(
      stats.cxDestroyLocalWithActiveRq + stats.cxDestroyRemoteWithActiveRq,
    );
    expect([host.rqTotal, stats.rqTotal]).toEqual(Array(2).fill(host.rqTotal));
    expect(stats.rqPendingFailureEject).toBe(
      this.failed.filter((line) => line !== 'overflow').length,
    );
    // Nobody waits for nothing, and nobody who waits is passed over by an idle connection.
    if (this.waiting.length > 0) {
      expect(breakers.connections).toBeGreaterThan(0);
      expect(this.idle.size).toBe(0);
    }
    expect(pool.isIdle).toBe(this.waiting.length + breakers.connections === 0);
  }
}
