/**
 * Run-time state of one listener in one engine: routes, filters, counters and request plans.
 *
 * Routes are compiled on the first request. Plans of interned heads are kept by shape, the last
 * one at hand: a simulated request finds all that follows from its head by one comparison.
 * Invariant: plans and routes belong to one configuration; `reconfigure` drops them together.
 */
import type { Head, PeerFacts, Slot } from '../../core/engine.ts';
import { HttpHead, isGrpc } from '../../core/head.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import { RouteTable } from '../route/route-table.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import type { RouteTallies } from './code-charges.ts';
import { LocalReplyMapper } from './local-reply-mapper.ts';
import type { RequestFilters } from './plan-input.ts';
import { RequestIntake, ResponseTail } from './request-intake.ts';
import { RequestPlan } from './request-plan.ts';
import type { HttpStats } from './stats.ts';
import type { StreamIdleQueue } from './stream-idle.ts';

const NO_HEAD = new HttpHead({});

export class ListenerState {
  readonly id: number;
  readonly stats: HttpStats;
  config: ListenerConfig;
  filters: RequestFilters;
  idle: StreamIdleQueue | null;
  /** null = heads stay as clients send them. */
  intake: RequestIntake | null;
  /** null = responses leave as they are. */
  tail: ResponseTail | null;
  /** null = answers of its own go out as they are worded. */
  replyMapper: LocalReplyMapper | null;
  private readonly directory: ClusterDirectory;
  /** The queue of an idle time; null for 0. */
  private readonly idleOf: (timeoutMs: number) => StreamIdleQueue | null;
  /** A request's number for shares of requests. */
  private readonly drawOf: (uid: number) => number;
  private readonly peerOf: (connection: Slot) => PeerFacts;
  /** The `x-request-id` of a request. */
  private readonly idOf: (uid: number) => string;
  private readonly tallies: RouteTallies;
  private routes: RouteTable | null;
  private lastPlan: RequestPlan | null;
  /** By shape; null until the first. */
  private plans: Map<number, RequestPlan> | null;
  /** By route index: the clusters of a route in its order; null = there is none of that name. */
  private routeClusters: (readonly (Cluster | null)[])[];

  constructor(
    config: ListenerConfig,
    filters: RequestFilters,
    idle: StreamIdleQueue | null,
    stats: HttpStats,
    directory: ClusterDirectory,
    idleOf: (timeoutMs: number) => StreamIdleQueue | null,
    drawOf: (uid: number) => number,
    peerOf: (connection: Slot) => PeerFacts,
    idOf: (uid: number) => string,
    tallies: RouteTallies,
  ) {
    this.tallies = tallies;
    this.id = config.id;
    this.config = config;
    this.filters = filters;
    this.idle = idle;
    this.stats = stats;
    this.idOf = idOf;
    this.intake = this.intakeOf(config);
    this.tail = tailOf(config);
    this.replyMapper = mapperOf(config);
    this.directory = directory;
    this.idleOf = idleOf;
    this.drawOf = drawOf;
    this.peerOf = peerOf;
    this.routes = null;
    this.lastPlan = null;
    this.plans = null;
    this.routeClusters = [];
  }

  /** What follows from this head. */
  planOf(head: Head, uid: number, connection: Slot): RequestPlan {
    const last = this.lastPlan;
    if (last !== null && last.head === head) return last;
    if (head.shape === 0 || this.compiled.isPerRequest) {
      return this.makePlan(head, uid, connection);
    }
    let plan = this.plans?.get(head.shape);
    if (plan === undefined) {
      plan = this.makePlan(head, uid, connection);
      this.plans ??= new Map();
      this.plans.set(head.shape, plan);
    }
    this.lastPlan = plan;
    return plan;
  }

  /** Of a head that is refused before the proxy says how it came: only the client may have said it. */
  planOfRefused(head: Head, uid: number, connection: Slot): RequestPlan {
    const isRouted = head.get('x-forwarded-proto') !== undefined && head.authority !== '';
    return isRouted ? this.makePlan(head, uid, connection) : this.planOfNothing(head);
  }

  /** The plan of bytes that never were a request, or of a request without a route. */
  planOfNothing(head: Head = NO_HEAD): RequestPlan {
    return new RequestPlan({
      head,
      route: null,
      clusters: [],
      listener: this,
      filters: this.filters,
      hasFilters: false,
      idle: this.idle,
      sharesDraw: false,
      peer: null,
      charges: null,
    });
  }

  /** A route may name another idle time than the listener. */
  private idleFor(route: CompiledRoute | null): StreamIdleQueue | null {
    const action = route?.config.action;
    const ownMs = action?.kind === 'forward' ? action.idleTimeoutMs : undefined;
    return ownMs === undefined ? this.idle : this.idleOf(ownMs);
  }

  /** A header may name the cluster. */
  private clustersFor(route: CompiledRoute, head: Head): readonly (Cluster | null)[] {
    const { action } = route.config;
    if (action.kind !== 'forward') return [];
    if (action.clusterHeader === undefined) {
      const known = this.clustersOf(route);
      if (!action.clusters.some(({ clusterHeader }) => clusterHeader !== undefined)) return known;
      return action.clusters.map(({ clusterHeader }, index) => {
        if (clusterHeader === undefined) return known[index]!;
        const named = head.get(clusterHeader);
        return named === undefined ? null : this.directory.find(named);
      });
    }
    const name = head.get(action.clusterHeader);
    return [name === undefined ? null : this.directory.find(name)];
  }

  /** The clusters that a forwarding route may choose, in its order. */
  private clustersOf(route: CompiledRoute): readonly (Cluster | null)[] {
    const known = this.routeClusters[route.index];
    if (known !== undefined) return known;
    const { action } = route.config;
    const names = action.kind === 'forward' ? action.clusters : [];
    const clusters = names.map(({ cluster }) => this.directory.find(cluster));
    this.routeClusters[route.index] = clusters;
    return clusters;
  }

  /** From now on requests see this configuration; those under way keep their plans. */
  reconfigure(config: ListenerConfig, filters: RequestFilters, idle: StreamIdleQueue | null): void {
    this.config = config;
    this.filters = filters;
    this.idle = idle;
    this.intake = this.intakeOf(config);
    this.tail = tailOf(config);
    this.replyMapper = mapperOf(config);
    this.forget();
  }

  /** Routes are the same, but clusters may not be. */
  forget(): void {
    this.routes = null;
    this.lastPlan = null;
    this.plans = null;
    this.routeClusters = [];
  }

  private intakeOf(config: ListenerConfig): RequestIntake | null {
    if (config.edge === undefined && config.clientTrust === undefined) return null;
    return new RequestIntake(config, this.stats, this.idOf);
  }

  private get compiled(): RouteTable {
    this.routes ??= new RouteTable(this.config.routes);
    return this.routes;
  }

  private makePlan(head: Head, uid: number, connection: Slot): RequestPlan {
    const { compiled } = this;
    const draw = compiled.hasFractions ? this.drawOf(uid) : 0;
    const peer = compiled.isPerRequest ? this.peerOf(connection) : null;
    // No route is for tunnels unless it says so.
    const route = head.method === 'CONNECT' ? null : compiled.find(head, draw, peer);
    const clusters = route === null ? [] : this.clustersFor(route, head);
    return new RequestPlan({
      head,
      route,
      clusters,
      listener: this,
      filters: this.filters,
      hasFilters: this.config.filters.length > 0,
      idle: this.idleFor(route),
      sharesDraw: compiled.hasFractions,
      peer,
      charges:
        route === null ? null : this.tallies.chargesOf(route, head, isGrpc(head), this.config),
    });
  }
}

function tailOf({ edge, router }: ListenerConfig): ResponseTail | null {
  const isSilent = router?.suppressesEnvoyHeaders === true;
  return edge === undefined ? null : new ResponseTail(edge, isSilent);
}

function mapperOf({ localReplies }: ListenerConfig): LocalReplyMapper | null {
  return localReplies === undefined ? null : new LocalReplyMapper(localReplies);
}
