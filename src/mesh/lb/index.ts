/**
 * The list of balancers: one line per file of this folder that is one.
 */
import type { LoadBalancerConfig } from '../config/load-balancing.ts';
import { HashingBalancer } from './hashing.ts';
import { LeastRequest } from './least-request.ts';
import type { LoadBalancer } from './load-balancer.ts';
import { MaglevTable } from './maglev.ts';
import { RandomBalancer } from './random.ts';
import { HashRing } from './ring-hash.ts';
import { RoundRobin } from './round-robin.ts';

type Kind = LoadBalancerConfig['kind'];

/** @param seedDraw integer in [0, 2^32), drawn once per balancer */
export type BalancerFactory<K extends Kind = Kind> = (
  config: Extract<LoadBalancerConfig, { kind: K }>,
  seedDraw: number,
) => LoadBalancer;

/** Every balancer by its kind in the configuration. */
export const BALANCERS: { readonly [K in Kind]: BalancerFactory<K> } = {
  'round-robin': (_config, seedDraw) => new RoundRobin(seedDraw),
  random: () => new RandomBalancer(),
  'least-request': (config, seedDraw) => new LeastRequest(config, seedDraw),
  'ring-hash': (config) =>
    new HashingBalancer(config, (hosts, shares) => new HashRing(config, hosts, shares)),
  maglev: (config) =>
    new HashingBalancer(config, (hosts, shares) => new MaglevTable(config, hosts, shares)),
};

/**
 * A balancer with its own state: one per engine, cluster and priority.
 *
 * @param seedDraw integer in [0, 2^32)
 */
export function createBalancer(config: LoadBalancerConfig, seedDraw: number): LoadBalancer {
  const make = BALANCERS[config.kind] as BalancerFactory;
  return make(config, seedDraw);
}
