/**
 * Requests at applications, one row per request: waiting, computing, or waiting for its own calls.
 *
 * A row outlives its caller: an application keeps working for nobody unless told otherwise, and under
 * overload millions of such rows are the memory worst case, so a row is 20 bytes and their number
 * has a limit. `link` is what its state needs: the next row of the queue, the kernel event, or the
 * first of the open calls.
 */
import { EnvironmentError } from '../../core/errors.ts';
import { grownInts } from '../columns.ts';

export const WorkState = {
  free: 0,
  queued: 1,
  computing: 2,
  calling: 3,
  /** Queued, and cancelled by its caller; freed when its turn comes. */
  dropped: 4,
  /** For the answer that another request of this instance fetches. */
  waiting: 5,
} as const;
export type WorkState = (typeof WorkState)[keyof typeof WorkState];

const INITIAL_ROWS = 64;

/** Most calls that one request may have open at once. */
export const MAX_OPEN_CALLS = 0xfff;

const STATE_MASK = 7;
const FAILED = 8;
const OPEN_SHIFT = 4;
const STEP_SHIFT = 16;

// Positions of the columns in a row of 32-bit words.
/** Bits 0-2 state, 3 a call of the step failed, 4-15 open calls, 16-31 step. */
const STATE = 0;
const HOST = 1;
const ORIGIN = 2;
const UID = 3;
/** In a free row: the next free row. */
const LINK = 4;
const WORDS = 5;

export class WorkTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  /** Rows in use. */
  size: number;
  private readonly limit: number;
  private words: Int32Array;
  private firstFree: number;

  /** @param limit most rows in use at once */
  constructor(limit: number) {
    this.rowCount = 0;
    this.size = 0;
    this.limit = limit;
    this.words = new Int32Array(INITIAL_ROWS * WORDS);
    this.firstFree = -1;
  }

  /** @throws EnvironmentError when the limit is reached */
  allocate(host: number, origin: number, uid: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.words[row * WORDS + LINK]!;
    else {
      if (this.rowCount * WORDS === this.words.length) this.words = grownInts(this.words);
      row = this.rowCount++;
    }
    if (++this.size > this.limit) this.refuse();
    const { words } = this;
    const at = row * WORDS;
    words[at + STATE] = WorkState.queued;
    words[at + HOST] = host;
    words[at + ORIGIN] = origin;
    words[at + UID] = uid;
    words[at + LINK] = -1;
    return row;
  }

  free(row: number): void {
    this.size--;
    this.words[row * WORDS + STATE] = WorkState.free;
    this.words[row * WORDS + LINK] = this.firstFree;
    this.firstFree = row;
  }

  stateOf(row: number): WorkState {
    return (this.words[row * WORDS + STATE]! & STATE_MASK) as WorkState;
  }
  setState(row: number, state: WorkState): void {
    const at = row * WORDS + STATE;
    this.words[at] = (this.words[at]! & ~STATE_MASK) | state;
  }
  hostOf(row: number): number {
    return this.words[row * WORDS + HOST]!;
  }
  /** The wire that waits for the answer; -1 = nobody does. */
  originOf(row: number): number {
    return this.words[row * WORDS + ORIGIN]!;
  }
  setOrigin(row: number, wire: number): void {
    this.words[row * WORDS + ORIGIN] = wire;
  }
  uidOf(row: number): number {
    return this.words[row * WORDS + UID]!;
  }
  /** Queued: next row. Computing: kernel event, -1 when it takes no time. Calling: first open request. Waiting: next of the list. */
  linkOf(row: number): number {
    return this.words[row * WORDS + LINK]!;
  }
  setLink(row: number, link: number): void {
    this.words[row * WORDS + LINK] = link;
  }
  stepOf(row: number): number {
    return this.words[row * WORDS + STATE]! >>> STEP_SHIFT;
  }
  nextStep(row: number): number {
    const at = row * WORDS + STATE;
    return (this.words[at] = this.words[at]! + (1 << STEP_SHIFT)) >>> STEP_SHIFT;
  }
  openCallsOf(row: number): number {
    return (this.words[row * WORDS + STATE]! >>> OPEN_SHIFT) & MAX_OPEN_CALLS;
  }
  addOpenCalls(row: number, change: 1 | -1): void {
    const at = row * WORDS + STATE;
    this.words[at] = this.words[at]! + (change << OPEN_SHIFT);
  }
  hasFailure(row: number): boolean {
    return (this.words[row * WORDS + STATE]! & FAILED) !== 0;
  }
  setFailure(row: number, isFailed: boolean): void {
    const at = row * WORDS + STATE;
    this.words[at] = (this.words[at]! & ~FAILED) | (isFailed ? FAILED : 0);
  }

  private refuse(): never {
    throw new EnvironmentError(
      'TOO_MUCH_WORK',
      `${this.limit} requests are at the applications at once, which is the limit: the scenario is ` +
        'overloaded and sheds nothing. Set a queue limit, onAbandon: skip-queued or cancel, or less load.',
    );
  }
}
