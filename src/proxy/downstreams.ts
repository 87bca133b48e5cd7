/**
 * All client connections and requests, by slot: the downstream half of the ports.
 *
 * A slot that was freed is ignored where the engine may not know it yet: the news is on its way.
 */
import type { CloseReason, Head, Slot } from '../core/engine.ts';
import { Side } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import type { ListenerConfig, MeshConfig } from '../mesh/config/config.ts';
import type {
  DownstreamConnection,
  DownstreamContext,
  RequestAtConnection,
} from './http1/downstream-connection.ts';
import type { ExchangeTimes } from './http1/exchange.ts';
import type { RequestIdentity } from './request-identity.ts';
import { SlotTable } from './slot-table.ts';
import type { Turns } from './turns.ts';
import { UNLISTENED_RESPONSE, type UnlistenedRequest } from './unlistened.ts';

const NO_BYTES = new Uint8Array(0);

/** Where a real listening address stands in the mesh. */
export type Direction = 'outbound' | 'inbound';

/** Called for a request that no listener of the configuration serves. */
export type UnlistenedLog = (refused: UnlistenedRequest) => void;

export class Downstreams {
  private readonly turns: Turns;
  private readonly identity: RequestIdentity;
  private readonly logUnlistened: UnlistenedLog;
  private readonly connections = new SlotTable<DownstreamConnection>('downstream connection');
  private readonly requests = new SlotTable<RequestAtConnection>('request');
  private readonly times: ExchangeTimes[] = [];

  constructor(turns: Turns, identity: RequestIdentity, logUnlistened: UnlistenedLog) {
    this.turns = turns;
    this.identity = identity;
    this.logUnlistened = logUnlistened;
  }

  /** What the connections of one listening address need. */
  contextOf(config: MeshConfig, direction: Direction, only: number | null): DownstreamContext {
    const { turns, identity, connections, requests, times } = this;
    const listeners = config.listeners.filter(
      (item) => item.direction === direction && (only === null || item.id === only),
    );
    return {
      turns,
      identity,
      connections,
      requests,
      times,
      firstIdleTimeoutMs: listeners[0]?.downstreamIdleTimeoutMs ?? 0,
      delayedCloseMs: only === null ? 0 : (listeners[0]?.delayedCloseTimeoutMs ?? 0),
      chooseListener: only === null ? listenerChooser(listeners, direction) : () => only,
      portOf: (id) => listeners.find((listener) => listener.id === id)?.port ?? 0,
      isQuiet: listeners.some(({ router }) => router?.suppressesEnvoyHeaders === true),
      refuseUnlistened: (exchange, request) => {
        exchange.respondHead(UNLISTENED_RESPONSE, true, true, true);
        this.logUnlistened(request);
      },
    };
  }

  /** Of the request that has, or had last, this slot. */
  timesOf(slot: Slot): ExchangeTimes | null {
    return this.times[slot] ?? null;
  }

  respondInformational(slot: Slot, head: Head): void {
    this.requests.find(slot)?.exchange.writer.writeInformational(head);
  }

  respondHead(slot: Slot, head: Head, end: boolean): void {
    const { connection, exchange } = this.requests.get(slot);
    connection.respondHead(exchange, head, end, !this.turns.isUpstreamHead);
  }

  respondBody(slot: Slot, chunk: Uint8Array | null, end: boolean): void {
    this.requests.find(slot)?.exchange.respondBody(chunk ?? NO_BYTES, end);
  }

  respondTrailers(slot: Slot, trailers: Head): void {
    this.requests.find(slot)?.exchange.respondTrailers(trailers);
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
    if (side === Side.request) this.requests.find(slot)?.exchange.setReading(on);
  }
}

/**
 * Which listener of the engine serves a request that came to one listening address.
 *
 * There is one address for all ports, so the port of the Host header (80 when it has none) says
 * which one was meant; a lone inbound listener serves whatever comes.
 */
function listenerChooser(listeners: readonly ListenerConfig[], direction: Direction) {
  const byPort = new Map(listeners.map(({ port, id }) => [port, id]));
  const only = direction === 'inbound' && listeners.length === 1 ? listeners[0]!.id : null;
  return (authority: string): number | null => only ?? byPort.get(portOf(authority)) ?? null;
}

function portOf(authority: string): number {
  const port = /:(\d{1,5})$/.exec(authority)?.[1];
  return port === undefined ? 80 : Number(port);
}
