/**
 * The verbs that an environment fault may use on a world. The simulator implements all of them;
 * the real proxy's shim those that sockets allow.
 *
 * Every verb is a push that a matching pop undoes, so that overlapping faults compose in any order:
 * factors multiply, latencies add, losses combine as independent, a partition holds while any holds.
 * Ids (`links`, hosts, clients) are those the `TargetSelection` resolved.
 */
import type { DurationSampler } from './distributions.ts';
import type { StreamKey } from './draws.ts';
import type { Ns } from './time.ts';

/** A directed pair of host ids; -1 = any. */
export interface LinkPair {
  readonly from: number;
  readonly to: number;
}

export interface LinkVerbs {
  /**
   * Extra one-way delay on messages that start, or are under way, between these hosts.
   * @param share of the delay, 0..1; below 1 while the fault ramps up
   * @returns a handle
   */
  addLatency(
    pairs: readonly LinkPair[],
    delay: DurationSampler,
    stream: StreamKey,
    share: number,
  ): number;
  /** Another share from now on; messages under way keep what they have. */
  scaleLatency(handle: number, share: number): void;
  removeLatency(handle: number): void;
  /** Each transmission is lost with this ratio (TCP sends it again). */
  addLoss(pairs: readonly LinkPair[], ratio: number, untilNs: Ns, stream: StreamKey): number;
  removeLoss(handle: number): void;
  /** Nothing passes; what is under way waits for a retransmission after the heal. */
  cut(pairs: readonly LinkPair[]): number;
  heal(handle: number): void;
}

/** What a flush does to a cache. */
export interface CacheFlush {
  /** Of the keys, 0..1. */
  readonly share: number;
  /** Whether answers stay as stale ones, for whoever prefers those to none. */
  readonly keepsStale: boolean;
}

export interface HostVerbs {
  /** Service times are multiplied, of work in progress too. */
  slow(host: number, factor: number): void;
  unslow(host: number, factor: number): void;
  /** Connections reset, queue and work lost, dialling refused until `restart`. */
  crash(host: number): void;
  restart(host: number): void;
  /**
   * Empties a share of a host's cache; of a shared one this is done once for all hosts.
   * @param occurrence keys the draws, with each key's number
   * @returns answers struck, 0 without a cache
   */
  flushCache(host: number, how: CacheFlush, stream: StreamKey, occurrence: number): number;
  /** Nothing is stored in its cache until `releaseCache`. */
  holdCache(host: number): void;
  releaseCache(host: number): void;
}

export interface LoadVerbs {
  /** Multiplies the arrival rate (open loop) or the users (closed loop) of a client. */
  scale(client: number, factor: number): void;
  unscale(client: number, factor: number): void;
}

/** Without a virtual PKI these do nothing. */
export interface IdentityVerbs {
  /**
   * These workloads get no new certificate; each renewal that fails is a strike.
   * @param why a `RenewalFailure`, for records
   * @returns a handle
   */
  blockRenewal(hosts: readonly number[], why: number): number;
  unblockRenewal(handle: number): void;
  /** The workload's certificate expires, and is not renewed. @returns whether it has one */
  expire(host: number): boolean;
  unexpire(host: number): void;
}

export interface ClockVerbs {
  /** Moves a machine's wall clock; negative = back. Undone by the same distance the other way. */
  skew(host: number, byNs: number): void;
}

export interface FaultTarget {
  readonly links: LinkVerbs;
  readonly hosts: HostVerbs;
  readonly load: LoadVerbs;
  readonly identity: IdentityVerbs;
  readonly clock: ClockVerbs;
  /** Call once per thing really affected (a message delayed, a host slowed): zero strikes = inconclusive. */
  strike(count: number): void;
}
