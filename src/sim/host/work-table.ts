/**
 * Requests at applications, one row per request: waiting, computing, or waiting for its own calls.
 *
 * A row outlives its caller: an application keeps working for nobody unless told otherwise, and under
 * overload millions of such rows are the memory worst case, so a row is 22 bytes and their number
 * has a limit. `link` is what its state needs: the next row of the queue, the kernel event, or the
 * first of the open calls.
 */
import { EnvironmentError } from '../../core/errors.ts';
import { grownBytes, grownInts } from '../columns.ts';

export const WorkState = {
  free: 0,
  queued: 1,
  computing: 2,
  calling: 3,
  /** Queued, and cancelled by its caller; freed when its turn comes. */
  dropped: 4,
} as const;
export type WorkState = (typeof WorkState)[keyof typeof WorkState];

const INITIAL_ROWS = 64;

export class WorkTable {
  /** Rows ever used; every taken row is below. */
  rowCount: number;
  /** Rows in use. */
  size: number;
  private readonly limit: number;
  private states: Uint8Array;
  private hosts: Int32Array;
  private origins: Int32Array;
  private uids: Int32Array;
  private links: Int32Array;
  private steps: Uint16Array;
  private openCalls: Uint16Array;
  /** 1 = a call of the step failed that may not be ignored. */
  private failures: Uint8Array;
  private firstFree: number;

  /** @param limit most rows in use at once */
  constructor(limit: number) {
    this.rowCount = 0;
    this.size = 0;
    this.limit = limit;
    this.states = new Uint8Array(INITIAL_ROWS);
    this.hosts = new Int32Array(INITIAL_ROWS);
    this.origins = new Int32Array(INITIAL_ROWS);
    this.uids = new Int32Array(INITIAL_ROWS);
    this.links = new Int32Array(INITIAL_ROWS);
    this.steps = new Uint16Array(INITIAL_ROWS);
    this.openCalls = new Uint16Array(INITIAL_ROWS);
    this.failures = new Uint8Array(INITIAL_ROWS);
    this.firstFree = -1;
  }

  /** @throws EnvironmentError when the limit is reached */
  allocate(host: number, origin: number, uid: number): number {
    let row = this.firstFree;
    if (row >= 0) this.firstFree = this.links[row]!;
    else {
      if (this.rowCount === this.states.length) this.grow();
      row = this.rowCount++;
    }
    if (++this.size > this.limit) this.refuse();
    this.hosts[row] = host;
    this.origins[row] = origin;
    this.uids[row] = uid;
    this.links[row] = -1;
    this.steps[row] = 0;
    this.openCalls[row] = 0;
    this.failures[row] = 0;
    return row;
  }

  free(row: number): void {
    this.size--;
    this.states[row] = WorkState.free;
    this.links[row] = this.firstFree;
    this.firstFree = row;
  }

  stateOf(row: number): WorkState {
    return this.states[row]! as WorkState;
  }
  setState(row: number, state: WorkState): void {
    this.states[row] = state;
  }
  hostOf(row: number): number {
    return this.hosts[row]!;
  }
  /** The wire that waits for the answer; -1 = nobody does. */
  originOf(row: number): number {
    return this.origins[row]!;
  }
  setOrigin(row: number, wire: number): void {
    this.origins[row] = wire;
  }
  uidOf(row: number): number {
    return this.uids[row]!;
  }
  /** Queued: next row. Computing: kernel event, -1 when it takes no time. Calling: first open request. */
  linkOf(row: number): number {
    return this.links[row]!;
  }
  setLink(row: number, link: number): void {
    this.links[row] = link;
  }
  stepOf(row: number): number {
    return this.steps[row]!;
  }
  nextStep(row: number): number {
    return (this.steps[row] = this.steps[row]! + 1);
  }
  openCallsOf(row: number): number {
    return this.openCalls[row]!;
  }
  addOpenCalls(row: number, change: 1 | -1): number {
    return (this.openCalls[row] = this.openCalls[row]! + change);
  }
  hasFailure(row: number): boolean {
    return this.failures[row] === 1;
  }
  setFailure(row: number, isFailed: boolean): void {
    this.failures[row] = isFailed ? 1 : 0;
  }

  private refuse(): never {
    throw new EnvironmentError(
      'TOO_MUCH_WORK',
      `${this.limit} requests are at the applications at once, which is the limit: the scenario is ` +
        'overloaded and sheds nothing. Set a queue limit, onAbandon: skip-queued or cancel, or less load.',
    );
  }

  private grow(): void {
    const rows = 2 * this.states.length;
    this.states = grownBytes(this.states, rows);
    this.hosts = grownInts(this.hosts, rows);
    this.origins = grownInts(this.origins, rows);
    this.uids = grownInts(this.uids, rows);
    this.links = grownInts(this.links, rows);
    this.steps = grownShorts(this.steps, rows);
    this.openCalls = grownShorts(this.openCalls, rows);
    this.failures = grownBytes(this.failures, rows);
  }
}

function grownShorts(column: Uint16Array, rows: number): Uint16Array {
  const grown = new Uint16Array(rows);
  grown.set(column);
  return grown;
}
