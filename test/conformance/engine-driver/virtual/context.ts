/**
 * What the two halves of the virtual driver share.
 */
import type { Engine, Slot } from '../../../../src/core/engine.ts';
import type { MeshConfig } from '../../../../src/mesh/config/config.ts';
import type { RequestIdentity } from '../../../../src/proxy/request-identity.ts';
import { SlotTable } from '../../../../src/proxy/slot-table.ts';
import type { ScriptedUpstream } from '../scripted-upstream.ts';
import type { VirtualDownstream, VirtualRequest } from './downstream.ts';
import type { VirtualTime } from './time.ts';
import type { VirtualConnection, VirtualStream } from './upstream.ts';

/** Bytes that a socket's buffer holds. */
export const SOCKET_BUFFER_BYTES = 256 * 1024;

export class VirtualContext {
  readonly time: VirtualTime;
  readonly identity: RequestIdentity;
  /** By endpoint name; null = nothing listens there. */
  readonly upstreams: ReadonlyMap<string, ScriptedUpstream | null>;
  readonly requests = new SlotTable<VirtualRequest>('request');
  readonly downstreams = new SlotTable<VirtualDownstream>('downstream');
  readonly streams = new SlotTable<VirtualStream>('stream');
  readonly connections = new SlotTable<VirtualConnection>('connection');
  /** Bytes that entered the proxy and have not left it. */
  heldBytes = 0;
  peakHeldBytes = 0;
  private engine: Engine<MeshConfig> | null = null;
  private inTurn = false;

  constructor(
    time: VirtualTime,
    identity: RequestIdentity,
    upstreams: ReadonlyMap<string, ScriptedUpstream | null>,
  ) {
    this.time = time;
    this.identity = identity;
    this.upstreams = upstreams;
  }

  attach(engine: Engine<MeshConfig>): void {
    this.engine = engine;
  }

  /** One input. Everything here runs from the kernel, so inputs cannot nest. */
  input(call: (engine: Engine<MeshConfig>) => void): void {
    if (this.engine === null || this.inTurn) throw new Error('an input came during an input');
    this.inTurn = true;
    try {
      call(this.engine);
    } finally {
      this.inTurn = false;
    }
  }

  enterProxy(bytes: number): void {
    this.heldBytes += bytes;
    this.peakHeldBytes = Math.max(this.peakHeldBytes, this.heldBytes);
  }

  leaveProxy(bytes: number): void {
    this.heldBytes -= bytes;
  }
}

/** A simulated body may come without bytes. */
export function bytesOf(bytes: number, chunk: Uint8Array | null): Uint8Array {
  return chunk ?? new Uint8Array(bytes);
}

export type { Slot };
