/**
 * A gRPC call that a filter makes for a request: one message out, one message back.
 *
 * It goes through the pools of the service's cluster like any request. Whatever is not a whole
 * answer with status 0, in time, is a failure. Source: policy-engine.md §9.3; Envoy, gRPC async client.
 */
import { childUid } from '../../core/draws.ts';
import type { Head, ResetReason, Slot } from '../../core/engine.ts';
import { HttpHead } from '../../core/head.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ServiceCall } from '../filters/http-filter.ts';
import type { EngineContext } from './context.ts';
import { statusOfReset } from './local-reply.ts';
import { FIRST_CALL } from './request-children.ts';
import { SideAttempt } from './side-attempt.ts';
import type { SideStream } from './side-streams.ts';

const TIMED_OUT = 504;
const UNAVAILABLE = 503;
/** A flag and the length of the message. */
const FRAME_HEAD_BYTES = 5;

export class ServiceCallStream implements SideStream {
  private readonly context: EngineContext;
  private readonly cluster: Cluster | null;
  private readonly call: ServiceCall;
  private readonly attempt: SideAttempt;
  private readonly onDone: (message: Uint8Array | null) => void;
  private readonly received: number[];
  private grpcStatus: string | undefined;

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
    this.attempt = new SideAttempt(context, childUid(uid, FIRST_CALL));
    this.onDone = onDone;
    this.received = [];
    this.grpcStatus = undefined;
  }

  begin(): void {
    const { attempt, cluster } = this;
    attempt.announce(this);
    const start = cluster === null ? 'no-host' : attempt.take(cluster);
    if (start === 'refused' || start === 'no-host') {
      attempt.arm(0);
      return;
    }
    if (this.call.timeoutMs > 0) attempt.arm(this.call.timeoutMs);
    if (start === 'ready') this.onReady(attempt.connection);
  }

  /** The request is over: nobody waits for the answer. */
  abandon(): void {
    if (!this.attempt.isOver) this.attempt.drop();
  }

  onReady(connection: Slot): void {
    const { attempt, call } = this;
    const { ports } = this.context;
    const { stream, uid } = attempt;
    attempt.connection = connection;
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
    ports.openStream(stream, connection, uid, head, false);
    const frame = framed(call.message);
    ports.sendBody(stream, frame.length, frame, true);
  }

  onPoolFailure(reason: ResetReason): void {
    this.cluster!.stats.countCode(statusOfReset(reason), true);
    this.failed();
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
    this.attempt.onReset(reason);
    this.cluster!.stats.countCode(statusOfReset(reason), true);
    this.failed();
  }

  onTimer(): void {
    const { attempt } = this;
    attempt.timerFired();
    const { stats } = this.cluster ?? { stats: null };
    // Without a pool it did not get as far as waiting.
    if (attempt.pool === null) stats?.countCode(UNAVAILABLE, true);
    else if (stats !== null) {
      stats.rqTimeout++;
      stats.countCode(TIMED_OUT, true);
    }
    attempt.drop();
    this.onDone(null);
  }

  private onEnd(): void {
    const isGood = this.grpcStatus === '0' && this.received.length >= FRAME_HEAD_BYTES;
    const message = isGood ? Uint8Array.from(this.received.slice(FRAME_HEAD_BYTES)) : null;
    this.attempt.finish();
    this.onDone(message);
  }

  private failed(): void {
    if (this.attempt.isOver) return;
    this.attempt.end();
    this.onDone(null);
  }
}

function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_BYTES + message.length);
  frame[3] = message.length >>> 8;
  frame[4] = message.length & 255;
  frame.set(message, FRAME_HEAD_BYTES);
  return frame;
}
