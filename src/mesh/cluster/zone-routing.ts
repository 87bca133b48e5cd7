/**
 * Zone-aware routing: requests stay in the proxy's own zone as far as its hosts there can carry them.
 *
 * The share of proxies in each zone (hosts of the "local cluster") is compared with the share of the
 * upstream's healthy hosts there. An own zone with enough hosts takes everything; else it takes what
 * it can carry and the rest goes to zones that have hosts to spare. First priority only.
 * Invariant: recomputed whenever hosts of either cluster change, never per pick.
 * Source: policy-engine.md §6.5; Envoy, zone aware load balancer.
 */
import type { ZoneRoutingConfig } from '../config/load-balancing.ts';
import type { Choice } from '../lb/load-balancer.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { Host } from './host.ts';
import type { HostSet } from './host-set.ts';
import { byLocality, inOrder, type LocalityHosts } from './localities.ts';

/** What a priority's hosts are at one moment. */
export interface ZoneHosts {
  readonly hosts: readonly Host[];
  readonly healthy: readonly Host[];
  readonly degraded: readonly Host[];
  readonly excludedCount: number;
}

/** `ZoneRouting.pick`: no zone is chosen, all hosts of the priority count. */
export const EVERYWHERE = -1;
/** `ZoneRouting.pick`: nobody may be chosen. */
export const NOWHERE = -2;

/** Envoy's main thread recalculates as its workers do; one of those is modelled. */
const THREADS = 2;
/** Shares are in parts of this. */
const WHOLE = 10_000;
const HUNDRED_PERCENT = 100;
/** Draws out of the way of the balancers' own. */
const ENABLED_DRAW = 4091;
const OWN_DRAW = 4090;
const OTHER_DRAW = 4089;

/** The proxies that a proxy is one of, as their cluster shows them. */
export class LocalZone {
  readonly clusterName: string;
  /** Of the proxy; null = it does not say, so no zone is its own. */
  readonly locality: string | null;
  /** null = that cluster was not made yet. */
  hosts: ZoneHosts | null = null;
  private readonly followers: ZoneRouting[] = [];

  constructor(clusterName: string, locality: string | null) {
    this.clusterName = clusterName;
    this.locality = locality;
  }

  /** A cluster begins: if it is that of the proxies, zones go by its hosts from now on. */
  watch(clusterName: string, set: HostSet): void {
    if (clusterName !== this.clusterName) return;
    const before = set.onRefresh;
    set.onRefresh = () => {
      before?.();
      this.changed(set.zoneHosts);
    };
    this.changed(set.zoneHosts);
  }

  follow(routing: ZoneRouting): void {
    this.followers.push(routing);
  }

  unfollow(routing: ZoneRouting): void {
    const at = this.followers.indexOf(routing);
    if (at >= 0) this.followers.splice(at, 1);
  }

  /** The proxies changed. */
  changed(hosts: ZoneHosts): void {
    this.hosts = hosts;
    for (const routing of this.followers) routing.recalculate();
  }
}

type Mode = 'off' | 'direct' | 'residual';

export class ZoneRouting {
  private readonly config: ZoneRoutingConfig;
  private readonly zone: LocalZone;
  private readonly stats: ClusterStats;
  private readonly panicThresholdPercent: number;
  private readonly failsOnPanic: boolean;
  private upstream: ZoneHosts = { hosts: [], healthy: [], degraded: [], excludedCount: 0 };
  private healthy: readonly (readonly Host[])[] = [];
  private degraded: readonly (readonly Host[])[] = [];
  private mode: Mode = 'off';
  private isNew = true;
  /** Of `WHOLE`: what the own zone can carry of its requests. */
  private ownShare = 0;
  /** What zones can take from others, added up, indexed by locality. */
  private capacities: readonly number[] = [];

  constructor(
    config: ZoneRoutingConfig,
    zone: LocalZone,
    stats: ClusterStats,
    panic: { readonly thresholdPercent: number; readonly fails: boolean },
  ) {
    this.config = config;
    this.zone = zone;
    this.stats = stats;
    this.panicThresholdPercent = panic.thresholdPercent;
    this.failsOnPanic = panic.fails;
    zone.follow(this);
  }

  /** Nobody asks any more. */
  close(): void {
    this.zone.unfollow(this);
  }

  /** Whether picks of the first priority ask `pick`. */
  get isActive(): boolean {
    return this.mode !== 'off';
  }

  /** Localities of the first priority, whether they have healthy hosts or not. */
  get count(): number {
    return this.healthy.length;
  }

  hostsOf(locality: number, isDegraded: boolean): readonly Host[] {
    return (isDegraded ? this.degraded : this.healthy)[locality]!;
  }

  /** New hosts of the first priority, or their health changed. */
  refresh(upstream: ZoneHosts): void {
    this.upstream = upstream;
    if (this.isNew) this.countFirst();
    this.isNew = false;
    this.recalculate();
  }

  /** Envoy recalculates once more, before it knows the hosts of the local cluster. */
  private countFirst(): void {
    const { stats, config, zone, upstream } = this;
    stats.lbRecalculateZoneStructures += THREADS;
    const isAsked = inOrder(upstream.hosts, zone.locality ?? '').length >= 2;
    if (isAsked && config.forceLocalMinSize !== null) stats.lbLocalClusterNotOk += THREADS;
  }

  /** @returns index of a locality, or `EVERYWHERE`, or `NOWHERE` */
  pick(choice: Choice): number {
    const { config, stats, zone } = this;
    if (!isEnabled(config.enabledPercent, choice)) return EVERYWHERE;
    if (isPanicking(zone.hosts!, this.panicThresholdPercent)) {
      stats.lbLocalClusterNotOk++;
      return this.failsOnPanic ? NOWHERE : EVERYWHERE;
    }
    if (this.mode === 'direct') {
      stats.lbZoneRoutingAllDirectly++;
      return 0;
    }
    if (choice.draw(OWN_DRAW, WHOLE) < this.ownShare) {
      stats.lbZoneRoutingSampled++;
      return 0;
    }
    stats.lbZoneRoutingCrossZone++;
    const total = this.capacities.at(-1)!;
    if (total === 0) {
      stats.lbZoneNoCapacityLeft++;
      return choice.draw(OTHER_DRAW, this.count);
    }
    const drawn = choice.draw(OTHER_DRAW, total);
    return this.capacities.findIndex((capacity) => capacity > drawn);
  }

  recalculate(): void {
    const { zone, stats } = this;
    stats.lbRecalculateZoneStructures += THREADS;
    this.mode = 'off';
    const { hosts, healthy, degraded } = this.upstream;
    const localities = inOrder(hosts, zone.locality ?? '');
    this.healthy = eligibleOf(localities, healthy);
    this.degraded = eligibleOf(localities, degraded);
    if (!this.mayRoute(localities)) return;
    const shares = this.sharesOf(zone.hosts!);
    const hasOwn = localities[0]!.name === zone.locality;
    const [first] = shares;
    if (hasOwn && this.takesAll(first!)) {
      this.mode = 'direct';
      return;
    }
    this.mode = 'residual';
    const canRoute = hasOwn && first!.local > 0;
    this.ownShare = canRoute ? Math.trunc((first!.upstream * WHOLE) / first!.local) : 0;
    let total = 0;
    this.capacities = shares.map(({ local, upstream }, index) => {
      if (index > 0 || !hasOwn) total += Math.max(0, upstream - local);
      return total;
    });
  }

  private mayRoute(localities: readonly LocalityHosts[]): boolean {
    const { config, stats, zone, upstream } = this;
    if (localities.length < 2 || zone.hosts === null) return false;
    const local = inOrder(zone.hosts.hosts, zone.locality ?? '');
    if (config.forceLocalMinSize === null && local.length < 2) return false;
    if (local[0]?.name !== zone.locality) {
      stats.lbLocalClusterNotOk += THREADS;
      return false;
    }
    if (upstream.healthy.length < config.minClusterSize) {
      stats.lbZoneClusterTooSmall += THREADS;
      return false;
    }
    return true;
  }

  private takesAll({ local, upstream }: Share): boolean {
    const { forceLocalMinSize } = this.config;
    if (upstream > 0 && upstream >= local) return true;
    return forceLocalMinSize !== null && this.healthy[0]!.length >= forceLocalMinSize;
  }

  /** Of the upstream's localities: their part of the proxies and of the upstream's hosts. */
  private sharesOf({ healthy }: ZoneHosts): Share[] {
    const local = new Map<string, number>();
    const sizeOf = (hosts: readonly Host[]) => this.sizeOf(hosts);
    for (const { name, hosts } of byLocality(healthy)) {
      local.set(name, sizeOf(hosts));
    }
    const totalLocal = sizeOf(healthy);
    const totalUpstream = sizeOf(this.upstream.healthy);
    return this.healthy.map((hosts) => {
      const [first] = hosts;
      if (first === undefined) return { local: 0, upstream: 0 };
      return {
        local: part(local.get(first.endpoint.locality) ?? 0, totalLocal),
        upstream: part(sizeOf(hosts), totalUpstream),
      };
    });
  }

  private sizeOf(hosts: readonly Host[]): number {
    if (this.config.basis === 'hosts') return hosts.length;
    return hosts.reduce((sum, { endpoint }) => sum + endpoint.weight, 0);
  }
}

/** Of `WHOLE`. */
interface Share {
  readonly local: number;
  readonly upstream: number;
}

function part(count: number, total: number): number {
  return total === 0 ? 0 : Math.trunc((WHOLE * count) / total);
}

function isEnabled(percent: number, choice: Choice): boolean {
  if (percent >= HUNDRED_PERCENT) return true;
  return percent > 0 && choice.draw(ENABLED_DRAW, HUNDRED_PERCENT) < percent;
}

function isPanicking(
  { hosts, healthy, degraded, excludedCount }: ZoneHosts,
  thresholdPercent: number,
): boolean {
  const counted = hosts.length - excludedCount;
  const alive = counted === 0 ? 0 : (100 * (healthy.length + degraded.length)) / counted;
  return alive < thresholdPercent;
}

function eligibleOf(
  localities: readonly LocalityHosts[],
  eligible: readonly Host[],
): readonly (readonly Host[])[] {
  const chosen = new Set(eligible);
  return localities.map(({ hosts }) => hosts.filter((host) => chosen.has(host)));
}
