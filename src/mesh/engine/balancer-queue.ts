/**
 * Linkerd's queue before a balancer: requests wait until a host is ready, or all fail at once.
 *
 * The router puts a request here when no host of its cluster is ready. When that has lasted for
 * `failfastMs`, all who wait fail, and until a host is ready again whoever comes is turned away.
 * Invariant: the timer runs exactly while somebody waits.
 * Source: config-other-meshes.md §1.5; linkerd2-proxy, balance queue and failfast.
 */
import type { Slot, TimerId } from '../../core/engine.ts';
import { NO_TIMER, TimerKind } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WaitingRoom } from '../cluster/cluster-surroundings.ts';
import type { BalancerQueueConfig } from '../config/linkerd.ts';
import type { EngineContext } from './context.ts';
import { RequestBit as Bit } from './request-table.ts';

/** What becomes of requests that waited. */
export interface QueueOwner {
  /** A host is ready. */
  onHostReady(request: Slot, cluster: Cluster): void;
  /** None was for too long. */
  onFailfast(request: Slot, cluster: Cluster): void;
}

export class BalancerQueue implements WaitingRoom {
  private readonly cluster: Cluster;
  private readonly config: BalancerQueueConfig;
  private readonly context: EngineContext;
  private readonly owner: QueueOwner;
  private waiting: { readonly request: Slot; readonly uid: number }[];
  private timer: TimerId;
  private isFailingFast: boolean;

  constructor(
    cluster: Cluster,
    config: BalancerQueueConfig,
    context: EngineContext,
    owner: QueueOwner,
  ) {
    this.cluster = cluster;
    this.config = config;
    this.context = context;
    this.owner = owner;
    this.waiting = [];
    this.timer = NO_TIMER;
    this.isFailingFast = false;
  }

  /** @returns whether the request waits; false = it is turned away */
  admits(request: Slot): boolean {
    const { requests, ports } = this.context;
    if (this.isFailingFast || this.waiting.length >= this.config.capacity) return false;
    requests.set(request, Bit.queued | Bit.waited);
    this.waiting.push({ request, uid: requests.uidOf(request) });
    if (this.timer === NO_TIMER) {
      const { failfastMs } = this.config;
      this.timer = ports.armAfter(failfastMs, TimerKind.failfast, this.cluster.index);
    }
    return true;
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.isFailingFast = true;
    const { waiting } = this;
    this.waiting = [];
    for (const entry of waiting) {
      if (this.takes(entry)) this.owner.onFailfast(entry.request, this.cluster);
    }
  }

  /** Hosts may be ready now: who waits is served at the end of this input. */
  post(): void {
    if (!this.cluster.hasReadyHost) return;
    this.isFailingFast = false;
    if (this.waiting.length > 0) this.context.posted.push(this.cluster);
  }

  serve(): void {
    const { waiting } = this;
    let served = 0;
    while (served < waiting.length && this.cluster.hasReadyHost) {
      const entry = waiting[served++]!;
      if (this.takes(entry)) this.owner.onHostReady(entry.request, this.cluster);
    }
    waiting.splice(0, served);
    if (waiting.length > 0 || this.timer === NO_TIMER) return;
    this.context.ports.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  /** Whoever was reset or timed out is not here any more, and its row may be another's. */
  private takes({ request, uid }: { readonly request: Slot; readonly uid: number }): boolean {
    const { requests } = this.context;
    if (!requests.isOpen(request) || requests.uidOf(request) !== uid) return false;
    if (!requests.has(request, Bit.queued)) return false;
    requests.clear(request, Bit.queued);
    return true;
  }
}
