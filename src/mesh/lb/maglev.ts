/**
 * Maglev: a table of prime size that hosts fill in turn, each in an order of its own.
 *
 * Shares are nearly exact, look-ups are one index; a change of hosts moves a few more requests than
 * a ring would.
 * Source: policy-engine.md §7.7, 14; Envoy, Maglev load balancer; Eisenbud et al., Maglev (2016).
 */
import { xxHash64 } from '../../core/hash64.ts';
import type { Host } from '../cluster/host.ts';
import type { MaglevConfig } from '../config/load-balancing.ts';
import { entryBounds, type HashTable, hashKeyOf, type VisitGauge } from './hashing.ts';

const FREE = -1;
const TWO_TO_64 = 1n << 64n;

/** A host while the table is filled. */
interface Filler {
  readonly owner: number;
  readonly key: string;
  readonly share: number;
  /** Where it looks next. */
  place: number;
  readonly skip: number;
  /** Grows by the largest share with each slot it takes. */
  taken: number;
}

export class MaglevTable implements HashTable {
  private readonly slots: Int32Array;
  private readonly hostCount: number;

  /** @param shares of the weights, adding up to 1 */
  constructor(config: MaglevConfig, hosts: readonly Host[], shares: readonly number[]) {
    const size = config.tableSize;
    this.slots = new Int32Array(size).fill(FREE);
    this.hostCount = hosts.length;
    const fillers = hosts.map((host, owner): Filler => {
      const key = hashKeyOf(host, config.usesHostname);
      const place = Number(xxHash64(key) % BigInt(size));
      const skip = Number(xxHash64(key, 1n) % BigInt(size - 1)) + 1;
      return { owner, key, share: shares[owner]!, place, skip, taken: 0 };
    });
    fillers.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.fill(fillers, Math.max(...shares));
  }

  /** Heavier hosts have a turn in every round, others only in their part of the rounds. */
  private fill(fillers: readonly Filler[], largest: number): void {
    const { slots } = this;
    let left = slots.length;
    for (let turn = 1; ; turn++) {
      for (const filler of fillers) {
        if (turn * filler.share < filler.taken) continue;
        filler.taken += largest;
        while (slots[filler.place] !== FREE) this.advance(filler);
        slots[filler.place] = filler.owner;
        this.advance(filler);
        left -= 1;
        if (left === 0) return;
      }
    }
  }

  private advance(filler: Filler): void {
    filler.place = (filler.place + filler.skip) % this.slots.length;
  }

  lookUp(hash: bigint, repick: number): number {
    const used = repick === 0 ? hash : hash ^ (TWO_TO_64 - BigInt(repick));
    return this.slots[Number(used % BigInt(this.slots.length))]!;
  }

  visitStats(visit: VisitGauge): void {
    const { min, max } = entryBounds(this.slots, this.hostCount);
    visit('maglev_lb.min_entries_per_host', min);
    visit('maglev_lb.max_entries_per_host', max);
  }

  /** The host of each slot. */
  get table(): readonly number[] {
    return [...this.slots];
  }
}
