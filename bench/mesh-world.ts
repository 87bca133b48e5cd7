/**
 * The three-tier model on the real parts: kernel, network, hosts and one policy engine per proxy.
 *
 * `lean`: an outbound engine per caller, delays of proxy and network folded into one event per
 * direction. `full`: outbound and inbound engines, every delay its own event, a 1 % fault filter.
 */

import { Digest } from '../src/core/digest.ts';
import { DurationSampler } from '../src/core/distributions.ts';
import type { Endpoint, RequestLogEntry } from '../src/core/engine.ts';
import { Histogram } from '../src/core/histogram.ts';
import type { Ns } from '../src/core/time.ts';
import {
  envoyCluster,
  envoyForward,
  envoyListener,
  envoyOutlier,
  envoyRetryPolicy,
  envoyRoute,
  envoyVirtualHost,
} from '../src/mesh/config/complete.ts';
import type {
  ClusterConfig,
  FilterConfig,
  ListenerConfig,
  MeshConfig,
} from '../src/mesh/config/config.ts';
import { EngineTables, PolicyEngine } from '../src/mesh/engine/engine.ts';
import type { Observer } from '../src/sim/observer.ts';
import { World } from '../src/sim/world.ts';
import * as model from './model.ts';

export interface MeshWorldOptions {
  readonly mode: 'lean' | 'full';
  readonly endpoints: number;
  /** Services in the chain, 1 to 3. */
  readonly tiers: number;
  readonly perTryTimeoutNs: Ns;
  readonly rateRps: number;
  /** Fold every record into a digest, as every run of `meshquake run` does. */
  readonly digest: boolean;
  /** Median of one direction of a hop. */
  readonly delayNs: Ns;
  /** Mean time a worker works on a request. */
  readonly serviceNs: Ns;
  /** Per instance of the first tier. */
  readonly workers: number;
}

export const LEAN: MeshWorldOptions = {
  mode: 'lean',
  endpoints: model.ENDPOINTS,
  tiers: model.TIERS,
  perTryTimeoutNs: model.PER_TRY_TIMEOUT_NS,
  rateRps: model.RATE_RPS,
  digest: true,
  delayNs: model.DELAY_MEDIAN_NS,
  serviceNs: model.MEAN_SERVICE_NS,
  workers: model.HELD_WORKERS[0],
};

const UNLIMITED = 1_000_000_000;
const PORT = 80;

/** Counts and records what the model asks for: one histogram record per hop and one per request. */
class BenchObserver implements Observer {
  readonly digest = new Digest();
  readonly hops = new Histogram();
  readonly requests = new Histogram();
  done = 0;
  clock: { readonly nowNs: Ns } = { nowNs: 0 };
  private readonly folds: boolean;

  constructor(folds: boolean) {
    this.folds = folds;
  }

  record(kind: number, owner: number, a: number, b: number, c: number): void {
    if (this.folds) this.digest.fold(kind, this.clock, a, b ^ owner, c);
  }

  requestLogged(_proxy: number, entry: RequestLogEntry): void {
    this.hops.record(entry.durationNs);
  }

  clientStarted(): void {}

  clientDone(_client: number, _status: number, _ok: boolean, latencyNs: Ns): void {
    this.requests.record(latencyNs);
    this.done++;
  }
}

/** A running world; `advance` simulates until that many more requests have ended. */
export class MeshWorld {
  readonly world: World;
  readonly observer: BenchObserver;
  readonly tables = new EngineTables();
  private readonly options: MeshWorldOptions;
  private nextEndpointId = 0;

  constructor(options: MeshWorldOptions) {
    this.options = options;
    this.observer = new BenchObserver(options.digest);
    this.world = new World({
      seed: 'bench',
      epochMs: 0,
      observer: this.observer,
      foldDelays: options.mode === 'lean',
    });
    this.observer.clock = this.world.kernel;
    this.build();
    this.world.start(Number.MAX_SAFE_INTEGER);
  }

  advance(requests: number): void {
    const target = this.observer.done + requests;
    const stepNs = 10_000_000;
    while (this.observer.done < target) this.world.run(this.world.nowNs + stepNs);
  }

  private build(): void {
    const delay = new DurationSampler({
      kind: 'lognormal',
      meanNs: Math.round(this.options.delayNs * Math.exp(model.DELAY_SIGMA ** 2 / 2)),
      sigma: model.DELAY_SIGMA,
    });
    this.world.network.setDefault({ latency: delay, loss: 0 });
    const tiers = Array.from({ length: this.options.tiers }, (_, tier) => this.addTier(tier));
    const caller = this.addHost('client', 'client', 0, 0, []);
    this.addOutbound(caller, 0, tiers[0]!);
    tiers.slice(0, -1).forEach((tier, index) => {
      for (const { host } of tier) this.addOutbound(host, index + 1, tiers[index + 1]!);
    });
    if (this.options.mode === 'full') {
      for (const { host, endpoint } of tiers.flat()) this.addInbound(host, endpoint);
    }
    this.world.addClient({
      name: 'client',
      instances: [caller],
      load: {
        kind: 'open',
        arrivals: 'poisson',
        rateRps: this.options.rateRps,
        burstSize: 0,
        burstEveryNs: 0,
        stages: [],
      },
      head: { method: 'GET', path: '/', headers: [], bodyBytes: 0 },
      service: 'tier0',
      port: PORT,
      deadlineNs: 0,
    });
  }

  private addTier(tier: number): { host: number; endpoint: Endpoint }[] {
    return Array.from({ length: this.options.endpoints }, (_, i) => {
      const address = `10.${tier}.${i >> 8}.${i & 255}:${PORT}`;
      const host = this.addHost(
        `tier${tier}-${i}`,
        `tier${tier}`,
        tier,
        tier === 0 ? this.options.workers : (model.HELD_WORKERS[tier] ?? model.WORKERS),
        [address],
      );
      return { host, endpoint: this.endpoint(address, `tier${tier}-${i}`) };
    });
  }

  private addHost(
    name: string,
    service: string,
    tier: number,
    workers: number,
    addresses: readonly string[],
  ): number {
    const isServer = addresses.length > 0;
    const next = tier + 1;
    return this.world.addHost({
      name,
      service,
      version: '',
      address: addresses[0] ?? `${name}:0`,
      workers,
      queueLimit: null,
      serviceTime: new DurationSampler(
        isServer
          ? { kind: 'exponential', meanNs: this.options.serviceNs }
          : { kind: 'constant', valueNs: 0 },
      ),
      errors: isServer ? [{ status: 503, ratio: model.FAILURE_RATIO }] : [],
      responseBytes: 0,
      onAbandon: 'keep-working',
      calls:
        isServer && next < this.options.tiers
          ? [
              {
                kind: 'call',
                to: `tier${next}`,
                port: PORT,
                method: 'GET',
                path: '/',
                headers: [],
                bodyBytes: 0,
                share: 1,
                times: 1,
                inParallel: false,
                timeoutNs: 0,
                onError: 'fail',
              },
            ]
          : [],
    });
  }

  private endpoint(address: string, hostname: string): Endpoint {
    return {
      id: this.nextEndpointId++,
      address,
      hostname,
      labels: {},
      locality: '',
      weight: 1,
      priority: 0,
      health: 'healthy',
    };
  }

  private addOutbound(
    host: number,
    tier: number,
    members: readonly { endpoint: Endpoint }[],
  ): void {
    const cluster = this.cluster(
      tier,
      members.map(({ endpoint }) => endpoint),
    );
    const listener = this.listener(tier, 'outbound', cluster.name);
    this.addProxy(host, 'outbound', this.config(listener, cluster));
    this.world.setCallTarget(host, `tier${tier}`, PORT, {
      listener: tier,
      authority: `tier${tier}`,
    });
  }

  private addInbound(host: number, endpoint: Endpoint): void {
    const id = model.TIERS;
    const cluster = envoyCluster({
      id,
      name: 'inbound',
      endpoints: { version: 1, members: [endpoint] },
    });
    const listener = this.listener(id, 'inbound', 'inbound');
    this.addProxy(host, 'inbound', this.config(listener, cluster));
  }

  private addProxy(host: number, role: 'outbound' | 'inbound', config: MeshConfig): void {
    const listeners = config.listeners;
    this.world.addProxy(
      { host, role, name: config.proxyName, overhead: null, listeners },
      (ports) => new PolicyEngine(config, ports, this.tables),
    );
  }

  private config(listener: ListenerConfig, cluster: ClusterConfig): MeshConfig {
    return { version: 1, proxyName: listener.name, listeners: [listener], clusters: [cluster] };
  }

  private cluster(id: number, members: readonly Endpoint[]): ClusterConfig {
    const thresholds = {
      maxConnections: UNLIMITED,
      maxPendingRequests: UNLIMITED,
      maxRequests: UNLIMITED,
      maxRetries: UNLIMITED,
      retryBudget: null,
    };
    return envoyCluster({
      id,
      name: `tier${id}`,
      endpoints: { version: 1, members },
      lb: { kind: 'least-request', choiceCount: 2, activeRequestBias: 1, fullScan: false },
      circuitBreakers: { default: thresholds, high: thresholds },
      outlier: envoyOutlier({ consecutive5xx: model.EJECT_AFTER, maxEjectionPercent: 50 }),
      panicThresholdPercent: 0,
    });
  }

  private listener(id: number, direction: 'outbound' | 'inbound', cluster: string): ListenerConfig {
    const retry = envoyRetryPolicy({
      retryOn: ['5xx'],
      numRetries: model.MAX_RETRIES,
      perTryTimeoutMs: this.options.perTryTimeoutNs / 1e6,
    });
    const isFull = this.options.mode === 'full';
    return envoyListener({
      id,
      name: `${direction}-${id}`,
      direction,
      port: PORT,
      filters: isFull && direction === 'outbound' ? [ONE_PERCENT_DELAY] : [],
      streamIdleTimeoutMs: 0,
      routes: {
        name: 'routes',
        ignorePortInHostMatching: true,
        virtualHosts: [
          envoyVirtualHost({
            routes: [
              envoyRoute({
                action: envoyForward({
                  clusters: [{ cluster, weight: 1 }],
                  timeoutMs: 0,
                  retry: direction === 'outbound' ? retry : null,
                }),
              }),
            ],
          }),
        ],
      },
    });
  }
}

const ONE_PERCENT_DELAY: FilterConfig = {
  kind: 'fault',
  config: {
    delay: { fixedDelayMs: 1, percentage: { numerator: 1, denominator: 100 } },
    abort: null,
    headers: [],
    upstreamCluster: null,
    maxActiveFaults: null,
  },
};
