/**
 * A simulated world: hosts, their proxies, clients, the network between them, and virtual time.
 *
 * `harness/build.ts` adds hosts, proxies, call targets, clients and links, in this order; then `start`
 * arms the clients and `run` moves time, as often as wanted. This file wires the parts together;
 * `dispatcher.ts` handles what happens.
 */
import { assert } from '../core/assert.ts';
import type { Draws } from '../core/draws.ts';
import type { EndpointSet, Engine, Ports, ProxyConfig } from '../core/engine.ts';
import type { FaultTarget } from '../core/fault-target.ts';
import type { HeadInterner } from '../core/head.ts';
import type { Ns } from '../core/time.ts';
import { Answers } from './answers.ts';
import { Client } from './client/client.ts';
import { ClientCallTable } from './client/client-call-table.ts';
import { Clients } from './client/clients.ts';
import { ResponseFlags } from './client/response-flags.ts';
import { Commons } from './commons.ts';
import { Crashes } from './crashes.ts';
import { Dispatcher } from './dispatcher.ts';
import { EventKind } from './event-kind.ts';
import type { FaultParts } from './fault-verbs.ts';
import { WorldFaultTarget } from './fault-verbs.ts';
import { AppCalls } from './host/app-calls.ts';
import { ServiceModel } from './host/service-model.ts';
import { Pki } from './identity/pki.ts';
import type { Kernel } from './kernel/kernel.ts';
import { Loopbacks } from './loopbacks.ts';
import { Closing } from './net/closing.ts';
import { Connector } from './net/connector.ts';
import { Exchanges } from './net/exchanges.ts';
import { Messages } from './net/messages.ts';
import type { Network } from './net/network.ts';
import type { PortParts } from './sim-ports.ts';
import { SimPorts } from './sim-ports.ts';
import { SimProxy } from './sim-proxy.ts';
import { WorldPlan } from './world-plan.ts';
import type {
  CallTarget,
  ClientView,
  HostSpec,
  HostView,
  LoadClientSpec,
  ProxySpec,
  WorldOptions,
} from './world-spec.ts';

export class World {
  readonly kernel: Kernel;
  readonly draws: Draws;
  readonly heads: HeadInterner;
  readonly network: Network;
  readonly hosts: readonly HostView[];
  readonly clients: readonly ClientView[];
  /** Its strikes are counted in `strikes`; a fault takes one of its own from `faultTargetFor`. */
  readonly faultTarget: FaultTarget;
  /** Strikes of `faultTarget`. */
  strikes: number;

  private readonly commons: Commons;
  private readonly dispatcher: Dispatcher;
  private readonly proxies: SimProxy[];
  private readonly clientRuns: Clients;
  private readonly portParts: PortParts;
  private readonly faultParts: FaultParts;
  private readonly plan: WorldPlan;
  private readonly pki: Pki | null;

  constructor(options: WorldOptions) {
    const commons = new Commons(options);
    const clientCalls = new ClientCallTable();
    const flags = new ResponseFlags(clientCalls);
    const messages = new Messages(commons);
    const services = new ServiceModel(commons);
    const closing = new Closing(commons, messages, services);
    const exchanges = new Exchanges(commons, messages, closing, services);
    const pki = options.identity ? new Pki(commons, options.identity, options.epochMs) : null;
    const connector = new Connector(commons, messages, closing, pki);
    const loopbacks = new Loopbacks(commons, connector);
    const calls = new AppCalls(commons, loopbacks, services);
    const clients = new Clients(commons, clientCalls, loopbacks, flags);
    const answers = new Answers(commons, exchanges, closing, flags);
    services.connect(exchanges, calls);
    const drainTurns = (): void => this.dispatcher.drainTurns();
    const crashes = new Crashes({ commons, services, clients, closing, loopbacks, drainTurns });

    this.commons = commons;
    this.kernel = commons.kernel;
    this.draws = commons.draws;
    this.heads = commons.interner;
    this.network = commons.network;
    this.hosts = commons.hosts;
    this.clients = clients.list;
    this.proxies = commons.proxies;
    this.clientRuns = clients;
    const { epochMs } = options;
    this.portParts = {
      commons,
      connector,
      exchanges,
      closing,
      answers,
      loopbacks,
      flags,
      epochMs,
    };
    this.pki = pki;
    this.faultParts = { commons, messages, services, crashes, clients, pki };
    this.plan = new WorldPlan(commons, connector, loopbacks);
    this.dispatcher = new Dispatcher({
      commons,
      connector,
      exchanges,
      closing,
      services,
      calls,
      clients,
      pki,
    });
    this.strikes = 0;
    this.faultTarget = this.faultTargetFor((count) => {
      this.strikes += count;
    });
    commons.kernel.setHandler(this.dispatcher);
  }

  /** @returns its id; ids are dense from 0 */
  addHost(spec: HostSpec): number {
    return this.plan.addHost(spec);
  }

  /**
   * @param create makes the engine; it may use its ports from its first input on
   * @returns its id; ids are dense from 0
   */
  addProxy(spec: ProxySpec, create: (ports: Ports) => Engine): number {
    const proxy = new SimProxy(this.proxies.length, spec, this.draws);
    this.proxies.push(proxy);
    const host = this.commons.hosts[spec.host];
    assert(host !== undefined, `proxy ${spec.name} stands on no host`);
    if (proxy.isInbound) host.inbound = proxy;
    else host.outbound = proxy;
    proxy.engine = create(new SimPorts(proxy, this.portParts));
    this.dispatcher.drainTurns();
    return proxy.id;
  }

  /** How calls of a host's application to a service's port are sent. */
  setCallTarget(host: number, service: string, port: number, target: CallTarget): void {
    this.plan.setCallTarget(host, service, port, target);
  }

  /** @returns its id; ids are dense from 0 */
  addClient(spec: LoadClientSpec): number {
    const client = new Client(this.clientRuns.list.length, spec, this.draws);
    this.clientRuns.list.push(client);
    return client.id;
  }

  /** A target for one fault: its strikes go to `onStrike`. */
  faultTargetFor(onStrike: (count: number) => void): FaultTarget {
    return new WorldFaultTarget(this.faultParts, onStrike);
  }

  engineOf(proxy: number): Engine {
    return this.proxies[proxy]!.engine;
  }

  /** Gives a proxy another configuration, as an input of its own; between runs or in an `at` action. */
  configure(proxy: number, config: ProxyConfig): void {
    this.engineOf(proxy).onConfig(config);
    this.dispatcher.drainTurns();
  }

  /** Gives a proxy other members of a cluster; likewise. */
  updateEndpoints(proxy: number, cluster: number, members: EndpointSet): void {
    this.engineOf(proxy).onEndpoints(cluster, members);
    this.dispatcher.drainTurns();
  }

  /** Runs `action` at an instant, between events: for faults, operations and scripts. */
  at(atNs: Ns, action: () => void): void {
    this.kernel.schedule(atNs, EventKind.action, 0, this.dispatcher.addAction(action));
  }

  /** A record of `core/records.ts` that is neither the engine's nor one of this folder's. */
  record(kind: number, owner: number, a: number, b: number, c: number): void {
    this.commons.observer.record(kind, owner, a, b, c);
  }

  /**
   * Arms the clients: their requests begin in [now, untilNs). Call once, when all is added.
   * @throws RangeError when a call or a client has no target or no outbound proxy
   */
  start(untilNs: Ns): void {
    this.plan.finish(this.clientRuns.list);
    this.pki?.start();
    this.clientRuns.start(untilNs);
  }

  /** Handles everything that is due until `untilNs`, inclusive. May be called repeatedly. */
  run(untilNs: Ns): void {
    this.kernel.run(untilNs);
  }

  /**
   * Runs on until every client's request has ended and every application is idle, or until `maxNs`.
   * Call it at or after the instant given to `start`.
   * @returns whether all has ended
   */
  drain(maxNs: Ns): boolean {
    if (!this.dispatcher.isQuiet && this.nowNs < maxNs) {
      this.dispatcher.stopsWhenQuiet = true;
      this.kernel.run(maxNs);
      this.dispatcher.stopsWhenQuiet = false;
    }
    return this.dispatcher.isQuiet;
  }

  get nowNs(): Ns {
    return this.kernel.nowNs;
  }

  /** Requests of clients not yet ended. */
  get inFlight(): number {
    return this.clientRuns.inFlight;
  }

  /** Requests at applications, abandoned ones included. */
  get workInProgress(): number {
    return this.commons.work.size;
  }
}
