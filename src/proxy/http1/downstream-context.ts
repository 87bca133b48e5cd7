/**
 * What the client connections of one listening address share, and what they ask their surroundings.
 *
 * Made by `downstreams.ts`.
 */
import type { CloseReason, Slot } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { ListenerConfig } from '../../mesh/config/config.ts';
import type { RequestIdentity } from '../request-identity.ts';
import type { SlotTable } from '../slot-table.ts';
import type { Turns } from '../turns.ts';
import type { UnlistenedRequest } from '../unlistened.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { Exchange, ExchangeTimes } from './exchange.ts';

/** Time as a connection needs it. */
export interface ConnectionClock {
  /** Monotonic. */
  nowMs(): number;
  /** Since 1970. */
  wallMs(): number;
  /** @returns what forgets it */
  after(delayNs: Ns, action: () => void): () => void;
  /** Calls `action` when the running input is over. */
  soon(action: () => void): void;
}

/** What a slot of a client connection stands for. */
export interface EngineConnection {
  goAway(): void;
  close(slot: Slot, how: 'abort' | 'flush' | 'linger', lingerNs: Ns, reason: CloseReason): void;
}

/** What all connections of one listening address share. */
export interface DownstreamContext {
  readonly turns: Turns;
  readonly identity: RequestIdentity;
  readonly clock: ConnectionClock;
  readonly connections: SlotTable<EngineConnection>;
  readonly requests: SlotTable<RequestAtConnection>;
  /** By request slot; stays after the slot is free, until it is taken again. */
  readonly times: ExchangeTimes[];
  /** The engine's only listener behind this address; null = the Host of a request chooses. */
  readonly only: ListenerConfig | null;
  /** How long a connection may be without any request, where the Host chooses; 0 = for ever. */
  readonly firstIdleTimeoutNs: Ns;
  /** Between a response that says `connection: close` and the close; 0 = at once. */
  readonly delayedCloseNs: Ns;
  /** Clients are not told how long upstreams took. */
  readonly isQuiet: boolean;
  /** @returns null when none serves this authority */
  chooseListener(authority: string): ListenerConfig | null;
  /** Who answers for bytes that name no listener; null = nobody. */
  anyListener(): ListenerConfig | null;
  /** Told of a request that no listener serves. */
  logUnlistened(request: UnlistenedRequest): void;
}

/** What a request slot stands for. */
export interface RequestAtConnection {
  readonly connection: DownstreamConnection;
  readonly exchange: Exchange;
}
