/**
 * What an HTTP filter is: one step between a listener and its router.
 *
 * The engine makes one filter object per entry of a listener's list and walks the list for each
 * request. Filters keep nothing per request themselves: what belongs to a request is the integer
 * `state` of the `FilterStream`, which the engine keeps in its tables. Stream objects are reused from
 * call to call, so a filter must not keep one, and a request that no filter touches allocates nothing.
 * Source: policy-engine.md §0.4, 9; Envoy, HTTP filters.
 */
import type { Head, PeerFacts } from '../../core/engine.ts';
import type { Flag, RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { FaultConfig, RouteFilters } from '../config/config.ts';
import type { Descriptor } from '../config/rate-limits.ts';
import type { HeaderAddition } from '../config/rewriting.ts';
import type { DescriptorRules } from '../route/descriptors.ts';

/**
 * `continue`: the next filter gets the request. `pause`: nothing goes further until the filter calls
 * `resume` or `respond`; a body that arrives meanwhile is held back.
 */
export type FilterResult = 'continue' | 'pause';

/** An answer that a filter gives in place of the upstream. Made once, at set-up. */
export interface LocalReply {
  /** Of the response, 200..599; a gRPC request with `grpcStatus` gets 200 by the usual mapping. */
  readonly status: number;
  /** null = derived from `status` when the request is gRPC. */
  readonly grpcStatus: number | null;
  readonly body: string;
  /** `Flag.none` = no response flag. */
  readonly flag: Flag;
  readonly details: string;
}

/** One request as one filter sees it, for the length of one call. */
export interface FilterStream {
  /** The filter's own, kept for it from call to call; int32, 0 at first. */
  state: number;
  readonly head: Head;
  /** Who sends it, as proved when the connection was opened. */
  readonly peer: PeerFacts;
  /** The cluster the route chose; null = no route, or one that does not forward. */
  readonly clusterName: string | null;
  /** What the route says in place of the listener's fault configuration; undefined = nothing. */
  routeFault(): FaultConfig | null | undefined;
  /**
   * @param index int32: which decision of this filter
   * @param n 1..2^31
   * @returns integer in [0, n), keyed by the request's uid and the filter
   */
  draw(index: number, n: number): number;
  /** The filter's one timer for this request; disarmed by the engine when the request ends. */
  arm(delayNs: Ns): void;
  /** After `pause`: the request goes on with the next filter. Not from within `onRequestHead`. */
  resume(): void;
  /** Ends the request. From within `onRequestHead` the filter then returns `pause`. */
  respond(reply: LocalReply): void;
  /** What the route says in place of the listener's configuration of a filter; null = nothing. */
  routeFilter<K extends keyof RouteFilters>(kind: K): NonNullable<RouteFilters[K]> | null;
  /** Changes what goes upstream, in the order of the calls. */
  addRequestHeaders(additions: readonly HeaderAddition[]): void;
  /** Changes whatever answer goes downstream. */
  addResponseHeaders(additions: readonly HeaderAddition[]): void;
  /**
   * The descriptors of the request of one stage.
   *
   * @param rules in place of the route's; null = the route's
   */
  descriptors(rules: DescriptorRules | null, stage: number): readonly Descriptor[];
  /** Calls a gRPC service; `onAnswer` follows. Then `onRequestHead` returns `pause`. */
  ask(call: ServiceCall): void;
  /** Counts a status among those of the cluster that the route chose. */
  chargeCluster(status: number): void;
  /** In `onRequestDone`: of the answer; 0 = it was not answered to the end. */
  readonly responseStatus: number;
  /** Of the request's body, as far as it came and is kept. */
  readonly bodyBytes: number;
  /** The body of the response goes down at this pace; to be called in `onRequestHead`. */
  paceResponse(bytesPerSecond: number): void;
  /** The request asks how this proxy is: its answer is no figure of its traffic. */
  markHealthCheck(): void;
  readonly isHealthCheck: boolean;
  /** Of a cluster: all hosts, and those that are healthy or degraded; null = there is none. */
  membersOf(cluster: string): { readonly usable: number; readonly total: number } | null;
  /** Since the request began. */
  readonly ageNs: Ns;
  setFlag(flag: Flag): void;
  /** A decision, recorded as (kind, uid, listener, value). */
  record(kind: RecordKind, value: number): void;
}

/** One unary gRPC call to a service behind a cluster of the same proxy. */
export interface ServiceCall {
  readonly cluster: string;
  readonly authority: string;
  readonly path: string;
  readonly message: Uint8Array;
  /** 0 = none. */
  readonly timeoutMs: number;
}

/** A filter of one listener, shared by all of its requests. */
export interface HttpFilter {
  /** Envoy's name for it. */
  readonly name: string;
  /** Its counters stand under names of its own instead of the listener's. */
  readonly hasOwnScope?: boolean;
  onRequestHead(stream: FilterStream, end: boolean): FilterResult;
  onTimer?(stream: FilterStream): void;
  /** While the filter holds the request: more of its body came. Who has this waits for the body. */
  onRequestBody?(stream: FilterStream, end: boolean): void;
  /** A call has its answer. @param message null = it failed, or took too long */
  onAnswer?(stream: FilterStream, message: Uint8Array | null): void;
  /** The request ended in whatever way; called exactly once for each `onRequestHead`. */
  onRequestDone?(stream: FilterStream): void;
  /** @param visit gets names below `http.<prefix>.` */
  visitStats?(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void;
}
