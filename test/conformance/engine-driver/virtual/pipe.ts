/**
 * One direction of one connection: items in order, each a hop later, as long as the reader reads.
 *
 * Bytes that were pushed and not delivered are what a socket would hold; above the limit the writer
 * is asked to wait, below half of it to go on.
 */
import { HOP_NS, type VirtualTime } from './time.ts';

interface Item {
  readonly bytes: number;
  readonly deliver: () => void;
  /** Heads are read even by somebody who does not want the body yet. */
  readonly isHead: boolean;
}

export class Pipe {
  private readonly time: VirtualTime;
  private readonly limitBytes: number;
  private readonly onRoom: () => void;
  private readonly items: Item[] = [];
  private heldBytes = 0;
  private isFull = false;
  private isReading = true;
  private isScheduled = false;
  private isClosed = false;

  /** @param onRoom called when a writer that was asked to wait may go on */
  constructor(time: VirtualTime, limitBytes: number, onRoom: () => void) {
    this.time = time;
    this.limitBytes = limitBytes;
    this.onRoom = onRoom;
  }

  get isOverfull(): boolean {
    return this.isFull && !this.isClosed;
  }

  /** @returns false when the writer should wait */
  push(bytes: number, deliver: () => void, isHead = false): boolean {
    if (this.isClosed) return true;
    this.items.push({ bytes, deliver, isHead });
    this.heldBytes += bytes;
    if (this.heldBytes > this.limitBytes) this.isFull = true;
    this.schedule();
    return !this.isFull;
  }

  setReading(on: boolean): void {
    this.isReading = on;
    this.schedule();
  }

  /** What was not delivered is lost. */
  close(): void {
    this.isClosed = true;
    this.items.length = 0;
  }

  /** Whether the reader takes what comes first. */
  private get isWanted(): boolean {
    return this.isReading || this.items[0]?.isHead === true;
  }

  private schedule(): void {
    if (this.isScheduled || !this.isWanted || this.items.length === 0) return;
    this.isScheduled = true;
    this.time.afterNs(HOP_NS, () => {
      this.isScheduled = false;
      this.deliverFirst();
    });
  }

  private deliverFirst(): void {
    if (this.isClosed || !this.isWanted) return;
    const item = this.items.shift();
    if (item === undefined) return;
    this.heldBytes -= item.bytes;
    item.deliver();
    if (this.isFull && this.heldBytes <= this.limitBytes / 2) {
      this.isFull = false;
      if (!this.isClosed) this.onRoom();
    }
    this.schedule();
  }
}
