/**
 * One upstream connection of a client connection whose bytes are passed on: dialled, used, counted.
 *
 * A session makes one for each attempt. Nothing is pooled, as a connection carries one client's
 * bytes; cluster, host and breakers are counted as Envoy's pool of TCP connections counts them.
 * Invariant: each count is given back exactly once, at our own close or at the driver's news.
 * Source: policy-engine.md §3.1, 3.7, 4.4; Envoy, common/tcp/conn_pool.
 */
import type { DialPlan, PeerFacts, Slot } from '../../core/engine.ts';
import { CloseReason, ConnectFailure, NO_SLOT } from '../../core/engine.ts';
import { CONNECT_TIMED_OUT, RecordKind } from '../../core/records.ts';
import type { CircuitBreakers } from '../cluster/circuit-breakers.ts';
import { type Cluster, Priority } from '../cluster/cluster.ts';
import type { Host } from '../cluster/host.ts';
import { isRemote } from '../cluster/pool-settings.ts';
import { isExpected } from '../security/mtls.ts';
import type { EngineContext } from './context.ts';
import type { SideConnection } from './side-streams.ts';

/** What a failed attempt counts as for outlier detection that does not tell local failures apart. */
const FAILED = 503;
const TIMED_OUT = 504;
const CONNECTED = 200;

/** Who is told. */
export interface TcpUpstreamOwner {
  onUp(): void;
  /** It did not come up. */
  onFailed(): void;
  onUpstreamData(bytes: number, chunk: Uint8Array | null, end: boolean): void;
  /** It was up, and the other side or both sides ended it. */
  onUpstreamClosed(reason: CloseReason): void;
}

export class TcpUpstream implements SideConnection {
  readonly host: Host;
  private readonly context: EngineContext;
  private readonly cluster: Cluster;
  private readonly breakers: CircuitBreakers;
  private readonly owner: TcpUpstreamOwner;
  private readonly connection: Slot;
  private state: 'connecting' | 'up' | 'over';

  constructor(context: EngineContext, cluster: Cluster, host: Host, owner: TcpUpstreamOwner) {
    this.context = context;
    this.cluster = cluster;
    this.host = host;
    this.owner = owner;
    this.breakers = cluster.breakersOf(Priority.default);
    this.connection = context.tables.connections.allocate(NO_SLOT, 0);
    this.state = 'connecting';
    this.dial();
  }

  send(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    this.context.ports.sendUpstreamData(this.connection, bytes, chunk, end);
  }

  /** Its client is gone. */
  close(): void {
    if (this.state === 'connecting') {
      this.leaveQueue();
      this.cluster.stats.rqCancelled++;
      this.countDestroyed(false);
    } else this.lose(CloseReason.local);
    this.hangUp();
  }

  /** The cluster's connect timeout is over. */
  onTimeout(): void {
    this.cluster.stats.cxConnectTimeout++;
    this.failed(false, CONNECT_TIMED_OUT, TIMED_OUT);
    this.hangUp();
    this.owner.onFailed();
  }

  onConnected(peer: PeerFacts): void {
    if (this.state !== 'connecting') return;
    const { breakers, cluster, context, host } = this;
    const { tls } = cluster.dialPlan;
    if (tls !== null && peer.tls) {
      if (!isExpected(tls, peer)) {
        this.refuse();
        return;
      }
      cluster.stats.needTls().countHandshake(peer);
    }
    this.leaveQueue();
    this.state = 'up';
    breakers.addRequest(context.ports.clock.nowNs);
    host.rqActive++;
    host.rqTotal++;
    cluster.stats.rqTotal++;
    this.record(RecordKind.connectionOpened, 0);
    const { detector } = cluster;
    if (cluster.config.outlier?.splitExternalLocalOriginErrors === true) {
      detector?.onConnectSuccess(host);
    } else detector?.onResponse(host, CONNECTED);
    this.owner.onUp();
  }

  onConnectFailed(failure: ConnectFailure): void {
    this.free();
    if (this.state !== 'connecting') return;
    if (failure >= ConnectFailure.tls && failure !== ConnectFailure.dns) {
      this.cluster.stats.needTls().countConnectFailure(failure);
    }
    this.failed(failure !== ConnectFailure.dns, failure, FAILED);
    this.owner.onFailed();
  }

  onGoAway(): void {}

  onData(bytes: number, chunk: Uint8Array | null, end: boolean): void {
    if (this.state === 'up') this.owner.onUpstreamData(bytes, chunk, end);
  }

  onClosed(reason: CloseReason): void {
    this.free();
    if (this.state === 'connecting') {
      this.failed(true, ConnectFailure.closed, FAILED);
      this.owner.onFailed();
    } else if (this.state === 'up') {
      this.lose(reason);
      this.owner.onUpstreamClosed(reason);
    }
  }

  private dial(): void {
    const { breakers, cluster, connection, context, host } = this;
    breakers.addPending();
    host.rqPendingActive++;
    cluster.stats.rqPendingTotal++;
    breakers.addConnection();
    host.cxActive++;
    host.cxTotal++;
    cluster.stats.cxTotal++;
    context.side.connections.set(connection, this);
    const { dialPlan } = cluster;
    const isPlain = dialPlan.tls?.isAutomatic === true && host.endpoint.offersTls !== true;
    const tls = isPlain ? null : dialPlan.tls;
    const plan: DialPlan = { ...dialPlan, tls, protocol: 'tcp', isHalfOpen: true };
    context.ports.dial(connection, host.endpoint, plan);
  }

  /** It works, but the other side is somebody else. */
  private refuse(): void {
    const failure = ConnectFailure.certificateName;
    this.cluster.stats.needTls().countConnectFailure(failure);
    this.failed(true, failure, FAILED);
    this.hangUp();
    this.owner.onFailed();
  }

  private failed(byPeer: boolean, recorded: number, status: number): void {
    const { cluster, context, host } = this;
    const { detector, stats } = cluster;
    this.state = 'over';
    stats.cxConnectFail++;
    host.cxConnectFail++;
    stats.rqPendingFailureEject++;
    this.leaveQueue();
    this.countDestroyed(byPeer);
    this.record(RecordKind.connectFailed, recorded);
    if (detector === null) return;
    detector.onLocalFailure(host, status);
    if (detector.hasPosted) context.posted.push(cluster);
  }

  private leaveQueue(): void {
    this.breakers.removePending();
    this.host.rqPendingActive--;
  }

  /** It was up, and counts no more. */
  private lose(reason: CloseReason): void {
    const { stats } = this.cluster;
    stats.cxDestroyWithActiveRq++;
    if (isRemote(reason)) stats.cxDestroyRemoteWithActiveRq++;
    else stats.cxDestroyLocalWithActiveRq++;
    this.breakers.removeRequest();
    this.host.rqActive--;
    this.countDestroyed(isRemote(reason));
    this.record(RecordKind.connectionClosed, reason);
  }

  private countDestroyed(byPeer: boolean): void {
    const { stats } = this.cluster;
    this.state = 'over';
    stats.cxDestroy++;
    if (byPeer) stats.cxDestroyRemote++;
    else stats.cxDestroyLocal++;
    this.breakers.removeConnection();
    this.host.cxActive--;
  }

  /** The slot stays taken until the driver says that it is closed. */
  private hangUp(): void {
    this.context.ports.closeUpstream(this.connection, CloseReason.local);
  }

  private free(): void {
    this.context.side.connections.delete(this.connection);
    this.context.tables.connections.free(this.connection);
  }

  private record(kind: RecordKind, detail: number): void {
    this.context.ports.record(kind, this.host.id, this.cluster.id, detail);
  }
}
