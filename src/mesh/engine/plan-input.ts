/**
 * What request plans are made from: a head, its route, and the listener it came in by.
 *
 * `listener-state.ts` fills it in; `request-plan.ts` reads it once, and again for the clusters of a split.
 */
import type { Head, PeerFacts, Slot } from '../../core/engine.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import type { ClusterChoice } from './cluster-draw.ts';
import type { CodeCharges } from './code-charges.ts';
import type { LocalReplyMapper } from './local-reply-mapper.ts';
import type { ResponseTail } from './request-intake.ts';
import type { HttpStats } from './stats.ts';
import type { StreamIdleQueue } from './stream-idle.ts';

/** The filters of a listener, as the rest of the engine calls them (`filter-chain.ts`). */
export interface RequestFilters {
  /** @returns whether all filters let the request pass; if not, one of them holds or ended it */
  start(request: Slot, end: boolean): boolean;
  /** The timer of the filter that holds the request. */
  onTimer(request: Slot): void;
  /**
   * More of the body of a request that a filter holds came.
   *
   * @returns whether that filter waits for it, however much there is
   */
  onBody(request: Slot, end: boolean): boolean;
  /** @param status of the answer; 0 = it was not answered to the end */
  onRequestDone(request: Slot, status: number): void;
  visitStats(visit: (name: string, kind: 'counter' | 'gauge', value: number) => void): void;
}

/** The listener a request came in by, as plans know it (`listener-state.ts`). */
export interface PlanListener {
  readonly id: number;
  readonly config: ListenerConfig;
  readonly stats: HttpStats;
  /** null = no stream idle timeout. */
  readonly idle: StreamIdleQueue | null;
  /** null = responses leave as they are. */
  readonly tail: ResponseTail | null;
  /** null = answers of its own go out as they are worded. */
  readonly replyMapper: LocalReplyMapper | null;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly head: Head;
  readonly route: CompiledRoute | null;
  /** Those the route may choose, in its order; null = there is none of that name. */
  readonly clusters: readonly (Cluster | null)[];
  readonly listener: PlanListener;
  readonly filters: RequestFilters;
  readonly hasFilters: boolean;
  /** Position of the cluster in a split whose clusters differ in more than weight; -1 = none. */
  readonly variant?: number;
  /** In place of the listener's; null = off. */
  readonly idle: StreamIdleQueue | null;
  /** Whether the table decides about shares of requests. */
  readonly sharesDraw: boolean;
  /** The client; null = nothing of the plan depends on it. */
  readonly peer: PeerFacts | null;
  /** Of the plan that this is a variant of. */
  readonly refresh?: ClusterChoice | null;
  /** Absent = no. */
  readonly isHealthCheck?: boolean;
  /** null = only the cluster counts it. */
  readonly charges: CodeCharges | null;
}
