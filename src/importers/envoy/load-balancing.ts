/**
 * `lb_policy` with its options, or `load_balancing_policy` with a typed extension.
 *
 * Source: Envoy v3 API, config/cluster/v3 and extensions/load_balancing_policies; policy-engine.md §7.
 */

import { valuesOf } from '../../mesh/config/complete.ts';
import type { ClusterConfig, LoadBalancerConfig } from '../../mesh/config/config.ts';
import { ENVOY } from '../../mesh/config/defaults.ts';
import type {
  HashingConfig,
  SlowStartConfig,
  ZoneRoutingConfig,
} from '../../mesh/config/load-balancing.ts';
import { isPrime } from '../is-prime.ts';
import { type Fields, refuseExtension, type TypedConfig, typedConfigOf } from './fields.ts';
import { readHashPolicies } from './hash-policy.ts';
import type { Runtime } from './runtime.ts';
import { readSubsetFields, readSubsets } from './subsets.ts';

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
const TYPES = {
  roundRobin: `${PREFIX}round_robin.v3.RoundRobin`,
  leastRequest: `${PREFIX}least_request.v3.LeastRequest`,
  random: `${PREFIX}random.v3.Random`,
  ringHash: `${PREFIX}ring_hash.v3.RingHash`,
  maglev: `${PREFIX}maglev.v3.Maglev`,
  clientSideWeighted: `${PREFIX}client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin`,
  weightedLocalities: `${PREFIX}wrr_locality.v3.WrrLocality`,
  subset: `${PREFIX}subset.v3.Subset`,
} as const;

/** A balancer, and what of the cluster its message says too. */
export interface Balancing {
  readonly config: Pick<ClusterConfig, 'lb'> & Partial<ClusterConfig>;
  readonly isLocalityWeighted: boolean;
}

const NO_BALANCING: Balancing = {
  config: { lb: { kind: 'round-robin' } },
  isLocalityWeighted: false,
};

export function readBalancing(fields: Fields, runtime: Runtime): Balancing {
  const policy = fields.message('load_balancing_policy', 'LoadBalancingPolicy');
  if (policy !== undefined) {
    fields.ignore('lb_policy');
    refuseBoth(fields);
    return readPolicies(policy, runtime);
  }
  const common = fields.message('common_lb_config', 'CommonLbConfig');
  const hashing = hashingOf(common);
  const lb = readNamed(fields, hashing, runtime);
  const balancing = withLocality(lb, readLocality(common, runtime));
  const subsets = readSubsets(fields, balancing.isLocalityWeighted);
  if (subsets === undefined) return balancing;
  return { ...balancing, config: { ...balancing.config, subsets } };
}

function readNamed(fields: Fields, hashing: HashingConfig, runtime: Runtime): LoadBalancerConfig {
  const word = fields.oneOf('lb_policy', POLICIES) ?? 'ROUND_ROBIN';
  switch (word) {
    case 'LEAST_REQUEST':
      return leastRequest(
        fields.message('least_request_lb_config', 'LeastRequestLbConfig'),
        runtime,
      );
    case 'RANDOM':
      return { kind: 'random' };
    case 'RING_HASH':
      return ringHash(fields.message('ring_hash_lb_config', 'RingHashLbConfig'), hashing);
    case 'MAGLEV':
      return maglev(fields.message('maglev_lb_config', 'MaglevLbConfig'), hashing);
    case 'ROUND_ROBIN':
      return roundRobin(fields.message('round_robin_lb_config', 'RoundRobinLbConfig'), runtime);
    default:
      fields.get('lb_policy')?.error('MQ-ENVOY-002', `the balancer ${word} is not modelled`);
      return { kind: 'round-robin' };
  }
}

/** Envoy refuses a cluster that says the same in both ways. */
function refuseBoth(cluster: Fields): void {
  const common = cluster.message('common_lb_config', 'CommonLbConfig');
  const names = [
    'zone_aware_lb_config',
    'locality_weighted_lb_config',
    'consistent_hashing_lb_config',
  ];
  const other =
    cluster.get('lb_subset_config') ??
    names.map((name) => common?.get(name)).find((node) => node !== undefined);
  other?.keyError('MQ-ENVOY-003', 'load_balancing_policy says this in its own way', {
    fix: 'move it into the extension of load_balancing_policy',
  });
}

/** The first policy counts: all that are read here are known to Envoy. */
function readPolicies(list: Fields, runtime: Runtime): Balancing {
  const [first, ...others] = list.messages('policies', 'LoadBalancingPolicy.Policy');
  list.close();
  for (const other of others) other.ignore('typed_extension_config');
  const extension = first?.message('typed_extension_config', 'TypedExtensionConfig');
  first?.close();
  extension?.ignore('name');
  const typed = extension === undefined ? undefined : typedConfigOf(extension);
  extension?.close();
  if (extension === undefined) {
    list.node.error('MQ-FIELD-003', 'load_balancing_policy needs a policy');
  }
  return typed === undefined ? NO_BALANCING : readTyped(typed, runtime);
}

function readTyped(typed: TypedConfig, runtime: Runtime): Balancing {
  const { type, fields } = typed;
  if (type === `${PREFIX}wrr_locality.v3.WrrLocality`)
    return readWeightedLocalities(fields, runtime);
  if (type === `${PREFIX}subset.v3.Subset`) return readSubsetPolicy(fields, runtime);
  const locality = localityOf(type, fields, runtime);
  switch (type) {
    case TYPES.roundRobin:
      return withLocality(roundRobin(fields, runtime), locality);
    case TYPES.leastRequest:
      return withLocality(leastRequest(fields, runtime), locality);
    case TYPES.random:
      fields.close();
      return withLocality({ kind: 'random' }, locality);
    case TYPES.ringHash:
      return withLocality(ringHash(fields, typedHashing(fields)), locality);
    case TYPES.maglev:
      return withLocality(maglev(fields, typedHashing(fields)), locality);
    case TYPES.clientSideWeighted:
      return withLocality(clientSideWeighted(fields, runtime), locality);
    default:
      refuseExtension(typed, 'the balancer');
      return NO_BALANCING;
  }
}

/** Each type has its own place for it; client-side weights leave it to `WrrLocality`. */
function localityOf(type: string, fields: Fields, runtime: Runtime): LocalityMode {
  if (type === TYPES.clientSideWeighted) return readLocality(undefined, runtime);
  if (type !== TYPES.ringHash && type !== TYPES.maglev) {
    return readLocality(fields.message('locality_lb_config', 'LocalityLbConfig'), runtime);
  }
  const weighted = fields.message('locality_weighted_lb_config', 'LocalityWeightedLbConfig');
  weighted?.close();
  return { ...readLocality(undefined, runtime), isLocalityWeighted: weighted !== undefined };
}

function readWeightedLocalities(fields: Fields, runtime: Runtime): Balancing {
  const inner = fields.message('endpoint_picking_policy', 'LoadBalancingPolicy');
  fields.close();
  if (inner === undefined) {
    fields.node.error('MQ-FIELD-003', 'WrrLocality needs an endpoint_picking_policy');
    return NO_BALANCING;
  }
  const balancing = readPolicies(inner, runtime);
  if (balancing.config.lb.kind !== 'client-side-weighted-round-robin') {
    const message = 'WrrLocality takes only a ClientSideWeightedRoundRobin';
    inner.node.error('MQ-ENVOY-003', message);
  }
  return { ...balancing, isLocalityWeighted: true };
}

function readSubsetPolicy(fields: Fields, runtime: Runtime): Balancing {
  const inner = fields.message('subset_lb_policy', 'LoadBalancingPolicy');
  if (inner === undefined) {
    fields.node.error('MQ-FIELD-003', 'Subset needs a subset_lb_policy');
    return NO_BALANCING;
  }
  const balancing = readPolicies(inner, runtime);
  const subsets = readSubsetFields(fields, balancing.isLocalityWeighted);
  return { ...balancing, config: { ...balancing.config, subsets } };
}

/** How localities count: by their weights, or by zone, or not at all. */
interface LocalityMode {
  readonly isLocalityWeighted: boolean;
  readonly config: Pick<ClusterConfig, 'zoneRouting' | 'failsOnPanic'>;
}

function withLocality(lb: LoadBalancerConfig, mode: LocalityMode): Balancing {
  return { config: { lb, ...mode.config }, isLocalityWeighted: mode.isLocalityWeighted };
}

/** @param owner holds the two alternatives; undefined = neither is there */
function readLocality(owner: Fields | undefined, runtime: Runtime): LocalityMode {
  const weighted = owner?.message('locality_weighted_lb_config', 'LocalityWeightedLbConfig');
  weighted?.close();
  const zone = owner?.message('zone_aware_lb_config', 'ZoneAwareLbConfig');
  if (owner?.kind === 'LocalityLbConfig') owner.close();
  const isTyped = owner?.kind !== 'CommonLbConfig';
  const { fails, ...zoneRouting } = readZoneRouting(zone, isTyped, runtime);
  return {
    isLocalityWeighted: weighted !== undefined,
    config: {
      // Where localities turn out to have no weights, zones count all the same.
      zoneRouting,
      ...(fails ? { failsOnPanic: true } : {}),
    },
  };
}

function readZoneRouting(
  fields: Fields | undefined,
  isTyped: boolean,
  runtime: Runtime,
): ZoneRoutingConfig & { readonly fails: boolean } {
  const { enabledPercent, minClusterSize } = ENVOY.zoneRouting;
  const percent = fields?.percent('routing_enabled');
  const enabled =
    runtime.integer('upstream.zone_routing.enabled') ?? percent ?? enabledPercent.value;
  const size = fields?.integer('min_cluster_size', 0, Number.MAX_SAFE_INTEGER);
  // Not in the older message.
  const typed = isTyped ? fields : undefined;
  const force = typed?.message('force_local_zone', 'ForceLocalZone');
  const forceMinSize = force?.integer('min_size') ?? 1;
  force?.close();
  const isForced = typed?.flag('force_locality_direct_routing') === true;
  const bases = ['HEALTHY_HOSTS_NUM', 'HEALTHY_HOSTS_WEIGHT'] as const;
  const basis = typed?.oneOf('locality_basis', bases);
  const fails = fields?.flag('fail_traffic_on_panic') === true;
  fields?.close();
  return {
    enabledPercent: Math.max(0, Math.min(100, Math.trunc(enabled))),
    minClusterSize:
      runtime.integer('upstream.zone_routing.min_cluster_size') ?? size ?? minClusterSize.value,
    forceLocalMinSize: force !== undefined ? forceMinSize : isForced ? 1 : null,
    basis: basis === 'HEALTHY_HOSTS_WEIGHT' ? 'weight' : 'hosts',
    fails,
  };
}

/** The older place of both fields is the message itself. */
function typedHashing(fields: Fields): HashingConfig {
  const { balanceFactorPercent, usesHostname, ...others } = hashingOf(fields);
  return {
    balanceFactorPercent: fields.integer('hash_balance_factor') ?? balanceFactorPercent,
    usesHostname: fields.flag('use_hostname_for_hashing') || usesHostname,
    ...others,
  };
}

/** @param owner of `consistent_hashing_lb_config` */
function hashingOf(owner: Fields | undefined): HashingConfig {
  const fields = owner?.message('consistent_hashing_lb_config', 'ConsistentHashingLbConfig');
  if (fields === undefined) return { balanceFactorPercent: 0, usesHostname: false };
  const policies = readHashPolicies(fields);
  const factor = fields.integer('hash_balance_factor') ?? 0;
  const isTyped = owner?.kind !== 'CommonLbConfig';
  if (factor > 0 && factor < 100 && !isTyped) {
    const message = `hash_balance_factor is ${factor}, expected 100 or more`;
    fields.get('hash_balance_factor')?.error('MQ-ENVOY-003', message);
  }
  const hashing = {
    balanceFactorPercent: factor,
    usesHostname: fields.flag('use_hostname_for_hashing'),
    ...(policies.length === 0 ? {} : { hashPolicy: policies }),
  };
  fields.close();
  return hashing;
}

function clientSideWeighted(fields: Fields, runtime: Runtime): LoadBalancerConfig {
  const slowStart = readSlowStart(fields, runtime);
  // Reports that hosts send by themselves are another stream of theirs, with the same weights.
  if (fields.flag('enable_oob_load_report')) {
    fields
      .get('enable_oob_load_report')
      ?.error('MQ-ENVOY-002', 'out-of-band reports are not modelled');
  }
  fields.ignore('oob_reporting_period');
  const defaults = valuesOf(ENVOY.clientSideWeighted);
  const config = {
    kind: 'client-side-weighted-round-robin' as const,
    blackoutPeriodMs: fields.durationMs('blackout_period') ?? defaults.blackoutPeriodMs,
    weightExpirationPeriodMs:
      fields.durationMs('weight_expiration_period') ?? defaults.weightExpirationPeriodMs,
    weightUpdatePeriodMs:
      fields.durationMs('weight_update_period') ?? defaults.weightUpdatePeriodMs,
    errorUtilizationPenalty:
      fields.number('error_utilization_penalty') ?? defaults.errorUtilizationPenalty,
    metricNames: fields.texts('metric_names_for_computing_utilization'),
    ...(slowStart === undefined ? {} : { slowStart }),
  };
  fields.close();
  return config;
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
  // The older message has no such field.
  const isTyped = fields?.kind === 'LeastRequest';
  const methods = ['N_CHOICES', 'FULL_SCAN'] as const;
  const method = isTyped ? fields?.oneOf('selection_method', methods) : undefined;
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
