/**
 * Which locality of a priority a pick goes to, by weight and availability.
 *
 * A locality's weight counts in full while 1 / 1.4 of its hosts are eligible and falls below that in
 * proportion; one without eligible hosts gets nothing. Made anew at each delivery, with a starting
 * point of its own, as the product does. The pick is a schedule, not a draw: the sequence is even.
 * Source: policy-engine.md §6.4; Envoy, locality-weighted load balancing.
 */
import { EdfScheduler, prePicks } from '../lb/edf.ts';
import type { Host } from './host.ts';
import type { LocalityHosts } from './localities.ts';
import { OVERPROVISIONING_PERCENT } from './priorities.ts';

interface Locality {
  readonly weight: number;
  /** Without excluded ones. */
  readonly hostCount: number;
  readonly eligible: readonly Host[];
}

export class LocalitySchedule {
  /** Localities that can be picked. */
  readonly count: number;
  /** Number of its first locality among the lists of all schedules of a cluster. */
  readonly firstSource: number;
  private readonly lists: readonly (readonly Host[])[];
  private readonly scheduler: EdfScheduler;

  private constructor(localities: readonly Locality[], seed: number, firstSource: number) {
    this.count = localities.length;
    this.firstSource = firstSource;
    this.lists = localities.map(({ eligible }) => eligible);
    this.scheduler = new EdfScheduler(Float64Array.from(localities, effective), prePicks(seed));
  }

  /**
   * @param localities of the priority, in their order
   * @param eligible hosts of them that the schedule may lead to
   * @returns null when no locality has both weight and eligible hosts
   */
  static of(
    localities: readonly LocalityHosts[],
    eligible: readonly Host[],
    options: {
      readonly seed: number;
      readonly firstSource: number;
      readonly weightOf: (locality: LocalityHosts) => number;
    },
  ): LocalitySchedule | null {
    const chosen = new Set(eligible);
    const able = localities
      .map((locality) => ({
        weight: options.weightOf(locality),
        hostCount: locality.hosts.filter((host) => !host.isExcluded).length,
        eligible: locality.hosts.filter((host) => chosen.has(host)),
      }))
      .filter((locality) => effective(locality) > 0);
    return able.length === 0 ? null : new LocalitySchedule(able, options.seed, options.firstSource);
  }

  /** @returns the locality whose turn it is, below `count` */
  pick(): number {
    const index = this.scheduler.take();
    this.scheduler.putBack(index);
    return index;
  }

  hostsOf(locality: number): readonly Host[] {
    return this.lists[locality]!;
  }
}

function effective({ weight, hostCount, eligible }: Locality): number {
  if (hostCount === 0) return 0;
  const factor = eligible[0]?.endpoint.overprovisioningPercent ?? OVERPROVISIONING_PERCENT;
  return weight * Math.min(1, (factor / 100) * (eligible.length / hostCount));
}
