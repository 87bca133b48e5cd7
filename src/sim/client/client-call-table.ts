/**
 * Requests of clients under way, one row per request.
 *
 * Kept apart from the request slots: only the first hop of a chain has a client, and only clients
 * need the instant at which they meant to send.
 */
import type { Ns } from '../../core/time.ts';
import { grownBytes, grownFloats, grownInts } from '../columns.ts';

const INITIAL_ROWS = 64;

export class ClientCallTable {
  private clients: Int32Array;
  /** Users of a closed loop; -1 in an open one. */
  private users: Int32Array;
  private uids: Int32Array;
  /** The engine's request slot. In a free row: the next free row. */
  private requests: Int32Array;
  /** -1 = no deadline. */
  private deadlines: Int32Array;
  private flags: Uint8Array;
  private starts: Float64Array;
  private rowCount: number;
  private firstFree: number;

  constructor() {
    this.clients = new Int32Array(INITIAL_ROWS);
    this.users = new Int32Array(INITIAL_ROWS);
    this.uids = new Int32Array(INITIAL_ROWS);
    this.requests = new Int32Array(INITIAL_ROWS);
    this.deadlines = new Int32Array(INITIAL_ROWS);
    this.flags = new Uint8Array(INITIAL_ROWS);
    this.starts = new Float64Array(INITIAL_ROWS);
    this.rowCount = 0;
    this.firstFree = -1;
  }

  /** The caller sets the start. */
  allocate(client: number, user: number, uid: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.requests[row]!;
    else {
      if (this.rowCount === this.clients.length) this.grow();
      row = this.rowCount++;
    }
    this.clients[row] = client;
    this.users[row] = user;
    this.uids[row] = uid;
    this.requests[row] = -1;
    this.deadlines[row] = -1;
    this.flags[row] = 0;
    return row;
  }

  free(row: number): void {
    this.requests[row] = this.firstFree;
    this.firstFree = row;
  }

  clientOf(row: number): number {
    return this.clients[row]!;
  }
  userOf(row: number): number {
    return this.users[row]!;
  }
  uidOf(row: number): number {
    return this.uids[row]!;
  }
  requestOf(row: number): number {
    return this.requests[row]!;
  }
  setRequest(row: number, request: number): void {
    this.requests[row] = request;
  }
  deadlineOf(row: number): number {
    return this.deadlines[row]!;
  }
  setDeadline(row: number, event: number): void {
    this.deadlines[row] = event;
  }
  /** First response flag of the client's own proxy; 0 = none. */
  flagOf(row: number): number {
    return this.flags[row]!;
  }
  setFlag(row: number, flag: number): void {
    this.flags[row] = flag;
  }
  startNsOf(row: number): Ns {
    return this.starts[row]!;
  }
  setStartNs(row: number, ns: Ns): void {
    this.starts[row] = ns;
  }

  private grow(): void {
    const rows = 2 * this.clients.length;
    this.clients = grownInts(this.clients, rows);
    this.users = grownInts(this.users, rows);
    this.uids = grownInts(this.uids, rows);
    this.requests = grownInts(this.requests, rows);
    this.deadlines = grownInts(this.deadlines, rows);
    this.flags = grownBytes(this.flags, rows);
    this.starts = grownFloats(this.starts, rows);
  }
}
