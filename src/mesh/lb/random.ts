/**
 * Random: any host with equal probability; weights are ignored.
 *
 * Source: policy-engine.md §7.3; Envoy, random load balancer.
 */
import type { Choice, LoadBalancer } from './load-balancer.ts';

/** Has no state: every pick is one draw. */
export class RandomBalancer implements LoadBalancer {
  pick(choice: Choice): number {
    return choice.draw(0, choice.candidates.length);
  }
}
