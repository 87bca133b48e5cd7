/**
 * A virtual connection: two ends, bytes in order, an orderly end or a reset.
 */
import type { ByteStream } from '../stage.ts';
import { ConnectionReset } from '../stage.ts';
import type { VirtualTime } from './time.ts';

/** The loopback: long enough to keep cause before effect, too short to be measured. */
export const HOP_NS = 1_000;

/** What happens at an end. */
export interface Receiver {
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
  onReset(): void;
}

export class WireEnd {
  receiver: Receiver | null = null;
  private readonly time: VirtualTime;
  private peer: WireEnd | null = null;
  private isClosed = false;
  private isFinished = false;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  /** Both ends of a new connection. */
  static pair(time: VirtualTime): readonly [WireEnd, WireEnd] {
    const [a, b] = [new WireEnd(time), new WireEnd(time)];
    a.peer = b;
    b.peer = a;
    return [a, b];
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed || this.isFinished) return;
    this.tell((receiver) => receiver.onBytes(bytes));
  }

  /** Ends the direction to the peer; what comes from there still arrives. */
  finish(): void {
    if (this.isClosed || this.isFinished) return;
    this.isFinished = true;
    this.tell((receiver) => receiver.onEnd());
  }

  /** Ends both directions; what was written before still arrives. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (!this.isFinished) this.tell((receiver) => receiver.onEnd());
  }

  reset(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.tell((receiver) => receiver.onReset());
  }

  private tell(what: (receiver: Receiver) => void): void {
    const { peer } = this;
    this.time.afterNs(HOP_NS, () => {
      if (peer !== null && !peer.isClosed && peer.receiver !== null) what(peer.receiver);
    });
  }
}

/** An end for scripts. */
export class ScriptStream implements ByteStream, Receiver {
  private readonly end: WireEnd;
  private readonly time: VirtualTime;
  private readonly arrived: Uint8Array[] = [];
  private isEnded = false;
  private isReset = false;
  private isClosed = false;
  private waiting: (() => void) | null = null;

  constructor(end: WireEnd, time: VirtualTime) {
    this.end = end;
    this.time = time;
    end.receiver = this;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const bytes = this.arrived.shift();
      if (bytes !== undefined) return bytes;
      if (this.isReset) throw new ConnectionReset();
      if (this.isEnded || this.isClosed) return null;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  write(bytes: Uint8Array): void {
    this.end.write(bytes);
  }

  close(): void {
    this.isClosed = true;
    this.end.close();
    this.wake();
  }

  reset(): void {
    this.isClosed = true;
    this.end.reset();
    this.wake();
  }

  onBytes(bytes: Uint8Array): void {
    this.arrived.push(bytes);
    this.wake();
  }

  onEnd(): void {
    this.isEnded = true;
    this.wake();
  }

  onReset(): void {
    this.isReset = true;
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = null;
    this.time.stir();
    waiting?.();
  }
}
