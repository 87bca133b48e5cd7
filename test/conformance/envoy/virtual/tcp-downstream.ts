/**
 * A client connection of the virtual proxy whose bytes are passed on.
 *
 * What comes while nobody reads is held. Source: the contract in core/engine.ts, rules 4 and 5.
 */
import type { PeerFacts, Slot } from '../../../../src/core/engine.ts';
import { CloseReason } from '../../../../src/core/engine.ts';
import type { Ns } from '../../../../src/core/time.ts';
import type { EngineConnection } from '../../../../src/proxy/http1/downstream-context.ts';
import type { SlotTable } from '../../../../src/proxy/slot-table.ts';
import type { VirtualContext } from './context.ts';
import type { Receiver, WireEnd } from './wire.ts';

const NO_BYTES = new Uint8Array(0);

export class TcpDownstream implements EngineConnection, Receiver {
  readonly slot: Slot;
  private readonly context: VirtualContext;
  private readonly connections: SlotTable<EngineConnection>;
  private readonly end: WireEnd;
  /** null = the end. */
  private readonly held: (Uint8Array | null)[] = [];
  private isReading = true;
  private hasEnded = false;
  private hasSentEnd = false;
  private isGone = false;

  constructor(
    end: WireEnd,
    context: VirtualContext,
    connections: SlotTable<EngineConnection>,
    onSlot: (slot: Slot, connection: TcpDownstream) => void,
    listener: number,
    facts: PeerFacts,
  ) {
    this.end = end;
    this.context = context;
    this.connections = connections;
    this.slot = connections.take(this);
    end.receiver = this;
    const { slot } = this;
    onSlot(slot, this);
    context.input((engine) => engine.onDownstreamOpen(slot, listener, facts));
  }

  // what arrives

  onBytes(bytes: Uint8Array): void {
    this.held.push(bytes);
    this.pass();
  }

  onEnd(): void {
    this.held.push(null);
    this.pass();
  }

  onReset(): void {
    this.gone(CloseReason.remoteReset);
  }

  // what the engine does

  goAway(): void {}

  send(chunk: Uint8Array | null, end: boolean): void {
    this.end.write(chunk ?? NO_BYTES);
    if (!end) return;
    this.end.finish();
    this.hasSentEnd = true;
    if (this.hasEnded) this.context.time.afterNs(0, () => this.gone(CloseReason.local));
  }

  setReading(on: boolean): void {
    this.isReading = on;
    if (on) this.context.time.afterNs(0, () => this.pass());
  }

  close(_slot: Slot, how: 'abort' | 'flush' | 'linger', _lingerNs: Ns, reason: CloseReason): void {
    this.context.time.afterNs(0, () => {
      if (how === 'abort') this.end.reset();
      this.gone(reason);
    });
  }

  private pass(): void {
    const { context, held, slot } = this;
    while (this.isReading && !this.isGone && held.length > 0) {
      const bytes = held.shift() ?? null;
      if (bytes === null) this.hasEnded = true;
      const isEnd = bytes === null;
      context.input((engine) => engine.onDownstreamData(slot, bytes?.length ?? 0, bytes, isEnd));
      if (isEnd && this.hasSentEnd) this.gone(CloseReason.remoteEnd);
    }
  }

  private gone(reason: CloseReason): void {
    if (this.isGone) return;
    this.isGone = true;
    this.end.close();
    this.connections.free(this.slot);
    this.context.input((engine) => engine.onDownstreamClosed(this.slot, reason));
  }
}
