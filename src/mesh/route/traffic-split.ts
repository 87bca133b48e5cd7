/**
 * Weighted clusters of a route: which one a request goes to.
 *
 * Source: policy-engine.md §8.2; Envoy, weighted clusters.
 */
import { assert } from '../../core/assert.ts';
import type { WeightedCluster } from '../config/config.ts';

/**
 * Clusters own consecutive ranges of [0, totalWeight) in their order; a weight of 0 owns nothing.
 */
export class TrafficSplit {
  /** Sum of all weights, 1 or more. */
  readonly totalWeight: number;
  /** Exclusive end of each cluster's range; length = cluster count. */
  private readonly ends: Float64Array;

  constructor(clusters: readonly WeightedCluster[]) {
    this.ends = new Float64Array(clusters.length);
    let total = 0;
    clusters.forEach((cluster, i) => {
      total += cluster.weight;
      this.ends[i] = total;
    });
    assert(total > 0, 'the weights of a traffic split add up to 0');
    this.totalWeight = total;
  }

  /**
   * @param value integer, 0 or more; taken modulo the total weight
   * @returns index of the cluster. O(clusters)
   */
  pick(value: number): number {
    const at = value % this.totalWeight;
    const ends = this.ends;
    let i = 0;
    while (at >= (ends[i] ?? Number.POSITIVE_INFINITY)) i += 1;
    return i;
  }

  /** What is left of the total weight. O(clusters), as the next. */
  weightWithout(excluded: readonly number[]): number {
    return excluded.reduce((left, index) => left - this.weightOf(index), this.totalWeight);
  }

  /** As `pick`, as if the weights of some clusters were 0. @param value below what is left */
  pickWithout(excluded: readonly number[], value: number): number {
    let left = value;
    for (let i = 0; i < this.ends.length; i++) {
      if (excluded.includes(i)) continue;
      left -= this.weightOf(i);
      if (left < 0) return i;
    }
    throw new RangeError('no cluster of the split is left');
  }

  private weightOf(index: number): number {
    return this.ends[index]! - (index === 0 ? 0 : this.ends[index - 1]!);
  }
}
