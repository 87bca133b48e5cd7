/**
 * Measures how long hosts take to answer, for balancers that go by that.
 *
 * A measurement begins with an attempt and ends with the first byte of its answer's body, with a
 * head that is the whole answer, or with the attempt, whatever ended it.
 * Source: config-other-meshes.md §1.2.
 */
import type { Clock, Slot } from '../../core/engine.ts';
import { MILLISECOND, type Ns } from '../../core/time.ts';
import type { LatencyEstimate } from '../cluster/latency-estimate.ts';

export class LatencyMeter {
  private readonly clock: Clock;
  private readonly running: Map<Slot, { readonly latency: LatencyEstimate; readonly fromNs: Ns }>;

  constructor(clock: Clock) {
    this.clock = clock;
    this.running = new Map();
  }

  /** Whether anything is measured: asked before `end`, which most engines need never call. */
  get isUsed(): boolean {
    return this.running.size > 0;
  }

  begin(stream: Slot, latency: LatencyEstimate): void {
    latency.pending++;
    this.running.set(stream, { latency, fromNs: this.clock.nowNs });
  }

  end(stream: Slot): void {
    const found = this.take(stream);
    if (found === null) return;
    const { nowNs } = this.clock;
    found.latency.measured(nowNs, nowNs - found.fromNs);
  }

  /** As `end`, but the answer is a failure that counts as so long. */
  penalise(stream: Slot, penaltyMs: number): void {
    this.take(stream)?.latency.penalised(this.clock.nowNs, penaltyMs * MILLISECOND);
  }

  private take(stream: Slot) {
    const found = this.running.get(stream);
    if (found === undefined) return null;
    this.running.delete(stream);
    found.latency.pending--;
    return found;
  }
}
