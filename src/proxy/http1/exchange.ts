/**
 * One request of a client and its answer, seen from the engine's slot.
 *
 * `downstream-connection.ts` makes one with the first byte of each head. Its slot is free after the
 * end of both directions, or after a reset by either side.
 */
import type { Slot } from '../../core/engine.ts';
import { NO_SLOT } from '../../core/engine.ts';
import { ResponseWriter } from './response-writer.ts';
import type { Transport } from './transport.ts';

/** When the parts of a request passed, ms of the proxy's clock; -1 = not yet. */
export interface ExchangeTimes {
  readonly startMs: number;
  requestEndMs: number;
  /** The head of the upstream's response came. */
  responseStartMs: number;
}

/** A request that the engine may know. */
export class Exchange {
  /** `NO_SLOT` before the engine knows it and after it is over. */
  slot: Slot = NO_SLOT;
  readonly writer: ResponseWriter;
  readonly times: ExchangeTimes;
  /** The rest of the connection is its body. */
  isTunnel = false;
  /** Whether the client takes more of the answer. */
  isWritable = true;

  constructor(transport: Transport, nowMs: number) {
    this.writer = new ResponseWriter(transport);
    this.times = { startMs: nowMs, requestEndMs: -1, responseStartMs: -1 };
  }

  get hasRequestEnded(): boolean {
    return this.times.requestEndMs >= 0;
  }

  endRequest(nowMs: number): void {
    this.times.requestEndMs = nowMs;
  }

  /**
   * The head of an upstream's response came.
   * @returns whole ms since the end of the request; 0 when the answer came before it
   */
  startResponse(nowMs: number): number {
    this.times.responseStartMs = nowMs;
    return this.hasRequestEnded ? Math.floor(nowMs - this.times.requestEndMs) : 0;
  }
}
