/**
 * Hosts that a real Envoy 1.40.0 chose, compared with those that the tables here choose.
 *
 * Recorded with five upstreams on 127.0.0.1:19810 to 19814 and 150 requests for each cluster, of
 * which each has a header and two in three have a query; a digit is the host of a request.
 */
import { describe, expect, it } from 'vitest';
import { HttpHead } from '../../../src/core/head.ts';
import { Host } from '../../../src/mesh/cluster/host.ts';
import type { HashKey } from '../../../src/mesh/config/load-balancing.ts';
import type { HashTable } from '../../../src/mesh/lb/hashing.ts';
import { MaglevTable } from '../../../src/mesh/lb/maglev.ts';
import { HashRing } from '../../../src/mesh/lb/ring-hash.ts';
import { RequestHash } from '../../../src/mesh/route/request-hash.ts';
import { aMaglev, aRing } from '../../helpers/balancers.ts';
import { anEndpoint } from '../../helpers/hosts.ts';
import { DOWNSTREAM_PEER } from '../engine/one-proxy.ts';

const EQUAL = [1, 1, 1, 1, 1];
const WEIGHTS = [1, 2, 3, 1, 5];
const HEADER = { kind: 'header', name: 'x-h' } as const;
const QUERY = { kind: 'query-parameter', name: 'q' } as const;
const SWAPPED = { pattern: '^(.)(.*)$', substitution: '\\2\\1' };

function hosts(by: 'key' | 'address', weights: readonly number[]): readonly Host[] {
  return weights.map((weight, i) => {
    const metadata = by === 'key' ? { metadata: { hash_key: `k${i}` } } : {};
    return new Host(anEndpoint(i, { address: `127.0.0.1:${19810 + i}`, weight, ...metadata }), i);
  });
}

function shares(members: readonly Host[]): number[] {
  const total = members.reduce((sum, host) => sum + host.endpoint.weight, 0);
  return members.map((host) => host.endpoint.weight / total);
}

function requests(name: string): HttpHead[] {
  return Array.from({ length: 150 }, (_, i) => {
    const query = i % 3 === 0 ? '' : `?q=v${i % 13}`;
    const value = i % 5 === 0 ? `only${i}` : `user-${i}`;
    const headers = [['x-h', value]] as const;
    return new HttpHead({ method: 'GET', authority: 'svc', path: `/${name}/${query}`, headers });
  });
}

function ring(members: readonly Host[], partial: Parameters<typeof aRing>[0]): HashTable {
  return new HashRing(aRing(partial), members, shares(members));
}

function maglev(members: readonly Host[], tableSize: number): HashTable {
  return new MaglevTable(aMaglev({ tableSize }), members, shares(members));
}

interface Recorded {
  readonly name: string;
  readonly by: readonly (HashKey & { readonly isTerminal?: boolean })[];
  readonly table: () => HashTable;
  readonly chosen: string;
}

const RECORDED: readonly Recorded[] = [
  {
    name: 'ring',
    by: [HEADER],
    table: () => ring(hosts('key', EQUAL), { minimumRingSize: 1024 }),
    chosen:
      '402130211220134021112124300111230313322343402203103312223032141231010312243' +
      '220012120232142432420044034333334012302042124201121102012202122100333033124',
  },
  {
    name: 'ringw',
    by: [HEADER, QUERY],
    table: () => ring(hosts('key', WEIGHTS), { minimumRingSize: 7 }),
    chosen:
      '124114220423243322122320212322322222222222242122240342222234222442212212422' +
      '211142214442142342222214211224242242322414222222342324224221214122223221132',
  },
  {
    name: 'mur',
    by: [{ ...HEADER, rewrite: SWAPPED }],
    table: () =>
      ring(hosts('address', WEIGHTS), {
        minimumRingSize: 100,
        maximumRingSize: 120,
        hashFunction: 'murmur-hash-2',
      }),
    chosen:
      '101124344414412424400124424414224444124224441413101344412414244444244221414' +
      '244414233211244422442202423441141422341042102442001214224211211042324434223',
  },
  {
    name: 'mag',
    by: [HEADER],
    table: () => maglev(hosts('key', EQUAL), 65_537),
    chosen:
      '334342041003343402211122004022202023434013211424112114134132043133134424442' +
      '324341412201012234214114034403100033214413301230441230133430211110411043222',
  },
  {
    name: 'magw',
    by: [{ ...QUERY, isTerminal: true }, HEADER],
    table: () => maglev(hosts('address', WEIGHTS), 251),
    chosen:
      '234442004423033414340222023441424242232134242204423433414140422223441424442' +
      '132334042004423233014240222123141124242032034342004423333214440222423241224',
  },
];

describe('the hosts that a real Envoy chose', () => {
  it.each(RECORDED)('$name', ({ name, by, table, chosen }) => {
    const made = table();
    const hash = new RequestHash(by.map((key) => ({ isTerminal: false, ...key })));
    const picks = requests(name).map((head) => {
      return made.lookUp(hash.of(head, DOWNSTREAM_PEER, []) ?? -1n, 0);
    });
    expect(picks.join('')).toBe(chosen);
  });
});
