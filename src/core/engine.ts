/**
 * The boundary between the policy engine and whatever drives it.
 *
 * Two drivers exist: the simulator (virtual time) and the real proxy (sockets). They run the same
 * engine files; what differs is who implements `Ports` and who calls the `on…` inputs.
 *
 * ┌──────────────────────────────────────────────────────────────────────────────────────────┐
 * │ CONTRACT                                                                                   │
 * │ Wait for one of {timer due, bytes, connection, config} → call exactly one input (`on…`) →  │
 * │ the engine returns after zero or more port calls → repeat.                                 │
 * │ 1. Ports never call back inline: whatever a port starts comes back later as an input.      │
 * │    Inputs never nest; debug builds assert both (`inTurn`).                                 │
 * │ 2. Slots are small integers. The driver allocates downstream slots (connections,           │
 * │    requests), the engine upstream ones (connections, streams). Exactly one terminal event  │
 * │    frees a slot: request or stream = the end in both directions, or a reset (by either     │
 * │    side); connection = closed. Whatever arrives later is dropped by the driver.            │
 * │ 3. Chunks are immutable once they cross, and everyone may keep them.                       │
 * │ 4. After `setReading(false)` no body and no end arrives for that slot until `true`.        │
 * │ 5. Every upstream connection ends by `onConnectionClosed` (or `onConnectFailed`), also     │
 * │    after our own `closeUpstream`, preceded by `onStreamReset` for each stream still open.  │
 * │    Every downstream connection ends by `onDownstreamClosed`, preceded by `onRequestReset`. │
 * │    TCP: after `end` both ways the driver reports closed. Streams above GOAWAY's last id    │
 * │    are reset as refused.                                                                   │
 * │    Gauges and limits count a connection until the engine's own `closeUpstream`/`resetStream`│
 * │    on it; the slot stays taken until the closed input, which may come later.               │
 * │    On HTTP/1 `resetStream` closes the connection, and a stream reset from upstream means   │
 * │    that its closed input follows.                                                          │
 * │ 6. HTTP/1 upstream closing: before any response byte → `connectionTermination`, later →    │
 * │    `protocolError`. A 101 arrives as `onResponseHead` with `end` false; an upgrade request │
 * │    has `end` false; bytes then flow as bodies.                                             │
 * │ 7. Listener and cluster numbers are ids of names, never reused in a process.               │
 * └──────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Integers that cross on the hot path (slots, uids, reasons) fit 32 bits on purpose: V8 boxes a
 * double that is passed to a function which is not inlined.
 */
import type { Draws } from './draws.ts';
import type { Endpoint, EndpointSet } from './endpoint.ts';
import type { Ns } from './time.ts';

export type { Endpoint, EndpointCheck, EndpointSet, LbMetadata, LbValue } from './endpoint.ts';

/** A row number in one of the tables; small, reused after the slot's terminal event. */
export type Slot = number;
/** What `Ports.arm` returned. -1 = none. */
export type TimerId = number;
export const NO_TIMER: TimerId = -1;
export const NO_SLOT: Slot = -1;

export type Protocol = 'http1' | 'http2' | 'tcp';

/** Which object a back-pressure signal is about. */
export const Side = { downstream: 0, request: 1, upstream: 2, stream: 3 } as const;
export type Side = (typeof Side)[keyof typeof Side];

/** Why a timer was armed; the slot that comes with it is named in the comment. */
export const TimerKind = {
  routeTimeout: 0, // request
  perTryTimeout: 1, // stream
  perTryIdleTimeout: 2, // stream
  retryBackoff: 3, // request
  filter: 4, // request
  streamIdle: 5, // a queue of requests
  requestTimeout: 6, // request
  requestHeaders: 7, // request
  maxStreamDuration: 8, // request
  upstreamMaxStreamDuration: 9, // stream
  connectTimeout: 10, // upstream connection
  connectionIdle: 11, // upstream connection
  connectionMaxDuration: 12, // upstream connection
  downstreamIdle: 13, // downstream connection
  outlierSweep: 14, // cluster id
  hostUpdateMerge: 15, // cluster id
  healthCheck: 16, // cluster id
  drain: 17, // downstream connection, or 0 for the whole proxy
  downstreamMaxDuration: 18, // downstream connection
  sideStream: 19, // stream that no request waits for
  gateBackoff: 20, // gate of a host
  failfast: 21, // cluster, by its position in the engine
  overloadRefresh: 22, // the whole proxy
  responsePace: 23, // request
  tcpConnect: 24, // downstream connection
  tcpIdle: 25, // downstream connection
  tcpMaxDuration: 26, // downstream connection
} as const;
export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind];

/** Why a request or stream ended before its end. Source: policy-engine.md §11, reset reasons. */
export const ResetReason = {
  localConnectionFailure: 0,
  remoteConnectionFailure: 1,
  connectionTimeout: 2,
  connectionTermination: 3,
  localReset: 4,
  localRefusedStream: 5,
  remoteReset: 6,
  remoteRefusedStream: 7,
  overflow: 8,
  protocolError: 9,
  overloadManager: 10,
} as const;
export type ResetReason = (typeof ResetReason)[keyof typeof ResetReason];

/** How a connection ended. */
export const CloseReason = {
  local: 0, // we closed it
  remoteEnd: 1, // FIN from the peer
  remoteReset: 2, // RST from the peer
  protocolError: 3,
  hostFailure: 4, // the machine behind it is gone
  lingered: 5, // we closed it, after the peer had its time to do so
} as const;
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason];

/** Why a dialled connection did not come up. The engine's own connect timeout is not among them. */
export const ConnectFailure = {
  refused: 0,
  unreachable: 1,
  closed: 2,
  /** The peer does not speak TLS, or not ours. */
  tls: 3,
  dns: 4,
  // 5 is `CONNECT_TIMED_OUT` in records
  certificateExpired: 6,
  certificateNotYetValid: 7,
  certificateUntrusted: 8,
  /** A good certificate of somebody else. */
  certificateName: 9,
  /** Not one of the certificates that are pinned. */
  certificatePin: 10,
} as const;
export type ConnectFailure = (typeof ConnectFailure)[keyof typeof ConnectFailure];
export type ConnectStage = 'dns' | 'tcp' | 'tls';

/** Why a downstream handshake was refused before any request. */
export const HANDSHAKE_FAILURES = [
  'no-certificate',
  'expired',
  'not-yet-valid',
  'untrusted',
  'wrong-san',
  'protocol',
  'wrong-pin',
  /** The client went away. */
  'closed',
] as const;
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Changes to a head. Applied in this order: remove, set, append. Names are lower-case. */
export interface HeadEdits {
  readonly method?: string;
  readonly authority?: string;
  readonly path?: string;
  readonly status?: number;
  readonly remove?: readonly string[];
  readonly set?: HeaderList;
  readonly append?: HeaderList;
}

/**
 * A request or response head. In a simulation heads are interned: a positive shape means immutable
 * and shared, so routing may be cached by (config version, shape).
 */
export interface Head {
  /** 0: came from a socket and is unique. Positive: interned, equal heads have equal shapes. */
  readonly shape: number;
  readonly method: string;
  /** The Host header as sent, port included. */
  readonly authority: string;
  /** With the query. */
  readonly path: string;
  /** 0 for requests. */
  readonly status: number;
  /** '' = none. */
  readonly upgrade: string;
  /** With `end` true and this > 0 the whole body came along (simulation only). */
  readonly bodyBytes: number;
  /** Lower-case names, in the order of arrival. */
  readonly headers: HeaderList;
  /** Values of one header; several lines are joined by ','. Names lower-case. */
  get(name: string): string | undefined;
  /** Each line of one header by itself. */
  values(name: string): readonly string[];
  /** A new head; interned when this one is. Cheap for a reused `edits` object. */
  with(edits: HeadEdits): Head;
}

/**
 * What the driver proved about the other side. Chain and validity are the driver's; mode, SPIFFE
 * match and authorization are the engine's.
 */
export interface PeerFacts {
  readonly tls: boolean;
  readonly validated: boolean;
  /** Whether the handshake took up an earlier session; absent = no. */
  readonly isResumed?: boolean;
  /** Whether it was let in although its certificate does not do; absent = no. */
  readonly isUntrusted?: boolean;
  readonly sans: readonly { readonly type: 'uri' | 'dns' | 'ip'; readonly value: string }[];
  readonly serverName: string | null;
  readonly protocol: Protocol;
  /** ip:port */
  readonly remoteAddress: string;
  /** ip:port; the original destination. */
  readonly localAddress: string;
}

/** TLS towards an upstream: which identity is expected. `null` in a plan = plain text. */
export interface TlsPlan {
  readonly serverName: string;
  /** SPIFFE URIs or DNS names, any of which must be a SAN of the peer; empty = any. */
  readonly expectedSans: readonly string[];
  /** Only towards endpoints that offer it; plain text to all others. */
  readonly isAutomatic: boolean;
  /** Whose certificates the driver takes; absent = those of the mesh's own authority. */
  readonly rules?: TlsRules;
}

/** Where a certificate or a bundle of authorities comes from: a file, or a named secret in one. */
export interface SecretSource {
  readonly file: string;
  /** '' = the file is the certificate itself; else it holds secrets and may be replaced. */
  readonly secret: string;
}

/**
 * What one side of TLS presents, and what it asks of the other. The driver judges by it, during
 * handshakes only. Source: policy-engine.md §10.1.
 */
export interface TlsRules {
  /** What is presented, if the other side asks for one; empty = nothing. */
  readonly certificates: readonly SecretSource[];
  /** null = chains are not looked at. */
  readonly trusted: SecretSource | null;
  /** Bundles by SPIFFE trust domain, in place of `trusted`. */
  readonly trustDomains?: readonly { readonly name: string; readonly bundle: SecretSource }[];
  /** Any name of the certificate has to satisfy any of these; empty = all names do. */
  readonly names: readonly NameMatch[];
  readonly allowsExpired: boolean;
  /** Whoever fails is let in and marked as not validated. */
  readonly acceptsUntrusted: boolean;
  /** Fingerprints, any of which has to be the certificate's; empty = any. */
  readonly pins: readonly string[];
  /** Of servers: whether clients need a certificate at all. */
  readonly requiresCertificate: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

export type TlsVersion = '1.0' | '1.1' | '1.2' | '1.3';

/** A question about one name of a certificate. */
export interface NameMatch {
  readonly type: 'uri' | 'dns' | 'ip' | 'email' | 'any';
  readonly value:
    | {
        readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains';
        readonly value: string;
        readonly ignoreCase?: boolean;
      }
    | { readonly kind: 'regex'; readonly value: string };
}

/** How to reach an endpoint. */
export interface DialPlan {
  readonly protocol: Protocol;
  readonly tls: TlsPlan | null;
  /** TCP: the peer's end arrives as data with `end`, and ours may come later; absent = it closes. */
  readonly isHalfOpen?: boolean;
  /** Bytes that may be buffered towards the peer before `onWritable(false)`. */
  readonly bufferLimitBytes: number;
}

/** The part of a listener that a driver reads. */
export interface ListenerPlan {
  readonly id: number;
  readonly name: string;
  readonly direction: 'outbound' | 'inbound';
  /** Where it stands in the mesh: the service port (outbound) or the workload's port (inbound). */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Whether it takes TLS bytes for plain text, which no peer can make sense of; absent = no. */
  readonly isPlainTextOnly?: boolean;
  /** It speaks TLS only, by these rules; absent = plain text, or the mesh's own TLS. */
  readonly tls?: TlsRules;
}

/** The part of a cluster that a driver reads. */
export interface ClusterPlan {
  readonly id: number;
  readonly name: string;
  readonly endpoints: EndpointSet;
}

/** What a driver reads of a proxy's configuration; `mesh/config` extends it with policy. */
export interface ProxyConfig {
  /** Grows by one with each change of this proxy's configuration. */
  readonly version: number;
  /** For people and records: `sidecar~orders-1.default`. */
  readonly proxyName: string;
  readonly listeners: readonly ListenerPlan[];
  readonly clusters: readonly ClusterPlan[];
}

/**
 * One finished request, as an access log wants it. A reused object: read it before `logRequest`
 * returns, field by field (some are looked up when they are read, so a spread misses them).
 */
export interface RequestLogEntry {
  request: Slot;
  uid: number;
  listener: number;
  /** -1 when no cluster was chosen. */
  cluster: number;
  clusterName: string;
  routeName: string;
  requestHead: Head;
  /** null when nothing was answered (client gone, reset). */
  responseHead: Head | null;
  /** 0 when nothing was answered. */
  status: number;
  /** Short names joined by ',' in the order they were set; '-' = none. */
  flags: string;
  details: string;
  attemptCount: number;
  /** Address of the last attempt's endpoint; null = none. */
  upstreamHost: string | null;
  upstreamTransportFailure: string;
  startNs: Ns;
  durationNs: Ns;
  /** -1 = no response head from an upstream. */
  upstreamServiceTimeNs: Ns;
  bytesReceived: number;
  bytesSent: number;
  downstreamRemoteAddress: string;
}

/** Gauges and counters of one endpoint as `/clusters` shows them. */
export interface HostGauges {
  cxTotal: number;
  cxActive: number;
  cxConnectFail: number;
  rqTotal: number;
  rqActive: number;
  rqPendingActive: number;
  rqSuccess: number;
  rqError: number;
  rqTimeout: number;
  weight: number;
  /** Empty = healthy; else Envoy's flags, e.g. `/failed_outlier_check`. */
  healthFlags: string;
}

/** Everything a driver may tell the engine: one input at a time, run to completion. */
export interface Engine<C extends ProxyConfig = ProxyConfig> {
  onDownstreamOpen(connection: Slot, listener: number, peer: PeerFacts): void;
  /** A handshake failed: counters and a record only. */
  onDownstreamRefused(listener: number, reason: HandshakeFailure, remoteAddress: string): void;
  /** TCP proxying. */
  onDownstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  onDownstreamClosed(connection: Slot, reason: CloseReason): void;
  /** First byte of a head: starts the header timer. Optional for a driver that has heads at once. */
  onRequestStart(request: Slot, connection: Slot): void;
  /** Bytes that are no request; `onRequestStart` has named the connection before. */
  onMalformedRequest(request: Slot, status: number, details: string): void;
  /** @param uid int32, the same for one request in both worlds; keys every draw made for it */
  onRequest(request: Slot, connection: Slot, uid: number, head: Head, end: boolean): void;
  onRequestBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  onRequestTrailers(request: Slot, trailers: Head): void;
  onRequestReset(request: Slot, reason: ResetReason): void;
  onConnected(connection: Slot, peer: PeerFacts): void;
  onConnectFailed(
    connection: Slot,
    stage: ConnectStage,
    reason: ConnectFailure,
    detail: string,
  ): void;
  /** TCP proxying. */
  onUpstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  /** Also HTTP/1 `connection: close`. @param isError GOAWAY with a code other than "no error" */
  onGoAway(connection: Slot, isError?: boolean): void;
  onStreamLimit(connection: Slot, max: number): void;
  onConnectionClosed(connection: Slot, reason: CloseReason): void;
  onInformational(stream: Slot, head: Head): void;
  onResponseHead(stream: Slot, head: Head, end: boolean): void;
  onResponseBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  onResponseTrailers(stream: Slot, trailers: Head): void;
  onStreamReset(stream: Slot, reason: ResetReason, detail: string): void;
  /** Back-pressure from below. */
  onWritable(side: Side, slot: Slot, writable: boolean): void;
  onTimer(kind: TimerKind, slot: Slot): void;
  onConfig(config: C): void;
  onEndpoints(cluster: number, members: EndpointSet): void;
  /**
   * A resource of the proxy was looked at.
   * @param monitor its name in the configuration
   * @param pressure 0..1
   */
  onPressure(monitor: string, pressure: number): void;
  onDrain(state: 'start' | 'stop', durationNs: Ns): void;
  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void;
  visitHosts(visit: (cluster: string, endpoint: Endpoint, gauges: HostGauges) => void): void;
  /** "Why is this request waiting?" null when the slot is free. */
  pendingReason(request: Slot): string | null;
}

/** A field, not a method: V8 allocates for each double that a call returns. */
export interface Clock {
  readonly nowNs: Ns;
}

/** Everything the engine may ask of a driver. See the contract above: never calls back inline. */
export interface Ports {
  /** Monotonic; stands still within one input. */
  readonly clock: Clock;
  /** Wall clock; may jump (clock faults). For certificates and logs. */
  wallMs(): number;
  arm(atNs: Ns, kind: TimerKind, slot: Slot): TimerId;
  /**
   * `arm` at `clock.nowNs + delayMs`, without a double in the call: for timers of every request.
   * @param delayMs whole milliseconds, int32
   */
  armAfter(delayMs: number, kind: TimerKind, slot: Slot): TimerId;
  /** Exact: never fires afterwards. */
  disarm(timer: TimerId): void;
  readonly draws: Draws;
  // upstream
  dial(connection: Slot, endpoint: Endpoint, plan: DialPlan): void;
  /**
   * @param uid int32 of this attempt, `childUid(request uid, attempt)`: a simulator keys whatever
   *   happens upstream by it; sockets ignore it
   */
  openStream(stream: Slot, connection: Slot, uid: number, head: Head, end: boolean): void;
  sendBody(stream: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  sendTrailers(stream: Slot, trailers: Head): void;
  resetStream(stream: Slot, reason: ResetReason): void;
  sendUpstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  closeUpstream(connection: Slot, reason: CloseReason): void;
  // downstream
  respondInformational(request: Slot, head: Head): void;
  respondHead(request: Slot, head: Head, end: boolean): void;
  respondBody(request: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  respondTrailers(request: Slot, trailers: Head): void;
  resetRequest(request: Slot, reason: ResetReason): void;
  sendDownstreamData(connection: Slot, bytes: number, chunk: Uint8Array | null, end: boolean): void;
  /** HTTP/1: `connection: close` on the next response. */
  goAwayDownstream(connection: Slot, final: boolean): void;
  closeDownstream(
    connection: Slot,
    how: 'abort' | 'flush' | 'linger',
    lingerNs: Ns,
    reason: CloseReason,
  ): void;
  /** Back-pressure upwards. */
  setReading(side: Side, slot: Slot, on: boolean): void;
  logRequest(entry: RequestLogEntry): void;
  /** A decision, for digest, trace and metrics: `core/records.ts`. Stable ids, never slots; int32s. */
  record(kind: number, a: number, b: number, c: number): void;
}
