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

export class DownstreamTable {
  private proxies: Int32Array;
  /** The wire; -1 = loopback, then `RETIRED` or `CLOSING`. In a free row: the next free row. */
  private wires: Int32Array;
  /** Loopback: requests open on it. */
  private openCounts: Int32Array;
  private rowCount: number;
  private firstFree: number;

  constructor() {
    this.proxies = new Int32Array(INITIAL_ROWS);
    this.wires = new Int32Array(INITIAL_ROWS);
    this.openCounts = new Int32Array(INITIAL_ROWS);
    this.rowCount = 0;
    this.firstFree = -1;
  }

  /** @param wire -1 = loopback */
  allocate(proxy: number, wire: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.wires[row]!;
    else {
      if (this.rowCount === this.proxies.length) this.grow();
      row = this.rowCount++;
    }
    this.proxies[row] = proxy;
    this.wires[row] = wire;
    this.openCounts[row] = 0;
    return row;
  }

  free(row: number): void {
    this.wires[row] = this.firstFree;
    this.firstFree = row;
  }

  proxyOf(row: number): number {
    return this.proxies[row]!;
  }
  wireOf(row: number): number {
    return this.wires[row]!;
  }
  /** Its closed input is under way. */
  isClosing(row: number): boolean {
    return this.wires[row]! === CLOSING;
  }
  setClosing(row: number): void {
    this.wires[row] = CLOSING;
  }
  /** A loopback connection that closes when its last call ends. */
  setRetired(row: number): void {
    this.wires[row] = RETIRED;
  }
  openCountOf(row: number): number {
    return this.openCounts[row]!;
  }
  addOpen(row: number, change: 1 | -1): number {
    return (this.openCounts[row] = this.openCounts[row]! + change);
  }

  private grow(): void {
    const rows = 2 * this.proxies.length;
    this.proxies = grownInts(this.proxies, rows);
    this.wires = grownInts(this.wires, rows);
    this.openCounts = grownInts(this.openCounts, rows);
  }
}
