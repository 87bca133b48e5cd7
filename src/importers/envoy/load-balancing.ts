/**
 * `lb_policy` with its options, or `load_balancing_policy` with a typed extension.
 *
 * Source: Envoy v3 API, config/cluster/v3 and extensions/load_balancing_policies; policy-engine.md §7.
 */

import type { ClusterConfig, LoadBalancerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type { HashingConfig, SlowStartConfig } from '../../mesh/config/load-balancing.ts';
import { isPrime } from '../is-prime.ts';
import { type Fields, refuseExtension, typedConfigOf } from './fields.ts';
import { readHashPolicies } from './hash-policy.ts';
import type { Runtime } from './runtime.ts';

const POLICIES = [
  'ROUND_ROBIN',
  'LEAST_REQUEST',
  'RING_HASH',
  'RANDOM',
  'CLUSTER_PROVIDED',
  'LOAD_BALANCING_POLICY_CONFIG',
  'MAGLEV',
] as const;

const PREFIX = 'envoy.extensions.load_balancing_policies.';

/** A balancer, and what of the cluster its message says too. */
export interface Balancing {
  readonly config: Pick<ClusterConfig, 'lb'> & Partial<ClusterConfig>;
  readonly isLocalityWeighted: boolean;
}

function plain(lb: LoadBalancerConfig): Balancing {
  return { config: { lb }, isLocalityWeighted: false };
}

export function readBalancing(fields: Fields, runtime: Runtime): Balancing {
  const policy = fields.message('load_balancing_policy', 'LoadBalancingPolicy');
  if (policy !== undefined) {
    fields.ignore('lb_policy');
    return readTypedPolicy(policy, runtime);
  }
  const word = fields.oneOf('lb_policy', POLICIES) ?? 'ROUND_ROBIN';
  const hashing = commonHashing(fields);
  switch (word) {
    case 'LEAST_REQUEST':
      return plain(
        leastRequest(fields.message('least_request_lb_config', 'LeastRequestLbConfig'), runtime),
      );
    case 'RANDOM':
      return plain({ kind: 'random' });
    case 'RING_HASH':
      return plain(ringHash(fields.message('ring_hash_lb_config', 'RingHashLbConfig'), hashing));
    case 'MAGLEV':
      return plain(maglev(fields.message('maglev_lb_config', 'MaglevLbConfig'), hashing));
    case 'ROUND_ROBIN':
      return plain(
        roundRobin(fields.message('round_robin_lb_config', 'RoundRobinLbConfig'), runtime),
      );
    default:
      fields.get('lb_policy')?.error('MQ-ENVOY-002', `the balancer ${word} is not modelled`);
      return plain({ kind: 'round-robin' });
  }
}

function readTypedPolicy(policy: Fields, runtime: Runtime): Balancing {
  const [first] = policy.messages('policies', 'LoadBalancingPolicy.Policy');
  policy.close();
  const extension = first?.message('typed_extension_config', 'TypedExtensionConfig');
  first?.close();
  extension?.ignore('name');
  const typed = extension === undefined ? undefined : typedConfigOf(extension);
  extension?.close();
  if (typed === undefined) return plain({ kind: 'round-robin' });
  const { type, fields } = typed;
  const locality = readLocality(fields);
  switch (type) {
    case `${PREFIX}round_robin.v3.RoundRobin`:
      return withLocality(roundRobin(fields, runtime), locality);
    case `${PREFIX}least_request.v3.LeastRequest`:
      return withLocality(leastRequest(fields, runtime), locality);
    case `${PREFIX}random.v3.Random`:
      fields.close();
      return withLocality({ kind: 'random' }, locality);
    case `${PREFIX}ring_hash.v3.RingHash`:
      return withLocality(ringHash(fields, typedHashing(fields)), locality);
    case `${PREFIX}maglev.v3.Maglev`:
      return withLocality(maglev(fields, typedHashing(fields)), locality);
    default:
      refuseExtension(typed, 'the balancer');
      return plain({ kind: 'round-robin' });
  }
}

/** Typed balancers name their locality mode themselves. */
interface LocalityMode {
  readonly isLocalityWeighted: boolean;
  readonly failsOnPanic: boolean;
}

function withLocality(lb: LoadBalancerConfig, mode: LocalityMode): Balancing {
  const config = mode.failsOnPanic ? { lb, failsOnPanic: true } : { lb };
  return { config, isLocalityWeighted: mode.isLocalityWeighted };
}

function readLocality(fields: Fields): LocalityMode {
  const config = fields.message('locality_lb_config', 'LocalityLbConfig');
  const direct = fields.message('locality_weighted_lb_config', 'LocalityWeightedLbConfig');
  const weighted = config?.message('locality_weighted_lb_config', 'LocalityWeightedLbConfig');
  const zone = config?.message('zone_aware_lb_config', 'ZoneAwareLbConfig');
  const fails = zone?.flag('fail_traffic_on_panic') === true;
  zone?.withoutEffect('routing_enabled', 'min_cluster_size');
  for (const part of [direct, weighted, zone, config]) part?.close();
  return {
    isLocalityWeighted: weighted !== undefined || direct !== undefined,
    failsOnPanic: fails,
  };
}

function commonHashing(cluster: Fields): HashingConfig {
  const common = cluster.message('common_lb_config', 'CommonLbConfig');
  return hashingOf(common?.message('consistent_hashing_lb_config', 'ConsistentHashingLbConfig'));
}

function typedHashing(fields: Fields): HashingConfig {
  return hashingOf(fields.message('consistent_hashing_lb_config', 'ConsistentHashingLbConfig'));
}

function hashingOf(fields: Fields | undefined): HashingConfig {
  if (fields === undefined) {
    return { balanceFactorPercent: 0, usesHostname: false };
  }
  const policies = readHashPolicies(fields);
  const hashing = {
    balanceFactorPercent: fields.integer('hash_balance_factor') ?? 0,
    usesHostname: fields.flag('use_hostname_for_hashing'),
    ...(policies.length === 0 ? {} : { hashPolicy: policies }),
  };
  fields.close();
  return hashing;
}

function ringHash(fields: Fields | undefined, hashing: HashingConfig): LoadBalancerConfig {
  const legacy = ['XX_HASH', 'MURMUR_HASH_2'] as const;
  const typed = ['DEFAULT_HASH', 'XX_HASH', 'MURMUR_HASH_2'] as const;
  const isTyped = fields?.kind === 'RingHash';
  const word = fields?.oneOf('hash_function', isTyped ? typed : legacy);
  const minimumRingSize = fields?.integer('minimum_ring_size') ?? 1024;
  const maximumRingSize = fields?.integer('maximum_ring_size') ?? 8_388_608;
  if (minimumRingSize > maximumRingSize) {
    fields?.node.error('MQ-ENVOY-003', 'minimum_ring_size is larger than maximum_ring_size');
  }
  fields?.close();
  const hashFunction = word === 'MURMUR_HASH_2' ? 'murmur-hash-2' : 'xx-hash';
  return { kind: 'ring-hash', minimumRingSize, maximumRingSize, hashFunction, ...hashing };
}

function maglev(fields: Fields | undefined, hashing: HashingConfig): LoadBalancerConfig {
  const tableSize = fields?.integer('table_size') ?? 65_537;
  if (tableSize > 5_000_011 || !isPrime(tableSize)) {
    fields?.node.error('MQ-ENVOY-003', `table_size ${tableSize} is no prime up to 5000011`);
  }
  fields?.close();
  return { kind: 'maglev', tableSize, ...hashing };
}

function roundRobin(fields: Fields | undefined, runtime: Runtime): LoadBalancerConfig {
  const slowStart = readSlowStart(fields, runtime);
  fields?.close();
  return { kind: 'round-robin', ...(slowStart === undefined ? {} : { slowStart }) };
}

function leastRequest(fields: Fields | undefined, runtime: Runtime): LoadBalancerConfig {
  const defaults = ENVOY.cluster.leastRequest.value;
  const slowStart = readSlowStart(fields, runtime);
  const bias = readRuntimeDouble(fields, 'active_request_bias', runtime);
  const method = fields?.oneOf('selection_method', ['N_CHOICES', 'FULL_SCAN'] as const);
  const choiceCount = fields?.integer('choice_count', 2);
  fields?.close();
  return {
    ...(defaults as Extract<LoadBalancerConfig, { kind: 'least-request' }>),
    ...(choiceCount === undefined ? {} : { choiceCount }),
    ...(bias === undefined ? {} : { activeRequestBias: bias }),
    fullScan: method === 'FULL_SCAN',
    ...(slowStart === undefined ? {} : { slowStart }),
  };
}

function readSlowStart(fields: Fields | undefined, runtime: Runtime): SlowStartConfig | undefined {
  const slow = fields?.message('slow_start_config', 'SlowStartConfig');
  if (slow === undefined) return undefined;
  const windowMs = slow.durationMs('slow_start_window') ?? 0;
  const aggression = readRuntimeDouble(slow, 'aggression', runtime) ?? 1;
  const minWeightPercent = slow.percent('min_weight_percent') ?? 10;
  slow.close();
  return windowMs === 0 ? undefined : { windowMs, aggression, minWeightPercent };
}

function readRuntimeDouble(
  owner: Fields | undefined,
  name: string,
  runtime: Runtime,
): number | undefined {
  const fields = owner?.message(name, 'RuntimeDouble');
  if (fields === undefined) return undefined;
  const key = fields.text('runtime_key');
  const set = key === undefined ? undefined : runtime.number(key);
  const value = set ?? fields.number('default_value') ?? 0;
  fields.ignore('default_value');
  fields.close();
  return value;
}
