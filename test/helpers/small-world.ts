/**
 * Small simulated worlds for tests, without the real engine: services and clients by name, every host
 * with a pass-through proxy on each side, and an observer that counts.
 */
import type { DistributionSpec } from '../../src/core/distributions.ts';
import { DurationSampler } from '../../src/core/distributions.ts';
import type { Endpoint } from '../../src/core/engine.ts';
import { RecordKind } from '../../src/core/records.ts';
import { MILLISECOND } from '../../src/core/time.ts';
import type { Observer } from '../../src/sim/observer.ts';
import { World } from '../../src/sim/world.ts';
import type { HostSpec, HostView, LinkModel, WorldOptions } from '../../src/sim/world-spec.ts';
import type { CallStep, CallTo } from '../../src/workload/call-step.ts';
import type { ClosedLoad, LoadSpec } from '../../src/workload/load.ts';
import type { PassThroughOptions } from './pass-through-engine.ts';
import { PassThroughEngine, SharedSlots } from './pass-through-engine.ts';

export interface Seen {
  readonly kind: number;
  readonly owner: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly atNs: number;
}

export interface Done {
  readonly client: number;
  readonly status: number;
  readonly ok: boolean;
  readonly latencyNs: number;
  readonly flag: number;
  readonly atNs: number;
}

/** Keeps everything it is told. */
export class KeepingObserver implements Observer {
  readonly records: Seen[] = [];
  readonly done: Done[] = [];
  started = 0;
  now: () => number = () => 0;

  record(kind: number, owner: number, a: number, b: number, c: number): void {
    this.records.push({ kind, owner, a, b, c, atNs: this.now() });
  }
  requestLogged(): void {}
  clientStarted(): void {
    this.started++;
  }
  clientDone(client: number, status: number, ok: boolean, latencyNs: number, flag: number): void {
    this.done.push({ client, status, ok, latencyNs, flag, atNs: this.now() });
  }

  of(kind: number): Seen[] {
    return this.records.filter((record) => record.kind === kind);
  }
  count(kind: number): number {
    return this.of(kind).length;
  }
  statuses(): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const { status } of this.done) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }
}

export function constant(ns: number): DurationSampler {
  return new DurationSampler({ kind: 'constant', valueNs: ns });
}
export function sampler(spec: DistributionSpec): DurationSampler {
  return new DurationSampler(spec);
}
export function exponential(meanNs: number): DurationSampler {
  return new DurationSampler({ kind: 'exponential', meanNs });
}

export function callTo(to: string, more: Partial<CallTo> = {}): CallTo {
  return {
    kind: 'call',
    to,
    port: 80,
    method: 'GET',
    path: `/${to}`,
    headers: [],
    bodyBytes: 0,
    share: 1,
    times: 1,
    inParallel: false,
    timeoutNs: 0,
    onError: 'fail',
    ...more,
  };
}

export function poisson(rateRps: number): LoadSpec {
  return {
    kind: 'open',
    arrivals: 'poisson',
    rateRps,
    burstSize: 0,
    burstEveryNs: 0,
    stages: [],
  };
}

export function constantRate(rateRps: number): LoadSpec {
  return { ...poisson(rateRps), arrivals: 'constant' } as LoadSpec;
}
/** The first burst is at time 0. */
export function burst(burstSize: number, burstEveryNs: number): LoadSpec {
  const rateRps = (burstSize * 1e9) / burstEveryNs;
  return { ...poisson(rateRps), arrivals: 'bursts', burstSize, burstEveryNs } as LoadSpec;
}
export function users(count: number, thinkNs: number, more: Partial<ClosedLoad> = {}): LoadSpec {
  const thinkTime: DistributionSpec = { kind: 'constant', valueNs: thinkNs };
  return { kind: 'closed', users: count, thinkTime, iterations: 0, stages: [], ...more };
}

export interface ServiceOptions extends Partial<HostSpec> {
  readonly instances?: number;
  readonly calls?: readonly CallStep[];
}
export interface ClientOptions {
  readonly to: string;
  readonly load: LoadSpec;
  readonly instances?: number;
  readonly deadlineNs?: number;
}

export interface SmallWorldOptions {
  readonly services: Record<string, ServiceOptions>;
  readonly clients: Record<string, ClientOptions>;
  readonly seed?: string;
  /** One-way; default 1 ms. */
  readonly latencyNs?: number;
  readonly link?: LinkModel;
  /** An inbound proxy at each service. Default true. */
  readonly inbound?: boolean;
  readonly overhead?: DurationSampler | null;
  readonly outbound?: Partial<PassThroughOptions>;
  readonly world?: Partial<WorldOptions>;
}

export class SmallWorld {
  readonly world: World;
  readonly observer = new KeepingObserver();
  readonly slots = { connections: new SharedSlots(), streams: new SharedSlots() };
  readonly engines: PassThroughEngine[] = [];
  private readonly options: SmallWorldOptions;
  private readonly hostsOf = new Map<string, number[]>();
  private addresses = 0;

  constructor(options: SmallWorldOptions) {
    this.options = options;
    this.world = new World({
      seed: options.seed ?? 'test',
      epochMs: 0,
      observer: this.observer,
      ...options.world,
    });
    this.observer.now = () => this.world.nowNs;
    this.world.network.setDefault(
      options.link ?? { latency: constant(options.latencyNs ?? MILLISECOND), loss: 0 },
    );
    for (const [name, service] of Object.entries(options.services)) this.addService(name, service);
    for (const [name, service] of Object.entries(options.services)) {
      for (const host of this.hosts(name)) this.connect(host, service.calls ?? []);
    }
    for (const [name, client] of Object.entries(options.clients)) this.addClient(name, client);
  }

  /** Host ids of a service or client. */
  hosts(name: string): number[] {
    return this.hostsOf.get(name) ?? [];
  }

  host(name: string, index = 0): HostView {
    return this.world.hosts[this.hosts(name)[index]!]!;
  }

  runAll(untilNs: number, drainNs = 100 * untilNs): this {
    this.world.start(untilNs);
    this.world.run(untilNs);
    this.world.drain(untilNs + drainNs);
    return this;
  }

  /** Whatever began has ended, and every engine agrees. */
  problems(): string[] {
    const { observer, world } = this;
    const found: string[] = [];
    const check = (name: string, got: number, expected: number): void => {
      if (got !== expected) found.push(`${name}: ${got}, expected ${expected}`);
    };
    check('client requests ended', observer.done.length, observer.started);
    const calls = observer.count(RecordKind.callStarted);
    check('calls ended', observer.count(RecordKind.callDone), calls);
    check('in flight', world.inFlight, 0);
    check('work in progress', world.workInProgress, 0);
    check('busy workers', sum(world.hosts.map((host) => host.busyWorkers)), 0);
    check('queued', sum(world.hosts.map((host) => host.queueLength)), 0);
    check('requests open in engines', sum(this.engines.map((e) => e.requests.size)), 0);
    check('streams taken', this.slots.streams.taken, 0);
    check(
      'connections',
      this.slots.connections.taken,
      sum(this.engines.map((e) => e.connections.size)),
    );
    return found;
  }

  private addService(name: string, service: ServiceOptions): void {
    const { instances = 1, ...rest } = service;
    const ids: number[] = [];
    this.hostsOf.set(name, ids);
    for (let index = 0; index < instances; index++) {
      const host = this.addHost(`${name}-${index}`, name, rest);
      ids.push(host);
      if (this.options.inbound === false) continue;
      const address = this.endpoint(host);
      this.addEngine(host, 'inbound', [address]);
    }
  }

  private addHost(name: string, service: string, more: Partial<HostSpec>): number {
    const number = this.addresses++;
    return this.world.addHost({
      name,
      service,
      version: '',
      address: `10.0.${number >> 8}.${number & 255}:8080`,
      workers: 0,
      queueLimit: null,
      serviceTime: constant(MILLISECOND),
      errors: [],
      responseBytes: 0,
      onAbandon: 'keep-working',
      calls: [],
      identity: this.options.world?.identity ? `spiffe://td/ns/default/sa/${service}` : '',
      ...more,
    });
  }

  /** An outbound proxy, with a way to each service called. */
  private connect(host: number, steps: readonly CallStep[]): void {
    const names = new Set(
      steps.flatMap((step) => (step.kind === 'call' ? [step.to] : step.steps.map((s) => s.to))),
    );
    if (names.size === 0) return;
    const all = [...names].flatMap((name) => this.hosts(name));
    // One pass-through engine knows one cluster only, so a host calls one service.
    this.addEngine(
      host,
      'outbound',
      all.map((id) => this.endpoint(id)),
    );
    for (const name of names) {
      this.world.setCallTarget(host, name, 80, { listener: 0, authority: name });
    }
  }

  private addClient(name: string, client: ClientOptions): void {
    const ids: number[] = [];
    this.hostsOf.set(name, ids);
    for (let index = 0; index < (client.instances ?? 1); index++) {
      const host = this.addHost(`${name}-${index}`, name, {});
      ids.push(host);
      this.connect(host, [callTo(client.to)]);
    }
    this.world.addClient({
      name,
      instances: ids,
      load: client.load,
      head: { method: 'GET', path: '/', headers: [], bodyBytes: 0 },
      service: client.to,
      port: 80,
      deadlineNs: client.deadlineNs ?? 0,
    });
  }

  private addEngine(host: number, role: 'inbound' | 'outbound', endpoints: Endpoint[]): void {
    const name = `${role}-${host}`;
    const more = role === 'outbound' ? this.options.outbound : undefined;
    this.world.addProxy({ host, role, name, overhead: this.options.overhead ?? null }, (ports) => {
      const engine = new PassThroughEngine(ports, {
        slots: this.slots,
        heads: this.world.heads,
        endpoints,
        ...more,
      });
      this.engines.push(engine);
      return engine;
    });
  }

  private endpoint(host: number): Endpoint {
    return {
      id: host,
      address: `10.0.${host >> 8}.${host & 255}:8080`,
      hostname: `host-${host}`,
      labels: {},
      locality: '',
      weight: 1,
      priority: 0,
      health: 'healthy',
    };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
