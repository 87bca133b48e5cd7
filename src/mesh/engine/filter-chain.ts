/**
 * Walks a listener's HTTP filters for each request, in order, up to the router.
 *
 * One chain per listener; a filter that pauses holds the request until its timer resumes it or it
 * answers. What a filter keeps of a request lies in the request's row, and one `View` per filter
 * shows it to it, so an untouched request allocates nothing.
 * Source: policy-engine.md §0.4, 9; Envoy, HTTP filter chain.
 */
import type { Head, PeerFacts, Slot } from '../../core/engine.ts';
import { NO_TIMER, TimerKind } from '../../core/engine.ts';
import type { Flag, RecordKind } from '../../core/records.ts';
import type { Ns } from '../../core/time.ts';
import type { FaultConfig, FilterConfig, ListenerConfig, RouteFilters } from '../config/config.ts';
import type { Descriptor } from '../config/rate-limits.ts';
import type { HeaderAddition } from '../config/rewriting.ts';
import type { FilterStream, HttpFilter, LocalReply, ServiceCall } from '../filters/http-filter.ts';
import { createFilter } from '../filters/index.ts';
import type { DescriptorRules } from '../route/descriptors.ts';
import type { EngineContext } from './context.ts';
import type { RequestFilters } from './plan-input.ts';
import { RequestBit as Bit } from './request-table.ts';
import { ServiceCallStream } from './service-call.ts';

const NO_DESCRIPTORS: readonly Descriptor[] = [];

/** What the chain asks of the rest of the engine. */
export interface FilterChainOwner {
  /** All filters have let a request pass that one of them had held. */
  onFiltersPassed(request: Slot): void;
  /** A filter answers in place of the upstream. */
  onFilterReply(request: Slot, reply: LocalReply): void;
  /** The cluster that the route chooses; null = none. */
  clusterNameOf(request: Slot): string | null;
  /** The body of the response is to go down at this pace. */
  paceResponse(request: Slot, bytesPerSecond: number): void;
  /** Counts a status among those of that cluster. */
  chargeCluster(request: Slot, status: number): void;
}

export class FilterChain implements RequestFilters {
  private readonly filters: readonly HttpFilter[];
  private readonly views: readonly View[];
  private readonly context: EngineContext;
  private readonly owner: FilterChainOwner;
  private readonly statPrefix: string;
  private readonly configs: readonly FilterConfig[];

  constructor(config: ListenerConfig, context: EngineContext, owner: FilterChainOwner) {
    const { clock } = context.ports;
    this.filters = config.filters.map((filter) => createFilter(filter, clock));
    this.views = this.filters.map((filter, i) => {
      const label = `proxy/${context.proxyName}/listener/${config.name}/filter/${i}-${filter.name}`;
      return new View(i, context.ports.draws.stream(label), config.id, context, owner, this);
    });
    this.context = context;
    this.owner = owner;
    this.statPrefix = config.statPrefix;
    this.configs = config.filters;
  }

  start(request: Slot, end: boolean): boolean {
    if (this.filters.length === 0) return true;
    this.context.requests.set(request, Bit.filtered);
    return this.walk(request, 0, end);
  }

  onTimer(request: Slot): void {
    const { requests } = this.context;
    requests.setWaitTimer(request, NO_TIMER);
    const at = requests.needExtra(request).filterIndex;
    this.filters[at]!.onTimer?.(this.view(at, request));
  }

  onBody(request: Slot, end: boolean): boolean {
    const { requests } = this.context;
    if (!requests.has(request, Bit.filterPaused)) return false;
    const at = requests.needExtra(request).filterIndex;
    const filter = this.filters[at]!;
    if (filter.onRequestBody === undefined) return false;
    filter.onRequestBody(this.view(at, request), end);
    return true;
  }

  /** A filter's call has its answer. */
  onAnswer(request: Slot, at: number, message: Uint8Array | null): void {
    const { requests } = this.context;
    requests.needExtra(request).serviceCall = null;
    this.filters[at]!.onAnswer?.(this.view(at, request), message);
  }

  /** Called by a view. */
  resume(request: Slot, from: number): void {
    const { requests } = this.context;
    requests.clear(request, Bit.filterPaused);
    const end = requests.has(request, Bit.requestEnded);
    if (this.walk(request, from + 1, end)) this.owner.onFiltersPassed(request);
  }

  onRequestDone(request: Slot, status: number): void {
    const { requests } = this.context;
    if (!requests.has(request, Bit.filtered)) return;
    const asked = requests.has(request, Bit.routed)
      ? this.filters.length
      : requests.needExtra(request).filterIndex + 1;
    for (let i = 0; i < asked; i++) {
      if (this.isOff(i, request)) continue;
      const view = this.view(i, request);
      view.responseStatus = status;
      this.filters[i]!.onRequestDone?.(view);
    }
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    const prefix = `http.${this.statPrefix}.`;
    // Filters of one kind share their names.
    const sums = new Map<string, { kind: 'counter' | 'gauge'; value: number }>();
    for (const filter of this.filters) {
      const scope = filter.hasOwnScope === true ? '' : prefix;
      filter.visitStats?.((name, kind, value) => {
        const known = sums.get(scope + name);
        if (known === undefined) sums.set(scope + name, { kind, value });
        else known.value += value;
      });
    }
    for (const [name, { kind, value }] of sums) visit(name, kind, value);
  }

  private walk(request: Slot, from: number, end: boolean): boolean {
    const { requests } = this.context;
    for (let i = from; i < this.filters.length; i++) {
      if (this.isOff(i, request)) continue;
      if (this.filters[i]!.onRequestHead(this.view(i, request), end) === 'continue') continue;
      // It may have answered; then the request is over and its row perhaps free.
      if (requests.isOpen(request)) {
        requests.needExtra(request).filterIndex = i;
        requests.set(request, Bit.filterPaused);
      }
      return false;
    }
    return true;
  }

  /** What the route says of a filter goes before what the listener says. */
  private isOff(index: number, request: Slot): boolean {
    const config = this.configs[index]!;
    const plan = this.context.requests.planOf(request);
    const said = plan.filterConfigs;
    if (config.kind === 'fault' && plan.routeFault !== undefined) return plan.routeFault === null;
    if (said === null) return config.isDisabled === true;
    const own = said[config.kind];
    return own === undefined ? config.isDisabled === true : own === null;
  }

  private view(index: number, request: Slot): View {
    const view = this.views[index]!;
    view.request = request;
    return view;
  }
}

/** One filter's window on one request, reused from call to call. */
class View implements FilterStream {
  request: Slot;
  responseStatus: number;
  private readonly index: number;
  private readonly drawKey: number;
  private readonly listenerId: number;
  private readonly context: EngineContext;
  private readonly owner: FilterChainOwner;
  private readonly chain: FilterChain;

  constructor(
    index: number,
    drawKey: number,
    listenerId: number,
    context: EngineContext,
    owner: FilterChainOwner,
    chain: FilterChain,
  ) {
    this.request = -1;
    this.responseStatus = 0;
    this.index = index;
    this.drawKey = drawKey;
    this.listenerId = listenerId;
    this.context = context;
    this.owner = owner;
    this.chain = chain;
  }

  get state(): number {
    return this.context.requests.extraOf(this.request)?.filterStates[this.index] ?? 0;
  }
  set state(value: number) {
    const extra = this.context.requests.needExtra(this.request);
    while (extra.filterStates.length <= this.index) extra.filterStates.push(0);
    extra.filterStates[this.index] = value;
  }
  get head(): Head {
    return this.context.requests.planOf(this.request).head;
  }
  get peer(): PeerFacts {
    const { downstreams, requests } = this.context;
    return downstreams.peerOf(requests.downstreamOf(this.request));
  }
  get clusterName(): string | null {
    return this.owner.clusterNameOf(this.request);
  }
  routeFault(): FaultConfig | null | undefined {
    return this.context.requests.planOf(this.request).routeFault;
  }
  routeFilter<K extends keyof RouteFilters>(kind: K): NonNullable<RouteFilters[K]> | null {
    const filters = this.context.requests.planOf(this.request).filterConfigs;
    return (filters?.[kind] as NonNullable<RouteFilters[K]> | undefined) ?? null;
  }
  addRequestHeaders(additions: readonly HeaderAddition[]): void {
    this.context.requests.needExtra(this.request).requestAdditions.push(...additions);
  }
  addResponseHeaders(additions: readonly HeaderAddition[]): void {
    this.context.requests.needExtra(this.request).responseAdditions.push(...additions);
  }
  descriptors(rules: DescriptorRules | null, stage: number): readonly Descriptor[] {
    const used = rules ?? this.context.requests.planOf(this.request).route?.descriptors ?? null;
    if (used === null) return NO_DESCRIPTORS;
    return used.of({ head: this.head, peer: this.peer, cluster: this.clusterName ?? '' }, stage);
  }
  ask(call: ServiceCall): void {
    const { context, chain, index, request } = this;
    const uid = context.requests.uidOf(request);
    const extra = context.requests.needExtra(request);
    extra.filterIndex = index;
    const stream = new ServiceCallStream(context, uid, call, (message) => {
      chain.onAnswer(request, index, message);
    });
    extra.serviceCall = stream;
    stream.begin();
  }
  chargeCluster(status: number): void {
    this.owner.chargeCluster(this.request, status);
  }
  get bodyBytes(): number {
    const { requests } = this.context;
    const whole = requests.planOf(this.request).head.bodyBytes;
    return whole + (requests.extraOf(this.request)?.bufferedBytes ?? 0);
  }
  paceResponse(bytesPerSecond: number): void {
    this.owner.paceResponse(this.request, bytesPerSecond);
  }
  markHealthCheck(): void {
    const { requests } = this.context;
    requests.setPlan(this.request, requests.planOf(this.request).asHealthCheck());
  }
  get isHealthCheck(): boolean {
    return !this.context.requests.planOf(this.request).isCounted;
  }
  membersOf(name: string): { usable: number; total: number } | null {
    const hosts = this.context.directory.find(name)?.allHosts ?? null;
    if (hosts === null) return null;
    const usable = hosts.filter((host) => host.isHealthy || host.isDegraded).length;
    return { usable, total: hosts.length };
  }
  get ageNs(): Ns {
    const { ports, requests } = this.context;
    return ports.clock.nowNs - requests.startNsOf(this.request);
  }
  draw(index: number, n: number): number {
    const { ports, requests } = this.context;
    return ports.draws.below(this.drawKey, requests.uidOf(this.request), index, n);
  }
  arm(delayNs: Ns): void {
    const { ports, requests } = this.context;
    const timer = ports.arm(ports.clock.nowNs + delayNs, TimerKind.filter, this.request);
    requests.setWaitTimer(this.request, timer);
  }
  resume(): void {
    this.chain.resume(this.request, this.index);
  }
  respond(reply: LocalReply): void {
    this.context.requests.needExtra(this.request).filterIndex = this.index;
    this.owner.onFilterReply(this.request, reply);
  }
  setFlag(flag: Flag): void {
    this.context.requests.addFlag(this.request, flag);
  }
  record(kind: RecordKind, value: number): void {
    const uid = this.context.requests.uidOf(this.request);
    this.context.ports.record(kind, uid, this.listenerId, value);
  }
}
