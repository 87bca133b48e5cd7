/**
 * Which of a route's weighted clusters an attempt goes to.
 *
 * Draws are keyed by the request: other routes of the table, or other requests, shift no split.
 * Source: policy-engine.md §8.2; config-other-meshes.md §1.8.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { RetryRules } from '../policy/retry.ts';
import type { TrafficSplit } from '../route/traffic-split.ts';
import type { EngineContext } from './context.ts';
import type { PlanInput } from './plan-input.ts';
import type { RequestPlan } from './request-plan.ts';

/** What a route may choose among. */
export interface ClusterChoice {
  readonly split: TrafficSplit;
  /** In its order; null = there is none of that name. */
  readonly clusters: readonly (Cluster | null)[];
}

/** What retries choose among anew; null = they stay in their cluster. */
export function choiceOf(
  retry: RetryRules | null,
  split: TrafficSplit | null,
  { clusters, refresh = null }: Pick<PlanInput, 'clusters' | 'refresh'>,
): ClusterChoice | null {
  if (retry?.refreshesCluster !== true) return null;
  return split === null ? refresh : { split, clusters };
}

/**
 * Another cluster for a retry: one that was not used, or any once all were.
 *
 * @param used positions of clusters; the chosen one is added
 */
export function redrawCluster(
  context: EngineContext,
  { split, clusters }: ClusterChoice,
  used: number[],
  uid: number,
  attempt: number,
): Cluster | null {
  if (split.weightWithout(used) === 0) used.length = 0;
  const total = split.weightWithout(used);
  const draw = context.ports.draws.below(
    context.routeDraws,
    uid,
    attempt * DRAWS_PER_ATTEMPT,
    total,
  );
  const index = split.pickWithout(used, draw);
  used.push(index);
  return clusters[index] ?? null;
}

/** Attempts leave room for as many draws as a split may have clusters. */
const DRAWS_PER_ATTEMPT = 256;

/** @returns position among `plan.clusters` */
export function drawCluster(
  context: EngineContext,
  plan: RequestPlan,
  split: TrafficSplit,
  uid: number,
  attempt: number,
): number {
  if (plan.splitValue >= 0) return split.pick(plan.splitValue);
  // Where shares of requests are decided as well, one number decides it all.
  if (plan.sharesDraw) return split.pick(context.shareDraw(uid));
  const { draws } = context.ports;
  const first = attempt * DRAWS_PER_ATTEMPT;
  const draw = (index: number, total: number) =>
    draws.below(context.routeDraws, uid, first + index, total);
  if (plan.forward?.splitsByAvailability !== true) return split.pick(draw(0, split.totalWeight));
  const passedOver: number[] = [];
  for (let total = split.totalWeight; total > 0; total = split.weightWithout(passedOver)) {
    const index = split.pickWithout(passedOver, draw(passedOver.length, total));
    if (plan.clusters[index]?.hasReadyHost !== false) return index;
    passedOver.push(index);
  }
  return passedOver[0]!;
}
