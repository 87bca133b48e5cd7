/**
 * Downstream requests of all engines, one row per request: the slots that the driver allocates.
 *
 * `origin` says who waits for the answer: the wire it came over, the work row of the application
 * that made the call, or the row of a client's call. A row is taken from the engine's `onRequest`
 * until its terminal event; for requests of applications and clients, until they have seen it.
 */
import { grownInts } from './columns.ts';
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
const KIND_MASK = 7;
const POSITION_SHIFT = 3;

// Positions of the columns in a row of 32-bit words.
/** Kind; above it the place of the call among those of its work row. */
const STATE = 0;
const ORIGIN = 1;
/** The downstream connection it came on. In a free row: the next free row. */
const CONNECTION = 2;
/** Next request of the same work row, or -1. */
const SIBLING = 3;
/** The application's timeout, or -1. */
const EVENT = 4;
/** Shape of the answer's head, or one of the values above. */
const ANSWER = 5;
const WORDS = 6;

export class RequestTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  private words: Int32Array;
  private firstFree: number;

  constructor() {
    this.rowCount = 0;
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.firstFree = -1;
  }

  allocate(kind: RequestKind, origin: number, connection: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + CONNECTION]!;
    else {
      if (this.rowCount * WORDS === this.words.length) this.words = grownInts(this.words);
      row = this.rowCount++;
    }
    const { words } = this;
    const at = row * WORDS;
    words[at + STATE] = kind;
    words[at + ORIGIN] = origin;
    words[at + CONNECTION] = connection;
    words[at + SIBLING] = -1;
    words[at + EVENT] = -1;
    words[at + ANSWER] = NO_ANSWER;
    return row;
  }

  free(row: number): void {
    this.words[row * WORDS + STATE] = RequestKind.free;
    this.words[row * WORDS + CONNECTION] = this.firstFree;
    this.firstFree = row;
  }

  kindOf(row: number): RequestKind {
    return (this.words[row * WORDS + STATE]! & KIND_MASK) as RequestKind;
  }
  setKind(row: number, kind: RequestKind): void {
    const at = row * WORDS + STATE;
    this.words[at] = (this.words[at]! & ~KIND_MASK) | kind;
  }
  /** Wire, work row or client call; -1 = nobody waits any more. */
  originOf(row: number): number {
    return this.words[row * WORDS + ORIGIN]!;
  }
  setOrigin(row: number, origin: number): void {
    this.words[row * WORDS + ORIGIN] = origin;
  }
  connectionOf(row: number): number {
    return this.words[row * WORDS + CONNECTION]!;
  }
  positionOf(row: number): number {
    return this.words[row * WORDS + STATE]! >>> POSITION_SHIFT;
  }
  setPosition(row: number, position: number): void {
    const at = row * WORDS + STATE;
    this.words[at] = (this.words[at]! & KIND_MASK) | (position << POSITION_SHIFT);
  }
  siblingOf(row: number): number {
    return this.words[row * WORDS + SIBLING]!;
  }
  setSibling(row: number, sibling: number): void {
    this.words[row * WORDS + SIBLING] = sibling;
  }
  eventOf(row: number): number {
    return this.words[row * WORDS + EVENT]!;
  }
  setEvent(row: number, event: number): void {
    this.words[row * WORDS + EVENT] = event;
  }
  answerOf(row: number): number {
    return this.words[row * WORDS + ANSWER]!;
  }
  setAnswer(row: number, shape: number): void {
    this.words[row * WORDS + ANSWER] = shape;
  }
}
