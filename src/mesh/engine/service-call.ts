/**
 * A gRPC call that a filter makes for a request: one message out, one message back.
 *
 * It goes through the pools of the service's cluster like any request. Whatever is not a whole
 * answer with status 0, in time, is a failure. Source: policy-engine.md §9.3; Envoy, gRPC async client.
 */
import { childUid } from '../../core/draws.ts';
import type { Head, ResetReason, Slot, TimerId } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason as Reset, TimerKind } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import { type Cluster, Priority } from '../cluster/cluster.ts';
import type { ConnectionPool } from '../cluster/connection-pool.ts';
import { WAITS } from '../cluster/pool-settings.ts';
import type { ServiceCall } from '../filters/http-filter.ts';
import type { EngineContext } from './context.ts';
import { statusOfReset } from './local-reply.ts';
import type { SideStream } from './side-streams.ts';

/** Calls have uids above those of a request's own attempts and copies. */
const FIRST_CALL = 131_072;
/** A flag and the length of the message. */
const FRAME_HEAD_BYTES = 5;

export class ServiceCallStream implements SideStream {
  private readonly context: EngineContext;
  private readonly cluster: Cluster | null;
  private readonly call: ServiceCall;
  private readonly uid: number;
  private readonly onDone: (message: Uint8Array | null) => void;
  private readonly stream: Slot;
  private pool: ConnectionPool | null;
  private connection: Slot;
  private timer: TimerId;
  private readonly received: number[];
  private grpcStatus: string | undefined;
  private isOver: boolean;

  /** @param onDone never called from within `begin` */
  constructor(
    context: EngineContext,
    uid: number,
    call: ServiceCall,
    onDone: (message: Uint8Array | null) => void,
  ) {
    this.context = context;
    this.cluster = context.directory.find(call.cluster);
    this.call = call;
    this.uid = childUid(uid, FIRST_CALL);
    this.onDone = onDone;
    this.stream = context.streams.allocate(NO_SLOT);
    this.pool = null;
    this.connection = NO_SLOT;
    this.timer = NO_TIMER;
    this.received = [];
    this.grpcStatus = undefined;
    this.isOver = false;
  }

  begin(): void {
    const { context, cluster, stream } = this;
    const { ports } = context;
    context.side.streams.set(stream, this);
    const host = cluster === null ? null : cluster.pickHost(this.uid, 1, null, 0, null);
    if (cluster === null || host === null) {
      if (cluster !== null) cluster.stats.cxNoneHealthy++;
      this.timer = ports.armAfter(0, TimerKind.sideStream, stream);
      return;
    }
    const { timeoutMs } = this.call;
    if (timeoutMs > 0) this.timer = ports.armAfter(timeoutMs, TimerKind.sideStream, stream);
    this.pool = cluster.poolOf(host, Priority.default);
    const connection = this.pool.newStream(stream, this.uid);
    if (connection >= 0) this.onReady(connection);
    else if (connection !== WAITS) {
      this.pool = null;
      if (this.timer !== NO_TIMER) ports.disarm(this.timer);
      this.timer = ports.armAfter(0, TimerKind.sideStream, stream);
    }
  }

  /** The request is over: nobody waits for the answer. */
  abandon(): void {
    if (!this.isOver) this.drop();
  }

  onReady(connection: Slot): void {
    this.connection = connection;
    const { call, context, stream } = this;
    const { ports } = context;
    const head = new HttpHead({
      method: 'POST',
      authority: call.authority,
      path: call.path,
      headers: [
        ['te', 'trailers'],
        ['content-type', 'application/grpc'],
        ...(call.timeoutMs > 0 ? ([['grpc-timeout', `${call.timeoutMs}m`]] as const) : []),
      ],
    });
    ports.openStream(stream, connection, this.uid, head, false);
    const frame = framed(call.message);
    ports.sendBody(stream, frame.length, frame, true);
  }

  onPoolFailure(reason: ResetReason): void {
    this.cluster!.stats.countCode(statusOfReset(reason), true);
    this.finish(null);
  }

  onHead(head: Head, end: boolean): void {
    this.cluster!.stats.countCode(head.status, true);
    this.grpcStatus = head.get('grpc-status');
    if (end) this.onEnd();
  }

  onBody(end: boolean, chunk: Uint8Array | null = null): void {
    if (chunk !== null) for (const byte of chunk) this.received.push(byte);
    if (end) this.onEnd();
  }

  onTrailers(trailers: Head): void {
    this.grpcStatus = trailers.get('grpc-status') ?? this.grpcStatus;
    this.onEnd();
  }

  onReset(reason: ResetReason): void {
    this.pool!.onStreamReset(this.connection, reason);
    this.cluster!.stats.countCode(statusOfReset(reason), true);
    this.finish(null);
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    if (this.pool !== null) this.cluster!.stats.rqTimeout++;
    this.drop();
    this.onDone(null);
  }

  private onEnd(): void {
    const isGood = this.grpcStatus === '0' && this.received.length >= FRAME_HEAD_BYTES;
    const message = isGood ? Uint8Array.from(this.received.slice(FRAME_HEAD_BYTES)) : null;
    this.pool!.release(this.connection);
    this.finish(message);
  }

  private drop(): void {
    const { connection, pool, stream } = this;
    if (connection !== NO_SLOT) {
      this.context.ports.resetStream(stream, Reset.localReset);
      pool!.abandon(connection);
    } else pool?.cancel(stream);
    this.free();
  }

  private finish(message: Uint8Array | null): void {
    if (this.isOver) return;
    this.free();
    this.onDone(message);
  }

  private free(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { context, stream } = this;
    if (this.timer !== NO_TIMER) context.ports.disarm(this.timer);
    this.timer = NO_TIMER;
    context.side.streams.delete(stream);
    context.streams.free(stream);
  }
}

function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_BYTES + message.length);
  frame[3] = message.length >>> 8;
  frame[4] = message.length & 255;
  frame.set(message, FRAME_HEAD_BYTES);
  return frame;
}
