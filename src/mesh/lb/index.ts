/**
 * The list of balancers: one line per file of this folder that is one.
 */
import type { Clock } from '../../core/engine.ts';
import type { Ns } from '../../core/time.ts';
import type { LoadBalancerConfig, SlowStartConfig } from '../config/load-balancing.ts';
import { ClientSideWeighted } from './client-side-weighted.ts';
import { HashingBalancer } from './hashing.ts';
import { LeastRequest } from './least-request.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { MaglevTable } from './maglev.ts';
import { PeakEwma } from './peak-ewma.ts';
import { RandomBalancer } from './random.ts';
import { HashRing } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';
import { SlowStart } from './slow-start.ts';

type Kind = LoadBalancerConfig['kind'];

/** What a balancer begins with. */
export interface BalancerStart {
  /** Integer in [0, 2^32), drawn once per balancer. */
  readonly seed: number;
  readonly clock: Clock;
  /** When its cluster began. */
  readonly startNs: Ns;
}

export type BalancerFactory<K extends Kind = Kind> = (
  config: Extract<LoadBalancerConfig, { kind: K }>,
  start: BalancerStart,
) => LoadBalancer;

/** Every balancer by its kind in the configuration. */
export const BALANCERS: { readonly [K in Kind]: BalancerFactory<K> } = {
  'round-robin': (config, start) => new RoundRobin(start.seed, slowStartOf(config, start)),
  random: () => new RandomBalancer(),
  'least-request': (config, start) =>
    new LeastRequest(config, start.seed, slowStartOf(config, start)),
  'client-side-weighted-round-robin': (config, start) =>
    new ClientSideWeighted(config, start, slowStartOf(config, start)),
  'ring-hash': (config) =>
    new HashingBalancer(config, (hosts, shares) => new HashRing(config, hosts, shares)),
  maglev: (config) =>
    new HashingBalancer(config, (hosts, shares) => new MaglevTable(config, hosts, shares)),
  'peak-ewma': (_config, { clock }) => new PeakEwma(clock),
};

/** A balancer with its own state: one per engine, cluster and priority. */
export function createBalancer(config: LoadBalancerConfig, start: BalancerStart): LoadBalancer {
  const make = BALANCERS[config.kind] as BalancerFactory;
  return make(config, start);
}

function slowStartOf(
  { slowStart }: { readonly slowStart?: SlowStartConfig },
  { clock, startNs }: BalancerStart,
): SlowStart | null {
  return slowStart === undefined ? null : new SlowStart(slowStart, clock, startNs);
}
