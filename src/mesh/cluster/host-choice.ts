/**
 * The one `Choice` of an engine: filled before each pick, read by the balancer.
 *
 * Reused for all picks, so that a pick allocates nothing. Draws are keyed by the cluster's stream,
 * the request and (attempt, re-pick, index): other requests and other attempts cannot shift them.
 */
import type { Draws, StreamKey } from '../../core/draws.ts';
import type { Choice } from '../lb/load-balancer.ts';
import type { Host } from './host.ts';

/** The draws of a hash, out of the way of the balancers' own: two of 31 bits and one of 2. */
const HASH_DRAW = 4092;
const HALF_RANGE = 0x80000000;

export class HostChoice implements Choice {
  uid: number;
  attempt: number;
  repick: number;
  candidates: readonly Host[];
  generation: number;
  stream: StreamKey;
  /** What the request says, before `hash` is drawn; null = nothing. */
  requestHash: bigint | null;
  hash: bigint;
  clusterActive: number;
  shares: readonly number[] | null;
  private readonly draws: Draws;

  constructor(draws: Draws) {
    this.draws = draws;
    this.uid = 0;
    this.attempt = 0;
    this.repick = 0;
    this.candidates = [];
    this.generation = 0;
    this.stream = 0;
    this.requestHash = null;
    this.hash = 0n;
    this.clusterActive = 0;
    this.shares = null;
  }

  /** Draws a hash for a request that has none: it stays the same for the re-picks of an attempt. */
  settleHash(): void {
    this.hash = this.requestHash ?? this.drawnHash();
  }

  private drawnHash(): bigint {
    const high = BigInt(this.draw(HASH_DRAW, HALF_RANGE));
    const middle = BigInt(this.draw(HASH_DRAW + 1, HALF_RANGE));
    return (high << 33n) | (middle << 2n) | BigInt(this.draw(HASH_DRAW + 2, 4));
  }

  draw(index: number, n: number): number {
    // 12 bits for the draws of one pick, 4 for re-picks, the rest for attempts.
    const decision = (this.attempt << 16) + (this.repick << 12) + index;
    return this.draws.below(this.stream, this.uid, decision, n);
  }
}
