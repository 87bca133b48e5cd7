/**
 * All upstream connections and streams, by the engine's slots: the upstream half of the ports.
 *
 * Plain text only: the engine is told that a connection which needs TLS failed.
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { assert } from '../core/assert.ts';
import type { DialPlan, Endpoint, Head, Slot } from '../core/engine.ts';
import { CloseReason, ConnectFailure, Side } from '../core/engine.ts';
import { parseAddress } from './addresses.ts';
import { type ConnectionOwner, UpstreamConnection } from './http1/upstream-connection.ts';
import type { UpstreamStream } from './http1/upstream-stream.ts';
import { SlotTable } from './slot-table.ts';
import type { Turns } from './turns.ts';

const NO_BYTES = new Uint8Array(0);

interface OpenStream {
  readonly connection: UpstreamConnection;
  readonly stream: UpstreamStream;
}

/** Dials, and finds what a slot stands for. A freed slot is ignored: the news has crossed. */
export class Upstreams implements ConnectionOwner {
  private readonly turns: Turns;
  private readonly connections = new SlotTable<UpstreamConnection>('upstream connection');
  private readonly streams = new SlotTable<OpenStream>('stream');

  constructor(turns: Turns) {
    this.turns = turns;
  }

  dial(slot: Slot, endpoint: Endpoint, plan: DialPlan): void {
    if (plan.tls !== null) {
      this.turns.run((engine) =>
        engine.onConnectFailed(slot, 'tls', ConnectFailure.tls, 'TLS is not available'),
      );
      return;
    }
    const socket = dialSocket(endpoint, plan.bufferLimitBytes);
    this.connections.put(
      slot,
      new UpstreamConnection(slot, socket, this.turns, this, plan.protocol === 'tcp'),
    );
  }

  openStream(slot: Slot, connectionSlot: Slot, head: Head, end: boolean): void {
    const connection = this.connections.get(connectionSlot);
    const stream = connection.openStream(slot, head);
    this.streams.put(slot, { connection, stream });
    stream.sendHead(head, end);
  }

  sendBody(slot: Slot, chunk: Uint8Array | null, end: boolean): void {
    this.streams.find(slot)?.stream.sendBody(chunk ?? NO_BYTES, end);
  }

  /** Bytes of a connection without protocol. */
  sendRaw(slot: Slot, chunk: Uint8Array): void {
    this.connections.find(slot)?.sendRaw(chunk);
  }

  sendTrailers(slot: Slot, trailers: Head): void {
    this.streams.find(slot)?.stream.sendTrailers(trailers);
  }

  resetStream(slot: Slot): void {
    this.streams.find(slot)?.connection.resetStream();
  }

  close(slot: Slot, reason: CloseReason): void {
    this.connections.find(slot)?.close(reason);
  }

  setReading(side: Side, slot: Slot, on: boolean): void {
    if (side === Side.stream) this.streams.find(slot)?.connection.setReading(on);
    else this.connections.find(slot)?.setReading(on);
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Ends every connection; the engine hears of it. */
  closeAll(): void {
    for (const connection of this.connections.all()) connection.close(CloseReason.local);
  }

  onStreamFreed(slot: Slot): void {
    this.streams.remove(slot);
  }

  onConnectionFreed(slot: Slot): void {
    this.connections.remove(slot);
  }
}

function dialSocket(endpoint: Endpoint, bufferLimitBytes: number): Socket {
  const address = parseAddress(endpoint.address);
  assert(address !== null, `endpoint address "${endpoint.address}" has no port`);
  const options: TcpNetConnectOpts & { readonly writableHighWaterMark: number } = {
    ...address,
    noDelay: true,
    writableHighWaterMark: bufferLimitBytes,
  };
  return connect(options);
}
