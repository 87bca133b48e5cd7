/**
 * One instance of a service, or one caller: its workers, its queue, and what was counted of it.
 *
 * `service-model.ts` runs it; measurements see it as `HostView`.
 *
 * Integrals over time cost one addition per change. For a count n that rose at instants r and fell at
 * instants f the integral until T is n(T) T + sum(f) - sum(r): a pair that is over adds f - r, one that
 * is not adds T - r. So only the sum is kept, and `settle` does the rest. All terms are integers.
 */
import type { DurationSampler } from '../../core/distributions.ts';
import type { StreamKey } from '../../core/draws.ts';
import type { Ns } from '../../core/time.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SimProxy } from '../sim-proxy.ts';
import type { HostSpec, HostView } from '../world-spec.ts';
import type { CacheUser } from './cache.ts';
import type { CallPlan } from './call-plan.ts';
import { NO_CALLS } from './call-plan.ts';

/** What a host needs of its world. */
export interface HostCommon {
  readonly clock: Kernel;
  readonly serviceId: number;
  readonly okShape: number;
  /** Indexed as the spec's errors. */
  readonly errorShapes: readonly number[];
  readonly cacheUser?: CacheUser | null;
}

export class Host implements HostView {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly version: string;
  readonly zone: string;
  readonly workers: number;
  readonly queueLimit: number | null;
  readonly serviceTime: DurationSampler;
  readonly errors: HostSpec['errors'];
  readonly onAbandon: HostSpec['onAbandon'];
  readonly spec: HostSpec;
  /** Index of the service's name among all of the world. */
  readonly serviceId: number;
  private readonly clock: Kernel;
  /** Set-up only: null = none. */
  inbound: SimProxy | null;
  outbound: SimProxy | null;
  plan: CallPlan;
  cacheUser: CacheUser | null;
  /** When accepting is done with the connections that came so far. */
  acceptFreeNs: Ns;
  isUp: boolean;
  /** Crashes in force; it is up when there is none. */
  crashes: number;
  /** The slow-downs in force, and their product. */
  readonly slowFactors: number[];
  slowFactor: number;
  /** How wrong its wall clock is; negative = behind. */
  clockOffsetNs: Ns;

  busyWorkers: number;
  /** Of these, waiting for calls to other services. */
  callingWorkers: number;
  queueLength: number;
  /** Work rows; those that a caller cancelled are skipped. -1 = empty. */
  queueHead: number;
  queueTail: number;

  served: number;
  wasted: number;
  rejected: number;
  cacheHits: number;
  cacheMisses: number;
  queueMax: number;
  busyNs: Ns;
  computeNs: Ns;
  queueNs: Ns;
  // Fractions first: V8 then keeps these fields as raw doubles and a change allocates nothing.
  private busySum: Ns = 0.5;
  private callingSum: Ns = 0.5;
  private queueSum: Ns = 0.5;

  /** Keys of draws; -1 until first used, which keeps idle hosts cheap. */
  serviceStream: StreamKey;
  errorStream: StreamKey;
  shareStream: StreamKey;
  /** Shape of the response of this status; the index is that of `spec.errors`. */
  readonly errorShapes: readonly number[];
  readonly okShape: number;

  constructor(id: number, spec: HostSpec, common: HostCommon) {
    const { serviceId, okShape, errorShapes } = common;
    this.clock = common.clock;
    this.id = id;
    this.name = spec.name;
    this.service = spec.service;
    this.version = spec.version;
    this.zone = spec.zone ?? '';
    this.workers = spec.workers;
    this.queueLimit = spec.queueLimit;
    this.serviceTime = spec.serviceTime;
    this.errors = spec.errors;
    this.onAbandon = spec.onAbandon;
    this.spec = spec;
    this.serviceId = serviceId;
    this.inbound = null;
    this.outbound = null;
    this.plan = NO_CALLS;
    this.cacheUser = common.cacheUser ?? null;
    this.acceptFreeNs = 0;
    this.isUp = true;
    this.crashes = 0;
    this.slowFactors = [];
    this.slowFactor = 1;
    this.clockOffsetNs = spec.clockOffsetNs ?? 0;
    this.busyWorkers = 0;
    this.callingWorkers = 0;
    this.queueLength = 0;
    this.queueHead = -1;
    this.queueTail = -1;
    this.served = 0;
    this.wasted = 0;
    this.rejected = 0;
    this.cacheHits = 0;
    this.cacheMisses = 0;
    this.queueMax = 0;
    this.busyNs = 0;
    this.computeNs = 0;
    this.queueNs = 0;
    this.busySum = 0;
    this.callingSum = 0;
    this.queueSum = 0;
    this.serviceStream = -1;
    this.errorStream = -1;
    this.shareStream = -1;
    this.okShape = okShape;
    this.errorShapes = errorShapes;
  }

  /** Label of one of the host's streams of draws. */
  label(purpose: string): string {
    return `service/${this.service}/${this.version}/${this.name}/${purpose}`;
  }

  settle(nowNs: Ns): void {
    this.busyNs = this.busySum + this.busyWorkers * nowNs;
    this.computeNs = this.busyNs - this.callingSum - this.callingWorkers * nowNs;
    this.queueNs = this.queueSum + this.queueLength * nowNs;
  }

  resetQueueMax(): void {
    this.queueMax = this.queueLength;
  }

  /** Whether one more request can begin at once. */
  get hasFreeWorker(): boolean {
    return this.workers === 0 || this.busyWorkers < this.workers;
  }

  get isQueueFull(): boolean {
    return this.queueLimit !== null && this.queueLength >= this.queueLimit;
  }

  /** A worker begins (1) or is free again (-1). */
  addBusy(change: 1 | -1): void {
    this.busyWorkers += change;
    this.busySum -= change * this.clock.nowNs;
  }

  /** A busy worker begins to wait for calls (1) or has them all (-1). */
  addCalling(change: 1 | -1): void {
    this.callingWorkers += change;
    this.callingSum -= change * this.clock.nowNs;
  }

  addQueued(change: 1 | -1): void {
    this.queueLength += change;
    this.queueSum -= change * this.clock.nowNs;
    if (this.queueLength > this.queueMax) this.queueMax = this.queueLength;
  }

  /** A crash: nothing runs or waits any more. */
  clearWork(): void {
    const { nowNs } = this.clock;
    this.busySum += this.busyWorkers * nowNs;
    this.callingSum += this.callingWorkers * nowNs;
    this.queueSum += this.queueLength * nowNs;
    this.busyWorkers = 0;
    this.callingWorkers = 0;
    this.queueLength = 0;
    this.queueHead = -1;
    this.queueTail = -1;
  }
}
