/**
 * Stands between a simulated world and its recorder, and shows everything to a tracer too.
 * Only a run that follows requests has one.
 */
import type { RequestLogEntry } from '../core/engine.ts';
import type { Ns } from '../core/time.ts';
import type { Observer } from '../sim/observer.ts';
import type { RequestObserver } from '../sim/request-observer.ts';
import type { RequestTracer } from '../trace/request-tracer.ts';

export class RequestTap implements Observer, RequestObserver {
  /** Set when the world stands. */
  tracer: RequestTracer | null = null;
  /** Set by the builder. */
  recorder: Observer | null = null;

  record(kind: number, owner: number, a: number, b: number, c: number): void {
    this.recorder!.record(kind, owner, a, b, c);
    this.tracer?.record(kind, owner, a, b, c);
  }
  requestLogged(proxy: number, entry: RequestLogEntry): void {
    this.recorder!.requestLogged(proxy, entry);
  }
  clientStarted(client: number): void {
    this.recorder!.clientStarted(client);
  }
  clientDone(
    client: number,
    status: number,
    ok: boolean,
    latencyNs: Ns,
    flag: number,
    uid: number,
  ): void {
    this.recorder!.clientDone(client, status, ok, latencyNs, flag, uid);
  }

  requestSent(proxy: number, uid: number, host: number, proxyNs: Ns): void {
    this.tracer?.requestSent(proxy, uid, host, proxyNs);
  }
  workArrived(host: number, uid: number): void {
    this.tracer?.workArrived(host, uid);
  }
  callBegins(host: number, parentUid: number, uid: number): void {
    this.tracer?.callBegins(host, parentUid, uid);
  }
}
