/**
 * One request followed through the mesh: calls, attempts, and where the time went. Plain JSON.
 *
 * Made by `trace/request-tracer.ts` in a second, identical run; drawn by reports and told by
 * `replay`. Times are virtual ns since the start of the run; null = it never came to that.
 */
import type { Ns } from './time.ts';

/** A request of a client, as the run remembers it. */
export interface RequestSample {
  /** `<client>-<uid in hex>`: the same request has the same id in every variant of a scenario. */
  readonly id: string;
  readonly client: string;
  readonly uid: number;
  readonly startNs: Ns;
  readonly endNs: Ns;
  /** 0 = nothing was answered. */
  readonly status: number;
  /** Short name of the first response flag; `-` = none. */
  readonly flag: string;
  readonly isGood: boolean;
  readonly why: SampleReason;
}

/** Why a request was kept: among the slowest good ones, the first of its failures, or one of many. */
export type SampleReason = 'slowest' | 'first-failure' | 'failure';

/** How many failed in one way, and until when requests were looked at. */
export interface FailureCount {
  readonly client: string;
  readonly status: number;
  readonly flag: string;
  readonly count: number;
}

export interface RequestTrace {
  readonly sample: RequestSample;
  /** The client's request through its own proxy; null when its host was down. */
  readonly call: CallTrace | null;
}

/** One request through an outbound proxy, with all its attempts. */
export interface CallTrace {
  /** The machine that calls. */
  readonly caller: string;
  readonly proxy: string;
  /** Name of the cluster it was routed to; '' = none. */
  readonly cluster: string;
  readonly startNs: Ns;
  readonly endNs: Ns | null;
  readonly status: number;
  readonly flag: string;
  /** Between attempts and before the first. */
  readonly waits: readonly WaitTrace[];
  readonly attempts: readonly AttemptTrace[];
  /** What the caller's proxy refused or injected: words. */
  readonly notes: readonly string[];
}

export interface WaitTrace {
  readonly kind: 'backoff' | 'injected-delay';
  readonly startNs: Ns;
  readonly endNs: Ns | null;
}

export interface AttemptTrace {
  /** 1-based. */
  readonly number: number;
  /** The machine that it was sent to. */
  readonly endpoint: string;
  readonly startNs: Ns;
  /** The connection was there and the request left. */
  readonly sentNs: Ns | null;
  /** At the application. */
  readonly arrivedNs: Ns | null;
  /** A worker took it. */
  readonly workNs: Ns | null;
  /** Requests that waited behind it then. */
  readonly queueLength: number;
  readonly doneNs: Ns | null;
  readonly endNs: Ns | null;
  /** Time in the proxies of both ends, each way. */
  readonly proxyNs: Ns;
  /** Status, or a word for the reset; '' while it runs. */
  readonly outcome: string;
  readonly isGood: boolean;
  /** The per-try timeout ended it. */
  readonly isTimedOut: boolean;
  /** The server's queue was full. */
  readonly isRejected: boolean;
  /** Response flag of the server's own proxy, when it answered by itself; '' = it did not. */
  readonly serverFlag: string;
  /** Transmissions that were lost on the way. */
  readonly retransmissions: number;
  readonly calls: readonly CallTrace[];
}
