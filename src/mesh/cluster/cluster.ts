/**
 * Run-time state of one cluster in one engine: hosts, balancer, breakers, detector, pools, counters.
 *
 * Made on the first use of the cluster, so that a proxy that could reach a thousand services costs
 * little until it does. The engine asks it for hosts and pools and reports results to it.
 * Invariant: `hosts`, `pools` and the host set change together, in `setMembers` and nowhere else.
 * Source: policy-engine.md §3.1, 3.7, 4.2–4.5, 6, 7.1.
 */
import type { StreamKey } from '../../core/draws.ts';
import type { DialPlan, Endpoint, EndpointSet, Head, TimerId } from '../../core/engine.ts';
import { NO_TIMER, TimerKind } from '../../core/engine.ts';
import { RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import { MILLISECOND } from '../../core/time.ts';
import type { ClusterConfig } from '../config/config.ts';
import type { FailureAccrualConfig } from '../config/linkerd.ts';
import { reportedWeight } from '../policy/load-report.ts';
import { compileRetryRules, type RetryRules } from '../policy/retry.ts';
import { RetryTokens } from '../policy/retry-tokens.ts';
import { compileHeaderMatch } from '../route/match.ts';
import type { RequestHash } from '../route/request-hash.ts';
import { CircuitBreakers } from './circuit-breakers.ts';
import { ClusterEjections, type EjectedHosts } from './cluster-ejections.ts';
import { type ClusterGate, gateOf } from './cluster-gate.ts';
import {
  type VisitStat,
  visitBreakers,
  visitCluster,
  visitDetector,
  visitMembership,
} from './cluster-gauges.ts';
import { ClusterStats } from './cluster-stats.ts';
import type { ClusterSurroundings, WaitingRoom } from './cluster-surroundings.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { compileErrorMatch, type ErrorMatcher } from './error-match.ts';
import { FailureAccrual } from './failure-accrual.ts';
import { groupMaker } from './group-maker.ts';
import { Host } from './host.ts';
import { HostGates } from './host-gates.ts';
import { HostPicker } from './host-picker.ts';
import { DELIVERED, type HostSet } from './host-set.ts';
import { type HostWish, isRejected } from './host-wish.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import { LatencyEstimate } from './latency-estimate.ts';
import { stayingBeside } from './leaving-hosts.ts';
import type { OutlierDetector } from './outlier-detection.ts';
import { isHashing, ownHash } from './own-hash.ts';
import { drainPools, emptyPools, hasRoom, limitsPools, PRIORITIES } from './pool-list.ts';
import type { PoolSettings } from './pool-settings.ts';
import { poolSettings } from './pool-settings.ts';
import { preconnectAhead } from './preconnect.ts';

/** Which circuit breakers and pools a request uses. */
export const Priority = { default: 0, high: 1 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

export class Cluster implements EjectedHosts {
  readonly config: ClusterConfig;
  /** The id of its name. */
  readonly id: number;
  /** Position in the engine's list; never reused. */
  readonly index: number;
  readonly stats: ClusterStats;
  readonly detector: OutlierDetector | null;
  /** null = hosts have no gates. */
  readonly accrual: FailureAccrual | null;
  /** null = breakers limit retries. */
  readonly retryTokens: RetryTokens | null;
  /** null = nobody has had to wait yet. */
  waitingRoom: WaitingRoom | null;
  /** Told the hosts whenever they change; null = nobody follows them. */
  onMembers: ((hosts: readonly Host[]) => void) | null;
  /** Told of hosts that say in a response that they must not be used; null = nobody checks them. */
  onPassiveFailure: ((host: Host) => void) | null;
  /** The cluster left the configuration; what is in flight goes on. */
  isRemoved: boolean;
  /** Whether its balancer wants `describe` to be called before each pick. */
  readonly readsRequests: boolean;
  /** Whether its balancer goes by what hosts report: `noteReport` is wanted. */
  readonly readsReports: boolean;
  /** Its own hash policy; null = the route's. */
  readonly hash: RequestHash | null;
  /** In place of the routes' retry rules; null = theirs count. */
  readonly retry: RetryRules | null;
  /** Whether `preconnect` is wanted before each attempt. */
  readonly preconnects: boolean;
  /** null = a response's status says whether it is an error. */
  readonly errorMatch: ErrorMatcher | null;
  /** Whether hosts with connections are limited in number. */
  readonly limitsPools: boolean;
  /** null = no request is kept out. */
  gate: ClusterGate | null;
  private readonly surroundings: ClusterSurroundings;
  /** null = no host is judged by its answers. */
  readonly ejections: ClusterEjections | null;
  private readonly breakers: readonly CircuitBreakers[];
  private readonly startNs: Ns;
  private readonly hostSet: HostSet;
  private readonly picker: HostPicker;
  private readonly poolSettings: PoolSettings;
  private readonly draws: StreamKey;
  private members: EndpointSet;
  private hosts: readonly Host[];
  /** `PRIORITIES` per host, in the order of hosts; null = not used yet. */
  private pools: (ConnectionPool | null)[];
  private mergeTimer: TimerId;

  /** @param stats those of its predecessor of the same name, which go on; null = none */
  constructor(
    config: ClusterConfig,
    members: EndpointSet,
    index: number,
    stats: ClusterStats | null,
    surroundings: ClusterSurroundings,
  ) {
    const { ports, proxyName } = surroundings;
    this.config = config;
    this.id = config.id;
    this.index = index;
    this.surroundings = surroundings;
    this.stats = stats ?? new ClusterStats();
    this.ejections =
      config.outlier === null
        ? null
        : new ClusterEjections(config, config.outlier, surroundings, this);
    this.detector = this.ejections === null ? null : this.ejections.detector;
    const { failureAccrual, retryTokens } = config;
    this.accrual = failureAccrual === undefined ? null : this.makeGates(failureAccrual);
    this.retryTokens = retryTokens === undefined ? null : new RetryTokens(retryTokens);
    this.waitingRoom = null;
    this.isRemoved = false;
    this.readsRequests = isHashing(config.lb);
    this.readsReports = config.lb.kind === 'client-side-weighted-round-robin';
    this.hash = ownHash(config.lb);
    const { retryPolicy } = config;
    this.retry =
      retryPolicy === undefined ? null : compileRetryRules(retryPolicy, compileHeaderMatch);
    this.preconnects = (config.preconnect?.predictiveRatio ?? 0) > 1;
    this.errorMatch = config.errorMatch === undefined ? null : compileErrorMatch(config.errorMatch);
    this.limitsPools = limitsPools(config.circuitBreakers);
    this.gate = gateOf(config, members);
    this.breakers = [
      new CircuitBreakers(config.circuitBreakers.default),
      new CircuitBreakers(config.circuitBreakers.high),
    ];
    const label = `proxy/${proxyName}/cluster/${config.name}`;
    this.draws = ports.draws.stream(`${label}/host`);
    const seeds = ports.draws.stream(`${label}/balancer`);
    const seed = ports.draws.int32(seeds, 0, 0) >>> 0;
    // Clusters are made on first use, but their proxies had them from their own start on.
    this.startNs = stats === null ? surroundings.sweepOriginNs : ports.clock.nowNs;
    const start = { seed, clock: ports.clock, startNs: this.startNs };
    this.members = members;
    this.hosts = members.members.map((endpoint, i) => this.makeHost(endpoint, i, this.startNs));
    this.pools = emptyPools(this.hosts.length);
    const localitySeed = (generation: number) => ports.draws.int32(seeds, generation, 1) >>> 0;
    const groupOf = groupMaker(config, this.stats, surroundings, { start, localitySeed });
    const { readsRequests } = this;
    this.picker = new HostPicker(config, groupOf, this.hosts, this.stats, readsRequests, (uid) => {
      ports.record(RecordKind.panic, uid, this.id, 0);
    });
    this.hostSet = this.picker.group.set;
    this.poolSettings = poolSettings(config, surroundings, this.stats);
    this.mergeTimer = NO_TIMER;
    this.onMembers = null;
    this.onPassiveFailure = null;
    if (members.members.length > 0) this.stats.membershipChange++;
    surroundings.localZone?.watch(config.name, this.hostSet);
  }

  /** How probes of its hosts connect. */
  get dialPlan(): DialPlan {
    return this.poolSettings.dialPlan;
  }

  get allHosts(): readonly Host[] {
    return this.hosts;
  }

  /**
   * A health check changed what a host is.
   *
   * @param isFirst whether the proxy is still starting: such a change is never held back
   */
  checkedHealthChanged(host: Host, isFirst: boolean): void {
    if (host.isLeaving && host.failsChecks) this.setMembers(this.members);
    else if (isFirst) this.healthKnown();
    else this.healthChanged();
    if (host.failsChecks) drainPools(this.pools, host);
  }

  /** Checks have begun: until the first one passes, hosts are not healthy. */
  healthKnown(): void {
    this.picker.restart();
  }

  /** A health check passed: an ejection may end early. */
  checkPassed(host: Host): void {
    this.ejections?.onCheckPassed(host);
  }

  breakersOf(priority: Priority): CircuitBreakers {
    return this.breakers[priority]!;
  }

  /**
   * The host for one attempt.
   *
   * @param tried hosts to avoid, if `repicks` allow it; null = none
   * @param repicks how often a tried host may be given back for another pick
   * @param wish of the request; null = none
   * @returns null = no healthy upstream
   */
  pickHost(
    uid: number,
    attempt: number,
    tried: readonly Host[] | null,
    repicks: number,
    wish: HostWish | null,
  ): Host | null {
    const choice = this.surroundings.choice;
    choice.uid = uid;
    choice.attempt = attempt;
    choice.stream = this.draws;
    choice.repick = 0;
    if (this.readsRequests) choice.settleHash();
    for (let repick = 0; ; repick++) {
      choice.repick = repick;
      const host = this.picker.pick(choice, wish);
      if (host === null || repick >= repicks || !isRejected(host, attempt, tried, wish)) {
        return host;
      }
    }
  }

  /**
   * What the next pick is about.
   *
   * @param hash of the request; null = it has none, so one is drawn
   */
  describe(hash: bigint | null): void {
    const { choice } = this.surroundings;
    choice.requestHash = hash;
    const [normal, high] = this.breakers;
    choice.clusterActive = normal!.requests + high!.requests;
  }

  /** An upstream's head, which may carry a report of its load. */
  noteReport(host: Host, head: Head): void {
    const { lb } = this.config;
    if (lb.kind !== 'client-side-weighted-round-robin') return;
    const weight = reportedWeight(head, lb);
    if (weight < 0) return;
    this.picker.beforeReport();
    const { nowNs } = this.surroundings.ports.clock;
    const sinceNs = host.reported === null ? nowNs : Math.min(host.reported.sinceNs, nowNs);
    host.reported = { weight, sinceNs, lastNs: nowNs };
  }

  /** Connections at hosts that requests behind the present one will go to. */
  preconnect(priority: Priority, uid: number): void {
    preconnectAhead(this.pools, this.config.preconnect!.predictiveRatio, uid, () => {
      const host = this.picker.peek(this.surroundings.choice);
      return host === null ? null : this.poolOf(host, priority);
    });
  }

  /** Whether a host without connections may have some. */
  hasRoomForPool(host: Host, priority: Priority): boolean {
    return hasRoom(this.pools, host, priority, this.breakersOf(priority).maxPools);
  }

  poolOf(host: Host, priority: Priority): ConnectionPool {
    return this.pools[host.index * PRIORITIES + priority] ?? this.addPool(host, priority);
  }

  private addPool(host: Host, priority: Priority): ConnectionPool {
    const { pools } = this.surroundings;
    const breakers = this.breakersOf(priority);
    const Pool = this.config.protocol === 'http2' ? Http2Pool : Http1Pool;
    const pool = new Pool(pools.length, this.index, host, this.poolSettings, breakers);
    pools.push(pool);
    this.pools[host.index * PRIORITIES + priority] = pool;
    return pool;
  }

  // Membership

  /** Hosts that stay keep their state; those that left drain. */
  setMembers(members: EndpointSet): void {
    const known = new Map(this.hosts.map((host) => [host.id, host]));
    const { nowNs } = this.surroundings.ports.clock;
    const oldPools = this.pools;
    const endpoints = [...members.members, ...stayingBeside(members, this.hosts, this.config)];
    const pools = emptyPools(endpoints.length);
    this.hosts = endpoints.map((endpoint, index) => {
      const host = known.get(endpoint.id);
      if (host === undefined) return this.makeHost(endpoint, index, nowNs);
      known.delete(endpoint.id);
      for (let p = 0; p < PRIORITIES; p++) {
        pools[index * PRIORITIES + p] = oldPools[host.index * PRIORITIES + p] ?? null;
      }
      host.endpoint = endpoint;
      host.index = index;
      host.isLeaving = index >= members.members.length;
      return host;
    });
    this.members = members;
    this.pools = pools;
    if (known.size > 0 || oldPools.length !== pools.length) {
      // As in Envoy, what else came with members counts only once the members differ.
      this.gate = gateOf(this.config, members);
      this.stats.membershipChange++;
    }
    for (const host of known.values()) this.removeHost(host, oldPools);
    this.onMembers?.(this.hosts);
    this.picker.replace(this.hosts, nowNs);
    this.disarmMerge();
    if (this.config.drainsOnSetChange === true) {
      for (const host of this.hosts) drainPools(this.pools, host);
    }
    this.waitingRoom?.post();
  }

  private makeGates(config: FailureAccrualConfig): FailureAccrual {
    const {
      config: { name },
      id,
      surroundings,
    } = this;
    const gates = new HostGates(surroundings, name, id, () => this.readinessChanged());
    return new FailureAccrual(config, gates);
  }

  private makeHost(endpoint: Endpoint, index: number, nowNs: Ns): Host {
    const host = new Host(endpoint, index, nowNs);
    const { lb } = this.config;
    if (lb.kind === 'peak-ewma') {
      const [rttNs, decayNs] = [lb.defaultRttMs * MILLISECOND, lb.decayMs * MILLISECOND];
      host.latency = new LatencyEstimate(rttNs, decayNs, nowNs);
    }
    return host;
  }

  private removeHost(host: Host, pools: readonly (ConnectionPool | null)[]): void {
    this.ejections?.onHostRemoved(host);
    this.accrual?.onHostRemoved(host);
    drainPools(pools, host, true);
  }

  /** The cluster is gone: nothing new, and idle connections close. */
  remove(): void {
    this.isRemoved = true;
    for (const host of this.hosts) drainPools(this.pools, host, true);
    this.ejections?.stop();
    this.disarmMerge();
    this.picker.close();
  }

  get endpoints(): EndpointSet {
    return this.members;
  }

  drainHost(host: Host): void {
    drainPools(this.pools, host);
  }

  // What comes later than its cause

  /** Applies what was posted during this input: ejections, and hosts that others wait for. */
  drainPosted(): void {
    this.ejections?.drainPosted();
    this.waitingRoom?.serve();
  }

  /** A merged health change is due. */
  onMergeTimer(): void {
    this.mergeTimer = NO_TIMER;
    this.hostSet.deliver(this.surroundings.ports.clock.nowNs);
    this.picker.deliverToSubsets(this.surroundings.ports.clock.nowNs);
  }

  // Who is ready

  /** A request of this cluster was answered. @param host that it went to; null = it got nowhere */
  countAnswer(status: number, host: Host | null, isInternal: boolean): void {
    this.stats.countCode(status, isInternal);
    if (host?.endpoint.metadata?.['canary'] === true) this.stats.countCanary(status);
  }

  /** Whether a pick would find a host. */
  get hasReadyHost(): boolean {
    return this.hostSet.hasCandidates;
  }

  /** Balancers see it at once: a gate is no health that is merged with others'. */
  private readinessChanged(): void {
    const { nowNs } = this.surroundings.ports.clock;
    this.hostSet.deliver(nowNs);
    this.picker.deliverToSubsets(nowNs);
    this.waitingRoom?.post();
  }

  healthChanged(): void {
    const { ports } = this.surroundings;
    const dueNs = this.hostSet.changed(ports.clock.nowNs);
    if (dueNs === DELIVERED) {
      this.disarmMerge();
      this.picker.deliverToSubsets(this.surroundings.ports.clock.nowNs);
    } else if (this.mergeTimer === NO_TIMER) {
      this.mergeTimer = ports.arm(dueNs, TimerKind.hostUpdateMerge, this.id);
    }
  }

  private disarmMerge(): void {
    if (this.mergeTimer !== NO_TIMER) this.surroundings.ports.disarm(this.mergeTimer);
    this.mergeTimer = NO_TIMER;
  }

  // Statistics

  visitHosts(visit: (host: Host) => void): void {
    for (const host of this.hosts) visit(host);
  }

  visitStats(visit: VisitStat): void {
    visitCluster(this.config.name, this.stats, visit);
    const gauge = (name: string, value: number) =>
      visit(`cluster.${this.config.name}.${name}`, 'gauge', value);
    this.picker.visitStats(gauge);
    visitMembership(this.hosts, gauge);
    visitBreakers(this.breakers, gauge, this.pools);
    if (this.detector !== null) visitDetector(this.config.name, this.detector.stats, visit);
  }
}
