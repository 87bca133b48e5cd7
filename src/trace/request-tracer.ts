/**
 * Follows chosen requests through a run: which proxy did what with them, where they waited, whom
 * they called in turn.
 *
 * It hears every record of a second run of the same scenario and seed (the first one only says which
 * requests are worth it), and what `sim/request-observer.ts` adds. Calls and attempts are recognised by
 * their uids: an attempt's is a hash of its request's and of its number, on the wire, in the server's
 * proxy and (hashed again by that proxy) at the application.
 */
import { childUid } from '../core/draws.ts';
import {
  BreakerKind,
  FLAG_NAMES,
  RESET_REASON_TEXT,
  RecordKind,
  RetryRefusal,
} from '../core/records.ts';
import type { RequestSample, RequestTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';
import { AttemptBuilder, CallBuilder } from './call-builder.ts';
import type { Clock } from './recorder.ts';

/** What ids mean, in the order of ids. */
export interface TracerNames {
  readonly clients: readonly string[];
  readonly hosts: readonly string[];
  readonly proxies: readonly {
    readonly name: string;
    readonly host: number;
    readonly isInbound: boolean;
  }[];
  readonly clusters: readonly string[];
  /** Names of machines, where the address is one. */
  readonly endpoints: readonly { readonly name: string }[];
}

/** One thing that happened to a followed request, as it was recorded. */
export interface TraceStep {
  readonly atNs: Ns;
  /** A `RecordKind`, or one of `TapKind`. */
  readonly kind: number;
  /** Proxy, host or client id. */
  readonly owner: number;
  readonly uid: number;
  readonly b: number;
  readonly c: number;
}

/** Steps that are no records. */
export const TapKind = { requestSent: 1000, workArrived: 1001 } as const;

interface Root {
  readonly sample: Pick<RequestSample, 'client' | 'uid'>;
  call: CallBuilder | null;
  isDone: boolean;
}

const NO_STEP = -1;
/** Kinds of the engine whose `a` is a request's uid. */
const ENGINE_KINDS: ReadonlySet<number> = new Set([
  RecordKind.requestStarted,
  RecordKind.routed,
  RecordKind.attemptStarted,
  RecordKind.attemptHost,
  RecordKind.attemptEnded,
  RecordKind.hedgeEnded,
  RecordKind.perTryTimeout,
  RecordKind.retryScheduled,
  RecordKind.retryRefused,
  RecordKind.requestDone,
  RecordKind.overflow,
  RecordKind.panic,
  RecordKind.delayInjected,
  RecordKind.abortInjected,
]);
const WORK_KINDS: ReadonlySet<number> = new Set([
  RecordKind.workStarted,
  RecordKind.workDone,
  RecordKind.workRejected,
]);

export class RequestTracer {
  private readonly names: TracerNames;
  private readonly clock: Clock;
  private readonly roots: readonly Root[];
  private readonly onStep: ((step: TraceStep) => void) | null;
  /** By their uid. */
  private readonly calls = new Map<number, CallBuilder>();
  /** By their uid on the wire, and by that which the server's proxy gives them. */
  private readonly attempts = new Map<number, AttemptBuilder>();
  /** The attempt whose message has just been sent: a loss that is recorded next is its own. */
  private justSent: AttemptBuilder | null = null;
  private rootsLeft: number;

  /** @param onStep told of all that happens to the requests, in order; null = not wanted */
  constructor(
    names: TracerNames,
    clock: Clock,
    samples: readonly Pick<RequestSample, 'client' | 'uid'>[],
    onStep: ((step: TraceStep) => void) | null = null,
  ) {
    this.names = names;
    this.clock = clock;
    this.roots = samples.map((sample) => ({ sample, call: null, isDone: false }));
    this.onStep = onStep;
    this.rootsLeft = samples.length;
  }

  /** All requests have ended. */
  get isDone(): boolean {
    return this.rootsLeft === 0;
  }

  /** What was seen of a request so far; null before it began or when its host was down. */
  callOf(sample: Pick<RequestSample, 'client' | 'uid'>): RequestTrace['call'] {
    const root = this.rootOf(sample.client, sample.uid);
    return root?.call?.finish() ?? null;
  }

  record(kind: number, owner: number, a: number, b: number, c: number): void {
    if (kind === RecordKind.messageDelayed) {
      if (this.justSent !== null) this.justSent.trace.retransmissions += b;
    } else if (kind === RecordKind.callStarted || kind === RecordKind.callDone) {
      this.clientRecord(kind, owner, a, c);
    } else if (ENGINE_KINDS.has(kind)) this.engineRecord(kind, owner, a, b, c);
    else if (WORK_KINDS.has(kind)) this.workRecord(kind, owner, a, c);
    this.justSent = null;
  }

  requestSent(proxy: number, uid: number, host: number, proxyNs: Ns): void {
    this.justSent = null;
    const attempt = this.attempts.get(uid);
    if (attempt === undefined || this.names.proxies[proxy]!.isInbound) return;
    attempt.trace.endpoint = this.names.hosts[host] ?? attempt.trace.endpoint;
    attempt.trace.sentNs = this.clock.nowNs;
    attempt.trace.proxyNs = proxyNs;
    this.justSent = attempt;
    this.tell(TapKind.requestSent, proxy, uid, host, attempt.trace.number);
  }

  workArrived(host: number, uid: number): void {
    const attempt = this.attempts.get(uid);
    if (attempt === undefined) return;
    attempt.trace.arrivedNs = this.clock.nowNs;
    this.tell(TapKind.workArrived, host, uid, 0, 0);
  }

  callBegins(host: number, parentUid: number, uid: number): void {
    const attempt = this.attempts.get(parentUid);
    if (attempt === undefined) return;
    const call = this.addCall(uid);
    call.caller = this.names.hosts[host] ?? '';
    attempt.calls.push(call);
    this.tell(RecordKind.callStarted, host, uid, 0, 0);
  }

  /** A client's own request begins or ends. */
  private clientRecord(kind: number, client: number, uid: number, c: number): void {
    if (kind === RecordKind.callStarted && c !== NO_STEP) return;
    const root = this.rootOf(this.names.clients[client] ?? '', uid);
    if (root === null || root.isDone) return;
    if (kind === RecordKind.callStarted) {
      root.call = this.addCall(uid);
      this.tell(RecordKind.callStarted, client, uid, 0, NO_STEP);
    } else if (root.call !== null) {
      root.isDone = true;
      this.rootsLeft--;
      root.call.endNs ??= this.clock.nowNs;
      this.tell(RecordKind.callDone, client, uid, 0, c);
    }
  }

  private workRecord(kind: number, host: number, uid: number, c: number): void {
    const attempt = this.attempts.get(uid);
    if (attempt === undefined) return;
    const { trace } = attempt;
    if (kind === RecordKind.workDone) trace.doneNs = this.clock.nowNs;
    else if (kind === RecordKind.workStarted) {
      trace.workNs = this.clock.nowNs;
      trace.queueLength = c;
    } else trace.isRejected = true;
    this.tell(kind, host, uid, 0, c);
  }

  private engineRecord(kind: number, proxy: number, uid: number, b: number, c: number): void {
    if (this.names.proxies[proxy]!.isInbound) {
      if (!this.inboundRecord(kind, uid, c)) return;
    } else {
      const call = this.calls.get(uid);
      if (call === undefined) return;
      this.outboundRecord(kind, call, proxy, b, c);
    }
    this.tell(kind, proxy, uid, b, c);
  }

  /** The server's own proxy, to which an attempt is a request. @returns whether it is followed */
  private inboundRecord(kind: number, uid: number, c: number): boolean {
    const attempt = this.attempts.get(uid);
    if (attempt === undefined) return false;
    if (kind === RecordKind.attemptStarted) this.attempts.set(childUid(uid, c), attempt);
    else if (kind === RecordKind.requestDone && (c & 0xff) !== 0) {
      attempt.trace.serverFlag = FLAG_NAMES[c & 0xff] ?? '';
    }
    return true;
  }

  private outboundRecord(
    kind: number,
    call: CallBuilder,
    proxy: number,
    b: number,
    c: number,
  ): void {
    const nowNs = this.clock.nowNs;
    switch (kind) {
      case RecordKind.requestStarted:
        call.proxy = this.names.proxies[proxy]!.name;
        call.caller = this.names.hosts[this.names.proxies[proxy]!.host] ?? '';
        break;
      case RecordKind.routed:
        call.cluster = this.names.clusters[b] ?? '';
        break;
      case RecordKind.attemptStarted:
        call.endWaits(nowNs);
        this.startAttempt(call, c);
        break;
      case RecordKind.attemptHost:
        call.lastAttempt.trace.endpoint = this.names.endpoints[b]?.name ?? '';
        break;
      case RecordKind.perTryTimeout:
        call.lastAttempt.trace.isTimedOut = true;
        break;
      case RecordKind.attemptEnded:
        endAttempt(call.openAttempt(), c, nowNs);
        break;
      case RecordKind.hedgeEnded:
        endAttempt(call.attempts[b - 1], c, nowNs);
        break;
      case RecordKind.retryScheduled:
        call.waits.push({ kind: 'backoff', startNs: nowNs, endNs: null });
        break;
      case RecordKind.delayInjected:
        call.waits.push({ kind: 'injected-delay', startNs: nowNs, endNs: null });
        break;
      case RecordKind.requestDone:
        call.endWaits(nowNs);
        endAttempt(call.openAttempt(), 0, nowNs);
        call.endNs = nowNs;
        call.status = c >> 8;
        call.flag = FLAG_NAMES[c & 0xff] ?? '-';
        break;
      default:
        note(call, kind, c);
    }
  }

  private startAttempt(call: CallBuilder, number: number): void {
    const attempt = new AttemptBuilder(number, this.clock.nowNs);
    call.attempts.push(attempt);
    this.attempts.set(childUid(call.uid, number), attempt);
  }

  private addCall(uid: number): CallBuilder {
    const call = new CallBuilder(uid, this.clock.nowNs);
    this.calls.set(uid, call);
    return call;
  }

  private rootOf(client: string, uid: number): Root | null {
    for (const root of this.roots) {
      if (root.sample.uid === uid && root.sample.client === client) return root;
    }
    return null;
  }

  private tell(kind: number, owner: number, uid: number, b: number, c: number): void {
    this.onStep?.({ atNs: this.clock.nowNs, kind, owner, uid, b, c });
  }
}

/** @param outcome status, or -(1 + ResetReason); 0 = given up with the request */
function endAttempt(attempt: AttemptBuilder | undefined, outcome: number, nowNs: Ns): void {
  if (attempt === undefined) return;
  const { trace } = attempt;
  trace.endNs = nowNs;
  trace.isGood = outcome > 0 && outcome < 500;
  if (trace.isTimedOut) trace.outcome = 'per-try timeout';
  else if (outcome > 0) trace.outcome = String(outcome);
  else trace.outcome = outcome < 0 ? (RESET_REASON_TEXT[-1 - outcome] ?? 'reset') : 'given up';
}

const BREAKER_WORDS: Readonly<Record<number, string>> = {
  [BreakerKind.connections]: 'connections',
  [BreakerKind.pending]: 'pending requests',
  [BreakerKind.requests]: 'requests',
  [BreakerKind.retries]: 'retries',
  [BreakerKind.pools]: 'connection pools',
};

const REFUSAL_WORDS: Readonly<Record<number, string>> = {
  [RetryRefusal.max]: 'no retry: all allowed ones are used up',
  [RetryRefusal.breaker]: 'no retry: the circuit breaker for retries is full',
  [RetryRefusal.budget]: 'no retry: the retry budget is used up',
};

export function breakerWords(kind: number): string {
  return BREAKER_WORDS[kind] ?? 'requests';
}

export function refusalWords(refusal: number): string {
  return REFUSAL_WORDS[refusal] ?? 'no retry';
}

function note(call: CallBuilder, kind: number, c: number): void {
  if (kind === RecordKind.overflow) {
    call.notes.push(`the circuit breaker for ${breakerWords(c)} is full`);
  } else if (kind === RecordKind.retryRefused) call.notes.push(refusalWords(c));
  else if (kind === RecordKind.panic) {
    call.notes.push('too few healthy endpoints: panic, all are chosen from');
  } else if (kind === RecordKind.abortInjected) {
    call.notes.push(`the fault filter answered ${c}`);
  }
}
