/**
 * Attempts that run beside the latest one of their request, because they were slow (hedging).
 *
 * `AttemptOutcomes` sets one aside when its per-try timeout passes and another attempt is to follow;
 * from then on it may still answer, but no retry follows from it.
 * Invariant: a request has the bit `hedged` exactly while it has attempts in here.
 * Source: policy-engine.md §2.8; Envoy, router filter (hedge_on_per_try_timeout).
 */
import type { Slot } from '../../core/engine.ts';
import type { RequestTable } from './request-table.ts';
import { RequestBit } from './request-table.ts';
import type { StreamTable } from './stream-table.ts';
import { StreamBit } from './stream-table.ts';

/** An attempt that was set aside. */
export interface Hedge {
  readonly stream: Slot;
  /** Its number, from 1. */
  readonly attempt: number;
}

export class Hedges {
  private readonly requests: RequestTable;
  private readonly streams: StreamTable;
  /** By request, the oldest attempt first; never an empty list. */
  private readonly aside: Map<Slot, Hedge[]>;

  constructor(requests: RequestTable, streams: StreamTable) {
    this.requests = requests;
    this.streams = streams;
    this.aside = new Map();
  }

  /** The latest attempt of a request runs on beside the next one. */
  add(request: Slot, stream: Slot): void {
    const { requests, streams, aside } = this;
    const hedge = { stream, attempt: requests.attemptsOf(request) };
    const known = aside.get(request);
    if (known === undefined) aside.set(request, [hedge]);
    else known.push(hedge);
    streams.set(stream, StreamBit.hedged);
    requests.set(request, RequestBit.hedged);
  }

  /** @returns the attempt's number */
  remove(stream: Slot): number {
    const { requests, streams, aside } = this;
    const request = streams.requestOf(stream);
    const known = aside.get(request)!;
    const at = known.findIndex((hedge) => hedge.stream === stream);
    const [{ attempt }] = known.splice(at, 1) as [Hedge];
    streams.clear(stream, StreamBit.hedged);
    if (known.length === 0) {
      aside.delete(request);
      requests.clear(request, RequestBit.hedged);
    }
    return attempt;
  }

  /** Oldest first; a copy, so that its attempts may end meanwhile. */
  of(request: Slot): readonly Hedge[] {
    return this.requests.has(request, RequestBit.hedged) ? [...this.aside.get(request)!] : [];
  }

  /** The number of an attempt that was set aside. */
  attemptOf(stream: Slot): number {
    const known = this.aside.get(this.streams.requestOf(stream))!;
    return known.find((hedge) => hedge.stream === stream)!.attempt;
  }
}
