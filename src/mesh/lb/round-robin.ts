/**
 * Round robin: hosts in turn, in proportion to their weights.
 *
 * Equal weights use a cursor that survives changes of the hosts; different weights use a scheduler
 * that starts again from the same seed at each change, so a health flap restarts the sequence.
 * Source: policy-engine.md §7.2, 7.3; Envoy, round robin load balancer.
 */
import type { Host } from '../cluster/host.ts';
import { EdfScheduler, prePicks } from './edf.ts';
import type { Choice, LoadBalancer } from './load-balancer.ts';
import type { SlowStart } from './slow-start.ts';
import { needsWeights } from './weighted.ts';

/** Keeps the cursor or the weighted sequence. */
export class RoundRobin implements LoadBalancer {
  private readonly seed: number;
  /** Starts below 2^30, so that it stays a small integer for a billion picks. */
  private cursor: number;
  private generation = -1;
  /** null = equal weights. */
  private scheduler: EdfScheduler | null = null;
  private readonly slowStart: SlowStart | null;
  /** Peeks since the last pick. */
  private peeked = 0;
  /** Hosts that the scheduler has given to peeks and that are picked next. */
  private prepicked: number[] = [];

  /** @param seed integer in [0, 2^32): where the sequence begins */
  constructor(seed: number, slowStart: SlowStart | null = null) {
    this.seed = seed;
    this.slowStart = slowStart;
    this.cursor = seed >>> 2;
  }

  pick(choice: Choice): number {
    if (choice.generation !== this.generation) this.rebuild(choice);
    const scheduler = this.scheduler;
    if (scheduler === null) {
      const index = this.cursor % choice.candidates.length;
      this.cursor += 1;
      this.peeked = 0;
      return index;
    }
    if (this.prepicked.length > 0) return this.prepicked.shift()!;
    return this.takeFrom(scheduler, choice);
  }

  peek(choice: Choice): number {
    if (choice.generation !== this.generation) this.rebuild(choice);
    const scheduler = this.scheduler;
    if (scheduler === null) return (this.cursor + this.peeked++) % choice.candidates.length;
    const index = this.takeFrom(scheduler, choice);
    this.prepicked.push(index);
    return index;
  }

  private takeFrom(scheduler: EdfScheduler, choice: Choice): number {
    const index = scheduler.take();
    if (this.slowStart !== null) {
      scheduler.weights[index] = this.weightOf(choice.candidates[index]!);
    }
    scheduler.putBack(index);
    return index;
  }

  private rebuild(choice: Choice): void {
    this.generation = choice.generation;
    this.prepicked.length = 0;
    const hosts = choice.candidates;
    this.scheduler = needsWeights(hosts, this.slowStart)
      ? new EdfScheduler(
          Float64Array.from(hosts, (host) => this.weightOf(host)),
          prePicks(this.seed),
        )
      : null;
  }

  private weightOf(host: Host): number {
    const { weight } = host.endpoint;
    return this.slowStart === null ? weight : this.slowStart.weightOf(host, weight);
  }
}
