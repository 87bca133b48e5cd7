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
import { EVERYWHERE, NOWHERE, type ZoneRouting } from './zone-routing.ts';

const HUNDRED_PERCENT = 100;
/** Out of the way of the balancers' own draws. */
const PERCENTILE_DRAW = 4095;
/** Range of the one draw that chooses priority and host alike. */
const DRAW_RANGE = 0x40000000;
const NOBODY: readonly Host[] = [];

/** Of what hosts are a subset. */
export interface SubsetScope {
  all: readonly Host[];
}

export class HostGroup {
  readonly set: HostSet;
  private readonly scope: SubsetScope;
  private readonly lb: LoadBalancerConfig;
  private readonly start: BalancerStart;
  private readonly isHashing: boolean;
  private readonly zones: ZoneRouting | null;
  /** Of random balancing: the draw that chose the priority chooses the host too. */
  private readonly isRandom: boolean;
  private drawn: number;
  /** By `HostSet.source`; all but the first are made on first use. */
  private readonly balancers: (LoadBalancer | undefined)[];
  /** Peeks that no pick has followed yet. */
  private peekCount: number;

  /**
   * @param isHashing whether picks follow the hash of `choice`
   * @param zones null = picks do not go by zones
   * @param scope kept up to date by `follow`
   */
  constructor(
    set: HostSet,
    lb: LoadBalancerConfig,
    start: BalancerStart,
    isHashing: boolean,
    zones: ZoneRouting | null,
    scope: SubsetScope,
  ) {
    this.scope = scope;
    this.set = set;
    this.zones = zones;
    this.isRandom = lb.kind === 'random';
    this.drawn = 0;
    this.lb = lb;
    this.start = start;
    this.isHashing = isHashing;
    this.balancers = [createBalancer(lb, start)];
    this.peekCount = 0;
    if (zones === null) return;
    zones.refresh(set.zoneHosts);
    set.onRefresh = () => zones.refresh(set.zoneHosts);
  }

  /** New members of a subset. */
  follow(hosts: readonly Host[], all: readonly Host[]): void {
    this.scope.all = all;
    this.set.renew(hosts);
  }

  /** It is replaced by another one. */
  close(): void {
    this.zones?.close();
  }

  /** Hosts report their load: what was due before is applied. */
  beforeReport(): void {
    for (const balancer of this.balancers) balancer?.beforeReport?.();
  }

  visitStats(visit: (name: string, value: number) => void): void {
    if (this.isHashing) this.makeTables();
    for (const balancer of this.balancers) balancer?.visitStats?.(visit);
  }

  /** The hosts that the next `pick` chooses from; empty = none. Sets `set.isPanicking`. */
  candidates(choice: HostChoice, wish: HostWish | null): readonly Host[] {
    const { set } = this;
    const percentile = set.needsPercentile ? this.percentileOf(choice) : 0;
    const excluded =
      wish === null || this.isHashing ? null : (wish.priorities?.excludedNow() ?? null);
    if (excluded === null) {
      const found = set.candidates(percentile);
      return this.zones === null ? found : this.inZone(this.zones, choice, found);
    }
    const found = set.candidatesWithout(excluded, percentile);
    if (!excluded.includes(true)) wish?.priorities?.startAgain();
    return found ?? set.candidates(percentile);
  }

  /** Those of `found` that a zone has, if a zone is chosen. */
  private inZone(zones: ZoneRouting, choice: HostChoice, found: readonly Host[]): readonly Host[] {
    const { set } = this;
    const isFirstPriority = set.source < 2;
    if (!zones.isActive || !isFirstPriority || set.isPanicking) return found;
    const zone = zones.pick(choice);
    if (zone === EVERYWHERE) return found;
    if (zone === NOWHERE) return NOBODY;
    const isDegraded = set.source === 1;
    set.source = set.firstFreeSource + 2 * zone + set.source;
    return zones.hostsOf(zone, isDegraded);
  }

  pick(choice: HostChoice, candidates: readonly Host[]): Host {
    const { source, generation } = this.set;
    if (this.isRandom && this.set.needsPercentile) {
      return candidates[this.drawn % candidates.length]!;
    }
    choice.candidates = candidates;
    choice.generation = generation;
    if (this.isHashing) choice.shares = this.set.shares;
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
    if (this.isRandom) {
      this.drawn = choice.draw(0, DRAW_RANGE);
      return this.drawn % HUNDRED_PERCENT;
    }
    return choice.draw(PERCENTILE_DRAW, HUNDRED_PERCENT);
  }

  /** Tables stand before the first pick. */
  private makeTables(): void {
    const { set } = this;
    for (let priority = 0; priority < set.priorityCount; priority++) {
      const hosts = set.tableHosts(priority);
      const balancer = this.balancers[2 * priority] ?? this.addBalancer(2 * priority);
      balancer.prepare?.(hosts, set.shares, set.generation);
    }
  }

  private addBalancer(source: number): LoadBalancer {
    while (this.balancers.length <= source) this.balancers.push(undefined);
    const made = createBalancer(this.lb, this.start);
    this.balancers[source] = made;
    return made;
  }
}
