/**
 * What all parts of one world share: time, draws, heads, the tables, hosts and proxies.
 *
 * Made by `world.ts` before any part; parts keep references to what they use. Nothing here decides.
 */
import { Draws } from '../core/draws.ts';
import { HeadInterner } from '../core/head.ts';
import { DownstreamTable } from './downstream-table.ts';
import { HeadShapes } from './head-shapes.ts';
import type { Host } from './host/host.ts';
import { WorkTable } from './host/work-table.ts';
import { Kernel } from './kernel/kernel.ts';
import { Network } from './net/network.ts';
import { WireTable } from './net/wire-table.ts';
import type { Observer } from './observer.ts';
import type { RequestObserver } from './request-observer.ts';
import { RequestTable } from './request-table.ts';
import type { SimProxy } from './sim-proxy.ts';
import { TurnQueue } from './turn-queue.ts';
import type { WorldOptions } from './world-spec.ts';

const DEFAULT_MAX_WORK = 20_000_000;

export class Commons {
  readonly kernel: Kernel;
  readonly draws: Draws;
  readonly interner: HeadInterner;
  readonly heads: HeadShapes;
  readonly observer: Observer;
  readonly requestObserver: RequestObserver | null;
  readonly network: Network;
  readonly turns: TurnQueue;
  readonly wires: WireTable;
  readonly requests: RequestTable;
  readonly downstreams: DownstreamTable;
  readonly work: WorkTable;
  /** Indexed by id. */
  readonly hosts: Host[];
  /** Indexed by id. */
  readonly proxies: SimProxy[];
  readonly foldDelays: boolean;

  constructor(options: WorldOptions) {
    this.kernel = new Kernel();
    this.draws = new Draws(options.seed);
    this.interner = new HeadInterner();
    this.heads = new HeadShapes(this.interner);
    this.observer = options.observer;
    this.requestObserver = options.requestObserver ?? null;
    this.network = new Network(this.draws, this.kernel);
    this.turns = new TurnQueue();
    this.wires = new WireTable();
    this.requests = new RequestTable();
    this.downstreams = new DownstreamTable();
    this.work = new WorkTable(options.maxWork ?? DEFAULT_MAX_WORK);
    this.hosts = [];
    this.proxies = [];
    this.foldDelays = options.foldDelays ?? true;
  }

  /** The proxy whose engine has this downstream connection. */
  proxyOfDownstream(connection: number): SimProxy {
    return this.proxies[this.downstreams.proxyOf(connection)]!;
  }

  /** The proxy whose engine has this upstream connection. */
  proxyOfWire(wire: number): SimProxy {
    return this.proxies[this.wires.proxyOf(wire)]!;
  }

  /** The host at a wire's far end. */
  farHostOf(wire: number): Host {
    return this.hosts[this.wires.farHostOf(wire)]!;
  }
}
