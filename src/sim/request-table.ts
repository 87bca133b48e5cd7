/**
 * Downstream requests of all engines, one row per request: the slots that the driver allocates.
 *
 * `origin` says who waits for the answer: the wire it came over, the work row of the application
 * that made the call, or the row of a client's call. A row is taken from the engine's `onRequest`
 * until its terminal event; for requests of applications and clients, until they have seen it.
 */
import { grownBytes, grownInts } from './columns.ts';
import type { HeadShapes } from './head-shapes.ts';

/** Whose request it is. */
export const RequestKind = {
  free: 0,
  fromWire: 1,
  fromWork: 2,
  fromClient: 3,
  /** Its connection was closed under it; the reset is due in this turn. */
  doomed: 4,
} as const;
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/** `answerOf`: nothing yet. */
export const NO_ANSWER = 0;
/** `answerOf`: the engine reset it. */
export const RESET_ANSWER = -1;

/** `answerOf` while the head is there and the end of the body is not; its own inverse. */
export function incompleteAnswer(shape: number): number {
  return -1 - shape;
}

/** Whether the engine is through with the request. */
export function isFinalAnswer(answer: number): boolean {
  return answer > NO_ANSWER || answer === RESET_ANSWER;
}

/** Status of a final answer; 0 = reset. */
export function statusOf(answer: number, heads: HeadShapes): number {
  return answer > NO_ANSWER ? heads.headOf(answer).status : 0;
}

/** What clients and applications take for success. Source: scenario.md §2.4. */
export function isGood(status: number): boolean {
  return status > 0 && status < 400;
}

const INITIAL_ROWS = 64;

export class RequestTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  private kinds: Uint8Array;
  private origins: Int32Array;
  /** The downstream connection it came on. In a free row: the next free row. */
  private connections: Int32Array;
  /** Place of the call among those of its work row. */
  private positions: Int32Array;
  /** Next request of the same work row, or -1. */
  private siblings: Int32Array;
  /** The application's timeout, or -1. */
  private events: Int32Array;
  /** Shape of the answer's head, or one of the values above. */
  private answers: Int32Array;
  private firstFree: number;

  constructor() {
    this.rowCount = 0;
    this.kinds = new Uint8Array(INITIAL_ROWS);
    this.origins = new Int32Array(INITIAL_ROWS);
    this.connections = new Int32Array(INITIAL_ROWS);
    this.positions = new Int32Array(INITIAL_ROWS);
    this.siblings = new Int32Array(INITIAL_ROWS);
    this.events = new Int32Array(INITIAL_ROWS);
    this.answers = new Int32Array(INITIAL_ROWS);
    this.firstFree = -1;
  }

  allocate(kind: RequestKind, origin: number, connection: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.connections[row]!;
    else {
      if (this.rowCount === this.kinds.length) this.grow();
      row = this.rowCount++;
    }
    this.kinds[row] = kind;
    this.origins[row] = origin;
    this.connections[row] = connection;
    this.siblings[row] = -1;
    this.events[row] = -1;
    this.answers[row] = NO_ANSWER;
    return row;
  }

  free(row: number): void {
    this.kinds[row] = RequestKind.free;
    this.connections[row] = this.firstFree;
    this.firstFree = row;
  }

  kindOf(row: number): RequestKind {
    return this.kinds[row]! as RequestKind;
  }
  setKind(row: number, kind: RequestKind): void {
    this.kinds[row] = kind;
  }
  /** Wire, work row or client call; -1 = nobody waits any more. */
  originOf(row: number): number {
    return this.origins[row]!;
  }
  setOrigin(row: number, origin: number): void {
    this.origins[row] = origin;
  }
  connectionOf(row: number): number {
    return this.connections[row]!;
  }
  positionOf(row: number): number {
    return this.positions[row]!;
  }
  setPosition(row: number, position: number): void {
    this.positions[row] = position;
  }
  siblingOf(row: number): number {
    return this.siblings[row]!;
  }
  setSibling(row: number, sibling: number): void {
    this.siblings[row] = sibling;
  }
  eventOf(row: number): number {
    return this.events[row]!;
  }
  setEvent(row: number, event: number): void {
    this.events[row] = event;
  }
  answerOf(row: number): number {
    return this.answers[row]!;
  }
  setAnswer(row: number, shape: number): void {
    this.answers[row] = shape;
  }

  private grow(): void {
    const rows = 2 * this.kinds.length;
    this.kinds = grownBytes(this.kinds, rows);
    this.origins = grownInts(this.origins, rows);
    this.connections = grownInts(this.connections, rows);
    this.positions = grownInts(this.positions, rows);
    this.siblings = grownInts(this.siblings, rows);
    this.events = grownInts(this.events, rows);
    this.answers = grownInts(this.answers, rows);
  }
}
