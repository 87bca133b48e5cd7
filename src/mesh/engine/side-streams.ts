/**
 * Upstream streams and connections that no downstream request waits for: probes and copies.
 *
 * The engine hands inputs about them to their owners before anything else looks at them. While
 * there are none, that costs one comparison per input.
 */
import type {
  CloseReason,
  ConnectFailure,
  Head,
  PeerFacts,
  ResetReason,
  Slot,
} from '../../core/engine.ts';

/** Told what happens on its stream. The slot is free after an end or a reset. */
export interface SideStream {
  onInformational?(head: Head): void;
  onHead(head: Head, end: boolean): void;
  /** @param end the response is over */
  onBody(end: boolean, chunk: Uint8Array | null): void;
  /** undefined = trailers are the end of the body. */
  onTrailers?(trailers: Head): void;
  onReset(reason: ResetReason): void;
  /** Of streams that wait in a pool. */
  onReady?(connection: Slot): void;
  onPoolFailure?(reason: ResetReason): void;
  onTimer?(): void;
}

/** Told what happens to its connection. */
export interface SideConnection {
  onConnected(peer: PeerFacts): void;
  onConnectFailed(failure: ConnectFailure): void;
  /** @param isError it goes for a reason that it takes for an error */
  onGoAway(isError: boolean): void;
  onClosed(reason: CloseReason): void;
  /** Of connections without protocol. @param end the peer sends nothing more */
  onData?(bytes: number, chunk: Uint8Array | null, end: boolean): void;
}

export class SideStreams {
  readonly streams: Map<Slot, SideStream>;
  readonly connections: Map<Slot, SideConnection>;

  constructor() {
    this.streams = new Map();
    this.connections = new Map();
  }

  /** Whether inputs about streams and connections must be looked up here first. */
  get isUsed(): boolean {
    return this.streams.size + this.connections.size > 0;
  }
}
