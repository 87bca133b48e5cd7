/**
 * What the hashing balancers share: host keys, shares of weights, bounded load.
 *
 * A table maps the hash of a request to a host; it is made anew whenever the hosts change. With a
 * balance factor, a host that has more than its part of the requests in flight is passed over for
 * another one, in an order that the hash decides, so equal requests overflow to equal hosts.
 * Source: policy-engine.md §7.5 to 7.8; Envoy, thread-aware load balancers.
 */
import type { Host } from '../cluster/host.ts';
import type { HashingConfig } from '../config/load-balancing.ts';
import type { Choice, LoadBalancer } from './load-balancer.ts';
import { MersenneTwister } from './mersenne-twister.ts';

export type VisitGauge = (name: string, value: number) => void;

/** From a hash to a host. */
export interface HashTable {
  /**
   * @param hash in [0, 2^64)
   * @param repick 0 for the first host, 1, 2 … for others in its place
   * @returns index of the host
   */
  lookUp(hash: bigint, repick: number): number;
  visitStats(visit: VisitGauge): void;
}

/** A balancer around any such table. */
export class HashingBalancer implements LoadBalancer {
  private readonly balanceFactorPercent: number;
  private readonly makeTable: (hosts: readonly Host[], shares: readonly number[]) => HashTable;
  private generation = -1;
  private table: HashTable | null = null;
  private shares: readonly number[] = [];

  constructor(
    config: HashingConfig,
    makeTable: (hosts: readonly Host[], shares: readonly number[]) => HashTable,
  ) {
    this.balanceFactorPercent = config.balanceFactorPercent;
    this.makeTable = makeTable;
  }

  pick(choice: Choice): number {
    const table = this.tableFor(choice.candidates, choice.shares, choice.generation);
    const index = table.lookUp(choice.hash, choice.repick);
    return this.balanceFactorPercent === 0 ? index : this.withinBounds(choice, index);
  }

  visitStats(visit: VisitGauge): void {
    this.table?.visitStats(visit);
  }

  prepare(hosts: readonly Host[], shares: readonly number[] | null, generation: number): void {
    if (hosts.length > 0) this.tableFor(hosts, shares, generation);
  }

  private tableFor(
    hosts: readonly Host[],
    shares: readonly number[] | null,
    generation: number,
  ): HashTable {
    const known = this.table;
    if (known !== null && generation === this.generation) return known;
    this.generation = generation;
    this.shares = shares ?? sharesOf(hosts);
    const made = this.makeTable(hosts, this.shares);
    this.table = made;
    return made;
  }

  /** `index`, unless it is too busy: then the first host that is not, or the least busy one. */
  private withinBounds(choice: Choice, index: number): number {
    let best = index;
    let least = this.loadOf(choice, index);
    if (least <= 1) return index;
    const count = choice.candidates.length;
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const twister = new MersenneTwister(Number(BigInt.asUintN(32, choice.hash)));
    for (let i = 0; i < count; i++) {
      const from = i + twister.below(count - i);
      const other = order[from]!;
      order[from] = order[i]!;
      order[i] = other;
      const load = this.loadOf(choice, other);
      if (load <= 1) return other;
      if (load < least) {
        best = other;
        least = load;
      }
    }
    return best;
  }

  /** Requests in flight over those a host may have; above 1 it is full. */
  private loadOf(choice: Choice, index: number): number {
    const total = Math.trunc(((choice.clusterActive + 1) * this.balanceFactorPercent + 99) / 100);
    const slots = Math.max(1, Math.ceil(total * this.shares[index]!));
    return choice.candidates[index]!.rqActive / slots;
  }
}

/** By what a host is known to hashing balancers. */
export function hashKeyOf({ endpoint }: Host, usesHostname: boolean): string {
  const key = endpoint.metadata?.['hash_key'];
  if (typeof key === 'string' && key !== '') return key;
  return usesHostname ? endpoint.hostname : endpoint.address;
}

/** Each host's part of all weights, in (0, 1]. */
function sharesOf(hosts: readonly Host[]): number[] {
  const total = hosts.reduce((sum, host) => sum + host.endpoint.weight, 0);
  return hosts.map((host) => host.endpoint.weight / total);
}

/** Fewest and most entries that any host has. */
export function entryBounds(owners: Int32Array, hostCount: number): { min: number; max: number } {
  const counts = new Float64Array(hostCount);
  for (const owner of owners) counts[owner] = counts[owner]! + 1;
  return { min: Math.min(...counts), max: Math.max(...counts) };
}
