/**
 * Requests of clients under way, one row per request.
 *
 * Kept apart from the request slots: only the first hop of a chain has a client, and only clients
 * need the instant at which they meant to send.
 */
import type { Ns } from '../../core/time.ts';
import { grownFloats } from '../columns.ts';

const INITIAL_ROWS = 64;

// Positions of the columns in a row of 32-bit words; the start takes the last two.
const CLIENT = 0;
/** Users of a closed loop; -1 in an open one. */
const USER = 1;
const UID = 2;
/** The engine's request slot. In a free row: the next free row. */
const REQUEST = 3;
/** -1 = no deadline. */
const DEADLINE = 4;
const FLAG = 5;
const WORDS = 8;
const START = 3; // in doubles
const DOUBLES = WORDS / 2;

export class ClientCallTable {
  private doubles: Float64Array;
  /** The same memory as `doubles`. */
  private words: Int32Array;
  private rowCount: number;
  private firstFree: number;

  constructor() {
    this.doubles = new Float64Array(INITIAL_ROWS * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.rowCount = 0;
    this.firstFree = -1;
  }

  /** The caller sets the start. */
  allocate(client: number, user: number, uid: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + REQUEST]!;
    else {
      if (this.rowCount * WORDS === this.words.length) this.grow();
      row = this.rowCount++;
    }
    const { words } = this;
    const at = row * WORDS;
    words[at + CLIENT] = client;
    words[at + USER] = user;
    words[at + UID] = uid;
    words[at + REQUEST] = -1;
    words[at + DEADLINE] = -1;
    words[at + FLAG] = 0;
    return row;
  }

  free(row: number): void {
    this.words[row * WORDS + REQUEST] = this.firstFree;
    this.firstFree = row;
  }

  clientOf(row: number): number {
    return this.words[row * WORDS + CLIENT]!;
  }
  userOf(row: number): number {
    return this.words[row * WORDS + USER]!;
  }
  uidOf(row: number): number {
    return this.words[row * WORDS + UID]!;
  }
  requestOf(row: number): number {
    return this.words[row * WORDS + REQUEST]!;
  }
  setRequest(row: number, request: number): void {
    this.words[row * WORDS + REQUEST] = request;
  }
  deadlineOf(row: number): number {
    return this.words[row * WORDS + DEADLINE]!;
  }
  setDeadline(row: number, event: number): void {
    this.words[row * WORDS + DEADLINE] = event;
  }
  /** First response flag of the client's own proxy; 0 = none. */
  flagOf(row: number): number {
    return this.words[row * WORDS + FLAG]!;
  }
  setFlag(row: number, flag: number): void {
    this.words[row * WORDS + FLAG] = flag;
  }
  startNsOf(row: number): Ns {
    return this.doubles[row * DOUBLES + START]!;
  }
  setStartNs(row: number, ns: Ns): void {
    this.doubles[row * DOUBLES + START] = ns;
  }

  private grow(): void {
    this.doubles = grownFloats(this.doubles);
    this.words = new Int32Array(this.doubles.buffer);
  }
}
