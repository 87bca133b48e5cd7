/**
 * One instance of a service, or one caller: its workers, its queue, and what was counted of it.
 *
 * `service-model.ts` runs it; measurements see it as `HostView`. The integrals are brought up to
 * date before every change of what they integrate.
 */
import type { StreamKey } from '../../core/draws.ts';
import type { Ns } from '../../core/time.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SimProxy } from '../sim-proxy.ts';
import type { HostSpec, HostView } from '../world-spec.ts';
import type { CallPlan } from './call-plan.ts';
import { NO_CALLS } from './call-plan.ts';

/** What a host needs of its world. */
export interface HostCommon {
  readonly clock: Kernel;
  readonly serviceId: number;
  readonly okShape: number;
  /** Indexed as the spec's errors. */
  readonly errorShapes: readonly number[];
}

export class Host implements HostView {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly version: string;
  readonly workers: number;
  readonly spec: HostSpec;
  /** Index of the service's name among all of the world. */
  readonly serviceId: number;
  private readonly clock: Kernel;
  /** Set-up only: null = none. */
  inbound: SimProxy | null;
  outbound: SimProxy | null;
  plan: CallPlan;
  isUp: boolean;
  /** Crashes in force; it is up when there is none. */
  crashes: number;
  /** The slow-downs in force, and their product. */
  readonly slowFactors: number[];
  slowFactor: number;

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
  queueMax: number;
  // Fractions first: V8 then keeps these fields as raw doubles and a change allocates nothing.
  busyNs: Ns = 0.5;
  queueNs: Ns = 0.5;
  private callingNs: Ns = 0.5;
  private settledNs: Ns = 0.5;

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
    this.workers = spec.workers;
    this.spec = spec;
    this.serviceId = serviceId;
    this.inbound = null;
    this.outbound = null;
    this.plan = NO_CALLS;
    this.isUp = true;
    this.crashes = 0;
    this.slowFactors = [];
    this.slowFactor = 1;
    this.busyWorkers = 0;
    this.callingWorkers = 0;
    this.queueLength = 0;
    this.queueHead = -1;
    this.queueTail = -1;
    this.served = 0;
    this.wasted = 0;
    this.rejected = 0;
    this.queueMax = 0;
    this.busyNs = 0;
    this.queueNs = 0;
    this.callingNs = 0;
    this.settledNs = 0;
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

  /** Settles up to now; before every change of `busyWorkers` or `queueLength`. */
  touch(): void {
    const nowNs = this.clock.nowNs;
    const sinceNs = nowNs - this.settledNs;
    if (sinceNs === 0) return;
    this.busyNs += this.busyWorkers * sinceNs;
    this.queueNs += this.queueLength * sinceNs;
    this.callingNs += this.callingWorkers * sinceNs;
    this.settledNs = nowNs;
  }

  /** Integral of requests that compute, ns: busy workers that do not wait for calls. */
  get computeNs(): Ns {
    return this.busyNs - this.callingNs;
  }

  settle(): void {
    this.touch();
  }

  resetQueueMax(): void {
    this.queueMax = this.queueLength;
  }

  /** Whether one more request can begin at once. */
  get hasFreeWorker(): boolean {
    return this.workers === 0 || this.busyWorkers < this.workers;
  }

  get isQueueFull(): boolean {
    return this.spec.queueLimit !== null && this.queueLength >= this.spec.queueLimit;
  }

  /** Call `touch` before. */
  noteQueued(): void {
    this.queueLength++;
    if (this.queueLength > this.queueMax) this.queueMax = this.queueLength;
  }
}
