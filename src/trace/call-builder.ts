/**
 * Calls and attempts while they are being followed; `CallTrace` and `AttemptTrace` are what they become.
 */
import type { AttemptTrace, CallTrace, WaitTrace } from '../core/request-trace.ts';
import type { Ns } from '../core/time.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An attempt, and where it is. */
export class AttemptBuilder {
  readonly trace: Writable<Omit<AttemptTrace, 'calls'>>;
  readonly calls: CallBuilder[] = [];

  constructor(number: number, startNs: Ns) {
    this.trace = {
      number,
      endpoint: '',
      startNs,
      sentNs: null,
      arrivedNs: null,
      workNs: null,
      queueLength: 0,
      doneNs: null,
      endNs: null,
      proxyNs: 0,
      outcome: '',
      isGood: false,
      isTimedOut: false,
      isRejected: false,
      serverFlag: '',
      retransmissions: 0,
    };
  }

  finish(): AttemptTrace {
    return { ...this.trace, calls: this.calls.map((call) => call.finish()) };
  }
}

/** A call through an outbound proxy. */
export class CallBuilder {
  readonly uid: number;
  readonly attempts: AttemptBuilder[] = [];
  readonly waits: Writable<WaitTrace>[] = [];
  readonly notes: string[] = [];
  caller = '';
  proxy = '';
  cluster = '';
  startNs: Ns;
  endNs: Ns | null = null;
  status = 0;
  flag = '-';

  constructor(uid: number, startNs: Ns) {
    this.uid = uid;
    this.startNs = startNs;
  }

  /** The latest attempt that its proxy waits for; undefined when there is none. */
  openAttempt(): AttemptBuilder | undefined {
    return this.attempts.findLast((attempt) => attempt.trace.endNs === null);
  }

  /** @throws TypeError before the first */
  get lastAttempt(): AttemptBuilder {
    return this.attempts[this.attempts.length - 1]!;
  }

  /** What its proxy did between attempts is over. */
  endWaits(nowNs: Ns): void {
    for (const wait of this.waits) wait.endNs ??= nowNs;
  }

  finish(): CallTrace {
    const { caller, proxy, cluster, startNs, endNs, status, flag, waits, notes } = this;
    const attempts = this.attempts.map((attempt) => attempt.finish());
    return { caller, proxy, cluster, startNs, endNs, status, flag, waits, attempts, notes };
  }
}
