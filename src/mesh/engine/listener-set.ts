/**
 * The listeners of an engine and their counters, from one configuration to the next.
 *
 * Invariant: a listener keeps its position for good, because connections hold it.
 */
import { assert } from '../../core/assert.ts';
import { REQUEST_IDS, requestIdOf } from '../../core/request-id.ts';
import type { ListenerConfig, MeshConfig } from '../config/config.ts';
import { RouteTallies } from './code-charges.ts';
import type { EngineContext } from './context.ts';
import type { FilterChainOwner } from './filter-chain.ts';
import { FilterChain } from './filter-chain.ts';
import { ListenerState } from './listener-state.ts';
import { HttpStats } from './stats.ts';
import { StreamIdleQueue } from './stream-idle.ts';

export class ListenerSet {
  private readonly context: EngineContext;
  private readonly owner: FilterChainOwner;
  private readonly stats: HttpStats[];
  /** By idle time in ms. */
  private readonly routeQueues: Map<number, StreamIdleQueue>;
  private readonly tallies: RouteTallies;

  constructor(config: MeshConfig, context: EngineContext, owner: FilterChainOwner) {
    this.context = context;
    this.owner = owner;
    this.stats = [];
    this.routeQueues = new Map();
    this.tallies = new RouteTallies(config.locality ?? '');
    for (const listener of config.listeners) this.add(listener);
  }

  /** @param id of the configuration; it must have been in it */
  positionOf(id: number): number {
    const position = this.context.listeners.findIndex((listener) => listener.id === id);
    assert(position >= 0, `no listener has the id ${id}`);
    return position;
  }

  /** A listener that is gone keeps serving the connections it has, as it was. */
  apply(config: MeshConfig): void {
    const known = [...this.context.listeners];
    for (const next of config.listeners) {
      const state = known.find((listener) => listener.id === next.id);
      if (state === undefined) this.add(next);
      else if (state.config === next) state.forget();
      else state.reconfigure(next, this.filtersOf(next, state), this.idleOf(next, state));
    }
  }

  /** Idle times follow the pressure; requests under way keep theirs. */
  scaleTimers(): void {
    const { listeners, overload } = this.context;
    for (const listener of listeners) {
      const fullMs = listener.config.streamIdleTimeoutMs;
      const ms = overload?.scaledMs('HTTP_DOWNSTREAM_STREAM_IDLE', fullMs) ?? fullMs;
      listener.idle = this.queueOf(ms);
      listener.forget();
    }
  }

  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void {
    for (const stats of this.stats) stats.visit(visit);
    for (const listener of this.context.listeners) listener.filters.visitStats(visit);
    this.tallies.visitStats(visit);
  }

  private add(config: ListenerConfig): void {
    let stats = this.stats.find(({ prefix }) => prefix === config.statPrefix);
    if (stats === undefined) {
      stats = new HttpStats(config.statPrefix);
      if (config.tcp === undefined) this.stats.push(stats);
    }
    const filters = new FilterChain(config, this.context, this.owner);
    const idle = this.idleOf(config, null);
    const { directory } = this.context;
    const { draws } = this.context.ports;
    const state = new ListenerState(
      config,
      filters,
      idle,
      stats,
      directory,
      (timeoutMs) => this.queueOf(timeoutMs),
      (uid) => this.context.shareDraw(uid),
      (connection) => this.context.downstreams.peerOf(connection),
      (uid) => requestIdOf(draws, draws.stream(REQUEST_IDS), uid),
      this.tallies,
    );
    this.context.listeners.push(state);
  }

  /** A queue serves one timeout; another one needs another queue, and the old one runs empty. */
  private idleOf(next: ListenerConfig, state: ListenerState | null): StreamIdleQueue | null {
    const timeoutMs = next.streamIdleTimeoutMs;
    if (timeoutMs === 0) return null;
    if (state !== null && state.idle?.timeoutMs === timeoutMs) return state.idle;
    return this.addQueue(timeoutMs);
  }

  /** Routes that name the same idle time share a queue. */
  private queueOf(timeoutMs: number): StreamIdleQueue | null {
    if (timeoutMs === 0) return null;
    const known = this.routeQueues.get(timeoutMs);
    if (known !== undefined) return known;
    const made = this.addQueue(timeoutMs);
    this.routeQueues.set(timeoutMs, made);
    return made;
  }

  private addQueue(timeoutMs: number): StreamIdleQueue {
    const { idleQueues, ports, requests } = this.context;
    const made = new StreamIdleQueue(timeoutMs, idleQueues.length, ports, requests);
    idleQueues.push(made);
    return made;
  }

  /** Filters that did not change stay, with their counters and the requests they hold. */
  private filtersOf(next: ListenerConfig, state: ListenerState): ListenerState['filters'] {
    const isSame = JSON.stringify(next.filters) === JSON.stringify(state.config.filters);
    return isSame ? state.filters : new FilterChain(next, this.context, this.owner);
  }
}
