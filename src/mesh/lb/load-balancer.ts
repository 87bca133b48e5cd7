/**
 * What a balancer is: it picks one of the candidates it is shown.
 *
 * Priority, health and panic are decided before (`cluster/host-set.ts`); the balancer sees only the
 * hosts it may choose. Adding one = one file beside this one and one line in `index.ts`.
 */
import type { Host } from '../cluster/host.ts';

/** What one pick is about. A reused object: a balancer keeps nothing of it. */
export interface Choice {
  /** int32; keys the draws of this pick. */
  readonly uid: number;
  /** Attempt of the request, from 1. */
  readonly attempt: number;
  /** 0 for the first pick of an attempt, 1, 2 … for its re-picks. */
  readonly repick: number;
  /** The hosts that may be chosen, in cluster order. Never empty. */
  readonly candidates: readonly Host[];
  /** Grows whenever `candidates` may differ from the last pick. */
  readonly generation: number;
  /** Of the request, in [0, 2^64); drawn where it has none. Set for hashing balancers only. */
  readonly hash: bigint;
  /** Requests of the cluster that are attached to connections. Set for hashing balancers only. */
  readonly clusterActive: number;
  /** Parts of the candidates, adding up to 1 or less; null = by weight. For hashing balancers. */
  readonly shares: readonly number[] | null;
  /** Keyed draw number `index` of this pick: an integer in [0, n). */
  draw(index: number, n: number): number;
}

export interface LoadBalancer {
  /** @returns index into `choice.candidates` */
  pick(choice: Choice): number;
  /** What a later pick will return, one pick further with each call since the last; -1 = unknown. */
  peek?(choice: Choice): number;
  /** A host is about to report its load (`Host.reported`). */
  beforeReport?(): void;
  /** For hashing balancers: makes the table that a pick among these hosts would need. */
  prepare?(hosts: readonly Host[], shares: readonly number[] | null, generation: number): void;
  /** Gauges of its own, below `cluster.<name>.`. */
  visitStats?(visit: (name: string, value: number) => void): void;
}
