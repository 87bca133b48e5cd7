/**
 * What the simulator tells whoever measures it. `trace/` implements it; the simulator only calls.
 *
 * Called on the hot path: implementations neither allocate nor keep the entry they are shown.
 */
import type { RequestLogEntry } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';

export interface Observer {
  /**
   * Every record of `core/records.ts`.
   * @param owner proxy id for the engine's kinds, host or client id for the simulator's
   */
  record(kind: number, owner: number, a: number, b: number, c: number): void;
  /** A proxy finished a request. */
  requestLogged(proxy: number, entry: RequestLogEntry): void;
  /** A client began a request. */
  clientStarted(client: number): void;
  /** A client's request ended; `ok` = good status before the deadline. `flag` = first response flag. */
  clientDone(
    client: number,
    status: number,
    ok: boolean,
    latencyNs: Ns,
    flag: number,
    uid: number,
  ): void;
}
