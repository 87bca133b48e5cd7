/**
 * State that only some requests need: bodies, filters, hosts already tried, rare timers.
 *
 * `RequestTable.needExtra` makes one on demand; most simulated requests never have one.
 */
import type { Head, TimerId } from '../../core/engine.ts';
import { NO_TIMER } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { Host } from '../cluster/host.ts';
import type { HostWish } from '../cluster/host-wish.ts';
import type { HeaderAddition } from '../config/rewriting.ts';
import type { RedirectTrail } from './internal-redirects.ts';
import type { ResponsePace } from './response-pace.ts';
import type { ServiceCallStream } from './service-call.ts';
import type { ShadowRequest } from './shadow-request.ts';

export class RequestExtra {
  // request body kept for replay, or until a connection or a filter is ready
  /** A null chunk stands for bytes that nobody looks at (simulation). */
  readonly chunks: (Uint8Array | null)[];
  readonly chunkBytes: number[];
  bufferedBytes: number;
  trailers: Head | null;
  bytesReceived: number;
  /** When the last byte of the request came; -1 = not yet, or together with the head. */
  endedNs: Ns;

  // response
  /** The head that went downstream. */
  responseHead: Head | null;
  /** When the upstream's head came; -1 = not yet, or it was the whole response. */
  upstreamHeadNs: Ns;
  bytesSent: number;
  /** Values of `set-cookie` that the response has to carry. */
  readonly cookies: string[];

  // attempts
  readonly triedHosts: Host[];
  transportFailure: string;
  /** null = the request is not copied. */
  shadows: ShadowRequest[] | null;

  /** null = no redirect of an upstream was looked at. */
  redirects: RedirectTrail | null;

  /** null = the response goes down as it comes. */
  pace: ResponsePace | null;

  // timers that few listeners have
  requestTimer: TimerId;
  durationTimer: TimerId;

  // hosts
  /** null = the request has no wish, or has not come to its first attempt. */
  wish: HostWish | null;
  /** Where retries choose their cluster anew: which were used since each had its turn. */
  usedClusters: number[] | null;
  /** Whose breakers count for its retries, once it has moved on to another; -1 = the present one's. */
  retryCluster: number;
  /** Waits that the upstream asked for. */
  rateLimitedWaits: number;

  // filters
  /** The filter that holds the request, or will be asked next; indexed like the chain. */
  filterIndex: number;
  readonly filterStates: number[];
  /** Headers that filters add to what goes upstream. */
  readonly requestAdditions: HeaderAddition[];
  /** Headers that filters add to what goes downstream. */
  readonly responseAdditions: HeaderAddition[];
  /** What a filter asks somebody; null = nothing. */
  serviceCall: ServiceCallStream | null;

  constructor() {
    this.chunks = [];
    this.chunkBytes = [];
    this.bufferedBytes = 0;
    this.trailers = null;
    this.bytesReceived = 0;
    this.endedNs = -1;
    this.responseHead = null;
    this.upstreamHeadNs = -1;
    this.bytesSent = 0;
    this.cookies = [];
    this.triedHosts = [];
    this.transportFailure = '';
    this.shadows = null;
    this.redirects = null;
    this.pace = null;
    this.requestTimer = NO_TIMER;
    this.durationTimer = NO_TIMER;
    this.wish = null;
    this.usedClusters = null;
    this.retryCluster = -1;
    this.rateLimitedWaits = 0;
    this.filterIndex = 0;
    this.filterStates = [];
    this.requestAdditions = [];
    this.responseAdditions = [];
    this.serviceCall = null;
  }

  /** Keeps a piece of the request body. */
  keep(bytes: number, chunk: Uint8Array | null): void {
    this.chunks.push(chunk);
    this.chunkBytes.push(bytes);
    this.bufferedBytes += bytes;
  }

  /** What another turn of the same request goes on with. */
  inherit(former: RequestExtra, keepsBody: boolean): void {
    this.redirects = former.redirects;
    if (!keepsBody) return;
    this.chunks.push(...former.chunks);
    this.chunkBytes.push(...former.chunkBytes);
    this.bufferedBytes = former.bufferedBytes;
    this.bytesReceived = former.bytesReceived;
    this.trailers = former.trailers;
  }

  dropBody(): void {
    this.chunks.length = 0;
    this.chunkBytes.length = 0;
    this.bufferedBytes = 0;
  }
}
