/**
 * Balancers for tests: small tables, Envoy's defaults otherwise, and a clock that stands still.
 */
import type { Clock } from '../../src/core/engine.ts';
import type { MaglevConfig, RingHashConfig } from '../../src/mesh/config/load-balancing.ts';
import type { BalancerStart } from '../../src/mesh/lb/index.ts';

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

export function startOf(seed: number, clock: Clock = { nowNs: 0 }): BalancerStart {
  return { seed, clock, startNs: 0 };
}
