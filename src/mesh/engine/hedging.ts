/**
 * Several attempts of one request at once: whether others may still answer, and how they end.
 *
 * `AttemptOutcomes` asks before it answers for an attempt that failed, and settles on one when an
 * answer goes down. Requests that never hedge pay one look at a bit.
 * Source: policy-engine.md §2.8; Envoy, router filter.
 */
import type { Ports, Slot } from '../../core/engine.ts';
import { NO_SLOT, NO_TIMER, ResetReason } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { EngineContext } from './context.ts';
import type { Hedges } from './hedges.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit as Bit } from './request-table.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';
import type { UpstreamAttempts } from './upstream-attempt.ts';

/** How an attempt that we end is recorded. */
const OURS = -1 - ResetReason.localReset;

export class Hedging {
  private readonly context: EngineContext;
  private readonly ports: Ports;
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  private readonly hedges: Hedges;
  private readonly attempts: UpstreamAttempts;

  constructor(context: EngineContext, attempts: UpstreamAttempts) {
    this.context = context;
    this.ports = context.ports;
    this.requests = context.requests;
    this.streams = context.streams;
    this.hedges = context.hedges;
    this.attempts = attempts;
  }

  /**
   * Whether another attempt of the request may still answer, or one is about to start.
   *
   * @param stream the attempt that is over
   */
  hasOthers(request: Slot, stream: Slot): boolean {
    const { requests } = this;
    if (requests.has(request, Bit.backingOff)) return true;
    const latest = requests.streamOf(request);
    if (latest !== NO_SLOT && latest !== stream) return true;
    return this.hedges.of(request).some((hedge) => hedge.stream !== stream);
  }

  /** This attempt answers: all others end, and none follows. */
  settleOn(request: Slot, stream: Slot): void {
    const { requests, streams, ports } = this;
    if (requests.has(request, Bit.backingOff)) {
      requests.clear(request, Bit.backingOff);
      ports.disarm(requests.waitTimerOf(request));
      requests.setWaitTimer(request, NO_TIMER);
    }
    const latest = requests.streamOf(request);
    if (latest !== NO_SLOT && latest !== stream) {
      this.recordLatest(request, OURS);
      this.attempts.abort(latest);
    }
    this.endAside(request, stream);
    if (streams.has(stream, StreamBit.hedged)) this.attempts.bringBack(stream);
  }

  /** Ends the attempts that were set aside. @param but not this one */
  endAside(request: Slot, but: Slot): void {
    for (const { stream } of this.hedges.of(request)) {
      if (stream === but) continue;
      this.recordEnd(stream, OURS);
      this.attempts.abort(stream);
    }
  }

  /** The attempts that were set aside, oldest first. */
  asideOf(request: Slot): readonly Slot[] {
    return this.hedges.of(request).map(({ stream }) => stream);
  }

  /** The attempt ended. @param outcome status, or -(1 + ResetReason) */
  recordEnd(stream: Slot, outcome: number): void {
    const { requests, streams, ports, hedges } = this;
    const request = streams.requestOf(stream);
    if (streams.has(stream, StreamBit.hedged)) {
      const uid = requests.uidOf(request);
      ports.record(RecordKind.hedgeEnded, uid, hedges.attemptOf(stream), outcome);
    } else this.recordLatest(request, outcome);
  }

  private recordLatest(request: Slot, outcome: number): void {
    const { requests, ports } = this;
    const cluster = this.context.clusters[requests.clusterOf(request)]!;
    ports.record(RecordKind.attemptEnded, requests.uidOf(request), cluster.id, outcome);
  }
}
