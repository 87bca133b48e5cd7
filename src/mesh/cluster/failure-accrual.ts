/**
 * Linkerd's breaker: a gate before each host that shuts after failures, waits, and lets one try.
 *
 *   open ──failures──→ shut ──backoff is over──→ probation ──success──→ open
 *                       ↑                            │
 *                       └──────── failure ───────────┘  (backoff doubles; a new trip starts anew)
 *
 * A host whose gate is shut is not ready, so balancers do not see it; nothing limits how many are
 * shut. In probation one request passes; the first result after that decides, whoever's it is.
 * Source: config-other-meshes.md §1.4; linkerd2-proxy, breaker and exp-backoff.
 */
import type { Clock, TimerId } from '../../core/engine.ts';
import { NO_TIMER } from '../../core/engine.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { FailureAccrualConfig, SuccessRateWindow } from '../config/linkerd.ts';
import { jitteredBackoffMs } from '../policy/backoff.ts';
import { ResponseClass } from '../policy/response-class.ts';
import { SlotWindow } from '../policy/slot-window.ts';
import type { Host } from './host.ts';

/** What gates need of their cluster. */
export interface GateKeeper {
  readonly clock: Clock;
  /** Calls `gate.onBackoffOver` after so long; gives the gate its slot. */
  armGate(gate: HostGate, delayNs: Ns): TimerId;
  disarmGate(timer: TimerId): void;
  /** In [0, 1), keyed by the host and how often it was shut. */
  backoffDraw(host: Host, shutCount: number): number;
  /** The gate tripped, after which it is shut, or is open again. */
  tripped(host: Host): void;
  reopened(host: Host): void;
  /** Whether the host is ready has changed. */
  readinessChanged(): void;
}

/** The gates of one cluster in one engine. */
export class FailureAccrual {
  private readonly config: FailureAccrualConfig;
  private readonly keeper: GateKeeper;
  private readonly gates: Map<Host, HostGate>;

  constructor(config: FailureAccrualConfig, keeper: GateKeeper) {
    this.config = config;
    this.keeper = keeper;
    this.gates = new Map();
  }

  /** A request goes to the host: in probation it is the only one. */
  onDispatch(host: Host): void {
    this.gates.get(host)?.onDispatch();
  }

  /** @param what bits of `ResponseClass` */
  onResult(host: Host, what: number): void {
    let gate = this.gates.get(host);
    if (gate === undefined) {
      gate = new HostGate(host, this.config, this.keeper);
      this.gates.set(host, gate);
    }
    gate.onResult(what);
  }

  onHostRemoved(host: Host): void {
    this.gates.get(host)?.remove();
    this.gates.delete(host);
  }
}

export class HostGate {
  /** Of its timer; -1 before the first. */
  slot = -1;
  private readonly host: Host;
  private readonly config: FailureAccrualConfig;
  private readonly keeper: GateKeeper;
  private readonly window: ResultWindow | null;
  private state: 'open' | 'shut' | 'probation' = 'open';
  /** In a row. */
  private failures = 0;
  /** Since it tripped. */
  private backoffs = 0;
  /** Ever. */
  private shutCount = 0;
  private timer: TimerId = NO_TIMER;

  constructor(host: Host, config: FailureAccrualConfig, keeper: GateKeeper) {
    this.host = host;
    this.config = config;
    this.keeper = keeper;
    this.window = config.successRate === undefined ? null : new ResultWindow(config.successRate);
  }

  onDispatch(): void {
    if (this.state === 'probation' && !this.host.isShut) this.setReady(false);
  }

  onResult(what: number): void {
    if (this.state === 'open') this.judge(what);
    else if (this.state === 'probation') this.endProbation(what);
  }

  onBackoffOver(): void {
    this.timer = NO_TIMER;
    this.state = 'probation';
    this.setReady(true);
  }

  remove(): void {
    if (this.timer !== NO_TIMER) this.keeper.disarmGate(this.timer);
    this.timer = NO_TIMER;
    if (this.state !== 'open') this.keeper.reopened(this.host);
  }

  private judge(what: number): void {
    const { maxFailures } = this.config;
    const isFailure = (what & ResponseClass.failure) !== 0;
    this.failures = isFailure ? this.failures + 1 : 0;
    const isTooMany = maxFailures > 0 && this.failures >= maxFailures;
    const { nowNs } = this.keeper.clock;
    this.window?.add(what === ResponseClass.success, nowNs);
    if (!isTooMany && this.window?.isTooLow(nowNs) !== true) return;
    this.backoffs = 0;
    this.keeper.tripped(this.host);
    this.shut();
  }

  private endProbation(what: number): void {
    // Whoever counts rates takes "too many requests" for a failed try, too.
    const failing =
      this.window === null
        ? ResponseClass.failure
        : ResponseClass.failure | ResponseClass.rateLimited;
    if ((what & failing) !== 0) {
      this.shut();
      return;
    }
    this.state = 'open';
    this.failures = 0;
    this.window?.clear();
    this.keeper.reopened(this.host);
    if (this.host.isShut) this.setReady(true);
  }

  private shut(): void {
    const { config, host, keeper } = this;
    const { minPenaltyMs, maxPenaltyMs, jitterRatio } = config;
    const draw = keeper.backoffDraw(host, this.shutCount++);
    const step = this.backoffs++;
    const delayMs = jitteredBackoffMs(minPenaltyMs, maxPenaltyMs, jitterRatio, step, draw);
    this.state = 'shut';
    this.timer = keeper.armGate(this, delayMs * MILLISECOND);
    if (!host.isShut) this.setReady(false);
  }

  private setReady(isReady: boolean): void {
    this.host.isShut = !isReady;
    this.keeper.readinessChanged();
  }
}

const BUCKETS = 10;

/** Successes and totals of about the last window; the oldest tenth drops out. */
class ResultWindow {
  private readonly config: SuccessRateWindow;
  private readonly successes: SlotWindow;
  private readonly totals: SlotWindow;

  constructor(config: SuccessRateWindow) {
    const bucketNs = (config.windowMs * MILLISECOND) / BUCKETS;
    this.config = config;
    this.successes = new SlotWindow(bucketNs, BUCKETS);
    this.totals = new SlotWindow(bucketNs, BUCKETS);
  }

  add(isSuccess: boolean, nowNs: Ns): void {
    this.totals.add(1, nowNs);
    if (isSuccess) this.successes.add(1, nowNs);
  }

  isTooLow(nowNs: Ns): boolean {
    const { minRequests, threshold } = this.config;
    const total = this.totals.total(nowNs);
    if (threshold === 0 || total === 0 || total < minRequests) return false;
    return this.successes.total(nowNs) / total < threshold;
  }

  clear(): void {
    this.successes.clear();
    this.totals.clear();
  }
}
