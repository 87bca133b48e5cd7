/**
 * Finds the response flag of a client's request.
 *
 * The engine answers through a port and reports the flag in a record, just before or just after and
 * within the same input. Both sides are noted here and matched by the request's uid.
 */
import type { ClientCallTable } from './client-call-table.ts';

export class ResponseFlags {
  private readonly calls: ClientCallTable;
  /** The request that a `requestDone` record spoke of last, and its flag. */
  private doneUid: number;
  private doneFlag: number;
  /** The client call that was answered last and has no flag yet; -1 = none. */
  private waitingRow: number;

  constructor(calls: ClientCallTable) {
    this.calls = calls;
    this.doneUid = 0;
    this.doneFlag = 0;
    this.waitingRow = -1;
  }

  /** A record: the request ended with this first flag. */
  note(uid: number, flag: number): void {
    this.doneUid = uid;
    this.doneFlag = flag;
    const row = this.waitingRow;
    if (row < 0 || this.calls.uidOf(row) !== uid) return;
    this.calls.setFlag(row, flag);
    this.waitingRow = -1;
  }

  /** The client's call is over: takes its flag now, or when the record comes. */
  match(row: number): void {
    if (this.calls.uidOf(row) === this.doneUid) this.calls.setFlag(row, this.doneFlag);
    else this.waitingRow = row;
  }
}
