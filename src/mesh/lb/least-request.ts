/**
 * Least request: the host with the fewest requests in flight, of a few drawn ones or of all.
 *
 * Draws are made with replacement, so of two choices among n hosts both are the same one in n times.
 * Different weights use a scheduler instead, in which a busy host weighs less; its weight is read
 * again only when it is put back after a pick, before the new request counts.
 * In flight means attached to a connection: requests that wait for one are invisible here.
 * Source: policy-engine.md §7.2, 7.3; Envoy, least request load balancer.
 */
import { pow } from '../../core/math.ts';
import type { Host } from '../cluster/host.ts';
import type { LoadBalancerConfig } from '../config/config.ts';
import { EdfScheduler, prePicks } from './edf.ts';
import type { Choice, LoadBalancer } from './load-balancer.ts';
import type { SlowStart } from './slow-start.ts';
import { needsWeights } from './weighted.ts';

/** Its member of the balancers' configurations. */
export type LeastRequestConfig = Extract<LoadBalancerConfig, { kind: 'least-request' }>;

/** Keeps the weighted sequence only; who is busy is read from the hosts. */
export class LeastRequest implements LoadBalancer {
  private readonly choiceCount: number;
  private readonly bias: number;
  private readonly fullScan: boolean;
  private readonly seed: number;
  private generation = -1;
  /** null = equal weights. */
  private scheduler: EdfScheduler | null = null;
  private readonly slowStart: SlowStart | null;

  /** @param seed integer in [0, 2^32): where the weighted sequence begins */
  constructor(config: LeastRequestConfig, seed: number, slowStart: SlowStart | null = null) {
    this.slowStart = slowStart;
    this.choiceCount = config.choiceCount;
    this.bias = config.activeRequestBias >= 0 ? config.activeRequestBias : 1;
    this.fullScan = config.fullScan;
    this.seed = seed;
  }

  pick(choice: Choice): number {
    if (choice.generation !== this.generation) this.rebuild(choice);
    if (this.scheduler !== null) return this.pickWeighted(this.scheduler, choice);
    return this.fullScan ? pickOfAll(choice) : pickOfDrawn(choice, this.choiceCount);
  }

  private pickWeighted(scheduler: EdfScheduler, choice: Choice): number {
    const index = scheduler.take();
    scheduler.weights[index] = this.weightOf(choice.candidates[index]!);
    scheduler.putBack(index);
    return index;
  }

  private rebuild(choice: Choice): void {
    this.generation = choice.generation;
    const hosts = choice.candidates;
    this.scheduler = needsWeights(hosts, this.slowStart)
      ? new EdfScheduler(
          Float64Array.from(hosts, (host) => this.weightOf(host)),
          prePicks(this.seed),
        )
      : null;
  }

  private weightOf(host: Host): number {
    const weight = busyWeight(host, this.bias);
    return this.slowStart === null ? weight : this.slowStart.weightOf(host, weight);
  }
}

/** The first of `choiceCount` drawn hosts, unless a later one has strictly fewer. */
function pickOfDrawn(choice: Choice, choiceCount: number): number {
  const hosts = choice.candidates;
  let best = choice.draw(0, hosts.length);
  let fewest = activeOf(hosts, best);
  for (let i = 1; i < choiceCount; i++) {
    const index = choice.draw(i, hosts.length);
    const active = activeOf(hosts, index);
    if (active < fewest) {
      best = index;
      fewest = active;
    }
  }
  return best;
}

/** Of several hosts with the fewest each has the same chance: the k-th one replaces with 1 in k. */
function pickOfAll(choice: Choice): number {
  const hosts = choice.candidates;
  let best = 0;
  let fewest = activeOf(hosts, 0);
  let ties = 1;
  let draws = 0;
  for (let index = 1; index < hosts.length; index++) {
    const active = activeOf(hosts, index);
    if (active < fewest) {
      best = index;
      fewest = active;
      ties = 1;
    } else if (active === fewest) {
      ties += 1;
      if (choice.draw(draws, ties) === 0) best = index;
      draws += 1;
    }
  }
  return best;
}

function activeOf(hosts: readonly Host[], index: number): number {
  return hosts[index]!.rqActive;
}

/** weight / (requests in flight + 1)^bias, with the common biases 1 and 0 computed directly. */
function busyWeight(host: Host, bias: number): number {
  const weight = host.endpoint.weight;
  if (bias === 1) return weight / (host.rqActive + 1);
  return bias === 0 ? weight : weight / pow(host.rqActive + 1, bias);
}
