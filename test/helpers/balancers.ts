/**
 * Configurations of hashing balancers for tests: small tables, Envoy's defaults otherwise.
 */
import type { MaglevConfig, RingHashConfig } from '../../src/mesh/config/load-balancing.ts';

export function aRing(partial: Partial<RingHashConfig> = {}): RingHashConfig {
  return {
    kind: 'ring-hash',
    minimumRingSize: 64,
    maximumRingSize: 8_388_608,
    hashFunction: 'xx-hash',
    balanceFactorPercent: 0,
    usesHostname: false,
    ...partial,
  };
}

export function aMaglev(partial: Partial<MaglevConfig> = {}): MaglevConfig {
  return {
    kind: 'maglev',
    tableSize: 251,
    balanceFactorPercent: 0,
    usesHostname: false,
    ...partial,
  };
}
