import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host } from '../../../src/mesh/cluster/host.ts';
import type { MaglevConfig, RingHashConfig } from '../../../src/mesh/config/load-balancing.ts';
import { HashingBalancer } from '../../../src/mesh/lb/hashing.ts';
import { createBalancer } from '../../../src/mesh/lb/index.ts';
import { MaglevTable } from '../../../src/mesh/lb/maglev.ts';
import { MersenneTwister } from '../../../src/mesh/lb/mersenne-twister.ts';
import { HashRing } from '../../../src/mesh/lb/ring-hash.ts';
import { aMaglev, aRing, startOf } from '../../helpers/balancers.ts';
import { anEndpoint, equalHosts, hostsOfWeights, TestChoice } from '../../helpers/hosts.ts';

const LARGEST = 2n ** 64n - 1n;
const HASH = fc.bigInt(0n, LARGEST);
const WEIGHTS = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });

function hostsOnPorts(...ports: readonly number[]): Host[] {
  return ports.map((port, i) => new Host(anEndpoint(i, { address: `127.0.0.1:${port}` }), i));
}

function sharesOf(hosts: readonly Host[]): number[] {
  const total = hosts.reduce((sum, host) => sum + host.endpoint.weight, 0);
  return hosts.map((host) => host.endpoint.weight / total);
}

function ringOf(hosts: readonly Host[], partial: Partial<RingHashConfig> = {}): HashRing {
  return new HashRing(aRing(partial), hosts, sharesOf(hosts));
}

function maglevOf(hosts: readonly Host[], partial: Partial<MaglevConfig> = {}): MaglevTable {
  return new MaglevTable(aMaglev(partial), hosts, sharesOf(hosts));
}

function portsOf(hosts: readonly Host[], owners: readonly number[]): number[] {
  return owners.map((owner) => Number(hosts[owner]?.endpoint.address.split(':')[1]));
}

describe('ring hash', () => {
  const hosts = hostsOnPorts(90, 91, 92, 93, 94, 95);

  it('places hosts as Envoy does, by xxHash64', () => {
    const ring = ringOf(hosts, { minimumRingSize: 12 });
    const entries = [...ring.entries()];
    expect(entries.map(([hash]) => hash)).toEqual([
      833437586790550860n,
      928266305478181108n,
      1033482794131418490n,
      3551244743356806947n,
      3851675632748031481n,
      5583722120771150861n,
      6311230543546372928n,
      7700377290971790572n,
      13144177310400110813n,
      13444792449719432967n,
      15516499411664133160n,
      16117243373044804889n,
    ]);
    const owners = entries.map(([, owner]) => owner);
    expect(portsOf(hosts, owners)).toEqual([94, 92, 90, 95, 93, 91, 91, 93, 95, 92, 94, 90]);
  });

  it('looks requests up as Envoy does, and goes on along the ring for re-picks', () => {
    const ring = ringOf(hosts, { minimumRingSize: 12 });
    const picked = (hash: bigint, repick = 0) => portsOf(hosts, [ring.lookUp(hash, repick)])[0];
    expect(picked(0n)).toBe(94);
    expect(picked(LARGEST)).toBe(94);
    expect(picked(3551244743356806947n)).toBe(95);
    expect(picked(3551244743356806948n)).toBe(93);
    expect(picked(3551244743356806947n, 1)).toBe(93);
    expect(picked(LARGEST, 13)).toBe(92);
  });

  it('places hosts as Envoy does, by MurmurHash2', () => {
    const six = hostsOnPorts(80, 81, 82, 83, 84, 85);
    const ring = ringOf(six, { minimumRingSize: 12, hashFunction: 'murmur-hash-2' });
    const entries = [...ring.entries()];
    expect(entries.map(([hash]) => hash)).toEqual([
      1358027074129602068n,
      4361834613929391114n,
      7224494972555149682n,
      7701421856454313576n,
      8649315368077433379n,
      8739448859063030639n,
      9887544217113020895n,
      10150910876324007731n,
      15168472011420622455n,
      15427156902705414897n,
      16375050414328759093n,
      17613279263364193813n,
    ]);
    const owners = entries.map(([, owner]) => owner);
    expect(portsOf(six, owners)).toEqual([85, 83, 84, 81, 82, 84, 81, 82, 83, 80, 85, 80]);
  });

  it('knows hosts by hash_key, by name where configured, else by address', () => {
    const metadata = { hash_key: '127.0.0.1:90' };
    const keyed = [new Host(anEndpoint(1, { metadata }), 0)];
    const named = [new Host(anEndpoint(1, { hostname: '127.0.0.1:90' }), 0)];
    const expected = [...ringOf(hostsOnPorts(90)).entries()];
    expect([...ringOf(keyed).entries()]).toEqual(expected);
    expect([...ringOf(named, { usesHostname: true }).entries()]).toEqual(expected);
    expect([...ringOf(named).entries()]).not.toEqual(expected);
  });

  it('knows hosts with an empty key, or one that is no text, by address', () => {
    const expected = [...ringOf(hostsOnPorts(90)).entries()];
    for (const key of ['', 7]) {
      const address = '127.0.0.1:90';
      const hosts = [new Host(anEndpoint(0, { address, metadata: { hash_key: key } }), 0)];
      expect([...ringOf(hosts).entries()]).toEqual(expected);
    }
  });

  it('gives every host its share of at least the configured places', () => {
    fc.assert(
      fc.property(WEIGHTS, fc.integer({ min: 1, max: 300 }), (weights, minimumRingSize) => {
        const weighted = hostsOfWeights(...weights);
        const owners = [...ringOf(weighted, { minimumRingSize }).entries()].map(([, o]) => o);
        expect(owners.length).toBeGreaterThanOrEqual(minimumRingSize);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [i, weight] of weights.entries()) {
          const places = owners.filter((owner) => owner === i).length;
          expect(Math.abs(places - (owners.length * weight) / total)).toBeLessThan(2);
        }
      }),
    );
  });

  it('never outgrows its largest size', () => {
    const ring = ringOf(hostsOfWeights(1, 1000), { minimumRingSize: 8, maximumRingSize: 16 });
    expect([...ring.entries()].length).toBe(16);
  });

  it('moves only the requests of a host that leaves, if the others keep their places', () => {
    const before = ringOf(hosts, { minimumRingSize: 60 });
    const after = ringOf(hosts.slice(0, 5), { minimumRingSize: 50 });
    fc.assert(
      fc.property(HASH, (hash) => {
        const owner = before.lookUp(hash, 0);
        if (owner < 5) expect(after.lookUp(hash, 0)).toBe(owner);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells its size', () => {
    const stats: [string, number][] = [];
    ringOf(hosts, { minimumRingSize: 12 }).visitStats((name, value) => stats.push([name, value]));
    expect(stats).toEqual([
      ['ring_hash_lb.size', 12],
      ['ring_hash_lb.min_hashes_per_host', 2],
      ['ring_hash_lb.max_hashes_per_host', 2],
    ]);
  });
});

describe('Maglev', () => {
  const hosts = hostsOnPorts(90, 91, 92, 93, 94, 95);
  const named = hosts.map(
    (_host, i) => new Host(anEndpoint(i, { metadata: { hash_key: String(90 + i) } }), i),
  );

  it('fills its table as Envoy does', () => {
    const byAddress = maglevOf(hosts, { tableSize: 7 });
    expect(byAddress.table.map((owner) => 90 + owner)).toEqual([92, 94, 90, 91, 95, 90, 93]);
    const byKey = maglevOf(named, { tableSize: 7 });
    expect(byKey.table.map((owner) => 90 + owner)).toEqual([92, 95, 90, 93, 94, 91, 90]);
  });

  it('does not depend on the order of the hosts', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        const shuffled = order.map((i) => named[i]!);
        const { table } = maglevOf(shuffled, { tableSize: 251 });
        expect(table.map((owner) => order[owner])).toEqual(
          maglevOf(named, { tableSize: 251 }).table,
        );
      }),
      { numRuns: 20 },
    );
  });

  it('gives a host of half the weight its turn as soon as its share allows', () => {
    const { table } = maglevOf(hostsOfWeights(2, 1), { tableSize: 7 });
    expect([0, 1].map((i) => table.filter((owner) => owner === i).length)).toEqual([4, 3]);
  });

  it('hashes re-picks to other slots as Envoy does', () => {
    const table = maglevOf(hosts, { tableSize: 7 });
    expect([0, 1].map((repick) => 90 + table.lookUp(10n, repick))).toEqual([91, 90]);
  });

  it('fills every slot, by share', () => {
    fc.assert(
      fc.property(WEIGHTS, (weights) => {
        const { table } = maglevOf(hostsOfWeights(...weights), { tableSize: 1009 });
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [i, weight] of weights.entries()) {
          const slots = table.filter((owner) => owner === i).length;
          expect(Math.abs(slots - (1009 * weight) / total)).toBeLessThan(weights.length + 2);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('tells how its slots are spread', () => {
    const stats: [string, number][] = [];
    maglevOf(hosts, { tableSize: 7 }).visitStats((name, value) => stats.push([name, value]));
    expect(stats).toEqual([
      ['maglev_lb.min_entries_per_host', 1],
      ['maglev_lb.max_entries_per_host', 2],
    ]);
  });
});

describe('hashing balancers', () => {
  /** Counts how often tables are made; they lead to the last host. */
  function counting(balanceFactorPercent = 0) {
    const made: number[][] = [];
    const makeTable = (hosts: readonly Host[], shares: readonly number[]) => {
      made.push([...shares]);
      return {
        lookUp: () => hosts.length - 1,
        visitStats: (visit: (name: string, value: number) => void) => visit('hosts', hosts.length),
      };
    };
    return { made, balancer: new HashingBalancer(aRing({ balanceFactorPercent }), makeTable) };
  }

  it('make a table only when the hosts have changed', () => {
    const { made, balancer } = counting();
    const choice = new TestChoice(hostsOfWeights(1, 3));
    choice.generation = 0;
    for (let i = 0; i < 3; i++) expect(balancer.pick(choice)).toBe(1);
    choice.generation = 1;
    choice.shares = [0.5, 0.5];
    balancer.pick(choice);
    expect(made).toEqual([
      [0.25, 0.75],
      [0.5, 0.5],
    ]);
  });

  it('tell of their table once there is one, made ahead or by a pick', () => {
    const { made, balancer } = counting();
    const seen: string[] = [];
    const visit = (name: string, value: number) => seen.push(`${name} ${value}`);
    balancer.visitStats(visit);
    balancer.prepare([], null, 1);
    expect([made, seen]).toEqual([[], []]);
    const hosts = equalHosts(2);
    balancer.prepare(hosts, null, 1);
    balancer.visitStats(visit);
    expect([made, seen]).toEqual([[[0.5, 0.5]], ['hosts 2']]);
    balancer.pick(new TestChoice(hosts));
    expect(made).toHaveLength(1);
  });

  it('without a balance factor do not look at who is busy', () => {
    const choice = new TestChoice(equalHosts(2));
    choice.candidates[1]!.rqActive = 1_000;
    expect(counting().balancer.pick(choice)).toBe(1);
    expect(counting(100).balancer.pick(choice)).toBe(0);
  });

  it('keep a hash at its host until the hosts change', () => {
    fc.assert(
      fc.property(HASH, fc.constantFrom(aRing(), aMaglev()), (hash, config) => {
        const balancer = createBalancer(config, startOf(0));
        const choice = new TestChoice(equalHosts(5));
        choice.hash = hash;
        const first = balancer.pick(choice);
        expect(balancer.pick(choice)).toBe(first);
        choice.generation += 1;
        expect(balancer.pick(choice)).toBe(first);
        expect(choice.asked).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('bounded load', () => {
  const table = { lookUp: () => 0, visitStats: () => {} };

  /** Five equal hosts, nine requests in flight, factor 120: three slots each (§14). */
  function pickWith(active: readonly number[], hash = 0n): number {
    const choice = new TestChoice(equalHosts(5));
    choice.candidates.forEach((host, i) => {
      host.rqActive = active[i] ?? 0;
    });
    choice.clusterActive = 9;
    choice.hash = hash;
    return new HashingBalancer(aRing({ balanceFactorPercent: 120 }), () => table).pick(choice);
  }

  it('takes a host that has as many requests as slots, and passes over one with more', () => {
    expect(pickWith([3, 0, 0, 0, 0])).toBe(0);
    expect(pickWith([4, 0, 0, 0, 0])).not.toBe(0);
  });

  it('rounds the slots of all hosts together up to whole ones', () => {
    // Five requests at 110 % are 5.5 slots, so 6: three for each of two hosts.
    const choice = new TestChoice(equalHosts(2));
    choice.clusterActive = 4;
    const balancer = () => new HashingBalancer(aRing({ balanceFactorPercent: 110 }), () => table);
    choice.candidates[0]!.rqActive = 3;
    expect(balancer().pick(choice)).toBe(0);
    choice.candidates[0]!.rqActive = 4;
    expect(balancer().pick(choice)).toBe(1);
  });

  it('takes the first host in that order that is not too full, not the least busy one', () => {
    const hashes = Array.from({ length: 20 }, (_, i) => BigInt(i));
    const picks = new Set(hashes.map((hash) => pickWith([4, 3, 3, 3, 0], hash)));
    expect([...picks].sort()).toEqual([1, 2, 3, 4]);
  });

  it('goes through the other hosts in an order that the hash decides', () => {
    const picks = [0n, 1n, 2n, 3n, 4n, 5n].map((hash) => pickWith([9, 0, 0, 0, 0], hash));
    expect(new Set(picks).size).toBeGreaterThan(1);
    expect([0n, 1n, 2n, 3n, 4n, 5n].map((hash) => pickWith([9, 0, 0, 0, 0], hash))).toEqual(picks);
    // Its low 32 bits are all that counts.
    expect(pickWith([9, 0, 0, 0, 0], 2n ** 32n + 5n)).toBe(picks[5]);
  });

  it('takes the least busy host when all are full', () => {
    expect(pickWith([9, 8, 7, 5, 6])).toBe(3);
    expect(pickWith([5, 8, 7, 5, 6])).toBe(0);
  });
});

describe('the Mersenne twister', () => {
  it('gives the numbers of the reference implementation', () => {
    // Matsumoto and Nishimura, mt19937ar, seed 5489; the 10000th number is in the C++ standard.
    const twister = new MersenneTwister(5489);
    expect([twister.next(), twister.next()]).toEqual([3499211612, 581869302]);
    for (let i = 2; i < 9999; i++) twister.next();
    expect(twister.next()).toBe(4123659995);
  });

  it('draws again what lies beyond equal parts of its range', () => {
    expect(new MersenneTwister(5489).below(3499211613)).toBe(3499211612);
    expect(new MersenneTwister(5489).below(3499211612)).toBe(581869302);
  });

  it('draws below any bound', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1000 }), (seed, n) => {
        const drawn = new MersenneTwister(seed).below(n);
        expect(drawn >= 0 && drawn < n).toBe(true);
      }),
    );
  });
});
