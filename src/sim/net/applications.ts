/**
 * What the network tells the applications; implemented by `host/service-model.ts`.
 *
 * Stands apart so that the network need not know how a host works.
 */
import type { Host } from '../host/host.ts';

export interface Applications {
  /** A request has reached a host's application over this wire. */
  onRequest(wire: number, host: Host): void;
  /** Nobody waits any more for the answer to this work row. */
  onCallerGone(work: number): void;
}
