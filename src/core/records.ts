/**
 * What a run records: one short record (kind, time, a, b, c) per decision.
 *
 * The engine's come through `Ports.record` in both worlds; the simulator adds its own. Digest,
 * metrics, trace and the engine-driver conformance suite all read this one stream.
 * a, b and c are int32 and stable between runs: uids and ids of names, never slots.
 */
export const RecordKind = {
  // by the engine
  requestStarted: 1, // uid, listener id, 0 (a head's shape depends on who was first)
  routed: 2, // uid, cluster id (-1 none), route index
  attemptStarted: 3, // uid, cluster id, attempt number from 1
  attemptHost: 4, // uid, endpoint id, attempt
  attemptEnded: 5, // uid, cluster id, status (>0) or -(1 + ResetReason)
  perTryTimeout: 6, // uid, cluster id, attempt
  retryScheduled: 7, // uid, cluster id, backoff in ms
  retryRefused: 8, // uid, cluster id, RetryRefusal
  requestDone: 9, // uid, cluster id, status * 256 + first response flag id (0 none)
  connectionOpened: 10, // endpoint id, cluster id, 0
  connectionClosed: 11, // endpoint id, cluster id, CloseReason
  connectFailed: 12, // endpoint id, cluster id, ConnectFailure or CONNECT_TIMED_OUT
  ejected: 13, // endpoint id, cluster id, EjectionType
  ejectionRefused: 14, // endpoint id, cluster id, EjectionType * 16 + EjectionRefusal
  unejected: 15, // endpoint id, cluster id, 0
  overflow: 16, // uid, cluster id, BreakerKind
  panic: 17, // uid, cluster id, 0
  delayInjected: 18, // uid, listener id, delay in ms
  abortInjected: 19, // uid, listener id, status
  configApplied: 20, // version, 0, 0
  handshakeRefused: 29, // listener id, index of HANDSHAKE_FAILURES, 0
  connectionRefused: 31, // listener id, 0 plain text where mTLS is required, 1 foreign trust domain
  hedgeEnded: 32, // uid, attempt number, as attemptEnded: an attempt that was no more the latest one
  accessDenied: 30, // uid, listener id, number of the policy that matched, -1 none
  // by the simulator
  callStarted: 40, // uid, client or service id, step
  callDone: 41, // uid, client or service id, status
  workStarted: 42, // uid, host id, queue length
  workDone: 43, // uid, host id, 1 = nobody waits for it any more
  workRejected: 44, // uid, host id, 0
  messageDelayed: 45, // link id, retransmissions, 0
  faultStarted: 46, // fault index, 0, 0
  faultEnded: 47, // fault index, 0, 0
  faultStruck: 48, // fault index, target id, 0
  hostDown: 49, // host id, 0, 0
  hostUp: 50, // host id, 0, 0
  certificateIssued: 56, // host id, serial number, 0
  renewalFailed: 57, // host id, RenewalFailure, failures before in a row
  cacheAsked: 60, // uid, host id, 0 miss, 1 hit, 2 waits for another's fetch
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** In a `connectFailed` record: the engine's own connect timeout. */
export const CONNECT_TIMED_OUT = 5;

/** Why a workload got no new certificate. */
export const RenewalFailure = { issuerOut: 0, blocked: 1, authorityInvalid: 2, down: 3 } as const;
export type RenewalFailure = (typeof RenewalFailure)[keyof typeof RenewalFailure];

/** Why a wanted retry did not happen. */
export const RetryRefusal = { max: 0, breaker: 1, budget: 2 } as const;
export type RetryRefusal = (typeof RetryRefusal)[keyof typeof RetryRefusal];

/** Which circuit breaker refused. */
export const BreakerKind = {
  connections: 0,
  pending: 1,
  requests: 2,
  retries: 3,
  pools: 4,
} as const;
export type BreakerKind = (typeof BreakerKind)[keyof typeof BreakerKind];

/** What made an endpoint eligible for ejection. */
export const EjectionType = {
  consecutive5xx: 0,
  consecutiveGatewayFailure: 1,
  consecutiveLocalOriginFailure: 2,
  successRate: 3,
  failurePercentage: 4,
  localOriginSuccessRate: 5,
  localOriginFailurePercentage: 6,
  /** Linkerd's breaker. */
  failureAccrual: 7,
} as const;
export type EjectionType = (typeof EjectionType)[keyof typeof EjectionType];
export const EJECTION_TYPE_NAMES: readonly string[] = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'failure_percentage',
  'local_origin_success_rate',
  'local_origin_failure_percentage',
  'failure_accrual',
];

/** Why a detected ejection did not take place. */
export const EjectionRefusal = { maxEjectionPercent: 0, enforcing: 1 } as const;
export type EjectionRefusal = (typeof EjectionRefusal)[keyof typeof EjectionRefusal];

/** Envoy's words for each `ResetReason`, as they stand in bodies. */
export const RESET_REASON_TEXT: readonly string[] = [
  'local connection failure',
  'remote connection failure',
  'connection timeout',
  'connection termination',
  'local reset',
  'local refused stream reset',
  'remote reset',
  'remote refused stream reset',
  'overflow',
  'protocol error',
  'overload manager reset',
];

/** Response flags in Envoy's short names; index 0 is "none". Source: policy-engine.md §11. */
export const FLAG_NAMES: readonly string[] = [
  '-',
  'UH',
  'UT',
  'UF',
  'UC',
  'UR',
  'LR',
  'UO',
  'URX',
  'UPE',
  'UMSDR',
  'NR',
  'NC',
  'DI',
  'FI',
  'RL',
  'RLSE',
  'UAEX',
  'IH',
  'SI',
  'DT',
  'DC',
  'DR',
  'DPE',
  'OM',
  'DO',
  'UDO',
  'LH',
  'DF',
  'RFCF',
  'NFCF',
];
/** The names of flags that are packed five bits each, in the order they were set. */
export function flagNamesOf(packed: number): readonly string[] {
  const names: string[] = [];
  for (let rest = packed; rest !== 0; rest >>>= 5) names.push(FLAG_NAMES[rest & 31]!);
  return names;
}

export const Flag = {
  none: 0,
  UH: 1,
  UT: 2,
  UF: 3,
  UC: 4,
  UR: 5,
  LR: 6,
  UO: 7,
  URX: 8,
  UPE: 9,
  UMSDR: 10,
  NR: 11,
  NC: 12,
  DI: 13,
  FI: 14,
  RL: 15,
  RLSE: 16,
  UAEX: 17,
  IH: 18,
  SI: 19,
  DT: 20,
  DC: 21,
  DR: 22,
  DPE: 23,
  OM: 24,
  DO: 25,
  UDO: 26,
  LH: 27,
  DF: 28,
  RFCF: 29,
  NFCF: 30,
} as const;
export type Flag = (typeof Flag)[keyof typeof Flag];
