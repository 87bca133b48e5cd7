/**
 * Connection pool of one host and one priority: who waits, who is dialled, what is counted.
 *
 * The engine asks it for a connection per attempt and reports what happens to connections; it dials,
 * queues, refuses and closes. How a connection carries streams is its protocol's: `http1-pool.ts`,
 * `http2-pool.ts`.
 * Invariants: requests wait in order of arrival, the connection that became ready last is used first,
 * and each count in breakers, host and statistics is given back exactly once.
 * Source: policy-engine.md §3.2–3.7; Envoy, common/conn_pool/conn_pool_base.
 */
import { assert } from '../../core/assert.ts';
import { wrongNameText } from '../../core/certificate.ts';
import type { PeerFacts, ResetReason, Slot } from '../../core/engine.ts';
import {
  CloseReason,
  ConnectFailure,
  NO_TIMER,
  ResetReason as Reset,
  TimerKind,
} from '../../core/engine.ts';
import { BreakerKind, CONNECT_TIMED_OUT, RecordKind } from '../../core/records.ts';
import { MILLISECOND } from '../../core/time.ts';
import { isExpected } from '../security/mtls.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import type { ConnectionTable } from './connection-table.ts';
import { ConnectionState as State } from './connection-table.ts';
import type { Host } from './host.ts';
import {
  isRemote,
  PENDING_OVERFLOW,
  type PoolSettings,
  REQUESTS_OVERFLOW,
  removeFrom,
  WAITS,
  wantsConnections,
} from './pool-settings.ts';
import { SlotQueue } from './slot-queue.ts';

const MOST_NEW_PER_TRIGGER = 3;

export abstract class ConnectionPool {
  readonly id: number;
  readonly host: Host;
  readonly clusterIndex: number;
  /** Whether outlier detection wants to hear of connections that work. */
  readonly reportsConnects: boolean;
  /** Longest time of one attempt, ms; 0 = any. */
  readonly maxStreamMs: number;
  protected readonly settings: PoolSettings;
  protected readonly connections: ConnectionTable;
  /** Those that can take one more stream; the last one is used first. */
  protected readonly ready: Slot[];
  private readonly breakers: CircuitBreakers;
  private readonly pending: SlotQueue;
  private readonly connecting: Slot[];
  private streamCount: number;
  /** Made for a request that was refused, and without a connection since. */
  private isLeftOver: boolean;
  private makesAhead = true;

  constructor(
    id: number,
    clusterIndex: number,
    host: Host,
    settings: PoolSettings,
    breakers: CircuitBreakers,
  ) {
    this.id = id;
    this.clusterIndex = clusterIndex;
    this.host = host;
    this.reportsConnects = settings.reportsConnects;
    this.maxStreamMs = settings.maxStreamMs;
    this.settings = settings;
    this.breakers = breakers;
    this.connections = settings.connections;
    this.pending = new SlotQueue();
    this.ready = [];
    this.connecting = [];
    this.isLeftOver = false;
    this.streamCount = 0;
  }

  /** Gives a stream to the ready connection that comes next. */
  protected abstract attachNext(stream: Slot): Slot;

  /** The stream on a connection is over in both directions, in good order. */
  abstract release(connection: Slot): void;

  /** We reset the stream on a connection. */
  abstract abandon(connection: Slot): void;

  /** The stream on a connection was reset from upstream. */
  abstract onStreamReset(connection: Slot, reason: ResetReason): void;

  /** The peer says how many streams it takes at once. */
  abstract onStreamLimit(connection: Slot, max: number): void;

  /** A connection that was up is gone; its streams were reset before. */
  protected abstract upClosed(connection: Slot, reason: CloseReason): void;

  /** It has just come up. */
  protected abstract becameUp(connection: Slot): void;

  /** No new streams; closed once it has none. */
  protected abstract drainOne(connection: Slot): void;

  /** `drainOne` for all that are up. */
  protected abstract drainUp(): void;

  /** Connections that are up, as long as they count. */
  protected abstract get upCount(): number;

  /** Streams that connections which are up could take besides theirs. */
  protected abstract get upRoom(): number;

  /** Whether it is up, takes streams and has none. */
  protected abstract isUnused(connection: Slot): boolean;

  /**
   * No connection and nobody waiting; Envoy lets go of pools that become so, but not of those that
   * never had a connection because the request that they were made for was refused.
   */
  get isIdle(): boolean {
    return !this.isLeftOver && this.pending.count + this.connecting.length + this.upCount === 0;
  }

  /** Requests on its connections. */
  get activeCount(): number {
    return this.streamCount;
  }

  get pendingCount(): number {
    return this.pending.count;
  }

  /** Streams that connections, also those being made, could take besides theirs. */
  get unusedCount(): number {
    return this.connectingRoom + this.upRoom;
  }

  private get connectingRoom(): number {
    return this.connecting.length * this.settings.streamsPerConnection;
  }

  /**
   * Makes a connection for a request that is expected to come here.
   *
   * @param ratio of the whole cluster
   * @returns whether one was made within the limits
   */
  preconnect(ratio: number, uid: number): boolean {
    return this.wantsAhead(ratio, 1) && this.tryConnect(uid);
  }

  /**
   * An attempt wants a connection.
   *
   * @returns its connection, attached; or `WAITS`, or why it was refused
   */
  newStream(stream: Slot, uid: number): Slot {
    const { breakers } = this;
    if (this.ready.length > 0) {
      if (!breakers.canRequest()) {
        this.countActiveOverflow();
        return REQUESTS_OVERFLOW;
      }
      const connection = this.attachNext(stream);
      if (this.settings.preconnectRatio > 1) this.connectIfNeeded(uid);
      return connection;
    }
    if (!breakers.canPend()) {
      this.settings.stats.rqPendingOverflow++;
      if (this.connecting.length + this.upCount === 0) this.isLeftOver = true;
      return PENDING_OVERFLOW;
    }
    if (this.settings.sheds(uid)) return REQUESTS_OVERFLOW;
    breakers.addPending();
    this.host.rqPendingActive++;
    this.settings.stats.rqPendingTotal++;
    this.pending.push(stream);
    this.connectIfNeeded(uid);
    return WAITS;
  }

  /** A waiting attempt is wanted no more. */
  cancel(stream: Slot): void {
    assert(this.pending.remove(stream), 'a cancelled attempt does not wait in this pool');
    this.leaveQueue();
    this.settings.stats.rqCancelled++;
  }

  onConnected(connection: Slot, peer: PeerFacts): void {
    const { connections, settings } = this;
    if (connections.stateOf(connection) !== State.connecting) return;
    const { tls } = settings.dialPlan;
    if (tls !== null && peer.tls) {
      if (!isExpected(tls, peer)) {
        this.refuse(connection, wrongNameText(peer.sans));
        return;
      }
      settings.stats.needTls().countHandshake(peer);
    }
    removeFrom(this.connecting, connection);
    this.disarmTimer(connection);
    if (settings.maxDurationMs > 0) {
      const kind = TimerKind.connectionMaxDuration;
      const timer = settings.ports.armAfter(settings.maxDurationMs, kind, connection);
      connections.setLifeTimer(connection, timer);
    }
    this.record(RecordKind.connectionOpened, 0);
    this.becameUp(connection);
    this.serve();
  }

  /** It works, but the other side is somebody else. */
  private refuse(connection: Slot, text: string): void {
    const failure = ConnectFailure.certificateName;
    this.settings.stats.needTls().countConnectFailure(failure);
    this.failConnect(connection, Reset.remoteConnectionFailure, failure, text);
    this.connections.setState(connection, State.closing);
    this.settings.ports.closeUpstream(connection, CloseReason.local);
  }

  onConnectFailed(connection: Slot, failure: ConnectFailure, detail: string): void {
    const isOurs = this.connections.stateOf(connection) === State.connecting;
    if (isOurs) {
      if (failure >= ConnectFailure.tls && failure !== ConnectFailure.dns) {
        this.settings.stats.needTls().countConnectFailure(failure);
      }
      const reason =
        failure === ConnectFailure.dns
          ? Reset.localConnectionFailure
          : Reset.remoteConnectionFailure;
      this.failConnect(connection, reason, failure, detail);
    }
    this.connections.free(connection);
  }

  onConnectTimeout(connection: Slot): void {
    this.connections.setTimer(connection, NO_TIMER);
    this.settings.stats.cxConnectTimeout++;
    this.failConnect(connection, Reset.connectionTimeout, CONNECT_TIMED_OUT, '');
    this.connections.setState(connection, State.closing);
    this.settings.ports.closeUpstream(connection, CloseReason.local);
  }

  onConnectionClosed(connection: Slot, reason: CloseReason): void {
    const { connections } = this;
    const state = connections.stateOf(connection);
    if (state === State.connecting) {
      this.failConnect(connection, Reset.remoteConnectionFailure, ConnectFailure.closed, '');
    } else if (state !== State.closing) this.upClosed(connection, reason);
    connections.free(connection);
    // When one was given up, those who wait were served then.
    if (state !== State.closing) this.serve();
  }

  /** The peer takes no more streams: GOAWAY, or HTTP/1 `connection: close`. */
  onGoAway(connection: Slot): void {
    const state = this.connections.stateOf(connection);
    if (state !== State.busy && state !== State.ready && state !== State.draining) return;
    this.settings.stats.cxCloseNotify++;
    this.drainOne(connection);
  }

  onIdleTimer(connection: Slot): void {
    const { connections, settings } = this;
    connections.setTimer(connection, NO_TIMER);
    if (!this.isUnused(connection)) return;
    const idleNs = settings.idleTimeoutMs * MILLISECOND;
    const dueNs = connections.idleSinceOf(connection) + idleNs;
    if (dueNs > settings.ports.clock.nowNs) {
      const timer = settings.ports.arm(dueNs, TimerKind.connectionIdle, connection);
      connections.setTimer(connection, timer);
      return;
    }
    settings.stats.cxIdleTimeout++;
    this.drainOne(connection);
  }

  onMaxDuration(connection: Slot): void {
    this.connections.setLifeTimer(connection, NO_TIMER);
    this.settings.stats.cxMaxDurationReached++;
    this.drainOne(connection);
  }

  /** Idle connections close, busy ones after their stream; for good = none is made ahead later. */
  drain(isForGood: boolean): void {
    this.makesAhead &&= !isForGood;
    this.drainUp();
    if (this.pending.count > 0) return;
    // Others may be made in place of these.
    for (const connection of [...this.connecting]) {
      this.failConnect(connection, Reset.localConnectionFailure, ConnectFailure.closed, '');
      this.connections.setState(connection, State.closing);
      this.settings.ports.closeUpstream(connection, CloseReason.local);
    }
  }

  /** One more request is on a connection. */
  protected countStream(): void {
    const { breakers, host, settings } = this;
    breakers.addRequest(breakers.countsOverTime ? settings.ports.clock.nowNs : 0);
    host.rqActive++;
    host.rqTotal++;
    settings.stats.rqTotal++;
    this.streamCount++;
  }

  protected uncountStream(): void {
    this.streamCount--;
    this.breakers.removeRequest();
    this.host.rqActive--;
  }

  /** It has no stream from now on. */
  protected startIdle(connection: Slot): void {
    const { connections, settings } = this;
    const { idleTimeoutMs } = settings;
    if (idleTimeoutMs === 0) return;
    connections.markIdle(connection, settings.ports.clock);
    // One timer serves many idle times: it looks at `idleSince` when it fires.
    if (connections.timerOf(connection) !== NO_TIMER) return;
    const timer = settings.ports.armAfter(idleTimeoutMs, TimerKind.connectionIdle, connection);
    connections.setTimer(connection, timer);
  }

  /** Gives ready connections to those who wait, oldest first, and opens more for the rest. */
  protected serve(): void {
    const { breakers, pending, ready, settings } = this;
    while (pending.count > 0 && ready.length > 0) {
      const stream = pending.shift();
      this.leaveQueue();
      if (breakers.canRequest()) {
        const connection = this.attachNext(stream);
        settings.listener.onPoolReady(stream, connection);
      } else {
        this.countActiveOverflow();
        const uid = settings.listener.uidOfStream(stream);
        settings.ports.record(RecordKind.overflow, uid, settings.clusterId, BreakerKind.requests);
        settings.listener.onPoolFailure(stream, Reset.overflow, '');
      }
    }
    if (pending.count > 0) this.connectIfNeeded(settings.listener.uidOfStream(pending.first()));
  }

  private countActiveOverflow(): void {
    this.settings.stats.rqActiveOverflow++;
    if (this.breakers.countsActiveAsPending) this.settings.stats.rqPendingOverflow++;
  }

  private leaveQueue(): void {
    this.breakers.removePending();
    this.host.rqPendingActive--;
  }

  /** Opens connections for those who wait. A pool without any opens one even beyond the limit. */
  private connectIfNeeded(uid: number): void {
    for (let made = 0; made < MOST_NEW_PER_TRIGGER; made++) {
      if (!this.needsConnection() || !this.tryConnect(uid)) return;
    }
  }

  private needsConnection(): boolean {
    const { preconnectRatio } = this.settings;
    const waiting = this.pending.count;
    if (preconnectRatio <= 1) return waiting > this.unusedCount;
    return this.wantsAhead(preconnectRatio, 0);
  }

  /** A host that is not healthy gets no more connections than somebody waits for. */
  private wantsAhead(ratio: number, anticipated: 0 | 1): boolean {
    const waiting = this.pending.count;
    if (!this.makesAhead || !this.host.isHealthy) return waiting > this.connectingRoom;
    return wantsConnections(waiting, this.activeCount, this.unusedCount, ratio, anticipated);
  }

  /** @returns whether one more was made within the limits */
  private tryConnect(uid: number): boolean {
    const { breakers, settings } = this;
    const hasHostRoom = this.host.cxActive < breakers.maxConnectionsPerHost;
    const isAllowed = hasHostRoom && breakers.canConnect();
    if (!isAllowed) {
      settings.stats.cxOverflow++;
      const kind = BreakerKind.connections;
      settings.ports.record(RecordKind.overflow, uid, settings.clusterId, kind);
      if (this.connecting.length + this.upCount > 0) return false;
    }
    this.connect();
    return isAllowed;
  }

  private connect(): void {
    const { connections, host, settings } = this;
    this.isLeftOver = false;
    const connection = connections.allocate(this.id, settings.maxRequestsPerConnection);
    this.connecting.push(connection);
    this.breakers.addConnection();
    host.cxActive++;
    host.cxTotal++;
    settings.stats.cxTotal++;
    if (settings.isMultiplexed) settings.stats.cxHttp2Total++;
    else settings.stats.cxHttp1Total++;
    const { connectTimeoutMs, ports } = settings;
    const timer = ports.armAfter(connectTimeoutMs, TimerKind.connectTimeout, connection);
    connections.setTimer(connection, timer);
    // Automatic mTLS goes by endpoint: those without a certificate are reached in plain text.
    const isPlain = settings.dialPlan.tls?.isAutomatic === true && host.endpoint.offersTls !== true;
    const plan = isPlain ? settings.plainPlan : settings.dialPlan;
    settings.ports.dial(connection, host.endpoint, plan);
  }

  /** All who wait fail with the connection, then the pool tries again for whoever came since. */
  private failConnect(
    connection: Slot,
    reason: ResetReason,
    recorded: number,
    detail: string,
  ): void {
    const { host, pending, settings } = this;
    this.disarmTimer(connection);
    removeFrom(this.connecting, connection);
    settings.stats.cxConnectFail++;
    host.cxConnectFail++;
    this.record(RecordKind.connectFailed, recorded);
    for (let left = pending.count; left > 0; left--) {
      const stream = pending.shift();
      this.leaveQueue();
      settings.stats.rqPendingFailureEject++;
      settings.listener.onPoolFailure(stream, reason, detail);
    }
    this.countDestroyed(reason === Reset.remoteConnectionFailure);
    if (pending.count > 0) this.connectIfNeeded(settings.listener.uidOfStream(pending.first()));
    else if (settings.preconnectRatio > 1) this.connectIfNeeded(0);
  }

  /** We close a connection that has no stream. */
  protected close(connection: Slot): void {
    this.lose(connection, CloseReason.local);
    this.connections.setState(connection, State.closing);
    this.settings.ports.closeUpstream(connection, CloseReason.local);
  }

  /** A connection that was up counts no more. */
  protected lose(connection: Slot, reason: CloseReason): void {
    this.disarmTimer(connection);
    const lifeTimer = this.connections.lifeTimerOf(connection);
    if (lifeTimer !== NO_TIMER) {
      this.settings.ports.disarm(lifeTimer);
      this.connections.setLifeTimer(connection, NO_TIMER);
    }
    this.record(RecordKind.connectionClosed, reason);
    this.countDestroyed(isRemote(reason));
  }

  private countDestroyed(isRemote: boolean): void {
    const { stats } = this.settings;
    stats.cxDestroy++;
    if (isRemote) stats.cxDestroyRemote++;
    else stats.cxDestroyLocal++;
    this.breakers.removeConnection();
    this.host.cxActive--;
  }

  private disarmTimer(connection: Slot): void {
    const timer = this.connections.timerOf(connection);
    if (timer === NO_TIMER) return;
    this.settings.ports.disarm(timer);
    this.connections.setTimer(connection, NO_TIMER);
  }

  private record(kind: RecordKind, detail: number): void {
    this.settings.ports.record(kind, this.host.id, this.settings.clusterId, detail);
  }
}
