/**
 * What the weighted balancers share: when weights matter at all.
 *
 * Source: policy-engine.md §7.2.
 */
import type { Host } from '../cluster/host.ts';
import type { SlowStart } from './slow-start.ts';

/** Whether a plain rule would ignore weights that are there: two hosts or more, not all equal. */
export function haveDifferentWeights(hosts: readonly Host[]): boolean {
  return hosts.some(({ endpoint }) => endpoint.weight !== hosts[0]!.endpoint.weight);
}

/** Whether hosts have to be balanced by weights: they differ, or may for a while. */
export function needsWeights(hosts: readonly Host[], slowStart: SlowStart | null): boolean {
  const mayMatter = slowStart?.mayMatter(hosts) === true;
  return hosts.length > 1 && (mayMatter || haveDifferentWeights(hosts));
}
