/**
 * "Why is this request waiting?", in words, for people who inspect a run.
 *
 * Called by `PolicyEngine.pendingReason` only; never on a hot path.
 */
import type { Slot } from '../../core/engine.ts';
import { NO_SLOT } from '../../core/engine.ts';
import type { EngineContext } from './context.ts';
import { RequestBit as Bit } from './request-table.ts';
import { StreamBit } from './stream-table.ts';

/** @returns null when the slot is free */
export function pendingReasonOf(context: EngineContext, request: Slot): string | null {
  const { requests, streams, pools, clusters } = context;
  if (!requests.isActive(request)) return null;
  if (requests.has(request, Bit.finished)) return 'answered; waits for the rest of its own body';
  if (requests.has(request, Bit.filterPaused)) return 'held by an HTTP filter';
  const cluster = requests.clusterOf(request);
  const name = cluster < 0 ? 'no cluster' : clusters[cluster]!.config.name;
  const attempt = requests.attemptsOf(request);
  if (requests.has(request, Bit.backingOff))
    return `backs off before attempt ${attempt + 1} at ${name}`;
  const stream = requests.streamOf(request);
  if (stream === NO_SLOT) return 'waits for the rest of its own body';
  const { address } = pools[requests.poolOf(request)]!.host.endpoint;
  if (streams.has(stream, StreamBit.pending)) {
    return `attempt ${attempt} waits for a connection to ${address} of ${name}`;
  }
  const what = streams.has(stream, StreamBit.headReceived)
    ? 'the rest of the response'
    : 'a response';
  return `attempt ${attempt} waits for ${what} of ${address} of ${name}`;
}
