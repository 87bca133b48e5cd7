/**
 * What the simulator tells whoever follows single requests, besides the records.
 *
 * A run that follows none has `null` in its place: one comparison each. Nothing here is in the digest.
 */
import type { Ns } from '../core/time.ts';

export interface RequestObserver {
  /** A proxy's request leaves for a host. `proxyNs` = time in the proxies of both ends, one way. */
  requestSent(proxy: number, uid: number, host: number, proxyNs: Ns): void;
  /** A request has come to an application. */
  workArrived(host: number, uid: number): void;
  /** An application begins a call of its own for a request; its record and engine input follow. */
  callBegins(host: number, parentUid: number, uid: number): void;
}
