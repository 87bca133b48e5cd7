/**
 * Requests to a port on which the configuration has no listener.
 *
 * The engine never sees them. They are answered as requests to a host that no service has, with 502,
 * and logged with the flag NR.
 */
import type { Head, RequestLogEntry } from '../core/engine.ts';
import { NO_SLOT } from '../core/engine.ts';
import { HttpHead } from '../core/head.ts';
import type { Ns } from '../core/time.ts';

export interface UnlistenedRequest {
  readonly uid: number;
  readonly head: Head;
  readonly remoteAddress: string;
}

export const UNLISTENED_RESPONSE: Head = new HttpHead({
  status: 502,
  headers: [['content-length', '0']],
});

/** What the access log says of it. */
export function unlistenedEntry(request: UnlistenedRequest, nowNs: Ns): RequestLogEntry {
  return {
    request: NO_SLOT,
    uid: request.uid,
    listener: -1,
    cluster: -1,
    clusterName: '',
    routeName: '',
    requestHead: request.head,
    responseHead: UNLISTENED_RESPONSE,
    status: UNLISTENED_RESPONSE.status,
    flags: 'NR',
    details: 'no_listener_for_port',
    attemptCount: 0,
    upstreamHost: null,
    upstreamTransportFailure: '',
    startNs: nowNs,
    durationNs: 0,
    upstreamServiceTimeNs: -1,
    bytesReceived: 0,
    bytesSent: 0,
    downstreamRemoteAddress: request.remoteAddress,
  };
}
