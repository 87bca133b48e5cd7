/**
 * Makes the host groups of a cluster: one of all its hosts, and one for each subset.
 *
 * Settles what localities and zones mean to each, from the cluster's configuration.
 * Source: policy-engine.md §6.4, 6.5, 7.10.
 */
import type { ClusterConfig } from '../config/config.ts';
import type { BalancerStart } from '../lb/index.ts';
import type { ClusterStats } from './cluster-stats.ts';
import { HostGroup, type SubsetScope } from './host-group.ts';
import type { MakeGroup } from './host-picker.ts';
import { HostSet, type LocalitySeed, type LocalityWeight } from './host-set.ts';
import { isHashing } from './own-hash.ts';
import { type LocalZone, ZoneRouting } from './zone-routing.ts';

/** What groups go by that the cluster's configuration does not say. */
interface Place {
  /** Of the proxy; '' = unknown. */
  readonly ownLocality: string;
  /** null = balancing does not go by zones. */
  readonly localZone: LocalZone | null;
}

export function groupMaker(
  config: ClusterConfig,
  stats: ClusterStats,
  { ownLocality, localZone }: Place,
  { start, localitySeed }: { readonly start: BalancerStart; readonly localitySeed: LocalitySeed },
): MakeGroup {
  const { lb, panicThresholdPercent, updateMergeWindowMs, subsets } = config;
  const hashes = isHashing(lb);
  const zoneRouting = localZone === null || hashes ? undefined : config.zoneRouting;
  const panic = { thresholdPercent: panicThresholdPercent, fails: config.failsOnPanic === true };
  return (hosts, all) => {
    const scope = { all: all ?? hosts };
    const localities = all === null ? 'weighted' : (subsets?.localities ?? 'none');
    const set = new HostSet(hosts, panicThresholdPercent, updateMergeWindowMs, {
      localitySeed,
      ownLocality,
      isHashing: hashes,
      isZoned: zoneRouting !== undefined,
      ...(localities === 'none' ? { localityWeight: null } : {}),
      ...(localities === 'scaled' ? { localityWeight: scaledWeight(scope) } : {}),
    });
    const zones =
      zoneRouting === undefined ? null : new ZoneRouting(zoneRouting, localZone!, stats, panic);
    return new HostGroup(set, lb, start, hashes, zones, scope);
  };
}

/** The weight of a locality inside a subset: by the part of its hosts that are there, 1 or more. */
function scaledWeight(scope: SubsetScope): LocalityWeight {
  return ({ name, hosts }) => {
    const weight = hosts[0]?.endpoint.localityWeight ?? 0;
    const total = scope.all.filter(({ endpoint }) => endpoint.locality === name).length;
    return weight === 0 ? 0 : Math.max(1, Math.trunc(weight * (hosts.length / total)));
  };
}
