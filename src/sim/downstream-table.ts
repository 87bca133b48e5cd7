/**
 * Downstream connections of all engines: the slots that the driver allocates.
 *
 * One is either the far end of a wire (an inbound proxy's side of a connection) or a loopback
 * connection, over which an application speaks to its own outbound proxy. Many calls may share a
 * loopback connection: they are told apart without HTTP/1's queueing.
 */
import { grownInts } from './columns.ts';

const INITIAL_ROWS = 64;
const RETIRED = -2;
const CLOSING = -3;

// Positions of the columns in a row of 32-bit words.
const PROXY = 0;
/** The wire; -1 = loopback, then `RETIRED` or `CLOSING`. In a free row: the next free row. */
const WIRE = 1;
/** Loopback: requests open on it. */
const OPEN_COUNT = 2;
const WORDS = 4;

export class DownstreamTable {
  private words: Int32Array;
  private rowCount: number;
  private firstFree: number;

  constructor() {
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.rowCount = 0;
    this.firstFree = -1;
  }

  /** @param wire -1 = loopback */
  allocate(proxy: number, wire: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + WIRE]!;
    else {
      if (this.rowCount * WORDS === this.words.length) this.words = grownInts(this.words);
      row = this.rowCount++;
    }
    this.words[row * WORDS + PROXY] = proxy;
    this.words[row * WORDS + WIRE] = wire;
    this.words[row * WORDS + OPEN_COUNT] = 0;
    return row;
  }

  free(row: number): void {
    this.words[row * WORDS + WIRE] = this.firstFree;
    this.firstFree = row;
  }

  proxyOf(row: number): number {
    return this.words[row * WORDS + PROXY]!;
  }
  wireOf(row: number): number {
    return this.words[row * WORDS + WIRE]!;
  }
  /** Its closed input is under way. */
  isClosing(row: number): boolean {
    return this.words[row * WORDS + WIRE]! === CLOSING;
  }
  setClosing(row: number): void {
    this.words[row * WORDS + WIRE] = CLOSING;
  }
  /** A loopback connection that closes when its last call ends. */
  setRetired(row: number): void {
    this.words[row * WORDS + WIRE] = RETIRED;
  }
  openCountOf(row: number): number {
    return this.words[row * WORDS + OPEN_COUNT]!;
  }
  addOpen(row: number, change: 1 | -1): number {
    const at = row * WORDS + OPEN_COUNT;
    return (this.words[at] = this.words[at]! + change);
  }
}
