/**
 * All client connections and requests, by slot: the downstream half of the ports.
 *
 * A slot that was freed is ignored where the engine may not know it yet: the news is on its way.
 */
import type { CloseReason, Head, Slot } from '../core/engine.ts';
import { Side } from '../core/engine.ts';
import { MILLISECOND, type Ns } from '../core/time.ts';
import type { ListenerConfig, MeshConfig } from '../mesh/config/config.ts';
import type {
  ConnectionClock,
  DownstreamContext,
  EngineConnection,
  RequestAtConnection,
} from './http1/downstream-context.ts';
import type { ExchangeTimes } from './http1/exchange.ts';
import type { RequestIdentity } from './request-identity.ts';
import { SlotTable } from './slot-table.ts';
import type { Turns } from './turns.ts';
import type { UnlistenedRequest } from './unlistened.ts';

const NO_BYTES = new Uint8Array(0);

/** Where a real listening address stands in the mesh. */
export type Direction = 'outbound' | 'inbound';

/** Called for a request that no listener of the configuration serves. */
export type UnlistenedLog = (refused: UnlistenedRequest) => void;

export class Downstreams {
  private readonly turns: Turns;
  private readonly identity: RequestIdentity;
  private readonly clock: ConnectionClock;
  private readonly logUnlistened: UnlistenedLog;
  private readonly connections = new SlotTable<EngineConnection>('downstream connection');
  private readonly requests = new SlotTable<RequestAtConnection>('request');
  private readonly times: ExchangeTimes[] = [];

  constructor(
    turns: Turns,
    identity: RequestIdentity,
    clock: ConnectionClock,
    logUnlistened: UnlistenedLog,
  ) {
    this.turns = turns;
    this.identity = identity;
    this.clock = clock;
    this.logUnlistened = logUnlistened;
  }

  /**
   * What the connections of one listening address need.
   * @param onlyId of the only listener behind it; null = the Host of a request chooses one
   */
  contextOf(config: MeshConfig, direction: Direction, onlyId: number | null): DownstreamContext {
    const { turns, identity, clock, connections, requests, times, logUnlistened } = this;
    const listeners = config.listeners.filter(
      (item) => item.direction === direction && (onlyId === null || item.id === onlyId),
    );
    const [first] = listeners;
    const only = onlyId === null ? null : (first ?? null);
    const choose = listenerChooser(listeners, direction);
    return {
      turns,
      identity,
      clock,
      connections,
      requests,
      times,
      only,
      firstIdleTimeoutNs: (first?.downstreamIdleTimeoutMs ?? 0) * MILLISECOND,
      delayedCloseNs: (only?.delayedCloseTimeoutMs ?? 0) * MILLISECOND,
      isQuiet: listeners.some(({ router }) => router?.suppressesEnvoyHeaders === true),
      chooseListener: choose,
      anyListener: () => choose('') ?? first ?? null,
      logUnlistened,
    };
  }

  /** Engine connections that are open. */
  get connectionCount(): number {
    return this.connections.size;
  }

  /** Requests that are not over. */
  get requestCount(): number {
    return this.requests.size;
  }

  /** Of the request that has, or had last, this slot. */
  timesOf(slot: Slot): ExchangeTimes | null {
    return this.times[slot] ?? null;
  }

  respondInformational(slot: Slot, head: Head): void {
    const request = this.requests.find(slot);
    request?.connection.respondInformational(request.exchange, head);
  }

  respondHead(slot: Slot, head: Head, end: boolean): void {
    const { connection, exchange } = this.requests.get(slot);
    connection.respondHead(exchange, head, end, !this.turns.isUpstreamHead);
  }

  respondBody(slot: Slot, chunk: Uint8Array | null, end: boolean): void {
    const request = this.requests.find(slot);
    request?.connection.respondBody(request.exchange, chunk ?? NO_BYTES, end);
  }

  respondTrailers(slot: Slot, trailers: Head): void {
    const request = this.requests.find(slot);
    request?.connection.respondTrailers(request.exchange, trailers);
  }

  reset(slot: Slot): void {
    const request = this.requests.find(slot);
    request?.connection.reset(request.exchange);
  }

  goAway(slot: Slot): void {
    this.connections.find(slot)?.goAway();
  }

  close(slot: Slot, how: 'abort' | 'flush' | 'linger', lingerNs: Ns, reason: CloseReason): void {
    this.connections.find(slot)?.close(slot, how, lingerNs, reason);
  }

  setReading(side: Side, slot: Slot, on: boolean): void {
    if (side === Side.request) this.requests.find(slot)?.connection.setReading(on);
  }
}

/**
 * Which listener of the engine serves a request that came to one listening address.
 *
 * There is one address for all ports, so the port of the Host header (80 when it has none) says
 * which one was meant; a lone inbound listener serves whatever comes.
 */
function listenerChooser(listeners: readonly ListenerConfig[], direction: Direction) {
  const byPort = new Map(listeners.map((listener) => [listener.port, listener]));
  const only = direction === 'inbound' && listeners.length === 1 ? listeners[0]! : null;
  return (authority: string): ListenerConfig | null =>
    only ?? byPort.get(portOf(authority)) ?? null;
}

function portOf(authority: string): number {
  const port = /:(\d{1,5})$/.exec(authority)?.[1];
  return port === undefined ? 80 : Number(port);
}
