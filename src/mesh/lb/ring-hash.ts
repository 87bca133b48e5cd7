/**
 * Ring hash: hosts stand many times on a ring of hashes; a request takes the next one.
 *
 * A host that comes or goes moves only the requests next to its own places. The ring is at least as
 * large as configured, larger where small weights need it to get a place at all.
 * Source: policy-engine.md §7.6, 14; Envoy, ring hash load balancer.
 */
import { murmurHash2, xxHash64 } from '../../core/hash64.ts';
import type { Host } from '../cluster/host.ts';
import type { RingHashConfig } from '../config/load-balancing.ts';
import { entryBounds, type HashTable, hashKeyOf, type VisitGauge } from './hashing.ts';

/** The seed of the older of the two hash functions. */
const MURMUR_SEED = 0xc70f6907n;

export class HashRing implements HashTable {
  /** Ascending. */
  private readonly hashes: BigUint64Array;
  /** The host of each entry. */
  private readonly owners: Int32Array;
  private readonly hostCount: number;

  /** @param shares of the weights, adding up to 1 */
  constructor(config: RingHashConfig, hosts: readonly Host[], shares: readonly number[]) {
    const hash = config.hashFunction === 'xx-hash' ? xxHash64 : murmur;
    const entries: { readonly hash: bigint; readonly owner: number }[] = [];
    const least = Math.min(...shares);
    const scale = Math.min(
      Math.ceil(least * config.minimumRingSize) / least,
      config.maximumRingSize,
    );
    let target = 0;
    hosts.forEach((host, owner) => {
      const key = hashKeyOf(host, config.usesHostname);
      target += scale * shares[owner]!;
      for (let i = 0; entries.length < target; i++) {
        entries.push({ hash: hash(`${key}_${i}`), owner });
      }
    });
    entries.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    this.hashes = BigUint64Array.from(entries, (entry) => entry.hash);
    this.owners = Int32Array.from(entries, (entry) => entry.owner);
    this.hostCount = hosts.length;
  }

  /** O(log size) */
  lookUp(hash: bigint, repick: number): number {
    const { hashes, owners } = this;
    let low = 0;
    let high = hashes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hashes[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return owners[((low % hashes.length) + repick) % hashes.length]!;
  }

  visitStats(visit: VisitGauge): void {
    const { min, max } = entryBounds(this.owners, this.hostCount);
    visit('ring_hash_lb.size', this.hashes.length);
    visit('ring_hash_lb.min_hashes_per_host', min);
    visit('ring_hash_lb.max_hashes_per_host', max);
  }

  /** The entries in the order of the ring. */
  *entries(): Generator<readonly [hash: bigint, owner: number]> {
    for (let i = 0; i < this.owners.length; i++) yield [this.hashes[i]!, this.owners[i]!];
  }
}

function murmur(text: string): bigint {
  return murmurHash2(text, MURMUR_SEED);
}
