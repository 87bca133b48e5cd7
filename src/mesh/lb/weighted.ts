/**
 * What the weighted balancers share: when weights matter at all.
 *
 * Source: policy-engine.md §7.2.
 */
import type { Host } from '../cluster/host.ts';

/** Whether a plain rule would ignore weights that are there: two hosts or more, not all equal. */
export function haveDifferentWeights(hosts: readonly Host[]): boolean {
  const first = hosts[0];
  return first !== undefined && hosts.some((h) => h.endpoint.weight !== first.endpoint.weight);
}
