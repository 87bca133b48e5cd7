/**
 * The real proxy, put together: engine, ports on real sockets, listeners, admin and access log.
 *
 * Called by `cli/proxy.ts` and by tests. `stop` drains: no new connections, running requests may
 * finish within the drain time, then everything closes and the log is written out.
 */
import { Draws } from '../core/draws.ts';
import type { EndpointSet, Engine, RequestLogEntry } from '../core/engine.ts';
import { UsageError } from '../core/errors.ts';
import { MILLISECOND, type Ns } from '../core/time.ts';
import type { MeshConfig } from '../mesh/config/config.ts';
import { PolicyEngine } from '../mesh/engine/engine.ts';
import { EngineTables } from '../mesh/engine/tables.ts';
import type { AccessLog } from './access-log/access-log.ts';
import { formatAddress, isLoopback, type SocketAddress } from './addresses.ts';
import { Admin } from './admin/admin.ts';
import { MonotonicClock } from './clock.ts';
import { type Direction, Downstreams } from './downstreams.ts';
import type { ConnectionClock } from './http1/downstream-context.ts';
import { Listener } from './listener.ts';
import { RealPorts } from './real-ports.ts';
import { RequestIdentity } from './request-identity.ts';
import { TimerQueue } from './timer-queue.ts';
import { Turns } from './turns.ts';
import { unlistenedEntry } from './unlistened.ts';
import { Upstreams } from './upstreams.ts';

/** One of the proxy's own addresses. */
export interface ListenOption {
  readonly direction: Direction;
  readonly address: SocketAddress;
  /** Id of the only listener behind it; absent = the Host of a request chooses one. */
  readonly listener?: number;
}

export interface ProxyOptions {
  readonly config: MeshConfig;
  /** Equal seeds make equal draws for the n-th request. */
  readonly seed: string;
  readonly listen: readonly ListenOption[];
  /** null = no admin address. */
  readonly admin: SocketAddress | null;
  readonly accessLog: AccessLog | null;
  readonly allowNonLoopback: boolean;
  /** Told each decision of the engine. Source: core/records.ts. */
  readonly onRecord?: (kind: number, a: number, b: number, c: number) => void;
  /** Told each finished request. The entry is reused: read it at once. */
  readonly onRequestLog?: (entry: RequestLogEntry) => void;
}

/** What a proxy holds right now. */
export interface ProxyUsage {
  readonly clientConnections: number;
  readonly requests: number;
  readonly upstreamConnections: number;
  readonly streams: number;
  readonly timers: number;
}

/** A proxy that serves. */
export interface RunningProxy {
  /** host:port of each listening address, in the order of `ProxyOptions.listen`. */
  readonly addresses: readonly string[];
  /** host:port; null = none. */
  readonly adminAddress: string | null;
  readonly engine: Engine<MeshConfig>;
  /** New members of a cluster. */
  setEndpoints(cluster: number, members: EndpointSet): void;
  /** Of a resource monitor; 0..1. */
  setPressure(monitor: string, pressure: number): void;
  readonly usage: ProxyUsage;
  /** Rejects when the engine contradicts itself; the proxy then serves nothing any more. */
  readonly failed: Promise<never>;
  /**
   * Drains for at most `drainTimeNs`, closes everything and writes the access log out.
   * @throws what `failed` rejects with
   */
  stop(drainTimeNs: Ns): Promise<void>;
}

/** Of client connections. */
const CONNECTION_CLOCK: ConnectionClock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayNs, action) => {
    const timer = setTimeout(action, delayNs / MILLISECOND);
    return () => clearTimeout(timer);
  },
  soon: queueMicrotask,
};
/** How often a draining proxy looks whether its last connection is gone. */
const DRAIN_POLL_MS = 5;
/** How often a starting proxy looks whether its hosts are checked. */
const READY_POLL_MS = 2;

/**
 * @throws UsageError for an address that others could reach, unless they may
 * @throws EnvironmentError when an address cannot be had
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  refuseNonLoopback(options);
  const proxy = new AssembledProxy(options);
  try {
    await proxy.listen();
  } catch (error) {
    await proxy.stop(0);
    throw error;
  }
  return proxy;
}

class AssembledProxy implements RunningProxy {
  readonly engine: PolicyEngine;
  readonly failed: Promise<never>;
  private readonly options: ProxyOptions;
  private readonly timers: TimerQueue;
  private readonly turns: Turns;
  private readonly upstreams: Upstreams;
  private readonly downstreams: Downstreams;
  private readonly listeners: Listener[];
  private readonly admin: Admin | null;
  private isDraining = false;
  private failure: unknown = null;

  constructor(options: ProxyOptions) {
    const { config } = options;
    this.options = options;
    const clock = new MonotonicClock();
    const { promise, reject } = failurePromise();
    this.failed = promise;
    const turns = new Turns(clock, (error) => {
      this.failure = error;
      reject(error);
    });
    const draws = new Draws(options.seed);
    this.turns = turns;
    this.timers = new TimerQueue(clock, (kind, slot) => {
      turns.run((engine) => engine.onTimer(kind, slot));
    });
    this.upstreams = new Upstreams(turns);
    const { timers, upstreams } = this;
    const identity = new RequestIdentity(draws);
    const downstreams = new Downstreams(turns, identity, CONNECTION_CLOCK, (refused) => {
      observer.logRequest(unlistenedEntry(refused, clock.readNs()));
    });
    const observer = {
      logRequest: (entry: RequestLogEntry) => {
        options.accessLog?.log(entry, clock.nowNs, downstreams.timesOf(entry.request));
        options.onRequestLog?.(entry);
      },
      record: options.onRecord ?? (() => {}),
    };
    this.downstreams = downstreams;
    const ports = new RealPorts({ clock, timers, draws, upstreams, downstreams, observer });
    this.engine = new PolicyEngine(config, ports, new EngineTables());
    turns.attach(this.engine);
    this.listeners = options.listen.map(
      ({ direction, listener }) =>
        new Listener(downstreams.contextOf(config, direction, listener ?? null)),
    );
    this.admin =
      options.admin === null
        ? null
        : new Admin({
            engine: this.engine,
            config,
            state: () => (this.isDraining ? 'DRAINING' : 'LIVE'),
          });
  }

  async listen(): Promise<void> {
    // As Envoy: nobody is let in before the first health checks are over.
    while (!this.engine.isReady && this.failure === null) {
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    for (const [index, { address }] of this.options.listen.entries()) {
      await this.listeners[index]!.listen(address);
    }
    if (this.options.admin !== null) await this.admin?.listen(this.options.admin);
  }

  get addresses(): readonly string[] {
    return this.listeners.map((listener) => listener.address);
  }

  get adminAddress(): string | null {
    return this.admin?.address ?? null;
  }

  get usage(): ProxyUsage {
    const { downstreams, upstreams, timers } = this;
    return {
      clientConnections: downstreams.connectionCount,
      requests: downstreams.requestCount,
      upstreamConnections: upstreams.connectionCount,
      streams: upstreams.streamCount,
      timers: timers.size,
    };
  }

  setEndpoints(cluster: number, members: EndpointSet): void {
    this.turns.run((engine) => engine.onEndpoints(cluster, members));
  }

  setPressure(monitor: string, pressure: number): void {
    this.turns.run((engine) => engine.onPressure(monitor, pressure));
  }

  async stop(drainTimeNs: Ns): Promise<void> {
    this.isDraining = true;
    this.turns.run((engine) => engine.onDrain('start', drainTimeNs));
    for (const listener of this.listeners) listener.startDraining();
    await this.connectionsGone(drainTimeNs / MILLISECOND);
    for (const listener of this.listeners) listener.destroy();
    await this.connectionsGone(DRAIN_POLL_MS * 20);
    this.turns.stop();
    this.timers.close();
    this.upstreams.closeAll();
    this.admin?.close();
    await this.options.accessLog?.close();
    if (this.failure !== null) throw this.failure;
  }

  /** Resolves when no client is connected any more, or the time is over. */
  private async connectionsGone(timeoutMs: number): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    while (this.listeners.some((item) => item.connectionCount > 0) && Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }
}

/** A promise that nobody has to wait for. */
function failurePromise(): { promise: Promise<never>; reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  promise.catch(() => {});
  return { promise, reject };
}

function refuseNonLoopback(options: ProxyOptions): void {
  if (options.allowNonLoopback) return;
  const addresses = options.listen.map((item) => item.address);
  if (options.admin !== null) addresses.push(options.admin);
  for (const { host, port } of addresses) {
    if (isLoopback(host)) continue;
    throw new UsageError(
      `${formatAddress(host, port)} is not a loopback address; ` +
        '--allow-non-loopback lets other machines reach this proxy',
    );
  }
}
