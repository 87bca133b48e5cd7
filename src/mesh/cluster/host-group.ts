/**
 * Hosts that are balanced together: a host set and the balancers of its lists.
 *
 * A cluster has one, and one more for each of its subsets.
 * Source: policy-engine.md §6, 7.1.
 */
import type { LoadBalancerConfig } from '../config/config.ts';
import { type BalancerStart, createBalancer } from '../lb/index.ts';
import type { LoadBalancer } from '../lb/load-balancer.ts';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';
import type { HostSet } from './host-set.ts';
import type { HostWish } from './host-wish.ts';

const HUNDRED_PERCENT = 100;
/** Out of the way of the balancers' own draws. */
const PERCENTILE_DRAW = 4095;

export class HostGroup {
  readonly set: HostSet;
  private readonly lb: LoadBalancerConfig;
  private readonly start: BalancerStart;
  private readonly isHashing: boolean;
  /** By `HostSet.source`; all but the first are made on first use. */
  private readonly balancers: (LoadBalancer | undefined)[];
  /** Peeks that no pick has followed yet. */
  private peekCount: number;

  /** @param isHashing whether picks follow the hash of `choice` */
  constructor(set: HostSet, lb: LoadBalancerConfig, start: BalancerStart, isHashing: boolean) {
    this.set = set;
    this.lb = lb;
    this.start = start;
    this.isHashing = isHashing;
    this.balancers = [createBalancer(lb, start)];
    this.peekCount = 0;
  }

  /** Hosts report their load: what was due before is applied. */
  beforeReport(): void {
    for (const balancer of this.balancers) balancer?.beforeReport?.();
  }

  visitStats(visit: (name: string, value: number) => void): void {
    for (const balancer of this.balancers) balancer?.visitStats?.(visit);
  }

  /** The hosts that the next `pick` chooses from; empty = none. Sets `set.isPanicking`. */
  candidates(choice: HostChoice, wish: HostWish | null): readonly Host[] {
    const { set } = this;
    const percentile = set.needsPercentile ? this.percentileOf(choice) : 0;
    const excluded = wish === null ? null : (wish.priorities?.excludedNow() ?? null);
    if (excluded === null) return set.candidates(percentile);
    const found = set.candidatesWithout(excluded, percentile);
    if (!excluded.includes(true)) wish?.priorities?.startAgain();
    return found ?? set.candidates(percentile);
  }

  pick(choice: HostChoice, candidates: readonly Host[]): Host {
    const { source, generation } = this.set;
    choice.candidates = candidates;
    choice.generation = generation;
    const balancer = this.balancers[source] ?? this.addBalancer(source);
    if (this.peekCount > 0) this.peekCount--;
    return candidates[balancer.pick(choice)]!;
  }

  /**
   * The host that a later pick will choose, as far as the balancer can say; each call looks one
   * pick further, up to as many as there are healthy hosts.
   */
  peek(choice: HostChoice): Host | null {
    const { set } = this;
    if (this.peekCount >= set.hosts.filter(({ isHealthy }) => isHealthy).length) return null;
    const candidates = set.candidates(set.needsPercentile ? this.percentileOf(choice) : 0);
    if (candidates.length === 0) return null;
    choice.candidates = candidates;
    choice.generation = set.generation;
    const index = this.balancers[set.source]?.peek?.(choice) ?? -1;
    if (index < 0) return null;
    this.peekCount++;
    return candidates[index]!;
  }

  /** A hashed request always goes to the same priority. */
  private percentileOf(choice: HostChoice): number {
    if (this.isHashing) return Number(choice.hash % 100n);
    return choice.draw(PERCENTILE_DRAW, HUNDRED_PERCENT);
  }

  private addBalancer(source: number): LoadBalancer {
    while (this.balancers.length <= source) this.balancers.push(undefined);
    const made = createBalancer(this.lb, this.start);
    this.balancers[source] = made;
    return made;
  }
}
