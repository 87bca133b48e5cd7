/**
 * Peak EWMA: of two different hosts the one whose next answer is expected sooner.
 *
 * What is expected follows from measured answers and from requests under way; the attempts of the
 * engine measure. Weights of endpoints do not count.
 * Source: config-other-meshes.md §1.2; linkerd2-proxy, pool p2c.
 */
import type { Clock } from '../../core/engine.ts';
import type { Host } from '../cluster/host.ts';
import type { Choice, LoadBalancer } from './load-balancer.ts';

export class PeakEwma implements LoadBalancer {
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  pick(choice: Choice): number {
    const { candidates } = choice;
    const count = candidates.length;
    if (count === 1) return 0;
    const first = choice.draw(0, count);
    const drawn = choice.draw(1, count - 1);
    const second = drawn >= first ? drawn + 1 : drawn;
    const isSooner = this.loadOf(candidates[first]!) <= this.loadOf(candidates[second]!);
    return isSooner ? first : second;
  }

  private loadOf({ latency }: Host): number {
    return latency === null ? 0 : latency.load(this.clock.nowNs);
  }
}
