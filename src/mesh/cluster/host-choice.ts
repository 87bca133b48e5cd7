/**
 * The one `Choice` of an engine: filled before each pick, read by the balancer.
 *
 * Reused for all picks, so that a pick allocates nothing. Draws are keyed by the cluster's stream,
 * the request and (attempt, re-pick, index): other requests and other attempts cannot shift them.
 */
import type { Draws, StreamKey } from '../../core/draws.ts';
import type { Choice } from '../lb/load-balancer.ts';
import type { Host } from './host.ts';

export class HostChoice implements Choice {
  uid: number;
  attempt: number;
  repick: number;
  candidates: readonly Host[];
  generation: number;
  stream: StreamKey;
  private readonly draws: Draws;

  constructor(draws: Draws) {
    this.draws = draws;
    this.uid = 0;
    this.attempt = 0;
    this.repick = 0;
    this.candidates = [];
    this.generation = 0;
    this.stream = 0;
  }

  draw(index: number, n: number): number {
    // 12 bits for the draws of one pick, 4 for re-picks, the rest for attempts.
    const decision = (this.attempt << 16) + (this.repick << 12) + index;
    return this.draws.below(this.stream, this.uid, decision, n);
  }
}
