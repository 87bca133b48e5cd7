/**
 * Downstream connections as typed columns, one row per connection, shared by all engines of a run.
 *
 * Rows are indexed by the driver's connection slots. Only HTTP/1.1 is served, but a driver that
 * multiplexes (a simulated client in front of its own sidecar) may have several requests on one.
 */
import type { Clock, PeerFacts, Slot, TimerId } from '../../core/engine.ts';
import { NO_TIMER } from '../../core/engine.ts';
import { grownFloats, grownInts } from '../cluster/columns.ts';

/** What is known of a downstream connection; bits of one column. */
export const DownstreamBit = {
  open: 1,
  /** Responses carry `connection: close` from now on. */
  draining: 2,
  /** We asked the driver to close it. */
  closing: 4,
} as const;

const INITIAL_ROWS = 64;

export class DownstreamTable {
  private bits: Int32Array;
  /** Position of its listener in the engine. */
  private listeners: Int32Array;
  private requestCounts: Int32Array;
  private timers: Int32Array;
  private idleSince: Float64Array;
  private readonly peers: (PeerFacts | null)[];

  constructor() {
    this.bits = new Int32Array(INITIAL_ROWS);
    this.listeners = new Int32Array(INITIAL_ROWS);
    this.requestCounts = new Int32Array(INITIAL_ROWS);
    this.timers = new Int32Array(INITIAL_ROWS);
    this.idleSince = new Float64Array(INITIAL_ROWS);
    this.peers = [];
  }

  open(row: Slot, listener: number, peer: PeerFacts): void {
    while (row >= this.bits.length) this.grow();
    this.bits[row] = DownstreamBit.open;
    this.listeners[row] = listener;
    this.requestCounts[row] = 0;
    this.timers[row] = NO_TIMER;
    this.peers[row] = peer;
  }

  free(row: Slot): void {
    this.bits[row] = 0;
    this.peers[row] = null;
  }

  isOpen(row: Slot): boolean {
    return row >= 0 && row < this.bits.length && (this.bits[row]! & DownstreamBit.open) !== 0;
  }
  has(row: Slot, bit: number): boolean {
    return (this.bits[row]! & bit) !== 0;
  }
  set(row: Slot, bit: number): void {
    this.bits[row] = this.bits[row]! | bit;
  }
  listenerOf(row: Slot): number {
    return this.listeners[row]!;
  }
  peerOf(row: Slot): PeerFacts {
    return this.peers[row]!;
  }
  requestCountOf(row: Slot): number {
    return this.requestCounts[row]!;
  }
  addRequests(row: Slot, change: 1 | -1): void {
    this.requestCounts[row] = this.requestCounts[row]! + change;
  }
  timerOf(row: Slot): TimerId {
    return this.timers[row]!;
  }
  setTimer(row: Slot, timer: TimerId): void {
    this.timers[row] = timer;
  }
  /** When its last request ended, or when it was opened. */
  idleSinceOf(row: Slot): number {
    return this.idleSince[row]!;
  }
  /** Idle from now on. */
  markIdle(row: Slot, clock: Clock): void {
    this.idleSince[row] = clock.nowNs;
  }

  private grow(): void {
    const rows = 2 * this.bits.length;
    this.bits = grownInts(this.bits, rows);
    this.listeners = grownInts(this.listeners, rows);
    this.requestCounts = grownInts(this.requestCounts, rows);
    this.timers = grownInts(this.timers, rows);
    this.idleSince = grownFloats(this.idleSince, rows);
  }
}
